"""What the readers of exports give: rows of cells as text, each row with its number in the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from secops.core.content import Text


@dataclass(frozen=True)
class Unreadable:
    """A cell that is there and cannot be read, and why."""

    reason: Text


#: The column of the cell that says why a whole row cannot be read.
WHOLE_ROW = -1

#: A cell as text; one that is not there, or empty, is "".
Cell = str | Unreadable


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its number from 1 as a spreadsheet shows it, and its cells by column, from 0."""

    number: int
    cells: Mapping[int, Cell]

    @property
    def is_empty(self) -> bool:
        return not any(self.cells.values())
