"""The records of a registered data set: columns of numbers from its CSV or Parquet file, as its schema says.

What a field's value is when it is none of the schema's: missing, and counted. The counts are for the owner alone.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from privacy.data import csv_blocks
from privacy.data.columns import MISSING, OUTSIDE, Column, column
from privacy.data.schema import Schema
from secops.core.errors import UsageError
from secops.core.i18n import _, because

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Chunk = dict[str, Array]

#: Memory of DuckDB, in MiB; the columns that are read come on top, twice for a moment.
MEMORY = 1024

_PARQUET = b"PAR1"

#: How DuckDB names a row of a block: empty lines count, and line breaks in quotes do not.
_WRONG_ROW = re.compile(r"Invalid Input Error: CSV Error on Line: (\d+)\n")

_RFC_4180 = (
    "auto_detect = false, header = false, delim = ',', quote = '\"', escape = '\"', strict_mode = true,"
    " null_padding = false, parallel = false, compression = 'none', new_line = '\\n'"
)


@dataclass(frozen=True, kw_only=True)
class Survey:
    """How many records there are; by field, how many have no value, and how many have one that is not in the schema."""

    records: int
    missing: Mapping[str, int]
    outside: Mapping[str, int]


@dataclass(frozen=True)
class Source:
    """Where records are read from: CSV or Parquet. `header`: the names of the columns of a CSV that has none itself."""

    where: str
    opened: Callable[[], AbstractContextManager[BufferedReader]]
    header: tuple[str, ...] = ()


def file(path: Path, header: tuple[str, ...] = ()) -> Source:
    """The records of a file."""
    return Source(str(path), partial(_opened, path), header)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, as data sets are registered by it. Raises `UsageError` where it cannot be read."""
    with _opened(path) as content:
        return "sha256:" + hashlib.file_digest(content, "sha256").hexdigest()


def read(path: Path, schema: Schema, names: Sequence[str]) -> dict[str, Array]:
    """The columns of these fields, with a value for each record in the order of the file (`columns.Column` says which).

    No value and one that is not in the schema are alike: -1 in columns of codes and people, NaN in those of numbers.
    Raises `UsageError` for a file that is none of the schema's, without a word of its content.
    """
    return {name: _merged(values) for name, values in read_apart(file(path), schema, names).items()}


def read_apart(source: Source, schema: Schema, names: Sequence[str]) -> dict[str, Array]:
    """As `read`, where a value that is not in the schema is not alike: `OUTSIDE` in columns of codes, else infinite."""
    values = ", ".join(f"v{number}" for number in range(len(names)))
    chunks = _answers(source, schema, names, f"select {values}")
    parts = {name: [chunk.pop(f"v{number}") for chunk in chunks] for number, name in enumerate(names)}
    return {name: np.concatenate(parts.pop(name)) for name in names}


def survey(path: Path, schema: Schema) -> Survey:
    """All fields looked at, as the owner does before a data set is registered. Raises `UsageError` as `read` does."""
    names = list(schema.fields)
    counted = ["count(*) as records"]
    for number, made in enumerate(_columns(schema, names)):
        counted.append(f"count(*) filter ({made.missing(f'v{number}')}) as missing{number}")
        counted.append(f"count(*) filter ({made.outside(f'v{number}')}) as outside{number}")
    chunks = _answers(file(path), schema, names, f"select {', '.join(counted)}")
    found = {key: sum(int(chunk[key][0]) for chunk in chunks) for key in chunks[0]}
    missing, outside = (
        {name: found[f"{kind}{number}"] for number, name in enumerate(names)} for kind in ("missing", "outside")
    )
    return Survey(records=found["records"], missing=missing, outside=outside)


def _columns(schema: Schema, names: Sequence[str]) -> list[Column]:
    return [column(at, schema.fields[name], person=name == schema.person) for at, name in enumerate(names)]


def _merged(values: Array) -> Array:
    if values.dtype.kind == "f":
        values[np.isinf(values)] = np.nan
    else:
        values[values == OUTSIDE] = MISSING
    return values


def _answers(source: Source, schema: Schema, names: Sequence[str], select: str) -> list[Chunk]:
    """What a SELECT gives of the values `v0`, `v1`, … of these fields, for each part of the records."""
    import duckdb

    try:
        with source.opened() as content:
            if content.peek(len(_PARQUET))[: len(_PARQUET)] == _PARQUET:
                return list(_parquet(content, schema, names, select))
            return list(_csv(content, source.header, schema, names, select))
    except UsageError as error:
        error.where = source.where
        raise
    except (duckdb.OutOfMemoryException, MemoryError):
        what = _("needs more than {n} MiB to be read").format(n=MEMORY)
    except Exception:  # of several kinds, and most hold the line that they are about
        what = _("cannot be read as a CSV or Parquet file")
    # raised here: an error keeps the one that it is raised in, with all that it holds
    raise UsageError(what, where=source.where, hint=_("docs/queries.md says what files are read."))


