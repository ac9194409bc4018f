"""Records of a PostgreSQL table as CSV: the server copies out the columns that are asked for, and nothing is written.

One transaction that may only read. What the server says when something fails can hold values: only its code is told.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from privacy.data.table import Source
from secops.core.errors import UsageError
from secops.core.i18n import _

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")

#: Seconds to wait for a server.
PATIENCE = 15

#: Bytes that are handed on at once.
_PART = 1 << 16


def source(variable: str, schema: str, table: str, columns: Sequence[str]) -> Source:
    """These columns of a table or view; the environment variable holds the address of the server."""
    return Source(f"{schema}.{table}", partial(_copied, variable, schema, table, columns), tuple(columns))


@contextmanager
def _copied(variable: str, schema: str, table: str, columns: Sequence[str]) -> Iterator[io.BufferedReader]:
    with closing(_connected(variable)) as connection, connection.cursor() as cursor, ExitStack() as stack:
        copy = cursor.copy(_statement(schema, table, columns))
        rows = _asked(lambda: stack.enter_context(copy))
        yield io.BufferedReader(_Stream(rows), _PART)


def _asked(step: Callable[[], T]) -> T:
    """What the server gives. Raises `UsageError` with the code of what it refuses."""
    import psycopg

    try:
        return step()
    except psycopg.Error as error:
        what = _explained(error)
    # raised here: an error keeps the one that it is raised in, with all that it holds
    raise UsageError(what)


def _connected(variable: str) -> psycopg.Connection[Any]:
    try:
        import psycopg
    except ImportError:
        hint = _("Install it beside Citywall: pip install 'psycopg[binary]'")
        raise UsageError(_("PostgreSQL needs the driver psycopg"), where=variable, hint=hint) from None
    address = os.environ.get(variable, "").replace("postgresql+psycopg://", "postgresql://", 1)
    if not address:
        raise UsageError(_("the environment variable {name} is not set").format(name=variable))
    try:
        connection = psycopg.connect(address, connect_timeout=PATIENCE, client_encoding="utf-8")
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return connection
    except psycopg.Error:
        pass  # its text holds the address
    raise UsageError(_("the server that {name} names cannot be reached").format(name=variable))


def _statement(schema: str, table: str, columns: Sequence[str]) -> Any:
    """As text, and in quotes: so that nothing but a missing value is empty, or begins as another format does."""
    from psycopg import sql

    texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(column)) for column in columns)
    copy = "copy (select {} from {}) to stdout (format csv, force_quote *, encoding 'UTF8')"
    return sql.SQL(copy).format(texts, sql.Identifier(schema, table))


def _explained(error: psycopg.Error) -> str:
    """What the server refused, by the code of its error."""
    code = error.sqlstate or ""
    if code in ("42P01", "42703", "3F000"):
        return _("has no such table, or lacks a column that is mapped")
    if code == "42501":
        return _("may not be read by this user")
    return _("cannot be read from the server (error {code})").format(code=code or type(error).__name__)


class _Stream(io.RawIOBase):
    """Parts of bytes, as a file that is read once."""

    def __init__(self, parts: Iterable[Any]) -> None:
        self._parts = iter(parts)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = _asked(self._next)
        taken, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)

    def _next(self) -> bytes:
        """Some of the parts, one at least where there is one."""
        gathered, size = [], 0
        while size < _PART and (part := next(self._parts, None)) is not None:
            gathered.append(bytes(part))
            size += len(part)
        return b"".join(gathered)
