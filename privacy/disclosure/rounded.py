"""What rounded counts tell: between which numbers a count lies, and what several of them leave when put together.

Seen is one attack: the same cell, or the same small difference of a cell and one inside it, told again and again with
other bases or other surroundings, until only one number is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacy.disclosure.modular import Ints

#: Per set of records, named by the sum of its records' random words: the smallest and the largest count it may have.
Bounds = dict[int, tuple[int, int]]


@dataclass(frozen=True, eq=False, repr=False)
class Told:
    """A release of counts, rounded to `base` (1: exact): per cell its records, its name, and what is told of it."""

    cells: Ints  # per atom
    base: int
    sizes: Ints
    names: NDArray[np.uint64]
    low: Ints
    high: Ints


def told(cells: Ints, base: int, sizes: Ints, names: NDArray[np.uint64]) -> Told:
    """The release with these cells over atoms with `sizes` records and `names`."""
    inside = cells >= 0
    many = int(cells.max(initial=-1)) + 1
    size, name = np.zeros(many, np.int64), np.zeros(many, np.uint64)
    np.add.at(size, cells[inside], sizes[inside])
    np.add.at(name, cells[inside], names[inside])
    low = (size + base // 2) // base * base - base // 2  # of all counts that are rounded to the same
    return Told(cells, base, size, name, np.maximum(low, 0), low + base - 1)


def differences(one: Told, other: Told, sizes: Ints, below: int) -> Iterator[tuple[int, int, int]]:
    """Name, smallest and largest count of each group of 1 to `below` - 1 records between a cell and one inside it."""
    both = (one.cells >= 0) & (other.cells >= 0)
    pairs, place = np.unique(one.cells[both] * len(other.sizes) + other.cells[both], return_inverse=True)
    common = np.zeros(len(pairs), np.int64)
    np.add.at(common, place, sizes[both])
    left, right = np.divmod(pairs, max(len(other.sizes), 1))
    yield from _nested(one, left, other, right, common, below)
    yield from _nested(other, right, one, left, common, below)


def _nested(
    outer: Told, at: Ints, inner: Told, inside: Ints, common: Ints, below: int
) -> Iterator[tuple[int, int, int]]:
    left = outer.sizes[at] - common
    hits = np.flatnonzero((common == inner.sizes[inside]) & (left > 0) & (left < below))
    at, inside = at[hits], inside[hits]
    names = outer.names[at] - inner.names[inside]
    low = np.maximum(outer.low[at] - inner.high[inside], 0)
    high = outer.high[at] - inner.low[inside]
    yield from zip(names.tolist(), low.tolist(), high.tolist(), strict=True)


def remember(bounds: Bounds, now: Told) -> NDArray[np.bool_]:
    """Note the cells of a release. Per cell: whether only now one number is left for it."""
    cells = zip(now.names.tolist(), now.low.tolist(), now.high.tolist(), strict=True)
    return np.array([_narrow(bounds, *cell) for cell in cells], bool)


def compare(bounds: Bounds, now: Told, earlier: Iterable[Told], sizes: Ints, below: int) -> bool:
    """Note all small differences to earlier releases. Whether only now one number is left for any."""
    found = [_narrow(bounds, *group) for other in earlier for group in differences(now, other, sizes, below)]
    return any(found)


def _narrow(bounds: Bounds, name: int, low: int, high: int) -> bool:
    """Note what is told of a set of records. Whether only now one number is left."""
    before = bounds.get(name, (0, high + 1))
    low, high = bounds[name] = max(low, before[0]), min(high, before[1])
    return low == high and before[0] < before[1]
