"""Differencing: whether a release, with all earlier ones of the same data, tells of fewer people than any alone.

Two tables that are each fine may differ by one person. What exact counts tell together is linear: any sum and
difference of their cells. So each history keeps the span of all cells over the atoms, and a release is refused when a
group of 1 to k - 1 people comes to be in it, by whatever combination. What is not seen stands in docs/differencing.md.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from privacy.disclosure import history
from privacy.disclosure.atoms import split
from privacy.disclosure.class_disclosure import NOTHING, Revealed, after, told
from privacy.disclosure.history import COUNTS, State
from privacy.disclosure.meaning import Meaning
from privacy.disclosure.reasons import refusal
from privacy.disclosure.rowspace import RowSpace
from privacy.disclosure.small_groups import Found, Small, search
from privacy.reason import Reason
from secops.core.errors import CitywallError, UsageError
from secops.core.i18n import _, because
from secops.core.render import write_whole

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


__all__ = ["COUNTS", "MOST_EXACT", "History"]

#: Exact releases of one version that tell something new. Why 20: 25 random tables of 20 cells determine all of 500
#: groups (measured). Well before, what elimination cannot see (no count is below 0, outside knowledge) tells people.
MOST_EXACT = 20

#: What a policy may hide besides small cells: that nobody is in a group, and that all of it are in one cell.
HIDES = ("zero", "full")

#: How many records there are, as a release of one cell.
EVERYBODY = Meaning()

#: Numbers that a row space may hold: 512 MB. What does not fit is to be rounded.
MOST_NUMBERS = 1 << 26


class History:
    """What was released of one data-set version. One process at a time: the caller holds the lock of its folder."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._tried: tuple[object, _After | Reason] | None = None  # what was asked last is mostly added next

    @classmethod
    def start(cls, records: int, *, people: NDArray[np.integer] | None = None, size_known: bool = True) -> History:
        """Nothing released yet. `people` tells whose each record is; None: each is another person's.

        `size_known`: outsiders know how many records there are, so that what a table leaves out can be worked out.
        """
        person = np.zeros(0, np.int32)
        if people is not None:
            if len(people) != records:
                raise ValueError("one person for each record")
            person = np.unique(people, return_inverse=True)[1].astype(np.int32)
        made = cls(State.new(records, person))
        if size_known and records:
            made.add(np.zeros(records, np.int32), 1, meaning=EVERYBODY)
            made._state = replace(made._state, exact=0)
        return made

    @classmethod
    def load(cls, path: Path) -> History:
        """The history in a file. Raises `UsageError` when it cannot be read, `CitywallError` when it is damaged."""
        try:
            return cls(history.unpack(path.read_bytes()))
        except OSError as error:
            raise UsageError(_("cannot be read: {reason}").format(reason=because(error)), where=str(path)) from None
        except ValueError:
            hint = _("Without it, differences between releases cannot be seen: restore it from a copy.")
            raise CitywallError(_("no history of releases, or a damaged one"), where=str(path), hint=hint) from None

    def save(self, path: Path) -> str:
        """Write it whole or not at all; returns the digest. It tells of people: keep it on the secure side."""
        write_whole(path, history.pack(self._state))
        return self.digest()

    def digest(self) -> str:
        """Of what is remembered, for the ledger. It tells nothing: random numbers are part of what is hashed."""
        return history.digest(self._state)

    @property
    def exact(self) -> int:
        """How many exact releases told something new."""
        return self._state.exact

    def check(
        self,
        cells: NDArray[np.integer],
        below: int,
        *,
        variable: str = COUNTS,
        base: int = 1,
        meaning: Meaning | None = None,
        most: int = MOST_EXACT,
        hides: Collection[str] = HIDES,
    ) -> Reason | None:
        """Why this release may not follow the earlier ones, None when it may.

        `cells` is the cell of each record, -1 for none (or redacted). A group of 1 to `below` - 1 people is small.
        `variable`: what is summed up in the cells, `COUNTS` for counts; `base`: to what counts are rounded. Means are
        checked twice, as counts and as sums. `meaning`: what the cells mean, where that is known. `most`: exact
        releases that the policy allows; `hides`: whether it hides empty and full cells.
        """
        after = self._after(cells, below, variable, base, meaning)
        return after if isinstance(after, Reason) else _judge(self._state, after, variable, below, most, hides)

    def add(
        self,
        cells: NDArray[np.integer],
        below: int,
        *,
        variable: str = COUNTS,
        base: int = 1,
        meaning: Meaning | None = None,
    ) -> None:
        """Remember a release that has left. Raises `RuntimeError` when that cannot be done: ask `check` first."""
        after = self._after(cells, below, variable, base, meaning)
        if isinstance(after, Reason):
            raise RuntimeError(after.code)
        self._state, self._tried = after.state, None

    def _after(
        self, cells: NDArray[np.integer], below: int, variable: str, base: int, meaning: Meaning | None
    ) -> _After | Reason:
        """How things would stand after this release."""
        if len(cells) != len(self._state.atom) or (len(cells) and cells.min() < -1):
            raise ValueError("one cell for each record, -1 for none")
        if base < 1 or (base > 1 and variable):
            raise ValueError("counts alone are rounded")
        if meaning and len(cells) and cells.max() >= meaning.cells:
            raise ValueError("a cell without a meaning")
        cell = np.ascontiguousarray(cells, np.int32)
        asked = hashlib.sha256(cell.data).digest(), below, base, variable, meaning
        if self._tried is None or self._tried[0] != asked:
            self._tried = asked, self._try(cell, below, variable, base, meaning)
        return self._tried[1]

    def _try(
        self, cells: NDArray[np.int32], below: int, variable: str, base: int, meaning: Meaning | None
    ) -> _After | Reason:
        counted = 1 if self._state.repeated else base  # rounding hides some records, and not a person who has many
        tried = _try(self._state, cells, below, variable, counted)
        if isinstance(tried, Reason) or meaning is None or base > 1:
            return tried
        all_told, revealed = after(tried.state.told, told(variable, meaning, cells))
        return replace(tried, state=replace(tried.state, told=all_told), revealed=revealed)


