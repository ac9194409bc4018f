"""What `patches list` asks of the tables: what is known of some rows, and what each row stands on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pytest

from secops.hosts import relations
from secops.patches.listing import OPEN, By, outdated, select, why

ROW = {"flaw": "CVE-2026-1", "package": "vim", "kind": "dpkg", "status": "fixed-available", "fixed": "2-1",
       "upgrade": "vim", "reboot": False, "advisory": "DSA-1", "feed": "osv", "urgency": 4, "host": "h1"}  # fmt: skip


def tables(**given: Sequence[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    relations.create(con)
    con.execute("set search_path = 'facts'")
    hosts = {row["host"] for rows in given.values() for row in rows}
    given["hosts"] = [{"host": host, "name": f"{host}.x", "ecosystem": "debian", "release": "12"} for host in hosts]
    for table, rows in given.items():
        for row in rows:
            marks = ", ".join("?" for _ in row)
            con.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", list(row.values()))  # noqa: S608
    return con


def listed(by: By, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    cursor = tables(vulnerabilities=[{**ROW, **row} for row in rows]).execute(select(by, OPEN))
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.mark.parametrize("column", ["listening", "as_root", "exposed", "ransomware"])
@pytest.mark.parametrize(
    ("values", "expect"),
    [([None], None), ([None, False], None), ([False], False), ([None, True], True), ([False, True], True)],
)
def test_what_is_not_known_is_neither_so_nor_not(column: str, values: list[bool | None], expect: bool | None) -> None:
    (row,) = listed("flaw", *({column: value, "host": f"h{at}"} for at, value in enumerate(values)))
    assert row[column] is expect


def test_what_may_run_comes_before_what_does_not() -> None:
    rows = listed(
        "flaw",
        {"flaw": "CVE-2026-1", "exposed": False, "severity": "critical"},
        {"flaw": "CVE-2026-2", "exposed": None},
        {"flaw": "CVE-2026-3", "exposed": True, "listening": True},
    )
    assert [row["flaw"] for row in rows] == ["CVE-2026-3", "CVE-2026-2", "CVE-2026-1"]
    assert [why(row) for row in rows] == ["others can reach it", "", "critical, does not run: remove it"]


@pytest.mark.parametrize("by", ["flaw", "upgrade"])
def test_each_row_names_what_it_stands_on(by: By) -> None:
    (row,) = listed(by, {"words": "Ubuntu Pro"}, {"host": "h2", "advisory": "DSA-2", "fixed": "2-2", "feed": "csaf"},
                    {"host": "h2", "package": "vim-tiny"})  # fmt: skip
    assert (row["advisories"], row["feeds"], row["words"]) == (["DSA-1", "DSA-2"], ["csaf", "osv"], ["Ubuntu Pro"])
    assert (sorted(row["fixes"]), row["on_hosts"], row["hosts"]) == (["2-1", "2-2"], ["h1", "h2"], 2)


@pytest.mark.parametrize(
    ("feeds", "expect"),
    [
        ([("fixed", True, True)], ["h1"]),
        ([("fixed", True, True), ("exploited", False, True)], ["h1"]),
        ([("fixed", True, True), ("fixed", False, False)], ["h1"]),
        ([("fixed", True, True), ("unfixed", False, True)], []),
        ([("fixed", False, True), ("scores", True, True)], []),
        ([("fixed", True, False)], []),  # the host could not be judged anyhow, which is told as such
    ],
)
def test_a_host_is_out_of_date_when_each_whole_feed_on_its_packages_is(
    feeds: list[tuple[str, bool, bool]], expect: list[str]
) -> None:
    rows = [{"host": "h1", "tells": tells, "is_stale": stale, "is_whole": whole} for tells, stale, whole in feeds]
    found = tables(feeds=rows).execute(outdated()).fetchall()
    assert [host for (host,) in found] == expect
