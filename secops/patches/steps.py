"""Tables of the database in which matching works: each step is one SELECT, or rows worked out in Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def table(con: duckdb.DuckDBPyConnection, name: str, select: str) -> None:
    """A table of what a SELECT gives."""
    con.execute(f"create or replace temp table {name} as {select}")


def fill(con: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
    """A table of text out of rows."""
    values = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in columns]
    texts = ", ".join(f"unnest(?::varchar[]) as {column}" for column in columns)
    con.execute(f"create or replace temp table {name} as select {texts}", values)
