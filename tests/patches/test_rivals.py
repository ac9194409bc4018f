"""What statements of one feed do not go together. Each contradiction has a twin that is none."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb
import msgspec
import pytest

from secops.patches import parquet
from secops.patches.rivals import FIXES_DIFFER, STILL_AFFECTED, TORN, TWICE
from secops.patches.shelf import STATEMENTS
from secops.patches.statement import Reject, Statement
from tests.patches.match_kit import said, said_rpm

#: A statement, and the document that says it.
Told = tuple[Statement, str]


def written(folder: Path, told: Sequence[Told], modified: Mapping[str, str] = MappingProxyType({})) -> list[Reject]:
    """What is told while a feed of these statements is put into its files; `modified` dates documents."""
    documents = list(dict.fromkeys(document for _, document in told))
    with gzip.open(folder / f"a{parquet.ROWS[0]}", "wb") as file:
        for statement, document in told:
            row = parquet.row(statement, document, documents.index(document), modified.get(document, ""))
            file.write(msgspec.json.encode(row) + b"\n")
    with gzip.open(folder / f"a{parquet.ROWS[1]}", "wb"):
        pass
    found: list[Reject] = []
    parquet.write(folder, "a", found.append)
    return found


def kept(folder: Path) -> list[tuple[Any, ...]]:
    path = folder / f"a{STATEMENTS}"
    return duckdb.sql(f"select advisory, package, fixed from '{path}' order by all").fetchall()  # noqa: S608 - a path of ours


def reasons(folder: Path, *statements: Statement) -> list[str]:
    return [one.reason for one in written(folder, [(statement, "doc") for statement in statements])]


@pytest.mark.parametrize(
    ("one", "other", "expect"),
    [
        # two fixes
        (said("curl", "1.2"), said("curl", "1.4"), [FIXES_DIFFER]),
        (said("curl", "1.2"), said("curl", "1.10", introduced="1.1"), [FIXES_DIFFER]),
        (said("curl", "1.2"), said("curl", "1.2", introduced="1.1"), []),
        (said("curl", "1.2"), said("curl", "1.10", introduced="1.2"), []),
        (said("curl", "1.2"), said("curl", "1.4", advisory="B"), []),
        (said("curl", "1.2"), said("curl", "1.4", flaws=("CVE-2026-2",)), []),
        (said("curl", "1.2"), said("curl", "1.4", flaws=("CVE-2026-2", "CVE-2026-1")), [FIXES_DIFFER]),
        (said("curl", "1.2"), said("curl", "1.4", release="11"), []),
        (said("curl", "1.2"), said("libcurl", "1.4"), []),
        # affected beyond the fix
        (said("curl", "1.2"), said("curl"), [STILL_AFFECTED]),
        (said("curl", "1.2"), said("curl", status="will-not-fix"), [STILL_AFFECTED]),
        (said("curl", "1.2"), said("curl", introduced="1.1"), [STILL_AFFECTED]),
        (said("curl", "1.2"), said("curl", last_affected="1.2"), [STILL_AFFECTED]),
        (said("curl", "1.2"), said("curl", last_affected="1.1"), []),
        (said("curl", "1.2"), said("curl", introduced="1.2"), []),
        (said("curl", "1.2"), said("curl", introduced="1.10", last_affected="1.10"), []),
        (said("curl", "1.2"), said("curl", status="unknown"), []),
        (said("curl"), said("curl", status="will-not-fix"), []),
        # affected and not
        (said("curl"), said("curl", status="not-affected"), [TORN]),
        (said("curl", "1.2"), said("curl", status="not-affected"), [TORN]),
        (said("curl", "1.2", introduced="1.1"), said("curl", status="not-affected", introduced="1.0"), [TORN]),
        (said("curl", "1.2"), said("curl", status="not-affected", introduced="1.2"), []),
        (said("curl", last_affected="1.1"), said("curl", status="not-affected", introduced="1.1"), [TORN]),
        (said("curl", last_affected="1.1"), said("curl", status="not-affected", introduced="1.1-1"), []),
        (said("curl", introduced="1.2"), said("curl", status="not-affected", last_affected="1.1"), []),
        (said("curl", status="unknown"), said("curl", status="not-affected"), []),
    ],
)
def test_what_cannot_both_be_so(tmp_path: Path, one: Statement, other: Statement, expect: list[str]) -> None:
    assert reasons(tmp_path, one, other) == expect
    assert reasons(tmp_path, other, one) == expect
    assert len(kept(tmp_path)) == 2


@pytest.mark.parametrize(
    ("one", "other", "expect"),
    [
        ({"arch": ("x86_64", "noarch")}, {"arch": ("aarch64", "noarch")}, []),
        ({"arch": ("x86_64", "noarch")}, {"arch": ("aarch64", "noarch", "x86_64")}, [FIXES_DIFFER]),
        ({"arch": ("x86_64", "noarch")}, {}, [FIXES_DIFFER]),
        ({"module": "nodejs:18"}, {"module": "nodejs:20"}, []),
        ({"module": "nodejs:18"}, {"module": "nodejs:18"}, [FIXES_DIFFER]),
        ({"fixed": "1-1.el9_3"}, {"fixed": "1-2.el9_4"}, []),
        ({"fixed": "1-1.el9_3"}, {"fixed": "1-2.el9_3"}, [FIXES_DIFFER]),
    ],
)
def test_architectures_streams_and_minor_releases_have_fixes_of_their_own(
    tmp_path: Path, one: dict[str, Any], other: dict[str, Any], expect: list[str]
) -> None:
    statements = (said_rpm("vim", **{"fixed": fixed, **more}) for fixed, more in (("1-1", one), ("2-1", other)))
    assert reasons(tmp_path, *statements) == expect


def test_what_is_not_known_contradicts_nothing(tmp_path: Path) -> None:
    sound, unknown = (said("curl", status=status) for status in ("not-affected", "unknown"))
    beyond = msgspec.structs.replace(sound, introduced="1.2")
    assert reasons(tmp_path, said("curl", "1.2"), beyond, unknown) == []
    assert reasons(tmp_path, said("curl", "1.2"), sound, unknown) == [TORN]


def test_the_fixes_of_two_architectures_contradict_what_is_said_of_all(tmp_path: Path) -> None:
    of = [said_rpm("vim", "1-1", arch=(arch, "noarch")) for arch in ("x86_64", "aarch64")]
    assert reasons(tmp_path, *of, said_rpm("vim", "1-1")) == []
    assert reasons(tmp_path, *of, said_rpm("vim")) == [STILL_AFFECTED]


def test_a_contradiction_is_told_once_with_its_versions_and_every_kind_of_it(tmp_path: Path) -> None:
    flaws = tuple(f"CVE-2026-{number}" for number in range(30))
    told = [(said("curl", f"1.{number}", flaws=flaws), "doc") for number in range(1, 7)]
    told += [(said("curl", flaws=flaws), "doc"), (said("curl", status="not-affected", flaws=flaws), "doc")]
    where = "doc: ADV-1: curl (debian 12): 1.1, 1.2, 1.3, 1.4"
    assert {(one.where, one.reason) for one in written(tmp_path, told)} == {
        (where, FIXES_DIFFER), (where, STILL_AFFECTED), (where, TORN),
    }  # fmt: skip


def test_of_two_documents_the_first_counts_for_what_it_speaks_of(tmp_path: Path) -> None:
    told = [(said("curl", "1.2"), "b"), (said("curl", "1.4"), "a"), (said("vim", "2"), "a"), (said("curl", "1.2"), "b")]
    found = written(tmp_path, told)
    assert [(one.where, one.reason) for one in found] == [("a: ADV-1", TWICE)]
    assert kept(tmp_path) == [("ADV-1", "curl", "1.2"), ("ADV-1", "vim", "2")]


@pytest.mark.parametrize(
    ("a", "b", "fixed"),
    [
        ("2026-01-01", "2026-01-02", "1.4"),
        ("2026-01-02", "2026-01-01", "1.2"),
        ("2026-01-01T09:00:00+00:00", "2026-01-01T10:00:00+00:00", "1.4"),
        ("2026-01-01", "2026-01-01T00:00:00+00:00", "1.4"),
        ("2026-01-01", "2026-01-01", "1.2"),
        ("", "1999-01-01", "1.4"),
        ("1999-01-01", "", "1.2"),
        ("", "", "1.2"),
    ],
)
def test_of_two_documents_the_newer_counts_and_what_bears_no_date_comes_last(
    tmp_path: Path, a: str, b: str, fixed: str
) -> None:
    dates = {"a": a, "b": b}
    told = [(said("curl", "1.2"), "a"), (said("curl", "1.4"), "b")]
    (found,) = written(tmp_path, told, dates)
    assert (found.where, found.reason) == (f"{'a' if fixed == '1.4' else 'b'}: ADV-1", TWICE)
    assert kept(tmp_path) == [("ADV-1", "curl", fixed)]


def test_a_newer_document_counts_for_its_own_flaws_alone(tmp_path: Path) -> None:
    old = said("curl", "1.9", flaws=("CVE-2026-1", "CVE-2026-2"))
    told = [(old, "a"), (said("curl", "1.4"), "b"), (said("vim", "1.4"), "b")]
    (found,) = written(tmp_path, told, {"a": "2026-01-01", "b": "2026-01-02"})
    assert found.where == "a: ADV-1"
    rows = duckdb.sql(f"select package, fixed, flaws from '{tmp_path / f'a{STATEMENTS}'}' order by all").fetchall()  # noqa: S608
    assert rows == [("curl", "1.4", ["CVE-2026-1"]), ("curl", "1.9", ["CVE-2026-2"]), ("vim", "1.4", ["CVE-2026-1"])]


@pytest.mark.parametrize("more", [{"advisory": "B"}, {"release": "11"}, {"package": "vim"}, {"flaws": ("CVE-2026-2",)}])
def test_what_is_on_something_else_is_no_older_copy(tmp_path: Path, more: dict[str, Any]) -> None:
    told = [(said("curl", "1.2"), "a"), (said(**{"package": "curl", "fixed": "1.4", **more}), "b")]
    assert written(tmp_path, told, {"a": "2026-01-01", "b": "2026-01-02"}) == []
    assert len(kept(tmp_path)) == 2
