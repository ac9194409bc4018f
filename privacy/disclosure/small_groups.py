"""Small groups that releases determine: a search that misses none, or says that it could not finish.

What the releases tell of small atoms alone is a space of rows over them. A determined group is a row of zeros and ones
in it. Such a row x is fixed by its values at the pivots: for every other atom j, x_j is a known sum of those. So each
other atom gives an equation, and a group is a choice of atoms that meets all of them. An equation that is not met needs
one more of its atoms; a group has few people, so few atoms. Equations without a common atom each need one of their
own: where that makes too many people, no group is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

import numpy as np
from numpy.typing import NDArray

from privacy.disclosure.modular import Ints
from privacy.disclosure.rowspace import RowSpace

#: Choices that are tried before the search gives up: some seconds.
BUDGET = 20_000

#: Equations that are watched while atoms are chosen, those with the fewest atoms; the others are asked at the end.
_WATCHED = 1024

#: Of the watched ones that are not met, how many are looked at for each choice.
_LOOK = 64

#: Steps of elimination that are too many: some seconds.
_LONG = 1 << 29

_SLACK = 1e-6  # weights are sums of fractions


class Found(Enum):
    """What the search says."""

    NOTHING = "nothing"
    ATOM = "atom"
    GROUP = "group"
    UNDECIDED = "undecided"


@dataclass(frozen=True, repr=False, eq=False)
class Small:
    """What releases tell of the small atoms alone: the rows of `space`.

    `weights` per atom add up to no more than the people in a group. `counts`: whether a determined group is small
    indeed, and was not determined before. One that was has none of the atoms `starts`, or does not count.
    """

    space: RowSpace
    weights: NDArray[np.float64]
    counts: Callable[[Sequence[int]], bool]
    starts: Ints
    below: int


def search(told: Small) -> Found:
    """Whether a group of fewer than `below` people is determined now."""
    for way in (partial(by_atoms, budget=BUDGET // 20), by_rows, partial(by_atoms, budget=BUDGET)):
        if (found := way(told)) is not Found.UNDECIDED:
            return found
    return Found.UNDECIDED


def by_atoms(told: Small, budget: int) -> Found:
    """The same by choosing atom after atom, `budget` times at most."""
    try:
        return _Search(told, budget).from_any()
    except _OverBudgetError:
        return Found.UNDECIDED


def by_rows(told: Small) -> Found:
    """The same by reduced forms, for few rows over many atoms of one or two people.

    The pivots of one reduced form fix a group, so it has at least one of them. So it is with the pivots of a second
    form, on other atoms. With four such forms, a group of at most seven atoms has one pivot alone in one of them, and
    then is a row there (Brouwer and Zimmermann find the smallest weight of a code like this). With `UNDECIDED` when
    there are not enough other atoms, or it would take too long.
    """
    space, atoms = told.space, told.space.rows.shape[1]
    forms = int((told.below - 1) / told.weights.min(initial=told.below) + _SLACK) // 2 + 1
    if forms * len(space.rows) > atoms or len(space.rows) ** 2 * atoms > _LONG:
        return Found.UNDECIDED
    unused = np.ones(atoms, bool)
    for _ in range(forms):
        space = space.turn(unused, unused.astype(np.int64))
        if not unused[space.pivots].all():
            return Found.UNDECIDED
        unused[space.pivots] = False
        light = (space.rows != 0) @ told.weights <= told.below - 1 + _SLACK
        for row in space.rows[light & (space.rows <= 1).all(axis=1)]:
            if told.counts(chosen := np.flatnonzero(row).tolist()):
                return Found.ATOM if len(chosen) == 1 else Found.GROUP
    return Found.NOTHING


class _OverBudgetError(Exception):
    """The search was given up."""


@dataclass(repr=False, eq=False)
class _Search:
    told: Small
    budget: int
    others: Ints = field(init=False)  # per equation: its atom that is no pivot
    matrix: Ints = field(init=False)  # (pivots, equations): what a pivot adds to an equation
    row: dict[int, int] = field(init=False)  # per pivot
    own: dict[int, int] = field(init=False)  # per other atom: its equation
    parts: dict[int, Ints] = field(init=False, default_factory=dict)  # of the equations looked at: their atoms

    def __post_init__(self) -> None:
        rows, pivots = self.told.space.rows, self.told.space.pivots
        others = np.setdiff1d(np.flatnonzero(rows.any(axis=0)), pivots)
        self.others = others[np.argsort((rows[:, others] != 0).sum(axis=0), kind="stable")]
        self.matrix = rows[:, self.others]
        self.row = {int(atom): at for at, atom in enumerate(pivots)}
        self.own = {int(atom): at for at, atom in enumerate(self.others)}

    def from_any(self) -> Found:
        open_ = np.zeros(len(self.told.weights), bool)
        open_[self.told.space.pivots] = open_[self.others] = True
        for atom in map(int, self.told.starts):
            if open_[atom]:
                open_[atom] = False  # in what follows it is chosen; after that, all groups with it were looked at
                if size := self._grows([atom], open_):
                    return Found.ATOM if size == 1 else Found.GROUP
        return Found.NOTHING

    def _grows(self, chosen: list[int], open_: NDArray[np.bool_]) -> int:
        """How many atoms the small group has that is made of `chosen` and some that are `open_`; 0 for none."""
        self.budget -= 1
        if self.budget < 0:
            raise _OverBudgetError
        unmet = self._unmet(chosen, _WATCHED)
        if not len(unmet) and not len(unmet := self._unmet(chosen, len(self.others))):
            return len(chosen) if self.told.counts(chosen) else 0
        room = self.told.below - 1 - float(self.told.weights[chosen].sum()) + _SLACK
        open_ = open_ & (self.told.weights <= room)
        for atom in map(int, self._choices(unmet, open_, room)):
            open_[atom] = False
            if size := self._grows([*chosen, atom], open_):
                return size
        return 0

    def _unmet(self, chosen: Sequence[int], stop: int) -> Ints:
        """Which of the first equations the chosen atoms alone do not meet."""
        total = self.matrix[[self.row[atom] for atom in chosen if atom in self.row], :stop].sum(axis=0)
        for at in (self.own[atom] for atom in chosen if atom in self.own):
            if at < len(total):
                total[at] -= 1
        return np.flatnonzero(total % self.told.space.prime)

    def _choices(self, unmet: Ints, open_: NDArray[np.bool_], room: float) -> Ints:
        """The atoms of the equation with the fewest that still fit; none where no group can be."""
        best, apart, taken = np.flatnonzero(open_), 0.0, np.zeros_like(open_)
        for equation in unmet[:_LOOK]:
            parts = self._parts(int(equation))
            parts = parts[open_[parts]]
            if not len(parts):
                return parts
            if len(parts) < len(best):
                best = parts
            if not taken[parts].any():
                taken[parts] = True
                apart += float(self.told.weights[parts].min())
                if apart > room:
                    return parts[:0]
        return best

    def _parts(self, equation: int) -> Ints:
        if equation not in self.parts:
            pivots = self.told.space.pivots[self.matrix[:, equation] != 0]
            self.parts[equation] = np.append(pivots, self.others[equation])
        return self.parts[equation]
