"""Parquet files that DuckDB writes: a full disk is told as such, and one that was cut off is known."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

#: How a Parquet file ends.
_MAGIC = b"PAR1"


def quoted(path: Path) -> str:
    """The path as a text of SQL."""
    return "'" + str(path).replace("'", "''") + "'"


def copy_to(con: duckdb.DuckDBPyConnection, select: str, path: Path) -> None:
    """Write what a SELECT gives. Raises `OSError` on a full disk."""
    with full_disk_told(path):
        con.execute(f"copy ({select}) to {quoted(path)} (format parquet, compression zstd)")


@contextmanager
def full_disk_told(path: Path) -> Iterator[None]:
    """What DuckDB says of a full disk as `OSError`: among much that is for its authors, also of what it sets aside."""
    import duckdb

    full = os.strerror(errno.ENOSPC)
    try:
        yield
    except duckdb.Error as error:
        if full in str(error) or "max_temp_directory_size" in str(error):
            raise OSError(f"{path.name}: {full}") from error
        raise


def has_end(path: Path) -> bool:
    """Whether it is a Parquet file to its last bytes, without which none can be read."""
    try:
        with open(path, "rb") as file:
            file.seek(-len(_MAGIC), os.SEEK_END)
            return file.read() == _MAGIC
    except OSError:
        return False
