"""Matching tried on tiny tables: packages and statements in, rows of `vulnerabilities` out."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from secops.hosts import relations
from secops.hosts.tables import registry
from secops.patches import parquet
from secops.patches.match import FeedFiles, work_out
from secops.patches.shelf import FLAWS, STATEMENTS
from secops.patches.statement import Flaw, Statement

DEBIAN = {"ecosystem": "debian", "release": "12"}
EULER = {"ecosystem": "openeuler", "release": "22.03-LTS-SP3"}
ALMA = {"ecosystem": "almalinux", "release": "9"}


def deb(name: str, version: str, **more: Any) -> dict[str, Any]:
    """A package of Debian; its source has its name and version unless it is said."""
    return {"kind": "dpkg", "name": name, "version": version, "architecture": "amd64", "source_name": name,
            "source_version": version, "status": "installed", **more}  # fmt: skip


def rpm(name: str, version: str, **more: Any) -> dict[str, Any]:
    source = {"source_name": name, "source_version": version.rpartition(":")[2]}
    return {"kind": "rpm", "name": name, "version": version, "architecture": "x86_64", "status": "installed",
            **source, **more}  # fmt: skip


def said(package: str, fixed: str = "", **more: Any) -> Statement:
    """A statement on a source package of Debian 12, unless told otherwise."""
    basic: dict[str, Any] = {"advisory": "ADV-1", "flaws": ("CVE-2026-1",), "kind": "dpkg", "by_source": True, **DEBIAN,
                             "status": "fixed" if fixed else "affected"}  # fmt: skip
    return Statement(package=package, fixed=fixed, **{**basic, **more})


def said_rpm(package: str, fixed: str = "", **more: Any) -> Statement:
    return said(package, fixed, **{"kind": "rpm", "by_source": False, **ALMA, **more})


def feed(folder: Path, name: str, entries: Sequence[Statement | Flaw], as_of: str = "2026-11-30") -> FeedFiles:
    """A feed as an import leaves it."""
    kinds = (Statement, Flaw)
    for ending, kind in zip(parquet.ROWS, kinds, strict=True):
        rows = [entry for entry in entries if isinstance(entry, kind)]
        with gzip.open(folder / f"{name}{ending}", "wb") as file:
            for row in rows:
                file.write(msgspec.json.encode(parquet.row(row) if isinstance(row, Statement) else row) + b"\n")
    parquet.write(folder, name, lambda _reject: None)
    return FeedFiles(name, as_of, str(folder / f"{name}{STATEMENTS}"), str(folder / f"{name}{FLAWS}"))


def matched(
    feeds: Sequence[FeedFiles],
    packages: Mapping[str, Sequence[Mapping[str, Any]]],
    release: Mapping[str, str] = DEBIAN,
    **tables: Mapping[str, Sequence[Mapping[str, Any]]],
) -> list[dict[str, Any]]:
    """Rows of `vulnerabilities` of these hosts, in order of host, package and flaw. `tables`: name → host → rows."""
    con = duckdb.connect()
    relations.create(con)
    given = {"packages": packages, "hosts": {host: [dict(release)] for host in packages}, **tables}
    for table, hosts in given.items():
        for host, rows in hosts.items():
            for row in rows:
                _insert(con, table, {"host": host, **row})
    work_out(con, feeds)
    cursor = con.execute("select * from facts.vulnerabilities order by host, package, installed, flaw")
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _insert(con: duckdb.DuckDBPyConnection, table: str, row: Mapping[str, Any]) -> None:
    known = {"host", *(column.name for column in registry()[table].columns)}
    assert known >= row.keys(), row.keys() - known
    columns, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" for _ in row)
    con.execute(f'insert into facts."{table}" ({columns}) values ({marks})', list(row.values()))  # noqa: S608 - columns of the table


def brief(rows: Sequence[Mapping[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]
