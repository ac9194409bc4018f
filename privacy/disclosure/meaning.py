"""What the cells of a table mean, whoever is in them: which values of which fields belong to each.

A reader of two tables knows this too. By it, cells lie within each other even where nobody is in what is left.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

if TYPE_CHECKING:
    from privacy.disclosure.modular import Ints
    from privacy.disclosure.result import Array


#: Volumes below this, and their sums, are whole numbers of 64 bits; others are Python's.
_INT64 = 1 << 62


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """What a table asks of a field: values from `starts[i]` to before the next have the label `labels[i]`, -1: none.

    Labelled fields count their labels from 0. The first start is the smallest value that the schema allows.
    """

    field: str
    size: int  # labels; 1 for a field of conditions alone
    starts: tuple[float, ...]
    labels: tuple[int, ...]


class Meaning(msgspec.Struct, frozen=True):
    """`sides` in the order of the table's dimensions; `conditions` of other fields."""

    sides: tuple[Axis, ...] = ()
    conditions: tuple[Axis, ...] = ()

    @property
    def cells(self) -> int:
        """How many cells the table has."""
        return math.prod(axis.size for axis in self.sides)

    def axes(self) -> dict[str, tuple[Axis, Ints]]:
        """By field: its axis, and the label of each cell on it."""
        left, found = np.arange(self.cells), dict[str, tuple[Axis, "Ints"]]()
        for axis in reversed((*self.sides, *self.conditions)):
            left, label = np.divmod(left, axis.size)
            found[axis.field] = axis, label
        return dict(reversed(found.items()))


class Laid(NamedTuple):
    """Cells of an inner table over those of an outer one, by what both mean.

    `place` per inner cell: the outer cell that it lies within, -1 for none. Volumes count combinations of values that
    neither table tells apart, as whole numbers of any size.
    """

    place: Ints
    inner: Array
    outer: Array


def lay(inner: Meaning, outer: Meaning) -> Laid:
    """Find for each inner cell the outer one that it lies within. Both are of one schema."""
    of_inner, of_outer = inner.axes(), outer.axes()
    fields = []  # the outer sides first: their order is that of its cells
    for field in {**of_outer, **of_inner}:
        one, at = of_inner.get(field) or _whole(field, of_outer[field][0], inner.cells)
        other, outer_at = of_outer.get(field) or _whole(field, one, outer.cells)
        fields.append(((one.size, at), (other.size, outer_at), _refined(one, other)))
    exact = np.int64 if math.prod(len(labels[0]) for _one, _other, labels in fields) < _INT64 else object
    place = np.zeros(inner.cells, np.int64)
    volumes, outer_volumes = np.ones(inner.cells, exact), np.ones(outer.cells, exact)
    for (size, at), (outer_size, outer_at), (labels, outer_labels) in fields:
        target = _target(labels, outer_labels, size)[at]
        place = np.where((place < 0) | (target < 0), -1, place * outer_size + target)
        volumes *= _sizes(labels, size).astype(exact)[at]
        outer_volumes *= _sizes(outer_labels, outer_size).astype(exact)[outer_at]
    return Laid(place, volumes, outer_volumes)


def _whole(field: str, other: Axis, cells: int) -> tuple[Axis, Ints]:
    """A field of which a table asks nothing."""
    return Axis(field=field, size=1, starts=other.starts[:1], labels=(0,)), np.zeros(cells, np.int64)


def _refined(one: Axis, other: Axis) -> tuple[Ints, Ints]:
    """The labels of both for each range of values that one of them tells apart."""
    starts = np.union1d(one.starts, other.starts)
    first, second = (
        np.array(axis.labels, np.int64)[np.searchsorted(axis.starts, starts, side="right") - 1] for axis in (one, other)
    )
    return first, second


def _target(labels: Ints, outer: Ints, size: int) -> Ints:
    """Per label: the outer label that all of its ranges have; -1 where they have several, or none."""
    inside = labels >= 0
    lowest, highest = np.full(size, len(outer)), np.full(size, -1)
    np.minimum.at(lowest, labels[inside], outer[inside])
    np.maximum.at(highest, labels[inside], outer[inside])
    return np.where(lowest == highest, lowest, -1)


def _sizes(labels: Ints, size: int) -> Ints:
    return np.bincount(labels[labels >= 0], minlength=size)
