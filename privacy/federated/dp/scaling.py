"""Columns as numbers of like size, by their public ranges alone: nothing about any record goes into it.

A number becomes -2 at the lower and 2 at the upper end of its range; a label with L values becomes L - 1 entries of
+1/2 (it is this one) and -1/2, none for label 0. What is missing becomes 0, the middle. Before all comes a constant 1.
Then all are divided by one length, so that a typical person's is about 1: for that a number counts as 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np

from privacy.federated.design import Column, Design, Floats
from secops.core.errors import UsageError
from secops.core.i18n import _

#: Name of the constant entry.
CONSTANT = "(constant)"


@dataclass(frozen=True)
class Scaling:
    """The columns that a model is made of, in its order."""

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        """Raises `UsageError` for a column without a public range: what cannot be scaled cannot be bounded."""
        for column in self.columns:
            if not (column.lower < column.upper and isfinite(column.upper - column.lower)):
                raise UsageError(_("{name}: no public range to scale by").format(name=column.name))

    @property
    def size(self) -> int:
        """Entries of a record, and coefficients of a model."""
        return 1 + sum(_entries(column) for column in self.columns)

    @property
    def length(self) -> float:
        """What all entries are divided by."""
        return sqrt(1 + sum(1.0 if column.levels is None else _entries(column) / 4 for column in self.columns))

    def entries(self, data: Design) -> Floats:
        """(size, records). Each record's entries depend on nothing but the record, to the last bit."""
        rows = [np.ones(len(data.values))]
        for column in self.columns:
            rows += _scaled(column, data.column(column.name))
        return np.stack(rows) / self.length

    def terms(self, coefficients: Floats) -> dict[str, float]:
        """A model's coefficients for the columns as they are: per unit of a number, of each label against label 0."""
        given = iter((coefficients / self.length).tolist())
        out = {CONSTANT: next(given)}
        for column in self.columns:
            if column.levels is None:
                out[column.name] = next(given) * 4 / (column.upper - column.lower)
                out[CONSTANT] -= out[column.name] * (column.lower + column.upper) / 2
            else:
                labels = {f"{column.name}={label}": next(given) for label in range(1, column.levels)}
                out[CONSTANT] -= sum(labels.values()) / 2
                out |= labels
        return out


def _entries(column: Column) -> int:
    return 1 if column.levels is None else column.levels - 1


def _scaled(column: Column, values: Floats) -> list[Floats]:
    known = ~np.isnan(values)
    if column.levels is None:
        middle, width = (column.lower + column.upper) / 2, column.upper - column.lower
        return [np.where(known, np.clip((np.where(known, values, middle) - middle) * (4 / width), -2, 2), 0.0)]
    return [np.where(known, np.where(values == label, 0.5, -0.5), 0.0) for label in range(1, column.levels)]
