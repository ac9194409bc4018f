"""Cells as words, days and states; what cannot be read, or is not known, is told with its row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from secops.core.content import Text
from secops.core.dates import Days
from secops.privilege.applications.cells import Unreadable
from secops.privilege.applications.sheets import Record

#: Row numbers kept of one fault.
_KEPT = 20

EMPTY = Text("is empty", "为空")
_NO_DAY = Text("is no date that is known here", "不是可识别的日期")
_FUTURE = Text("lies in the future", "晚于当前日期")
_NO_STATUS = Text("is no known status", "不是已知的状态值")


@dataclass
class Fault:
    """What could not be read in a column of a file, or is not known of its values: how often, and where first."""

    file: str
    column: str
    reason: Text
    rows: list[int] = field(default_factory=list)
    count: int = 0


class Faults:
    """Faults by file, column and reason."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], Fault] = {}

    def tell(self, file: str, column: str, reason: Text, row: int) -> None:
        fault = self._found.setdefault((file, column, reason.en), Fault(file, column, reason))
        fault.count += 1
        if len(fault.rows) < _KEPT:
            fault.rows.append(row)

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._found.values())

    def __len__(self) -> int:
        return len(self._found)


class Reading:
    """Reads the cells of one file. `names`: our names of its columns, and theirs; `never`: words for "no day"."""

    def __init__(
        self, file: str, names: Mapping[str, str], days: Days, never: Iterable[str], today: date, faults: Faults
    ) -> None:
        self.file, self.names, self.faults = file, names, faults
        self._days = days
        self._never = {"", *map(str.casefold, never)}
        self._tomorrow = today + timedelta(days=1)

    def tell(self, row: Record, column: str, reason: Text) -> None:
        self.faults.tell(self.file, self.names[column], reason, row.number)

    def is_unreadable(self, row: Record, column: str) -> bool:
        return isinstance(row.cells.get(column), Unreadable)

    def text(self, row: Record, column: str) -> str:
        """A cell; empty when it is not there, or cannot be read, which is told."""
        cell = row.cells.get(column, "")
        if isinstance(cell, Unreadable):
            self.tell(row, column, cell.reason)
            return ""
        return cell

    def day(self, row: Record, column: str, *, may_come: bool = False) -> date | Literal["never"] | None:
        """A day, or that there was none; None when it is not known. One that is to come is a mistake, or `may_come`."""
        text = self.text(row, column)
        if column not in row.cells or self.is_unreadable(row, column):
            return None
        if text.casefold() in self._never:
            return "never"
        day = self._days.read(text)
        if day is None or (day > self._tomorrow and not may_come):
            self.tell(row, column, _FUTURE if day else _NO_DAY)
            return None
        return day

    def state(self, row: Record, column: str, states: Mapping[str, bool]) -> bool:
        """What a word of a column stands for; True where there is no such column, or the word is not known."""
        word = self.text(row, column).casefold()
        if column in row.cells and word not in states and not self.is_unreadable(row, column):
            self.tell(row, column, _NO_STATUS)
        return states.get(word, True)


def states(yes: Iterable[str], no: Iterable[str]) -> dict[str, bool]:
    """Words, whatever their case, by what they stand for."""
    return dict.fromkeys(map(str.casefold, no), False) | dict.fromkeys(map(str.casefold, yes), True)
