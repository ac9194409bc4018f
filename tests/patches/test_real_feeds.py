"""Real feeds judge hosts: as their documents say when they are read by hand, pair by pair."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cmp_to_key
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import duckdb
import pytest

from secops.patches.importing import import_feeds
from secops.patches.shelf import Shelf
from secops.patches.versions import compare
from tests.cli.store_kit import citywall
from tests.patches.image_kit import Package, image, inventory
from tests.patches.match_kit import matched, rpm
from tests.patches.samples import sample

ALMA_9, KEV = "almalinux-9-osv.zip", "known_exploited_vulnerabilities.json"

#: (package, module stream) → (fixed version, flaws) of each advisory
Fixes = dict[tuple[str, str], list[tuple[str, tuple[str, ...]]]]

by_version = cmp_to_key(lambda one, other: compare("rpm", one, other))


def fixes_of_alma_9() -> Fixes:
    """What the documents say of release 9, read anew."""
    fixes: Fixes = defaultdict(list)
    with ZipFile(sample(ALMA_9)) as archive:
        for name in archive.namelist():
            entry = json.loads(archive.read(name))
            stream = re.search(r"([\w.-]+:[\w.-]+)", entry["summary"].partition(":")[2])
            cves = tuple(sorted({one for one in entry["related"] if one.startswith("CVE-")})) or (entry["id"],)
            if cves == (entry["id"],) and entry["id"].startswith(("ALBA", "ALEA")):
                continue  # it mends bugs
            for affected in entry["affected"]:
                if affected["package"]["ecosystem"] != "AlmaLinux:9":
                    continue
                for event in affected["ranges"][0]["events"]:
                    if fixed := event.get("fixed"):
                        module = stream[1] if stream and ".module_el" in fixed else ""
                        fixes[affected["package"]["name"], module].append((fixed, cves))
    return fixes


def a_host_of_alma_9(fixes: Fixes) -> list[Package]:
    """Every ninth package: the oldest version that was a fix, one in the middle, the newest, or one beyond it."""
    packages = []
    for at, (name, module) in enumerate(sorted(fixes)[::9]):
        versions = sorted({fixed for fixed, _ in fixes[name, module]}, key=by_version)
        newest = versions[-1]
        version = [versions[0], versions[len(versions) // 2], newest, re.sub(r"-(\d+)", r"-9\1", newest, count=1)][
            at % 4
        ]
        label = f"{module}:9040020240101:rhel9" if module else ""
        packages.append(Package(name, version, module=label))
    return packages


def minor(version: str) -> str:
    return found[0] if (found := re.search(r"\.el9_\d+", version)) else ""


def open_flaws(fixes: Fixes, packages: Iterable[Package]) -> set[tuple[str, str]]:
    """Flaws of which a fix is newer than what is installed; where the minor release has fixes of its own, those."""
    found = set()
    for package in packages:
        told: defaultdict[str, list[str]] = defaultdict(list)
        for fixed, flaws in fixes[package.name, ":".join(package.module.split(":")[:2])]:
            for flaw in flaws:
                told[flaw].append(fixed)
        for flaw, versions in told.items():
            own = [version for version in versions if minor(version) and minor(version) == minor(package.version)]
            if any(compare("rpm", package.version, fixed) < 0 for fixed in own or versions):
                found.add((package.name, flaw))
    return found


def test_the_feed_of_alma_9_and_kev_judge_an_image_as_their_documents_say(tmp_path: Path) -> None:
    fixes = fixes_of_alma_9()
    packages = a_host_of_alma_9(fixes)
    feeds = [str(sample(ALMA_9)), str(sample(KEV))]
    assert citywall(tmp_path, "patches", "feeds", "import", "--max-age", "30", *feeds).returncode == 0
    hosts = {
        "alma": image(tmp_path / "a", "a", 'ID="almalinux"\nVERSION_ID="9.4"\n', packages, "rpm"),
        "rocky": image(tmp_path / "r", "r", 'ID="rocky"\nVERSION_ID="9.4"\n', packages[:3], "rpm"),
        "old": image(tmp_path / "o", "o", 'ID="almalinux"\nVERSION_ID="8.10"\n', packages[:3], "rpm"),
    }
    names, out = str(inventory(tmp_path / "hosts.yml", hosts)), tmp_path / "report.json"
    asked = ("--only", "feed-stale", "--min-coverage", "0", "--fail-on", "never", "--format", "json")
    done = citywall(tmp_path, "scan", "--inventory", names, *asked, "-o", str(out))
    assert done.returncode == 0, done.stderr

    (run,) = (tmp_path / "runs").iterdir()
    rows = _rows(run)
    judged = {(row["package"], row["flaw"]) for row in rows if row["host"] == "alma"}
    expected = open_flaws(fixes, packages)
    assert judged == expected
    assert len(expected) > 500
    assert {row["status"] for row in rows if row["host"] == "alma"} == {"fixed-available"}

    listed = {one["cveID"]: one["dateAdded"] for one in json.loads(sample(KEV).read_text())["vulnerabilities"]}
    exploited = {row["flaw"]: row["exploited_since"] for row in rows if row["exploited_since"]}
    assert exploited == {flaw: day for flaw, day in listed.items() if flaw in {flaw for _, flaw in expected}}
    assert exploited

    report = json.loads(out.read_text())
    ages = {feed["name"]: (feed["as_of"], feed["stale"]) for feed in report["run"]["feeds"]}
    assert ages == {"osv-almalinux-9": ("2026-08-21", True), "kev": ("2025-08-25", True)}
    stale = {(one["host"], one["key"]["feed"]) for one in report["findings"] if one["rule"] == "feed-stale"}
    assert stale == {("alma", "osv-almalinux-9"), ("alma", "kev"), ("rocky", "kev"), ("old", "osv-almalinux-9"),
                     ("old", "kev")}  # fmt: skip
    unseen = {one["host"]: one["not_seen"].get("vulnerabilities") for one in report["hosts"]}
    assert unseen == {
        "alma": None,
        "rocky": "no feed is imported for rocky 9",
        "old": "only single advisories that concern almalinux 8 are imported",
    }


def _rows(run: Path) -> list[dict[str, Any]]:
    cursor = duckdb.execute(f"from '{run}/vulnerabilities.parquet'")
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.mark.parametrize(
    ("document", "release", "package", "installed", "arch", "expect"),
    [
        # 22.03-LTS-SP3: vim 9.0-33.oe2203sp3 mends it; 24.03-LTS: 9.0.2092-18.oe2403; packages have the epoch 2
        ("openeuler-csaf-sa-2025-1351.json", "22.03-LTS-SP3", "vim-common", "2:9.0-32.oe2203sp3", "x86_64",
         "fixed-available"),
        ("openeuler-csaf-sa-2025-1351.json", "22.03-LTS-SP3", "vim-common", "2:9.0-33.oe2203sp3", "x86_64", None),
        ("openeuler-csaf-sa-2025-1351.json", "22.03-LTS-SP3", "vim-common", "2:9.0-32.oe2203sp3", "riscv64", None),
        ("openeuler-csaf-sa-2025-1351.json", "22.03-LTS-SP3", "vim-common", "2:9.0-34.oe2203sp1", "x86_64", "unknown"),
        ("openeuler-csaf-sa-2025-1351.json", "22.03-LTS-SP1", "vim-common", "2:9.0-1.oe2203sp1", "x86_64", None),
        ("openeuler-csaf-sa-2025-1351.json", "24.03-LTS", "vim-common", "2:9.0-33.oe2403", "x86_64", "fixed-available"),
        ("openeuler-csaf-sa-2025-1351.json", "24.03-LTS", "vim-common", "2:9.0.2092.1-1.oe2403", "x86_64", None),
        ("openeuler-csaf-cve-2025-30346.json", "22.03-LTS-SP3", "varnish", "7.4.3-3.oe2203sp3", "x86_64", None),
        ("openeuler-csaf-cve-2025-30346.json", "22.03-LTS-SP3", "varnish", "6.0-1.oe2203sp3", "x86_64",
         "fixed-available"),
        ("openeuler-cvrf-sa-2025-1379.xml", "22.03-LTS-SP3", "firefox", "62.0.3-1.oe2203sp3", "aarch64",
         "fixed-available"),
        ("openeuler-cvrf-sa-2025-1379.xml", "22.03-LTS-SP4", "firefox", "62.0.3-1.oe2203sp4", "aarch64", None),
    ],
)  # fmt: skip
def test_advisories_of_openeuler(
    tmp_path: Path, document: str, release: str, package: str, installed: str, arch: str, expect: str | None
) -> None:
    shelf = Shelf(tmp_path / "feeds")
    import_feeds(shelf, [sample(document)])
    host = {"ecosystem": "openeuler", "release": release}
    rows = matched(shelf.files(shelf.feeds()), {"h": [rpm(package, installed, architecture=arch)]}, host)
    assert {row["status"] for row in rows} == ({expect} if expect else set())
