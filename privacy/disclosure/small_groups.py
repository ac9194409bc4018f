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

import numpy as np
from numpy.typing import NDArray

from privacy.disclosure.modular import Ints

#: Choices that are tried before the search gives up: some seconds.
BUDGET = 20_000

#: Equations that are watched while atoms are chosen, those with the fewest atoms; the others are asked at the end.
_WATCHED = 1024

#: Of the watched ones that are not met, how many are looked at for each choice.
_LOOK = 64

_SLACK = 1e-6  # weights are sums of fractions


class Found(Enum):
    """What the search says."""

    NOTHING = "nothing"
    ATOM = "atom"
    GROUP = "group"
    UNDECIDED = "undecided"


@dataclass(frozen=True, repr=False, eq=False)
class Small:
    """What releases tell of the small atoms alone.

    `rows` are reduced rows (pivots, atoms) modulo `prime`. `weights` per atom add up to no more than the people in a
    group; `people` counts those exactly.
    """

    rows: Ints
    pivots: Ints
    weights: NDArray[np.float64]
    people: Callable[[Sequence[int]], int]
    prime: int


def search(told: Small, starts: Ints, below: int) -> Found:
    """Whether a group of fewer than `below` people is determined that has one of the atoms `starts`."""
    try:
        return _Search(told, below, BUDGET).from_any(starts)
    except _OverBudgetError:
        return Found.UNDECIDED


class _OverBudgetError(Exception):
    """The search was given up."""


@dataclass(repr=False, eq=False)
class _Search:
    told: Small
    below: int
    budget: int
    others: Ints = field(init=False)  # per equation: its atom that is no pivot
    matrix: Ints = field(init=False)  # (pivots, equations): what a pivot adds to an equation
    row: dict[int, int] = field(init=False)  # per pivot
    own: dict[int, int] = field(init=False)  # per other atom: its equation
    parts: dict[int, Ints] = field(init=False, default_factory=dict)  # of the equations looked at: their atoms

    def __post_init__(self) -> None:
        others = np.setdiff1d(np.flatnonzero(self.told.rows.any(axis=0)), self.told.pivots)
        atoms = (self.told.rows[:, others] != 0).sum(axis=0)
        self.others = others[np.argsort(atoms, kind="stable")]
        self.matrix = self.told.rows[:, self.others]
        self.row = {int(atom): at for at, atom in enumerate(self.told.pivots)}
        self.own = {int(atom): at for at, atom in enumerate(self.others)}

    def from_any(self, starts: Ints) -> Found:
        open_ = np.zeros(self.told.rows.shape[1], bool)
        open_[self.told.pivots] = open_[self.others] = True
        for atom in map(int, starts):
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
            return len(chosen) if self.told.people(chosen) < self.below else 0
        room = self.below - 1 - float(self.told.weights[chosen].sum()) + _SLACK
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
        return np.flatnonzero(total % self.told.prime)

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
            pivots = self.told.pivots[self.matrix[:, equation] != 0]
            self.parts[equation] = np.append(pivots, self.others[equation])
        return self.parts[equation]
