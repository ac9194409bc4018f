"""Tables from records: what a job computes where the data is, with all that the checks ask for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from privacy.disclosure.result import Counts, Dimension, Population, Quantiles, Raw, Sums

if TYPE_CHECKING:
    from privacy.disclosure.result import Array, Ints

S = TypeVar("S", bound=Sums)


def cells_of(codes: tuple[Ints, ...], dimensions: tuple[Dimension, ...]) -> Ints:
    """int32 per record: its cell, from one code per dimension (place of its label; negative: in none)."""
    cells = np.zeros(len(codes[0]), dtype=np.int64)
    outside = np.zeros(len(cells), dtype=bool)
    for code, side in zip(codes, dimensions, strict=True):
        cells = cells * len(side.labels) + code
        outside |= code < 0
    return np.where(outside, -1, cells).astype(np.int32)


def counts(population: Population, dimensions: tuple[Dimension, ...], *, totals: bool = False) -> Raw[Counts]:
    """How many records are in each cell."""
    cells = _inside(population)[0]
    counted = np.bincount(cells, minlength=_size(dimensions))
    return Raw(Counts(population=population, dimensions=dimensions, counts=counted, totals=totals))


def sums(
    kind: type[S], population: Population, dimensions: tuple[Dimension, ...], measure: str, values: Array,
    *, largest: int = 2, totals: bool = False,
) -> Raw[S]:  # fmt: skip
    """Sums (or means, by `kind`) of `values`, one number per record, with the `largest` contributions of a cell."""
    cells, inside = _inside(population)
    values, size = values[inside], _size(dimensions)
    who, parts = _contributions(cells, None if population.people is None else population.people[inside], values)
    table = kind(
        population=population, dimensions=dimensions, measure=measure, totals=totals,
        counts=np.bincount(cells, minlength=size),
        sums=np.bincount(cells, weights=values, minlength=size),
        absolute=np.bincount(who, weights=parts, minlength=size),
        largest=_largest(who, parts, size, largest),
    )  # fmt: skip
    return Raw(table)


def quantiles(
    population: Population,
    dimensions: tuple[Dimension, ...],
    measure: str,
    values: Array,
    probabilities: tuple[float, ...],
) -> Raw[Quantiles]:
    """Quantiles of `values` in each cell, between two records by line; not a number where a cell is empty."""
    cells, inside = _inside(population)
    order = np.lexsort((values[inside], cells))
    values, counted = values[inside][order], np.bincount(cells, minlength=_size(dimensions))
    values = np.append(values, 0.0)  # what an empty cell looks up, and is not a number in the end
    starts = np.cumsum(counted) - counted
    places = (counted[:, None] - 1) * np.array(probabilities)[None, :]
    low, high = np.floor(places), np.ceil(places)
    ends = [np.take(values, (starts[:, None] + side).clip(0, None).astype(int), mode="clip") for side in (low, high)]
    found = np.where(counted[:, None] > 0, ends[0] + (ends[1] - ends[0]) * (places - low), np.nan)
    return Raw(
        Quantiles(
            population=population, dimensions=dimensions, measure=measure,
            counts=counted, probabilities=probabilities, values=found,
        )
    )  # fmt: skip


def _size(dimensions: tuple[Dimension, ...]) -> int:
    return math.prod(len(side.labels) for side in dimensions)


def _inside(population: Population) -> tuple[Ints, Array]:
    """The cells of the records that are in one, and bool per record: whether it is."""
    if population.cells is None:
        raise ValueError("a table is made from the cells of its records")
    inside = population.cells >= 0
    return population.cells[inside], inside


def _contributions(cells: Ints, people: Ints | None, values: Array) -> tuple[Ints, Array]:
    """Cell and absolute contribution, one for each person in each cell."""
    if people is None:
        return cells, np.abs(values)
    persons, whose = np.unique(people, return_inverse=True)
    pairs, which = np.unique(cells * np.int64(len(persons)) + whose, return_inverse=True)
    return pairs // max(len(persons), 1), np.abs(np.bincount(which, weights=values, minlength=len(pairs)))


def _largest(cells: Ints, parts: Array, size: int, count: int) -> Array:
    """(size, count): the largest parts of each cell, falling, 0 where there are fewer."""
    order = np.lexsort((-parts, cells))
    cells, parts = cells[order], parts[order]
    counted = np.bincount(cells, minlength=size)
    rank = np.arange(len(cells)) - (np.cumsum(counted) - counted)[cells]
    found = np.zeros((size, count))
    kept = rank < count
    found[cells[kept], rank[kept]] = parts[kept]
    return found
