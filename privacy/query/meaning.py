"""What the cells of a query's table mean: which values belong to each, whether anybody has them or not."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

import numpy as np

from privacy.data.schema import Bound, Field, Ranged, Schema, labels_of, limits, number_of
from privacy.disclosure.meaning import Axis, Meaning
from privacy.query.cells import codes, holds
from privacy.query.spec import Query, Side, labels


def meaning(query: Query, schema: Schema) -> Meaning:
    """Of a query that fits the schema. A missing value belongs to no cell, and is not spoken of."""
    sides = {side.field: side for side in query.by}
    others = dict.fromkeys(condition.field for condition in query.where if condition.field not in sides)
    return Meaning(
        sides=tuple(_axis(query, schema, name, side) for name, side in sides.items()),
        conditions=tuple(_axis(query, schema, name, None) for name in others),
    )


def _axis(query: Query, schema: Schema, name: str, side: Side | None) -> Axis:
    """Each range of values that the query does not tell apart, by its smallest value, as if that were a record."""
    field = schema.fields[name]
    starts = _starts(query, field, name)
    columns = {name: starts}
    label = codes(side, schema, columns) if side else np.zeros(len(starts), np.int64)
    held = [holds(condition, field, columns) for condition in query.where if condition.field == name]
    inside = reduce(np.logical_and, held, np.ones(len(starts), bool))
    size = len(labels(side, field)) if side else 1
    return Axis(
        field=name, size=size, starts=tuple(starts.astype(float).tolist()),
        labels=tuple(np.where(inside, label, -1).tolist()),
    )  # fmt: skip


def _starts(query: Query, field: Field, name: str) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
    if not isinstance(field, Ranged):
        return np.arange(len(labels_of(field)))
    low, high = limits(field)
    numbers = [number_of(field, bound) for bound in _bounds(query, name)]
    return np.array(sorted({low, *(number for number in numbers if number is not None and low < number <= high)}))


def _bounds(query: Query, name: str) -> Iterator[Bound]:
    for side in query.by:
        yield from side.cuts or () if side.field == name else ()
    for condition in query.where:
        if condition.field == name:
            yield from (bound for bound in (condition.start, condition.stop) if bound is not None)
