"""Counts: of labels, of pairs of labels, and of numbers in bins, from which quantiles follow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from privacy.federated.design import Column, Design, Floats
from privacy.federated.methods.sums import Entries, counted, counts
from secops.core.errors import UsageError
from secops.core.i18n import _


class Table(msgspec.Struct, frozen=True):
    """Counts of the labels of columns, the last one fastest, and how many records lack one of them."""

    columns: tuple[str, ...]
    shape: tuple[int, ...]
    counts: tuple[int, ...]
    missing: int


@dataclass(frozen=True)
class Labels:
    """How many records have each label of a column, or each combination of several columns' labels (a `Part`).

    Raises UsageError if a column is none of labels.
    """

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        if not self.columns or any(not column.levels for column in self.columns):
            raise UsageError(_("a table is of columns of labels"))

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(column.levels or 0 for column in self.columns)

    @property
    def entries(self) -> Entries:
        return counts(math.prod(self.shape) + 1)

    def sums(self, data: Design) -> Floats:
        values = np.column_stack([data.column(column.name) for column in self.columns])
        whole = values[~np.isnan(values).any(axis=1)].astype(np.intp)
        cells = np.ravel_multi_index(tuple(whole.T), self.shape)
        return np.append(counted(cells, math.prod(self.shape)), float(len(values) - len(whole)))

    def read(self, total: Floats, wrong: Floats) -> Table:  # noqa: ARG002  counts are exact
        *cells, missing = (int(count) for count in total)
        return Table(tuple(column.name for column in self.columns), self.shape, tuple(cells), missing)


class Quantile(msgspec.Struct, frozen=True):
    """The value that this share of the values does not exceed: it lies in lower … upper, `value` is between them.

    Exactly: the smallest of the values such that at least this share of them is no larger.
    """

    share: float
    value: float
    lower: float
    upper: float


class Bins(msgspec.Struct, frozen=True):
    """Counts of a column's values in bins: from an edge up to, without, the next; the last one with its upper edge."""

    column: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    missing: int
    quantiles: tuple[Quantile, ...]


@dataclass(frozen=True)
class Histogram:
    """A column's values in bins of one width over its public range, and quantiles by them (a `Part`).

    Raises UsageError if there is no bin, or a share is not above 0 and at most 1.
    """

    column: Column
    bins: int = 100
    shares: Sequence[float] = (0.25, 0.5, 0.75)

    def __post_init__(self) -> None:
        if self.bins < 1 or not all(0 < share <= 1 for share in self.shares):
            raise UsageError(_("a histogram has at least one bin, and quantiles are above 0 and at most 1"))

    @property
    def edges(self) -> Floats:
        return np.linspace(self.column.lower, self.column.upper, self.bins + 1)

    @property
    def entries(self) -> Entries:
        return counts(self.bins + 1)

    def sums(self, data: Design) -> Floats:
        values = data.column(self.column.name)
        present = values[~np.isnan(values)]
        places = np.searchsorted(self.edges, present, side="right") - 1
        return np.append(counted(np.clip(places, 0, self.bins - 1), self.bins), float(len(values) - len(present)))

    def read(self, total: Floats, wrong: Floats) -> Bins:  # noqa: ARG002  counts are exact
        found = total[:-1].astype(np.int64)
        quantiles = tuple(self._quantile(share, np.cumsum(found)) for share in self.shares) if found.sum() else ()
        return Bins(self.column.name, tuple(self.edges.tolist()), tuple(found.tolist()), int(total[-1]), quantiles)

    def _quantile(self, share: float, reached: Floats) -> Quantile:
        rank = max(1, math.ceil(share * reached[-1] - 1e-9))
        place = int(np.searchsorted(reached, rank))
        before = reached[place - 1] if place else 0
        lower, upper = self.edges[place], self.edges[place + 1]
        part = (rank - before - 0.5) / (reached[place] - before)
        return Quantile(share, float(lower + part * (upper - lower)), float(lower), float(upper))
