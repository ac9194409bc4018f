"""The tables of the store, and the steps that bring an older store up to date.

A run is kept twice: as rows that SQL can ask, and as its whole report, compressed, which comes back byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Date,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    insert,
    inspect,
    select,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from secops.core.errors import CitywallError
from secops.core.i18n import _

metadata = MetaData()


class PlainText(TypeDecorator[str]):
    """Text without NUL, which PostgreSQL cannot hold and a hostile host may send."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - its signature
        return value.replace("\0", "\ufffd") if value else value


def _text(name: str, *, primary_key: bool = False) -> Column[Any]:
    return Column(name, PlainText, nullable=False, primary_key=primary_key)


def _number(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Integer, nullable=nullable)


def _run() -> Column[Any]:
    """The run that a row is of: its number, since 175,000 verdicts would repeat the longer id."""
    return Column("run", Integer, ForeignKey("runs.number", ondelete="CASCADE"), primary_key=True)


runs = Table(
    "runs",
    metadata,
    Column("number", Integer, primary_key=True),  # in the order of saving
    Column("id", PlainText, nullable=False, unique=True),
    _text("started"),
    _text("finished"),
    _text("version"),
    _text("lang"),
    _number("rules_count"),
    _text("rules_digest"),
    _text("profile"),
    Column("summary", JSON, nullable=False),
    Column("report", LargeBinary, nullable=False),  # zlib of the report as JSON
)

run_hosts = Table(
    "run_hosts",
    metadata,
    _run(),
    _text("host", primary_key=True),
    _text("name"),
    _text("carrier"),
    _text("label"),
    _number("score", nullable=True),
    _number("decided"),
    _number("applicable"),
    _text("unreachable"),
    sqlite_with_rowid=False,
)

findings = Table(
    "findings",
    metadata,
    _run(),
    Column("position", Integer, primary_key=True, autoincrement=False),  # in the report, worst first
    _text("identity"),
    _text("rule"),
    _text("host"),
    _text("status"),
    _text("severity"),
    _text("title"),
    _text("message"),
    Column("key", JSON, nullable=False),
    Column("evidence", JSON, nullable=False),
    _text("first_seen"),
    _text("waiver"),
    sqlite_with_rowid=False,
)

verdicts = Table(
    "verdicts",
    metadata,
    _run(),
    _text("rule", primary_key=True),
    _text("host", primary_key=True),
    _text("status"),
    _text("reason"),
    sqlite_with_rowid=False,
)

#: Findings whose streak goes on, and the run in which it began (its start). Kept up at every save.
open_since = Table(
    "open_since",
    metadata,
    _text("identity", primary_key=True),
    _text("rule"),
    _text("host"),
    _text("first_seen"),
)

waivers = Table(
    "waivers",
    metadata,
    _text("id", primary_key=True),
    _text("rule"),
    _text("host"),
    Column("key", JSON, nullable=False),
    _text("reason"),
    _text("approver"),
    Column("created", Date, nullable=False),
    Column("expires", Date, nullable=False),
)

#: What earlier audits know of password hashes, by HMAC of the hash under the key in Citywall's folder.
password_trials = Table(
    "password_trials",
    metadata,
    _text("mac", primary_key=True),
    _text("plan"),
    _number("tried"),
    _text("word_group"),
)

schema_steps = Table("schema_steps", metadata, _text("name", primary_key=True))

Step = tuple[str, Callable[[Connection], None]]

#: The name under which a store records that its first tables are there.
FIRST = "first tables"

#: Changes since the first tables, oldest first: (name, what it does). A new store is created whole, with all of them
#: recorded; an older one runs those it lacks. A step is never edited once released.
STEPS: Sequence[Step] = (("password trials", lambda con: password_trials.create(con)),)


def missing(con: Connection, steps: Sequence[Step] = STEPS) -> list[str]:
    """The steps that the store lacks, all for an empty one. Raises `CitywallError` for a store of a newer Citywall."""
    names = [FIRST, *(name for name, _change in steps)]
    if not inspect(con).has_table(schema_steps.name):
        return names
    done = set(con.scalars(select(schema_steps.c.name)))
    if newer := sorted(done.difference(names)):
        raise CitywallError(
            _("the store was written by a newer Citywall ({step})").format(step=newer[0]),
            hint=_("Use that version, or name another store in CITYWALL_DATABASE."),
        )
    return [name for name in names if name not in done]


def migrate(con: Connection, steps: Sequence[Step] = STEPS) -> None:
    """Bring the store up to date within the transaction of `con`: all steps or none."""
    lacking = missing(con, steps)
    if FIRST in lacking:
        metadata.create_all(con, checkfirst=False)
    else:
        for name, change in steps:
            if name in lacking:
                change(con)
    if lacking:
        con.execute(insert(schema_steps), [{"name": name} for name in lacking])
