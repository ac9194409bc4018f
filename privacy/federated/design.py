"""One site's records as a method sees them: numbers within public ranges, missing where there is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """A column of the job: its public range, and for a column of labels the number of labels (0 … levels - 1)."""

    name: str
    lower: float
    upper: float
    levels: int | None = None


@dataclass(frozen=True)
class Design:
    """`values` is (records, columns), NaN where missing, else within the column's range; `held` are test records."""

    columns: tuple[Column, ...]
    values: Floats
    held: NDArray[np.bool_]

    def column(self, name: str) -> Floats:
        """The values of one column, (records,)."""
        return self.values[:, self._place(name)]

    def part(self, *, held: bool) -> Design:
        """The test records, or those to train with."""
        chosen = self.held == held
        return Design(self.columns, self.values[chosen], self.held[chosen])

    def _place(self, name: str) -> int:
        return next(place for place, column in enumerate(self.columns) if column.name == name)


def within(columns: tuple[Column, ...], values: Floats, held: NDArray[np.bool_]) -> tuple[Design, dict[str, int]]:
    """Records of which every value outside of its column's range, or infinite, is missing; and how many were, each.

    A column of labels has whole numbers only. Raises ValueError if the shapes do not fit each other.
    """
    if values.shape != (len(held), len(columns)):
        raise ValueError(f"{values.shape} values for {len(held)} records of {len(columns)} columns")
    lower = np.array([column.lower for column in columns])
    upper = np.array([column.upper for column in columns])
    labels = np.array([column.levels is not None for column in columns], dtype=bool)
    with np.errstate(invalid="ignore"):
        outside = ~np.isnan(values) & ((values < lower) | (values > upper) | (labels & (values != np.floor(values))))
    kept = np.where(outside, np.nan, values)
    return Design(columns, kept, held), {c.name: int(n) for c, n in zip(columns, outside.sum(axis=0), strict=True)}
