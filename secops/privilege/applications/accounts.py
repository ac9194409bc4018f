"""Accounts of an application, out of the rows of its export: all rows of one login name are one account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import msgspec

from secops.core.dates import Days
from secops.privilege.applications.application import Application
from secops.privilege.applications.reading import EMPTY, Faults, Reading, states
from secops.privilege.applications.sheets import Record, records

#: Digits of a telephone: with a code of the country before it it is the same one; a shorter number is an extension.
_PHONE, _SHORTEST_PHONE = 11, 7


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as the export names them: `key` tells people apart as well as the export can."""

    key: tuple[str, ...]
    name: str


@dataclass(slots=True)
class Account:
    """One account. Without a last login there was none, where `is_login_known`."""

    name: str
    row: int
    is_active: bool = False
    people: dict[tuple[str, ...], Person] = field(default_factory=dict)
    unit: str = ""
    phones: set[str] = field(default_factory=set)
    roles: dict[str, int] = field(default_factory=dict)  # each with the row that gives it
    last_login: date | None = None
    is_login_known: bool = True
    created: date | None = None

    @property
    def person(self) -> str:
        """The name of the person, or of the first of several; empty when there is none."""
        return next((person.name for person in self.people.values()), "")


def read(path: Path, application: Application, today: date, faults: Faults) -> dict[str, Account]:
    """The accounts of an export, by name. Raises `UsageError` when the file cannot be read."""
    names = {ours: theirs for ours, theirs in msgspec.structs.asdict(application.columns).items() if theirs}
    reading = Reading(str(path), names, Days(application.dates), application.never, today, faults)
    words = states(application.status.active, application.status.disabled)
    found: dict[str, Account] = {}
    for row in records(path, application.layout, names):
        name = reading.text(row, "account")
        if name:
            account = found.setdefault(name, Account(name, row.number))
            account.is_active |= reading.state(row, "status", words)
            _add_owner(account, row, reading)
            _add_days(account, row, reading)
            for role in _parts(reading.text(row, "role"), application.separator):
                account.roles.setdefault(role, row.number)
        elif not reading.is_unreadable(row, "account"):
            reading.tell(row, "account", EMPTY)
    return found


def _add_owner(account: Account, row: Record, reading: Reading) -> None:
    """Whom one more row of the account names."""
    person, identity, unit = (reading.text(row, column) for column in ("person", "person_id", "unit"))
    account.unit = account.unit or unit
    if person:
        key = ("id", identity) if identity else ("name", person, unit)
        account.people.setdefault(key, Person(key, person))
    phone = reading.text(row, "phone")
    digits = "".join(filter(str.isdecimal, phone))[-_PHONE:]
    if len(digits) >= _SHORTEST_PHONE and "*" not in phone:  # the stars hide what tells telephones apart
        account.phones.add(digits)


def _add_days(account: Account, row: Record, reading: Reading) -> None:
    created, login = reading.day(row, "created"), reading.day(row, "last_login")
    if isinstance(created, date):
        account.created = min(account.created or created, created)
    if isinstance(login, date):
        account.last_login = max(account.last_login or login, login)
    account.is_login_known &= login is not None


def _parts(cell: str, separator: str) -> Iterator[str]:
    for part in cell.split(separator) if separator else [cell]:
        if part.strip():
            yield part.strip()
