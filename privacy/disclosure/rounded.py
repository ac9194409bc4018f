"""What rounded counts tell: between which numbers a count lies, and what several of them leave when put together.

Seen is one attack: the same cell, or the same small difference of a cell and one inside it, told again and again with
other bases or other surroundings, until only one number is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacy.disclosure.atoms import split
from privacy.disclosure.modular import Ints

#: Per set of records, named by the sum of its records' random words: the smallest and the largest count it may have.
Bounds = dict[int, tuple[int, int]]


#: Cells of atoms that are kept: 256 MB. Of more, the oldest releases are no longer compared with.
MOST_LABELS = 1 << 26


@dataclass(frozen=True, eq=False, repr=False)
class Tellings:
    """All releases of counts: the atoms that they make, and what the rounding leaves of each cell and difference."""

    atom: NDArray[np.int32]  # of each record
    labels: NDArray[np.int32]  # (releases, atoms): cells
    bases: Ints  # to what each release was rounded, 1 for exact ones
    bounds: Bounds

    @classmethod
    def none(cls, records: int) -> Tellings:
        """No release yet."""
        return cls(np.zeros(records, np.int32), np.zeros((0, 1), np.int32), np.zeros(0, np.int64), {})

    def after(
        self, cells: NDArray[np.int32], base: int, below: int, words: NDArray[np.uint64]
    ) -> tuple[Tellings, bool, Ints]:
        """With one more release: `cells` is the cell of each record, `words` a random word for each.

        Also: whether only now one number is left for a small difference, and for which cells that is so.
        """
        finer = split(self.atom, self.labels.shape[1], cells)
        labels, bounds = self.labels[:, finer.parents], dict(self.bounds)
        names = np.zeros(len(finer.sizes), np.uint64)
        np.add.at(names, finer.of, words)
        now = _told(finer.cells, base, finer.sizes, names)
        told = zip(now.names.tolist(), now.low.tolist(), now.high.tolist(), strict=True)
        single = np.flatnonzero(np.array([_narrow(bounds, *cell) for cell in told], bool))
        found = [
            _narrow(bounds, *group)
            for at in np.flatnonzero((self.bases > 1) | (base > 1))  # of two exact ones, their row space tells more
            for group in _differences(
                now, _told(labels[at], int(self.bases[at]), finer.sizes, names), finer.sizes, below
            )
        ]
        keep = max(MOST_LABELS // len(finer.sizes), 1) if len(finer.sizes) else 1
        labels = np.vstack((labels, finer.cells.astype(np.int32)))[-keep:]
        return Tellings(finer.of, labels, np.append(self.bases, base)[-keep:], bounds), any(found), single


@dataclass(frozen=True, eq=False, repr=False)
class _Told:
    """A release of counts, rounded to `base` (1: exact): per cell its records, its name, and what is told of it."""

    cells: Ints  # per atom
    sizes: Ints
    names: NDArray[np.uint64]
    low: Ints
    high: Ints


def _told(cells: NDArray[np.integer], base: int, sizes: Ints, names: NDArray[np.uint64]) -> _Told:
    """The release with these cells over atoms with `sizes` records and `names`."""
    inside = cells >= 0
    many = int(cells.max(initial=-1)) + 1
    size, name = np.zeros(many, np.int64), np.zeros(many, np.uint64)
    np.add.at(size, cells[inside], sizes[inside])
    np.add.at(name, cells[inside], names[inside])
    low = (size + base // 2) // base * base - base // 2  # of all counts that are rounded to the same
    return _Told(cells.astype(np.int64), size, name, np.maximum(low, 0), low + base - 1)


def _differences(one: _Told, other: _Told, sizes: Ints, below: int) -> Iterator[tuple[int, int, int]]:
    """Name, smallest and largest count of each group of 1 to `below` - 1 records between a cell and one inside it."""
    both = (one.cells >= 0) & (other.cells >= 0)
    pairs, place = np.unique(one.cells[both] * len(other.sizes) + other.cells[both], return_inverse=True)
    common = np.zeros(len(pairs), np.int64)
    np.add.at(common, place, sizes[both])
    left, right = np.divmod(pairs, max(len(other.sizes), 1))
    yield from _nested(one, left, other, right, common, below)
    yield from _nested(other, right, one, left, common, below)


def _nested(
    outer: _Told, at: Ints, inner: _Told, inside: Ints, common: Ints, below: int
) -> Iterator[tuple[int, int, int]]:
    left = outer.sizes[at] - common
    hits = np.flatnonzero((common == inner.sizes[inside]) & (left > 0) & (left < below))
    at, inside = at[hits], inside[hits]
    names = outer.names[at] - inner.names[inside]
    low = np.maximum(outer.low[at] - inner.high[inside], 0)
    high = outer.high[at] - inner.low[inside]
    yield from zip(names.tolist(), low.tolist(), high.tolist(), strict=True)


def _narrow(bounds: Bounds, name: int, low: int, high: int) -> bool:
    """Note what is told of a set of records. Whether only now one number is left."""
    before = bounds.get(name, (0, high + 1))
    low, high = bounds[name] = max(low, before[0]), min(high, before[1])
    return low == high and before[0] < before[1]
