"""Whether a result is what it says it is: sizes, ranges, and counts that are those of the registered records.

The other checks rely on it. What is said of contributions is believed: only the job has seen them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from privacy.disclosure.files import writable
from privacy.disclosure.result import Counts, Quantiles, Sums
from privacy.labels import like_total, names_fit

if TYPE_CHECKING:
    from privacy.disclosure.result import Array, Ints, Model, Population, Regression, Table

#: Sides of a table: each one multiplies what its totals take.
_SIDES = 8

#: Axes of a parameter.
_AXES = 4

#: Counts above this are no counts of people, and sums of them would not fit into 64 bits.
_LARGEST = 1 << 40


def size(table: Table) -> int:
    """Cells of the table."""
    return math.prod(len(side.labels) for side in table.dimensions)


def names(table: Table) -> bool:
    """Whether all names and labels may stand in a file."""
    sides = [side.labels for side in table.dimensions]
    if isinstance(table, Counts | Sums) and table.totals and any(like_total(label) for side in sides for label in side):
        return False
    shares = [f"{share:g}" for share in table.probabilities] if isinstance(table, Quantiles) else []
    return names_fit([*_heads(table), "count"]) and all(map(names_fit, (*sides, shares)))


def words(table: Table) -> frozenset[str]:
    """All names and labels of the table."""
    return frozenset(_heads(table)).union(*(side.labels for side in table.dimensions))


def _heads(table: Table) -> list[str]:
    return [side.name for side in table.dimensions] + ([] if isinstance(table, Counts) else [table.measure])


def table_fits(table: Table) -> bool:
    """Whether all parts of a table fit together."""
    cells = size(table)
    return (
        0 < len(table.dimensions) <= _SIDES
        and _counted(table.counts, cells)
        and _populated(table.population, table.counts)
        and (not isinstance(table, Sums) or _contributed(table, cells))
        and (not isinstance(table, Quantiles) or _ordered(table, cells))
    )


def _counted(counts: Ints, cells: int) -> bool:
    return counts.shape == (cells,) and counts.dtype.kind in "iu" and bool(((counts >= 0) & (counts < _LARGEST)).all())


def _populated(population: Population, counts: Ints) -> bool:
    """Whether the records that are said to be in the cells give the counts."""
    cells, people = population.cells, population.people
    if cells is None:
        return people is None
    if cells.ndim != 1 or cells.dtype.kind != "i" or (cells.size and (cells.min() < -1 or cells.max() >= counts.size)):
        return False
    if people is not None and (
        people.shape != cells.shape or people.dtype.kind not in "iu" or people.min(initial=0) < 0
    ):
        return False
    return bool(np.array_equal(np.bincount(cells[cells >= 0], minlength=counts.size), counts))


def _contributed(table: Sums, cells: int) -> bool:
    absolute, largest = table.absolute, table.largest
    if not (table.sums.shape == absolute.shape == (cells,) and largest.ndim == 2 and len(largest) == cells):
        return False
    if not all(writable(part) for part in (table.sums, absolute, largest)):
        return False
    slack = np.abs(absolute) * 1e-9
    return bool(
        (np.abs(table.sums) <= absolute + slack).all()
        and (largest >= 0).all()
        and (np.diff(largest, axis=1) <= 0).all()
        and (largest.sum(axis=1) <= absolute + slack).all()
    )


def _ordered(table: Quantiles, cells: int) -> bool:
    probabilities = np.array(table.probabilities)
    return bool(
        table.values.shape == (cells, len(probabilities))
        and probabilities.size
        and ((probabilities >= 0) & (probabilities <= 1)).all()
        and (np.diff(probabilities) > 0).all()
        and np.issubdtype(table.values.dtype, np.number)
    )


def regression_fits(fit: Regression) -> bool:
    """Whether each term has its coefficient, error and support."""
    sides = (fit.coefficients, fit.errors, fit.support)
    return all(side.shape == (len(fit.terms),) and side.dtype.kind in "iuf" for side in sides) and _people(
        fit.people, fit.support
    )


def model_fits(model: Model) -> bool:
    """Whether the parameters are numbers, each at least one: the name and the shape of none could be a message."""
    return all(map(_parameter_fits, model.parameters.values())) and _people(model.people, model.groups)


def _parameter_fits(part: Array) -> bool:
    return part.dtype.kind in "iuf" and part.size > 0 and part.ndim <= _AXES


def _people(people: int, groups: Ints) -> bool:
    counted = groups.dtype.kind in "iu" and bool(((groups >= 0) & (groups <= people)).all())
    return counted and 0 <= people < _LARGEST


def people_of(table: Table) -> Ints:
    """How many different people are in each cell."""
    population = table.population
    if population.cells is None or population.people is None:
        return table.counts
    inside = population.cells >= 0
    persons, whose = np.unique(population.people[inside], return_inverse=True)
    pairs = np.unique(population.cells[inside] * np.int64(len(persons)) + whose)
    return np.bincount(pairs // max(len(persons), 1), minlength=table.counts.size)


def least(table: Table, people: Ints) -> Callable[[Ints], Ints]:
    """From how many different people so many records of each cell are at least: from those who have the most there.

    `people` are those of each cell, all told.
    """
    crowded = people < table.counts
    if table.population.cells is None or table.population.people is None or not crowded.any():
        return lambda records: records
    inside = (table.population.cells >= 0) & crowded[table.population.cells]
    persons, whose = np.unique(table.population.people[inside], return_inverse=True)
    pairs, parts = np.unique(table.population.cells[inside] * np.int64(len(persons)) + whose, return_counts=True)
    order = np.lexsort((-parts, pairs // len(persons)))
    cells, parts = (pairs // len(persons))[order], parts[order]
    before = np.cumsum(parts) - parts
    before -= before[np.searchsorted(cells, cells)]  # within the cell

    def found(records: Ints) -> Ints:
        counted = np.bincount(cells[before < records[cells]], minlength=table.counts.size)
        return np.where(crowded, counted, records)

    return found
