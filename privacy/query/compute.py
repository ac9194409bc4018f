"""The answer to a query: a table from the records, with all that the disclosure checks ask for."""

from __future__ import annotations

from functools import reduce
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from privacy.data import table
from privacy.data.columns import MISSING
from privacy.data.schema import Bound, Field, Ranged, Schema, labels_of, number_of
from privacy.disclosure import tabulate
from privacy.disclosure.result import Dimension, Means, Population, Raw, Result, Sums
from privacy.guard import guarded
from privacy.query.spec import Condition, Query, Side, faults, fields, labels, text_of
from secops.core.errors import UsageError
from secops.core.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]

#: Contributions to a cell that the check of dominance may ask for (disclosure/dominance.py).
LARGEST = 10


def compute(query: Query, schema: Schema, path: Path, dataset: str, version: str) -> Raw[Result]:
    """The table of a query over the file at `path`; with which cell, and whose, each record of the file is.

    A record is in no cell when a condition does not hold for it, or where it has no value that the schema knows for a
    side, a condition, the measure or the person. Raises `UsageError` for a query or a file that does not fit the
    schema; no error tells of a value.
    """
    for fault in faults(query, schema):
        raise UsageError(fault.what, where=fault.place)
    what = _("the query could not be computed: {kind}")
    return guarded(lambda: _table(query, schema, path, dataset, version), what)


def _table(query: Query, schema: Schema, path: Path, dataset: str, version: str) -> Raw[Any]:
    person = [] if schema.person is None else [schema.person]
    columns = table.read(path, schema, [*fields(query), *person])
    sides = tuple(Dimension(name=side.field, labels=labels(side, schema.fields[side.field])) for side in query.by)
    cells = tabulate.cells_of(tuple(_codes(side, schema, columns) for side in query.by), sides)
    cells[~_inside(query, schema, columns)] = -1
    people = columns[schema.person] if schema.person is not None else None
    if people is not None:
        people = np.where(cells < 0, 0, people)  # of those in no cell nobody asks
    population = Population(dataset=dataset, version=version, cells=cells, people=people)
    if query.measure is None:
        return tabulate.counts(population, sides, totals=query.totals)
    values = columns[query.measure]
    if query.kind == "quantiles":
        probabilities = tuple(percent / 100 for percent in query.percentiles)
        return tabulate.quantiles(population, sides, query.measure, values, probabilities)
    kind = Sums if query.kind == "sums" else Means
    return tabulate.sums(kind, population, sides, query.measure, values, largest=LARGEST, totals=query.totals)


def _codes(side: Side, schema: Schema, columns: Mapping[str, Array]) -> Array:
    """Per record: the place of its label on this side, negative where it has none."""
    field, column = schema.fields[side.field], columns[side.field]
    if side.cuts is not None:
        cuts = np.array([_bound(field, cut, inf) for cut in side.cuts])
        return np.where(np.isnan(column), MISSING, np.searchsorted(cuts, column, side="right"))
    if side.labels is None:
        return column
    placed = {text_of(value): place for place, label in enumerate(labels(side, field)) for value in side.labels[label]}
    return _looked_up(column, [placed.get(label, MISSING) for label in labels_of(field)], MISSING)


def _inside(query: Query, schema: Schema, columns: Mapping[str, Array]) -> Array:
    """bool per record: whether all conditions hold, and neither the measure nor the person is missing."""
    holds = [_holds(condition, schema.fields[condition.field], columns) for condition in query.where]
    if query.measure is not None:
        holds.append(~np.isnan(columns[query.measure]))
    if schema.person is not None:
        holds.append(columns[schema.person] != MISSING)
    everyone = np.ones(len(columns[query.by[0].field]), bool)
    held: Array = reduce(np.logical_and, holds, everyone)
    return held


def _holds(condition: Condition, field: Field, columns: Mapping[str, Array]) -> Array:
    column = columns[condition.field]
    if condition.values is not None:
        texts = set(map(text_of, condition.values))
        return _looked_up(column, [label in texts for label in labels_of(field)], False)
    held: Array = (column >= _bound(field, condition.start, -inf)) & (column < _bound(field, condition.stop, inf))
    return held  # nothing is above or below what is missing


def _bound(field: Field, bound: Bound | None, otherwise: float) -> float:
    found = number_of(field, bound) if isinstance(field, Ranged) and bound is not None else None
    return otherwise if found is None else found


def _looked_up(column: Array, values: Sequence[int] | Sequence[bool], missing: int | bool) -> Array:
    """Per record: the value for its label."""
    found: Array = np.array([*values, missing])[column]  # MISSING is the last place
    return found
