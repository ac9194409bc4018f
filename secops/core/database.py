"""Opening the store's database: SQLite or PostgreSQL, one writer at a time, and errors that a person can act on."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import msgspec
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError

from secops.core import schema
from secops.core.errors import CitywallError, UsageError
from secops.core.i18n import _, because

#: Seconds to wait for a server, and for another writer.
PATIENCE = 15

#: Any number that no other program's advisory locks use: the bytes of "citywall".
_LOCK = 0x6369747977616C6C

_FORMS = "sqlite:////srv/citywall.db, postgresql+psycopg://user@host/name"


class StoreError(CitywallError):
    """The store cannot be read or written: full, locked, damaged, out of reach. Nothing was half-written."""


class Database:
    """A connection to the store for each transaction. `where` names it without its password."""

    def __init__(self, url: str) -> None:
        parsed = _parsed(url)
        self.where = parsed.database or "" if _is_sqlite(parsed) else parsed.render_as_string()
        if _is_sqlite(parsed):
            _make_file(self.where)
        self._engine = _engine(parsed)
        with self.read() as con:
            current = not schema.missing(con)
        if not current:
            if _is_sqlite(parsed):
                self._use_wal()
            with self.write() as con:
                schema.migrate(con)

    def read(self) -> AbstractContextManager[Connection]:
        """A transaction that sees one state of the store."""
        return self._transaction(self._engine)

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction that alone writes: all of it is kept, or nothing. Waits `PATIENCE` seconds for another."""
        return self._transaction(self._engine.execution_options(citywall_write=True))

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        try:
            with engine.begin() as con:
                yield con
        except DBAPIError as error:
            raise _explained(error, self.where) from error
        except CitywallError as error:
            error.where = error.where or self.where
            raise

    def _use_wal(self) -> None:
        """Readers and the writer stop waiting for each other; the file remembers it. Not possible in a transaction.

        SQLite does not wait here as elsewhere: of two programs that ask for it at once, one is refused at once.
        """
        until = time.monotonic() + PATIENCE
        while True:
            try:
                with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as con:
                    con.execute(text("pragma journal_mode = wal"))
                return
            except DBAPIError as error:
                if not _code(error).startswith("SQLITE_BUSY") or time.monotonic() > until:
                    raise _explained(error, self.where) from error
            time.sleep(random.uniform(0.01, 0.05))  # noqa: S311 - so that they do not meet again


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def _parsed(url: str) -> URL:
    """The URL with its driver. Raises `UsageError` that never repeats the URL: it may hold a password."""
    hint = _("Forms: {forms}").format(forms=_FORMS)
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise UsageError(_("is no database URL"), where="CITYWALL_DATABASE", hint=hint) from error
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        what = _("{driver} is not supported").format(driver=parsed.drivername)
        raise UsageError(what, where="CITYWALL_DATABASE", hint=hint)
    if _is_sqlite(parsed) and (parsed.database in (None, "", ":memory:") or set(parsed.query) - {"timeout"}):
        raise UsageError(_("name a file, without options"), where="CITYWALL_DATABASE", hint=hint)
    return parsed


def _make_file(path: str) -> None:
    """A new file is its owner's alone. One that exists is left shut: closing it here would drop SQLite's locks."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        hint = _("Check the folder, or name another store in CITYWALL_DATABASE.")
        raise StoreError(_("cannot be made: {reason}").format(reason=because(error)), where=path, hint=hint) from error


def _engine(url: URL) -> Engine:
    options: dict[str, Any] = {"poolclass": NullPool, "json_serializer": _to_json, "json_deserializer": _from_json}
    if _is_sqlite(url):
        if "timeout" not in url.query:
            options["connect_args"] = {"timeout": PATIENCE}
        engine = create_engine(url, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if "connect_timeout" not in url.query:
        options["connect_args"] = {"connect_timeout": PATIENCE}
    try:
        engine = create_engine(url, **options)
    except ImportError as error:
        hint = _("Install it beside Citywall: pip install 'psycopg[binary]'")
        raise UsageError(_("PostgreSQL needs the driver psycopg"), where="CITYWALL_DATABASE", hint=hint) from error
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _from_json(value: str | bytes) -> Any:
    return msgspec.json.decode(value)


def _prepare_sqlite(connection: sqlite3.Connection, record: object) -> None:  # noqa: ARG001 - the event's signature
    connection.isolation_level = None  # the module opens no transactions of its own: DDL is in ours, too
    connection.execute("pragma foreign_keys = on")


def _writes(con: Connection) -> bool:
    return bool(con.get_execution_options().get("citywall_write"))


def _begin_sqlite(con: Connection) -> None:
    if con.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        con.exec_driver_sql("begin immediate" if _writes(con) else "begin")


def _begin_postgresql(con: Connection) -> None:
    if _writes(con):
        con.exec_driver_sql(f"set local lock_timeout = '{PATIENCE}s'")
        con.exec_driver_sql(f"select pg_advisory_xact_lock({_LOCK})")
    else:
        con.exec_driver_sql("set transaction isolation level repeatable read, read only")


def _code(error: DBAPIError) -> str:
    """The driver's name or number of what went wrong."""
    return getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None) or ""


def _explained(error: DBAPIError, where: str) -> StoreError:
    """The driver's error as what happened and what to do."""
    cause, code = error.orig, _code(error)
    explained = {
        ("SQLITE_FULL", "SQLITE_IOERR", "53100"): (
            _("the disk is full or failing; nothing was changed"),
            _("Free space on the disk that holds the store, then try again."),
        ),
        ("SQLITE_BUSY", "SQLITE_LOCKED", "55P03"): (
            _("another program has been writing to it for too long; nothing was changed"),
            _("Try again when the other citywall has ended."),
        ),
        ("SQLITE_CORRUPT", "SQLITE_NOTADB"): (
            _("is damaged, or no store of Citywall's"),
            _("Restore it from a backup, or move it away: the next scan starts a new one."),
        ),
        ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "42501"): (
            _("may not be opened and written by you"),
            _("Check the rights, or name another store in CITYWALL_DATABASE."),
        ),
    }
    for codes, (what, hint) in explained.items():
        if code.startswith(codes):
            return StoreError(what, where=where, hint=hint)
    first_line = (str(cause).strip() or type(cause).__name__).split("\n")[0]
    hint = _("Check that the database is there and that CITYWALL_DATABASE names it.")
    return StoreError(_("cannot be used: {reason}").format(reason=first_line), where=where, hint=hint)
