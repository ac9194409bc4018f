"""Which label a value has on a side of a table, and whether a condition holds for it: of records, and of all values."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from privacy.data.columns import MISSING
from privacy.data.schema import Bound, Field, Ranged, Schema, labels_of, number_of
from privacy.query.spec import Condition, Side, labels, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]


def codes(side: Side, schema: Schema, columns: Mapping[str, Array]) -> Array:
    """Per record: the place of its label on this side, negative where it has none."""
    field, column = schema.fields[side.field], columns[side.field]
    if side.cuts is not None:
        cuts = np.array([_bound(field, cut, inf) for cut in side.cuts])
        return np.where(np.isnan(column), MISSING, np.searchsorted(cuts, column, side="right"))
    if side.labels is None:
        return column
    placed = {text_of(value): place for place, label in enumerate(labels(side, field)) for value in side.labels[label]}
    return _looked_up(column, [placed.get(label, MISSING) for label in labels_of(field)], MISSING)


def holds(condition: Condition, field: Field, columns: Mapping[str, Array]) -> Array:
    """bool per record: whether a condition holds."""
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
