"""The features of a job: what every site's column has to become, with its public range, and what is done without it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from privacy.data.schema import Bound, IntegerField, NumberField, number_of
from privacy.federated.design import Column
from privacy.federated.job import units
from privacy.labels import LENGTH, name_fits
from secops.core.content import Text
from secops.core.i18n import _
from secops.core.inert import printable

#: Labels of one feature: each takes a coefficient.
MOST_LABELS = 100

_Label = Annotated[str, msgspec.Meta(min_length=1, max_length=LENGTH)]
_Unit = Annotated[str, msgspec.Meta(min_length=1, max_length=LENGTH)]


class _Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"):
    title: Text | None = None


class _Ranged(_Feature, frozen=True):
    """`missing`: a record without a value takes no part (`drop`), or has the mean of all sites (`mean`), or is left
    out of the sums of this feature alone (`keep`).
    """

    minimum: Bound
    maximum: Bound
    unit: _Unit | None = None
    substance: _Unit | None = None
    missing: Literal["drop", "mean", "keep"] = "drop"


class NumberFeature(_Ranged, frozen=True, tag="number"):
    """Decimal numbers from `minimum` to `maximum`, both within."""


class IntegerFeature(_Ranged, frozen=True, tag="integer"):
    """Whole numbers from `minimum` to `maximum`, both within."""


class TextFeature(_Feature, frozen=True, tag="text"):
    """One of `labels`."""

    labels: Annotated[tuple[_Label, ...], msgspec.Meta(min_length=2, max_length=MOST_LABELS)]
    missing: Literal["drop", "keep"] = "drop"


class BooleanFeature(_Feature, frozen=True, tag="boolean"):
    """True or false."""

    missing: Literal["drop", "keep"] = "drop"


Feature = NumberFeature | IntegerFeature | TextFeature | BooleanFeature


def labels_of(feature: Feature) -> tuple[str, ...]:
    """The labels, of which records hold the places; empty for numbers."""
    if isinstance(feature, BooleanFeature):
        return ("false", "true")
    return feature.labels if isinstance(feature, TextFeature) else ()


def column(name: str, feature: Feature) -> Column:
    """The column of records that the feature becomes. Raises `ValueError` for one that has faults."""
    if labels := labels_of(feature):
        return Column(name, 0.0, float(len(labels) - 1), len(labels))
    low, high = _limits(feature)
    if low is None or high is None:
        raise ValueError("a feature without its range")
    return Column(name, low, high)


def _limits(feature: Feature) -> tuple[float | None, float | None]:
    if not isinstance(feature, NumberFeature | IntegerFeature):
        return None, None
    field = IntegerField() if isinstance(feature, IntegerFeature) else NumberField()
    return number_of(field, feature.minimum), number_of(field, feature.maximum)


def faults(place: str, name: str, feature: Feature) -> Iterator[tuple[str, str]]:
    """Where and what is wrong with a feature by itself."""
    if not name_fits(name):
        yield place, _("{name} cannot be a name in a table that leaves").format(name=printable(repr(name)))
    labels = labels_of(feature)
    for number, label in enumerate(labels):
        shown = printable(repr(label))
        if not name_fits(label):
            yield f"{place}.labels[{number}]", _("{name} cannot be a name in a table that leaves").format(name=shown)
        if label in labels[:number]:
            yield f"{place}.labels[{number}]", _("{name} stands twice").format(name=shown)
    if isinstance(feature, NumberFeature | IntegerFeature):
        yield from _range_faults(place, feature)
        yield from _unit_faults(place, feature)


def _range_faults(place: str, feature: NumberFeature | IntegerFeature) -> Iterator[tuple[str, str]]:
    low, high = _limits(feature)
    for key, bound in (("minimum", low), ("maximum", high)):
        if bound is None:
            yield f"{place}.{key}", _("is no value of the type of the field")
    if low is not None and high is not None and low >= high:
        yield f"{place}.maximum", _("is not above the minimum")


def _unit_faults(place: str, feature: NumberFeature | IntegerFeature) -> Iterator[tuple[str, str]]:
    if feature.unit is not None and feature.unit not in units.UNITS:
        yield f"{place}.unit", _("{unit} is no unit that is known").format(unit=printable(repr(feature.unit)))
    if feature.substance is not None and feature.substance not in units.SUBSTANCES:
        what = _("{substance} is no substance that is known")
        yield f"{place}.substance", what.format(substance=printable(repr(feature.substance)))
