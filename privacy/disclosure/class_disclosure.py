"""Whether exact releases tell together that nobody is in a group that one of them hides, or everybody in a part of it.

Two tables may agree: as many in a district as have the illness there. Then the rest of the district, which both hide
or leave out, is empty, and each of its people has the illness. Who is in which cell does not show this, since nobody
is in what is left; what the cells mean does. So each cell is compared with what lies within it by another release, and
a hidden cell that is all that is left of one is from then on as good as shown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from privacy.disclosure.meaning import Meaning, lay

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from privacy.disclosure.modular import Ints

#: Cells of earlier releases that are kept: 32 MB. Of more, the oldest releases are no longer compared with.
MOST_CELLS = 1 << 22


@dataclass(frozen=True, eq=False, repr=False)
class Told:
    """An exact release of a variable: what its cells mean, and how many records are in each; -1 where it is hidden."""

    variable: str
    meaning: Meaning
    counts: Ints


class Revealed(NamedTuple):
    """What comes to be known: that a group is empty; that all of a group are in one cell within it."""

    zero: bool = False
    full: bool = False


NOTHING = Revealed()


def told(variable: str, meaning: Meaning, cells: NDArray[np.integer]) -> Told:
    """A release from the cell of each record, -1 for none shown."""
    counts = np.bincount(cells[cells >= 0], minlength=meaning.cells)
    return Told(variable, meaning, np.where(counts > 0, counts, -1))


def after(earlier: tuple[Told, ...], new: Told) -> tuple[tuple[Told, ...], Revealed]:
    """All releases with one more, among them those of hidden cells that follow now; and what comes to be known."""
    if any(_holds(one, new) for one in earlier):
        return earlier, NOTHING
    found, zero, full = [*earlier, new], False, False
    waiting = [len(earlier)]
    while waiting:
        at = waiting.pop()
        for other in range(len(found)):
            if other == at or found[other].variable != new.variable:
                continue
            for inner, outer in ((at, other), (other, at)):
                compared = _compare(found[inner], found[outer])
                zero, full = zero or compared.zero, full or compared.full
                if len(compared.cells):
                    found[inner] = _with(found[inner], compared)
                    waiting += [] if inner in waiting else [inner]
    return _kept(found), Revealed(zero, full)


def _holds(one: Told, new: Told) -> bool:
    """Whether the new release is the same again."""
    shown = new.counts >= 0
    same = (one.variable, one.meaning) == (new.variable, new.meaning)
    return same and bool(np.array_equal(one.counts[shown], new.counts[shown]))


class _Compared(NamedTuple):
    zero: bool
    full: bool
    cells: Ints  # hidden inner cells that are all that is left of an outer one
    counts: Ints  # of these


def _compare(inner: Told, outer: Told) -> _Compared:
    """What a release tells of another whose cells lie within its own."""
    laid = lay(inner.meaning, outer.meaning)
    inside = np.flatnonzero((laid.place >= 0) & (laid.inner > 0))
    place, counts = laid.place[inside], inner.counts[inside]
    known, size = counts >= 0, len(outer.counts)
    left = outer.counts - np.bincount(place[known], weights=counts[known], minlength=size).astype(np.int64)
    parts = np.bincount(place[known], minlength=size)
    hidden = np.bincount(place[~known], minlength=size)
    open_, closed = laid.outer.copy(), laid.outer.copy()
    np.subtract.at(open_, place[known], laid.inner[inside][known])
    np.subtract.at(closed, place, laid.inner[inside])
    empty = (outer.counts >= 0) & (left == 0) & (open_ > 0)
    alone = (outer.counts >= 0) & (left > 0) & (hidden == 1) & (closed == 0)
    cells = inside[~known][alone[place[~known]]]
    return _Compared(bool(empty.any()), bool((empty & (parts == 1)).any()), cells, left[laid.place[cells]])


def _with(one: Told, compared: _Compared) -> Told:
    counts = one.counts.copy()
    counts[compared.cells] = compared.counts
    return replace(one, counts=counts)


def _kept(found: list[Told]) -> tuple[Told, ...]:
    """The latest, up to so many cells."""
    total = np.cumsum([len(one.counts) for one in reversed(found)])
    return tuple(found[len(found) - int((total <= MOST_CELLS).sum()) :])
