"""Parquet files that DuckDB writes: a full disk is told as such, and one that was cut off is known."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

#: How a Parquet file ends.
_MAGIC = b"PAR1"


def copy_to(con: duckdb.DuckDBPyConnection, select: str, path: Path) -> None:
    """Write what a SELECT gives. Raises `OSError` on a full disk."""
    import duckdb

    target, full = str(path).replace("'", "''"), os.strerror(errno.ENOSPC)
    try:
        con.execute(f"copy ({select}) to '{target}' (format parquet, compression zstd)")
    except duckdb.Error as error:
        if full in str(error):  # among much that is for DuckDB's authors
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
