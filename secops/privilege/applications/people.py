"""The list of those who work here: who is on it, and who has left."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import msgspec

from secops.core.dates import Days
from secops.privilege.applications.accounts import Person
from secops.privilege.applications.application import People
from secops.privilege.applications.reading import EMPTY, Faults, Reading, states
from secops.privilege.applications.sheets import records

#: Words for "has not left".
_NEVER = ("-", "--", "无", "never", "null")


@dataclass
class Staff:
    """People by id and by name, each with whether they are still here: of one name there may be several."""

    ids: dict[str, bool] = field(default_factory=dict)
    names: dict[str, set[bool]] = field(default_factory=dict)
    is_whole: bool = True

    def knows(self, person: Person) -> bool:
        """Whether the person is on the list; by name where either side has no id."""
        return person.key[1] in self.ids if self._has_id(person) else person.name in self.names

    def is_here(self, person: Person) -> bool | None:
        """Whether the person works here; None when that is not known, as one of that name does and another does not."""
        if not self.knows(person):
            return False if self.is_whole else None
        if self._has_id(person):
            return self.ids[person.key[1]]
        here = self.names[person.name]
        return True in here if len(here) == 1 else None

    def _has_id(self, person: Person) -> bool:
        return person.key[0] == "id" and bool(self.ids)


def read(path: Path, people: People, dates: list[str], today: date, faults: Faults) -> Staff:
    """Everybody on a list. Raises `UsageError` when the file cannot be read."""
    names = {ours: theirs for ours, theirs in msgspec.structs.asdict(people.columns).items() if theirs}
    reading = Reading(str(path), names, Days(dates), _NEVER, today, faults)
    words = states(people.employed, people.gone)
    staff, before = Staff(), len(faults)
    for row in records(path, people.layout, names):
        name, identity = reading.text(row, "person"), reading.text(row, "person_id")
        left = reading.day(row, "left", may_come=True)
        is_here = reading.state(row, "status", words) and not (isinstance(left, date) and left <= today)
        if name:
            staff.names.setdefault(name, set()).add(is_here)
        elif not reading.is_unreadable(row, "person"):
            reading.tell(row, "person", EMPTY)
        if identity:
            staff.ids[identity] = staff.ids.get(identity, False) or is_here
    staff.is_whole = len(faults) == before
    return staff
