"""A scan and the shelf: what is told of feeds is what was matched, whatever happens to the shelf meanwhile."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from secops.core.content import shipped
from secops.core.errors import CitywallError
from secops.core.report import Report
from secops.hosts.carriers.root import Root
from secops.hosts.evidence import Evidence
from secops.hosts.snapshot import Index
from secops.patches.importing import import_feeds
from secops.patches.shelf import FLAWS, Shelf
from secops.posture.rule import load_rules
from secops.posture.scan import scan
from tests.patches.feed_kit import archive, osv
from tests.patches.image_kit import Package, image

ALMA = "AlmaLinux:9"


@dataclass(frozen=True)
class Meanwhile:
    """A host while which is asked something happens."""

    root: Root
    act: Callable[[], Any]
    label: str = "x"
    name: str = "h"

    def collect(self) -> Evidence:
        self.act()
        return self.root.collect()


@pytest.fixture
def host(tmp_path: Path) -> Root:
    packages = [Package("curl", "7-1"), Package("vim", "8-1")]
    return Root(str(image(tmp_path / "h", "h", 'ID="almalinux"\nVERSION_ID="9.4"\n', packages, "rpm")), "h")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path / "feeds")
    put(shelf, tmp_path, "curl", "vim")
    return shelf


def put(shelf: Shelf, tmp_path: Path, *packages: str) -> str:
    """Import a feed in which these have a flaw; what its files are called."""
    entries = [osv(f"ALSA-2026:{at}", (ALMA, name, "9-1")) for at, name in enumerate([*packages, "other"])]
    (feed,) = import_feeds(shelf, [archive(tmp_path / "a.zip", entries)])
    return feed.digest


def scanned(tmp_path: Path, carrier: Root | Meanwhile, shelf: Shelf) -> Report:
    rules = load_rules([shipped("rules") / "posture"]).subset(["feed-stale"])
    return scan([carrier], rules, tmp_path / "runs", lang="en", shelf=shelf)


def rows(tmp_path: Path, report: Report, table: str, column: str) -> list[Any]:
    index = Index.of(tmp_path / "runs" / report.run.id)
    assert index
    (path,) = (path for name, path, _ in index.parts(tmp_path / "runs") if name == table)
    return [value for (value,) in duckdb.sql(f"select {column} from '{path}' order by 1").fetchall()]  # noqa: S608


def test_a_feed_that_is_replaced_while_hosts_are_asked(tmp_path: Path, host: Root, shelf: Shelf) -> None:
    new: list[str] = []
    report = scanned(tmp_path, Meanwhile(host, lambda: new.append(put(shelf, tmp_path, "vim"))), shelf)
    assert rows(tmp_path, report, "vulnerabilities", "package") == ["vim"]
    assert rows(tmp_path, report, "feeds", "digest") == new
    # what the run before had is not taken for what this one has
    old = scanned(tmp_path, Meanwhile(host, lambda: put(shelf, tmp_path, "curl", "vim")), shelf)
    assert rows(tmp_path, old, "vulnerabilities", "package") == ["curl", "vim"]


def test_what_did_not_change_is_not_written_again(tmp_path: Path, host: Root, shelf: Shelf) -> None:
    first, second = scanned(tmp_path, host, shelf), scanned(tmp_path, host, shelf)
    assert not (tmp_path / "runs" / second.run.id / "vulnerabilities.parquet").exists()
    for run in (first, second):
        assert rows(tmp_path, run, "vulnerabilities", "package") == ["curl", "vim"]
    put(shelf, tmp_path, "curl")
    assert rows(tmp_path, scanned(tmp_path, host, shelf), "vulnerabilities", "package") == ["curl"]


def test_without_feeds_nothing_is_known_and_the_report_says_so(tmp_path: Path, host: Root) -> None:
    report = scanned(tmp_path, host, Shelf(tmp_path / "none"))
    assert report.hosts[0].not_seen["vulnerabilities"] == "no feed is imported for almalinux 9"
    assert report.run.feeds == []


def test_a_damaged_shelf_ends_the_scan_before_a_host_is_asked(tmp_path: Path, host: Root, shelf: Shelf) -> None:
    def never() -> None:
        raise AssertionError

    shelf.path(shelf.feeds()[0], FLAWS).write_bytes(b"")
    with pytest.raises(CitywallError, match="the file of a feed is missing or damaged"):
        scanned(tmp_path, Meanwhile(host, never), shelf)
    (shelf.folder / "catalogue.json").write_text(json.dumps("x"))
    with pytest.raises(CitywallError, match="the catalogue of feeds is damaged"):
        scanned(tmp_path, Meanwhile(host, never), shelf)
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_file_that_only_looks_whole_is_an_error_and_no_answer(tmp_path: Path, host: Root, shelf: Shelf) -> None:
    path = next(shelf.folder.glob("*.statements.parquet"))
    path.write_bytes(re.sub(rb"(?s)^(.{4}).*(.{4})$", rb"\1" + bytes(400) + rb"\2", path.read_bytes()))
    with pytest.raises(CitywallError):
        scanned(tmp_path, host, shelf)
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.parametrize(("kind", "whole"), [("rpm", True), ("dpkg", False)])
def test_a_root_that_lists_packages_of_another_manager_alone_is_not_whole(
    tmp_path: Path, shelf: Shelf, kind: str, whole: bool
) -> None:
    root = image(tmp_path / kind, kind, 'ID="almalinux"\nVERSION_ID="9.4"\n', [Package("grep", "9-1")], kind)
    import_feeds(shelf, [tmp_path / "a.zip"], whole=True)
    report = scanned(tmp_path, Root(str(root), kind), shelf)
    said = report.hosts[0].not_seen.get("vulnerabilities")
    assert said == (None if whole else "no package of rpm is listed, of which the feeds for almalinux 9 speak")