@dataclass(frozen=True, eq=False, repr=False)
class _After:
    """How things would stand: the state; the span before, over the same atoms; whether rounding leaves one number.

    `revealed`: whether groups are known to be empty or full by what cells mean.
    """

    state: State
    before: RowSpace
    pinned: bool
    revealed: Revealed = NOTHING


def _try(state: State, cells: NDArray[np.int32], below: int, variable: str, base: int) -> _After | Reason:
    """How things would stand after the release of these cells (per record)."""
    pinned, exact = False, cells
    if variable == COUNTS:
        counts, pinned, single = state.counts.after(cells, base, below, state.words)
        state = replace(state, counts=counts)
        if base > 1:
            exact = np.where(np.isin(cells, single), cells, np.int32(-1))
    finer = split(state.atom, state.atoms, exact)
    rank = sum(len(space.rows) for space in state.spaces.values()) + len(np.unique(exact))
    if (exact >= 0).any() and rank * len(finer.sizes) > MOST_NUMBERS:
        return refusal("difference-fine")
    state = state.split(finer)
    before = state.space(variable)
    space = before.insert(finer.cells, state.people)
    new = len(space.rows) > len(before.rows)
    state = replace(state, spaces=state.spaces | {variable: space}, exact=state.exact + int(new and base == 1))
    return _After(state, before, pinned)


def _judge(was: State, after: _After, variable: str, below: int, most: int, hides: Collection[str]) -> Reason | None:
    if after.pinned:
        return refusal("difference-rounded")
    if (after.revealed.zero and "zero" in hides) or (after.revealed.full and "full" in hides):
        return refusal("difference-empty")
    found = _search(after, variable, below)
    if found is not Found.NOTHING:
        return refusal(f"difference-{found.value}")
    return refusal("difference-cap") if most < after.state.exact > was.exact else None


def _search(after: _After, variable: str, below: int) -> Found:
    """Whether a small group is determined now that was not before."""
    state, space = after.state, after.state.space(variable)
    small = np.flatnonzero(state.people < below)
    place = np.full(state.atoms, -1, np.int64)
    place[small] = np.arange(len(small))
    starts = place[space.newer(after.before)]
    space = space.turn(state.people >= below, state.people)
    alone = place[space.pivots] >= 0
    space = RowSpace(state.prime, space.rows[alone][:, small], place[space.pivots[alone]])

    def counts(chosen: Sequence[int]) -> bool:
        group = small[list(chosen)]
        row = np.zeros((1, state.atoms), np.int64)
        row[0, group] = 1
        return state.people_in(group) < below and bool(after.before.unknown(row).any())

    return search(Small(space, state.weights[small], counts, starts[starts >= 0], below))
