"""Statements and flaws as Parquet files, with keys by which versions compare as plain text."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from secops.core.parquet_file import copy_to, full_disk_told, quoted
from secops.patches import rivals, versions
from secops.patches.shelf import FLAWS, SAID, STATEMENTS, Release
from secops.patches.statement import Kind, Reject, Statement

if TYPE_CHECKING:
    import duckdb

#: The files, gzipped JSON lines, of which `write` makes Parquet files: of statements, and of flaws.
ROWS = (".statements.ndjson.gz", ".flaws.ndjson.gz")

_STATEMENT = {
    "advisory": "VARCHAR", "flaws": "VARCHAR[]", "ecosystem": "VARCHAR", "release": "VARCHAR", "kind": "VARCHAR",
    "package": "VARCHAR", "by_source": "BOOLEAN", "arch": "VARCHAR[]", "module": "VARCHAR", "introduced": "VARCHAR",
    "fixed": "VARCHAR", "last_affected": "VARCHAR", "no_epochs": "BOOLEAN", "hot": "BOOLEAN", "status": "VARCHAR",
    "words": "VARCHAR", "severity": "VARCHAR", "score": "DOUBLE", "published": "VARCHAR", "title": "VARCHAR",
    "url": "VARCHAR", "introduced_key": "VARCHAR", "fixed_key": "VARCHAR", "last_key": "VARCHAR",
}  # fmt: skip

_FLAW = {
    "flaw": "VARCHAR", "exploited_since": "VARCHAR", "due": "VARCHAR", "ransomware": "BOOLEAN", "epss": "DOUBLE",
    "percentile": "DOUBLE", "name": "VARCHAR",
}  # fmt: skip

#: Where a statement stands, and when it was last changed: this is not kept.
_PLACE = {"document": "VARCHAR", "number": "INTEGER", "modified": "VARCHAR"}

#: What an import may take; ten million statements are put in order as fast as with more.
THREADS, MEMORY = 2, "1GB"

#: DuckDB's buffer of one line: an advisory of a kernel names thousands of flaws.
_WIDEST = 16 << 20


class Contents(msgspec.Struct, frozen=True):
    """What the two files of a feed hold."""

    advisories: int
    statements: int
    flaws: int
    exploited: bool
    scored: bool
    releases: list[Release]


def row(statement: Statement, document: str = "", number: int = 0, modified: str = "") -> dict[str, Any]:
    """The line of a statement, with the keys of its versions; none where there is no version, or no key for it.

    `number` counts the documents of the feed, `document` names the one that says it. `modified` is a date or a time in
    ISO 8601, in UTC, of the advisory; "" where it has none.
    """
    kind, epochs = statement.kind, not _without_epochs(statement)
    return {
        **msgspec.to_builtins(statement),
        "document": document,
        "number": number,
        "modified": modified,
        "introduced_key": _key(kind, statement.introduced, epochs),
        "fixed_key": _key(kind, statement.fixed, epochs),
        "last_key": _key(kind, statement.last_affected, epochs),
    }


def _without_epochs(statement: Statement) -> bool:
    """Of a source package of rpm no epoch is known: the file name in SOURCERPM has none."""
    return statement.no_epochs or (statement.by_source and statement.kind == "rpm")


@lru_cache(1 << 16)
def _key(kind: Kind, version: str, epochs: bool) -> str | None:
    return versions.key(kind, version, epoch=epochs) if version else None


def write(folder: Path, stem: str, reject: Callable[[Reject], None]) -> Contents:
    """Make the Parquet files of a feed out of its rows, which then are gone. Equal statements become one.

    `reject` is told of statements that do not go together. Raises `OSError` on a full disk, `MemoryError` for what
    cannot be put in order within MEMORY, be it set aside or not.
    """
    import duckdb

    try:
        con = duckdb.connect(config={"threads": THREADS, "memory_limit": MEMORY, "temp_directory": str(folder)})
        with con, full_disk_told(folder):
            return _write(con, folder, stem, reject)
    except duckdb.OutOfMemoryException as error:
        raise MemoryError from error


def _write(con: duckdb.DuckDBPyConnection, folder: Path, stem: str, reject: Callable[[Reject], None]) -> Contents:
    rows, said = [folder / f"{stem}{ending}" for ending in ROWS], folder / f"{stem}{SAID}"
    con.execute("set enable_progress_bar = false")
    copy_to(con, f"select * {_of_json(rows[0], _STATEMENT | _PLACE)}", said)
    con.execute(f"create view told as from read_parquet({quoted(said)}, file_row_number := true)")
    for found in chain(rivals.leave_out_older(con), rivals.contradictions(con)):
        reject(found)
    names, order = ", ".join(_STATEMENT), "ecosystem, release, kind, package, advisory"
    _keep(con, f"select distinct {names} from said order by {order}", folder, stem, STATEMENTS)  # noqa: S608
    _keep(con, f"select distinct * {_of_json(rows[1], _FLAW)} order by flaw", folder, stem, FLAWS)
    for source in (*rows, said):
        source.unlink()
    return _contents(con)


def _of_json(source: Path, columns: dict[str, str]) -> str:
    shape = ", ".join(f"{name}: '{kind}'" for name, kind in columns.items())
    how = f"format = 'newline_delimited', columns = {{{shape}}}, maximum_object_size = {_WIDEST}"
    return f"from read_json({quoted(source)}, {how})"


def _keep(con: duckdb.DuckDBPyConnection, select: str, folder: Path, stem: str, kind: str) -> None:
    """Write a file of the feed; a view is called as it is (statements, flaws)."""
    target = folder / f"{stem}{kind}"
    copy_to(con, select, target)
    con.execute(f"create view {kind.split('.')[1]} as from {quoted(target)}")


def _contents(con: duckdb.DuckDBPyConnection) -> Contents:
    advisories, statements = _one(con, "select count(distinct advisory), count(*) from statements")
    flaws, exploited, scored = _one(con, "select count(*), count(exploited_since), count(epss) from flaws")
    releases = con.execute(_RELEASES).fetchall()
    return Contents(advisories, statements, flaws, exploited > 0, scored > 0, [Release(*found) for found in releases])


_RELEASES = """
with named as (select distinct advisory, ecosystem, release from statements),
sizes as (select ecosystem, release, count(*) as n from named group by all),
passing as (
  select r.ecosystem, r.release
  from named r join named s on s.advisory = r.advisory and (s.ecosystem, s.release) <> (r.ecosystem, r.release)
    join sizes own on (own.ecosystem, own.release) = (r.ecosystem, r.release)
    join sizes other on (other.ecosystem, other.release) = (s.ecosystem, s.release)
  group by r.ecosystem, r.release, s.ecosystem, s.release
  having count(*) = any_value(own.n) and any_value(other.n) >= 10 * any_value(own.n)
)
select ecosystem, release, count(*),
  count(distinct advisory) filter (status in ('affected', 'will-not-fix')),
  (ecosystem, release) in (from passing), count(distinct advisory),
  list(distinct kind order by kind)
from statements group by ecosystem, release order by ecosystem, release
"""


def _one(con: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    found: tuple[int, ...] = con.execute(query).fetchone() or ()
    return found
