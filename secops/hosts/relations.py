"""The tables of all hosts in DuckDB: made, filled from spools and Parquet files, written.

The caller hands in the connection: only the judging process loads DuckDB. Nothing here needs the parsers of tables,
only what columns they have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from secops.core.parquet_file import copy_to
from secops.hosts.tables import registry

if TYPE_CHECKING:
    import duckdb

#: Spool files merged at a time: bounds the memory of the merge.
_BATCH = 100

_SQL_TYPES = {
    "text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "text[]": "VARCHAR[]",
}  # fmt: skip


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Create every table, empty, in the schema `facts`."""
    con.execute("create schema if not exists facts")
    for table in registry().values():
        columns = ", ".join(f'"{column.name}" {_SQL_TYPES[column.type]}' for column in table.columns)
        con.execute(f'create table facts."{table.name}" (host VARCHAR, {columns})')


def load_spools(
    con: duckdb.DuckDBPyConnection, paths: Sequence[str], widest: int, identities: Mapping[str, str]
) -> None:
    """Read spool files, whose lines are at most `widest` bytes, into the tables that `create` made.

    DuckDB allocates buffers of twice that size for each thread, so a generous guess would cost gigabytes. A host that
    `identities` knows gets the one it has there: who is who is settled only when all have answered.
    """
    con.execute(
        "create temp table identities as select unnest(?::varchar[]) as spooled, unnest(?::varchar[]) as settled",
        [list(identities), list(identities.values())],
    )
    for at in range(0, len(paths), _BATCH):
        shape = "{host: 'VARCHAR', t: 'VARCHAR', r: 'JSON'}"
        options = f"format='newline_delimited', columns={shape}, maximum_object_size={widest + 1024}"
        con.execute(
            f"create or replace temp table raw as select coalesce(settled, host) as host, t, r"  # noqa: S608 - ours
            f" from read_json(?, {options}) left join identities on spooled = host",
            [list(paths[at : at + _BATCH])],
        )
        filled = {name for (name,) in con.execute("select distinct t from raw").fetchall()}
        for table in (registry()[name] for name in sorted(filled)):
            columns = {column.name: [_SQL_TYPES[column.type].removesuffix("[]")] for column in table.columns}
            for column in table.columns:
                if column.type == "text[]":
                    columns[column.name] = [["VARCHAR"]]  # type: ignore[list-item]  # a list in the list of values
            names = ", ".join(f'unnest(c."{column.name}")' for column in table.columns)
            con.execute(
                f'insert into facts."{table.name}" select host, {names} from'  # noqa: S608 - names of our own tables
                " (select host, from_json_strict(r, ?) as c from raw where t = ?)",
                [msgspec.json.encode(columns).decode(), table.name],
            )
        con.execute("drop table raw")
    con.execute("drop table identities")


def write_parquet(con: duckdb.DuckDBPyConnection, directory: Path, changed: Mapping[str, Sequence[str]]) -> None:
    """Write each table's rows of the hosts named in `changed` (table → hosts). Raises `OSError` on a full disk."""
    for name, hosts in changed.items():
        if hosts:
            con.execute("create or replace temp table wanted as select unnest(?) as host", [list(hosts)])
            select = f'select * from facts."{name}" where host in (select host from wanted)'  # noqa: S608 - our own
            copy_to(con, select, directory / f"{name}.parquet")


class DamagedError(Exception):
    """A Parquet file, which is the argument, is none any more."""


def load_parquet(con: duckdb.DuckDBPyConnection, parts: Iterable[tuple[str, str, Sequence[str]]]) -> None:
    """Read (table, Parquet file, hosts) into the tables that `create` made. Raises `DamagedError`."""
    import duckdb

    for name, path, hosts in parts:
        try:
            con.execute(
                f'insert into facts."{name}" by name select * from read_parquet(?) where host in (select unnest(?))',  # noqa: S608
                [path, list(hosts)],
            )
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            raise DamagedError(path) from error
