"""The answer to a query: a table from the records, with all that the disclosure checks ask for."""

from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from privacy.data import table
from privacy.data.columns import MISSING
from privacy.data.schema import Schema
from privacy.disclosure import tabulate
from privacy.disclosure.result import Dimension, Means, Population, Raw, Result, Sums
from privacy.guard import guarded
from privacy.query.cells import codes, holds
from privacy.query.meaning import meaning
from privacy.query.spec import Query, faults, fields, labels
from secops.core.errors import UsageError
from secops.core.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    cells = tabulate.cells_of(tuple(codes(side, schema, columns) for side in query.by), sides)
    cells[~_inside(query, schema, columns)] = -1
    people = columns[schema.person] if schema.person is not None else None
    if people is not None:
        people = np.where(cells < 0, 0, people)  # of those in no cell nobody asks
    population = Population(
        dataset=dataset, version=version, cells=cells, people=people, meaning=meaning(query, schema)
    )
    if query.measure is None:
        return tabulate.counts(population, sides, totals=query.totals)
    values = columns[query.measure]
    if query.kind == "quantiles":
        probabilities = tuple(percent / 100 for percent in query.percentiles)
        return tabulate.quantiles(population, sides, query.measure, values, probabilities)
    kind = Sums if query.kind == "sums" else Means
    return tabulate.sums(kind, population, sides, query.measure, values, largest=LARGEST, totals=query.totals)


def _inside(query: Query, schema: Schema, columns: Mapping[str, Array]) -> Array:
    """bool per record: whether all conditions hold, and neither the measure nor the person is missing."""
    held = [holds(condition, schema.fields[condition.field], columns) for condition in query.where]
    if query.measure is not None:
        held.append(~np.isnan(columns[query.measure]))
    if schema.person is not None:
        held.append(columns[schema.person] != MISSING)
    everyone = np.ones(len(columns[query.by[0].field]), bool)
    found: Array = reduce(np.logical_and, held, everyone)
    return found
