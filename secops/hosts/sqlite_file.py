"""One table of an SQLite file that came from a host, which may be hostile: nothing in it is trusted to be sound."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

_MAX_VALUE = 256 << 20
_MIN_ROW = 8  # bytes that a row takes at the least, whatever SQLite says


class SqliteError(ValueError):
    """The file is no database, or has no such table."""


def read_table(
    data: bytes, table: str, columns: Sequence[str], log: bytes = b"", *, least: int = _MIN_ROW
) -> Iterator[tuple[object, ...]]:
    """The rows of a table, of a database and its write-ahead log. Raises `SqliteError` where they stop making sense.

    `least` is what a row takes at the least, in bytes. SQLite reads files only (reading from memory is not compiled in
    everywhere), so a copy is put in a scratch folder.
    """
    if not data.startswith(b"SQLite format 3\0"):
        raise SqliteError("not an SQLite database")
    left = len(data) + len(log)
    with TemporaryDirectory(prefix="citywall-") as folder:
        copy = Path(folder, "copy.sqlite")
        copy.write_bytes(data)
        if log:
            Path(folder, "copy.sqlite-wal").write_bytes(log)
        try:
            for row in _rows(copy, table, columns):
                left -= max(least, sum(len(value) for value in row if isinstance(value, bytes | str)))
                if left < 0:  # more content than file: a page is used many times
                    raise SqliteError("it holds more rows than its size allows")
                yield row
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise SqliteError(f"SQLite: {error}") from error


def _rows(path: Path, table: str, columns: Sequence[str]) -> Iterator[tuple[object, ...]]:
    """The rows of a table; a view or a generated column in its place is refused."""

    def only_reading(action: int, name: str | None, _column: object, _database: object, via: str | None) -> int:
        if action == sqlite3.SQLITE_SELECT or (action == sqlite3.SQLITE_READ and name == table and via is None):
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY

    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA trusted_schema = OFF")
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE)
        known = {name for _, name, *_, hidden in database.execute(f"PRAGMA table_xinfo({table})") if not hidden}
        if not known.issuperset(columns):
            raise SqliteError(f"it has no table {table}")
        database.set_authorizer(only_reading)
        yield from database.execute(f"SELECT {', '.join(columns)} FROM {table}")  # noqa: S608 - names of ours