def _csv(
    content: BufferedReader, named: tuple[str, ...], schema: Schema, names: Sequence[str], select: str
) -> Iterator[Chunk]:
    header, blocks = csv_blocks.read(content, schema.encoding, named)
    texts = [f"h{_place(header, name)} as c{number}" for number, name in enumerate(names)]
    columns = ", ".join(f"h{number}: 'VARCHAR'" for number in range(len(header)))
    with os.fdopen(os.memfd_create("block"), "wb", buffering=0) as memory:
        con, path = _connect(memory.fileno())
        source = f"read_csv('{path}', columns = {{{columns}}}, {_RFC_4180})"
        sql = _sql(con, _columns(schema, names), select, texts, source)
        row = 0 if named else 1
        for block in blocks:
            memory.truncate(0)
            os.pwrite(memory.fileno(), block.content, 0)
            answer = _asked(con, sql, row)
            if (answer["records"][0] if "records" in answer else len(answer["v0"])) != block.records:
                raise UsageError(_("has a carriage return outside of quotes that ends no line"))
            row += block.rows
            yield answer


def _asked(con: duckdb.DuckDBPyConnection, sql: str, before: int) -> Chunk:
    """The answer of a block. Raises `UsageError` with the row that is wrong; `before` are those before this block."""
    import duckdb

    try:
        return con.execute(sql).fetchnumpy()
    except duckdb.InvalidInputException as error:
        found = _WRONG_ROW.match(str(error))
    if not found:
        raise UsageError(_("has a carriage return outside of quotes that ends no line"))
    raise UsageError(
        _("row {n} has other columns than the header, is not UTF-8, or has more than 2 MB").format(
            n=before + int(found[1])
        )
    )


def _parquet(content: BufferedReader, schema: Schema, names: Sequence[str], select: str) -> Iterator[Chunk]:
    con, path = _connect(content.fileno())
    source = f"read_parquet('{path}', hive_partitioning = false)"
    header = _names_in_parquet(con, path)
    called = [str(row[0]) for row in con.execute(f"describe from {source}").fetchall()]  # no name twice, not even as A
    quoted = [called[_place(header, name)].replace('"', '""') for name in names]
    texts = [f'"{name}"::varchar as c{number}' for number, name in enumerate(quoted)]
    yield con.execute(_sql(con, _columns(schema, names), select, texts, source)).fetchnumpy()


def _names_in_parquet(con: duckdb.DuckDBPyConnection, path: str) -> list[str]:
    """The names of the columns as they stand in the file; parts of nested ones are passed over."""
    parts = con.execute(f"select name, num_children from parquet_schema('{path}')").fetchall()  # noqa: S608 - our path
    names, inside = list[str](), 0
    for name, children in parts[1:]:
        names += [] if inside else [str(name)]
        inside += (children or 0) - (1 if inside else 0)
    return names


def _place(header: Sequence[str], name: str) -> int:
    if header.count(name) != 1:
        raise UsageError(_("has no column {name}, or several").format(name=name))
    return header.index(name)


def _sql(con: duckdb.DuckDBPyConnection, columns: list[Column], select: str, texts: list[str], source: str) -> str:
    for made in columns:
        if made.setup:
            con.execute(made.setup)
    parsed = ", ".join(f"{made.parsed} as p{number}" for number, made in enumerate(columns))
    values = ", ".join(f"{made.value} as v{number}" for number, made in enumerate(columns))
    steps = f"select *, {parsed} from (select {', '.join(texts)} from {source})"  # noqa: S608 - made here, and quoted
    return f"{select} from (select {values} from ({steps}))"  # noqa: S608 - the same


def _connect(descriptor: int) -> tuple[duckdb.DuckDBPyConnection, str]:
    """A connection that reads the open file and nothing else, and the path of it. No name is looked up again."""
    import duckdb

    path = f"/proc/self/fd/{descriptor}"
    con = duckdb.connect(
        ":memory:",
        config={
            "threads": 2, "memory_limit": f"{MEMORY}MiB", "temp_directory": "", "enable_external_file_cache": False,
            "autoinstall_known_extensions": False, "autoload_known_extensions": False,
        },
    )  # fmt: skip
    con.execute("set enable_progress_bar = false; set preserve_insertion_order = true")
    con.execute(f"set allowed_paths = ['{path}']; set enable_external_access = false; set lock_configuration = true")
    return con, path


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    try:
        # a pipe without a writer would make us wait
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as content:
            if not stat.S_ISREG(os.fstat(content.fileno()).st_mode):
                raise UsageError(_("not a regular file"), where=str(path))
            yield content
    except OSError as error:
        raise UsageError(_("cannot be read: {reason}").format(reason=because(error)), where=str(path)) from error
