"""What a site's column is read as, and how what is read becomes the column of the job."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacy.data.columns import MISSING
from privacy.data.schema import BooleanField, Field, IntegerField, NumberField, TextField
from privacy.federated.design import Floats
from privacy.federated.job import units
from privacy.federated.job.features import BooleanFeature, Feature, IntegerFeature, NumberFeature, column, labels_of
from privacy.federated.site.mapping import Held, Rule

#: What a conversion of units may be off by, of a value.
_ROUNDING = 1e-12


def field(feature: Feature, rule: Rule) -> Field:
    """The field that the site's file has, in the site's own unit and codes. It has no range: that is the job's."""
    if rule.codes is not None:
        return coded(tuple(rule.codes), rule.missing)
    if isinstance(feature, NumberFeature):
        return NumberField(missing=rule.missing)
    if isinstance(feature, IntegerFeature):
        return IntegerField(missing=rule.missing)
    if isinstance(feature, BooleanFeature):
        return BooleanField(missing=rule.missing)
    return TextField(labels=labels_of(feature), missing=rule.missing)


def coded(codes: tuple[Any, ...], missing: tuple[Any, ...] = ()) -> Field:
    """A field of codes: whole numbers, or text."""
    if isinstance(codes[0], int):
        return IntegerField(missing=missing)
    return TextField(labels=codes, missing=missing)


def values(feature: Feature, rule: Rule, read: NDArray[Any]) -> Floats:
    """What was read as the feature's values, (records,): NaN where missing, infinite where it is none that is known."""
    if rule.codes is not None:
        places = [labels_of(feature).index(rule.label(code)) for code in rule.codes]
        return _of_codes(tuple(rule.codes), np.array(places, dtype=float), read)
    if isinstance(feature, NumberFeature | IntegerFeature):
        return _converted(feature, rule, read)
    return _of_places(np.arange(len(labels_of(feature)), dtype=float), read)


def is_held(held: Held, read: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each record is held back, (records,): where the column has one of the codes."""
    found: NDArray[np.bool_] = _of_codes(held.codes, np.ones(len(held.codes)), read) == 1
    return found


def _of_codes(codes: tuple[Any, ...], meaning: Floats, read: NDArray[Any]) -> Floats:
    if not isinstance(codes[0], int):
        return _of_places(meaning, read)
    made = np.where(np.isnan(read), np.nan, np.inf)
    for code, value in zip(codes, meaning, strict=True):
        made[read == code] = value
    return made


def _of_places(meaning: Floats, read: NDArray[Any]) -> Floats:
    """Places in a list as what stands there."""
    made = np.full(len(read), np.inf)
    known = read >= 0
    made[known] = meaning[read[known]]
    made[read == MISSING] = np.nan
    return made


def _converted(feature: NumberFeature | IntegerFeature, rule: Rule, read: NDArray[Any]) -> Floats:
    if rule.unit is None or feature.unit is None or rule.unit == feature.unit:
        return np.asarray(read, dtype=float)
    made = units.conversion(rule.unit, feature.unit, feature.substance)
    if made is None:
        raise ValueError("units of different quantities")
    values = np.asarray(read * made.factor + made.offset, dtype=float)
    for end in (column("", feature).lower, column("", feature).upper):  # what rounding has put past an end is there
        values[np.isclose(values, end, rtol=_ROUNDING, atol=0)] = end
    return values
