"""Means, spreads and correlations from sums: of values scaled to -1 … 1 by their public range.

A mean square less a squared mean loses digits when the range is far wider than the spread; what cannot be told to six
digits is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from privacy.federated.design import Column, Design, Floats
from privacy.federated.methods.intervals import Interval, correlation_interval
from privacy.federated.methods.sums import Entries, counts, joined, reals

#: A variance must be so many times larger than the error it may have: six digits of it are right.
SURE = 1e6

#: Rounding of means of numbers up to 1, of 64-bit floats.
_ROUNDING = 2.0**-50


@dataclass(frozen=True)
class Ranges:
    """Public ranges of numbers side by side: lower and upper ends, (n,)."""

    lower: Floats
    upper: Floats

    @classmethod
    def of(cls, columns: Sequence[Column]) -> Ranges:
        """The ranges of columns."""
        return cls(np.array([float(c.lower) for c in columns]), np.array([float(c.upper) for c in columns]))

    @property
    def middle(self) -> Floats:
        return self.lower / 2 + self.upper / 2

    @property
    def half(self) -> Floats:
        """Half the width, 1 where there is none."""
        half = self.upper / 2 - self.lower / 2
        return np.where(half > 0, half, 1.0)

    def scaled(self, values: Floats) -> Floats:
        """Values as -1 … 1, NaN where missing."""
        return np.clip((values - self.middle) / self.half, -1.0, 1.0)


@dataclass(frozen=True)
class Spread:
    """Per number, (n,): how many values, their mean, and their variance over n, NaN where it cannot be told."""

    count: Floats
    mean: Floats
    variance: Floats


def moment_entries(size: int) -> Entries:
    """The entries of the moments of so many numbers: counts, sums, sums of squares."""
    return joined(counts(size), reals(np.ones(2 * size)))


def moment_sums(scaled: Floats) -> Floats:
    """Per column of (records, n) within -1 … 1: how many are there, their sum, and that of their squares, (3n,)."""
    present = ~np.isnan(scaled)
    filled = np.where(present, scaled, 0.0)
    return np.concatenate([present.sum(axis=0), filled.sum(axis=0), (filled**2).sum(axis=0)])


def spread(total: Floats, wrong: Floats, ranges: Ranges) -> Spread:
    """The moments in the units of the ranges."""
    count, first, second = np.split(total, 3)
    _, wrong_first, wrong_second = np.split(wrong, 3)
    some = np.maximum(count, 1)
    mean = np.where(count > 0, first / some, np.nan)
    variance = second / some - mean**2
    error = (2 * wrong_first + wrong_second) / some + _ROUNDING
    sure = (count > 0) & (variance > SURE * error)
    return Spread(count, ranges.middle + ranges.half * mean, np.where(sure, variance, np.nan) * ranges.half**2)


class Summary(msgspec.Struct, frozen=True):
    """A column's values: `sd` over n - 1. None where there are too few, or they differ too little to be told apart."""

    column: str
    records: int
    missing: int
    mean: float | None
    sd: float | None


@dataclass(frozen=True)
class Moments:
    """Counts, means and standard deviations of columns (a `Part`)."""

    columns: tuple[Column, ...]

    @property
    def entries(self) -> Entries:
        return joined(counts(1), moment_entries(len(self.columns)))

    def sums(self, data: Design) -> Floats:
        values = np.column_stack([data.column(column.name) for column in self.columns])
        scaled = Ranges.of(self.columns).scaled(values)
        return np.concatenate([[float(len(values))], moment_sums(scaled)])

    def read(self, total: Floats, wrong: Floats) -> list[Summary]:
        found = spread(total[1:], wrong[1:], Ranges.of(self.columns))
        return [self._summary(place, int(total[0]), found) for place in range(len(self.columns))]

    def _summary(self, place: int, records: int, found: Spread) -> Summary:
        count = int(found.count[place])
        mean = float(found.mean[place]) if count else None
        variance = float(found.variance[place])
        sd = float(np.sqrt(variance * count / (count - 1))) if count > 1 and np.isfinite(variance) else None
        return Summary(self.columns[place].name, records, records - count, mean, sd)


class Correlation(msgspec.Struct, frozen=True):
    """Pearson's correlation of two columns over the records that have both, with its interval by Fisher's z."""

    columns: tuple[str, str]
    records: int
    r: float | None
    interval: Interval | None


@dataclass(frozen=True)
class Correlations:
    """The correlations of every two of the columns (a `Part`)."""

    columns: tuple[Column, ...]
    level: float = 0.95

    @property
    def entries(self) -> Entries:
        size = len(self.columns)
        return joined(counts(size * size), reals(np.ones(3 * size * size)))

    def sums(self, data: Design) -> Floats:
        scaled = Ranges.of(self.columns).scaled(np.column_stack([data.column(c.name) for c in self.columns]))
        present = (~np.isnan(scaled)).astype(float)
        filled = np.where(present > 0, scaled, 0.0)
        products = (present.T @ present, filled.T @ present, (filled**2).T @ present, filled.T @ filled)
        return np.concatenate([product.ravel() for product in products])

    def read(self, total: Floats, wrong: Floats) -> list[Correlation]:
        size = len(self.columns)
        count, first, second, product = total.reshape(4, size, size)
        some = np.maximum(count, 1)
        mean = first / some  # of the row's column, where the column's is present too
        variance = second / some - mean**2
        covariance = product / some - mean * mean.T
        sure = variance > SURE * (4 * wrong.max() / some + _ROUNDING)
        with np.errstate(invalid="ignore", divide="ignore"):
            r = np.where(sure & sure.T, np.clip(covariance / np.sqrt(variance * variance.T), -1, 1), np.nan)
        return [self._one(a, b, int(count[a, b]), float(r[a, b])) for a in range(size) for b in range(a + 1, size)]

    def _one(self, a: int, b: int, records: int, r: float) -> Correlation:
        names = (self.columns[a].name, self.columns[b].name)
        if np.isnan(r):
            return Correlation(names, records, None, None)
        return Correlation(names, records, r, correlation_interval(r, records, self.level))
