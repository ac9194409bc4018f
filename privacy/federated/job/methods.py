"""What a job may have computed, with the options of each method. Decimals are text, since a digest is over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec

from privacy.data.schema import Bound, NumberField, number_of
from privacy.federated.job.features import BooleanFeature, Feature, IntegerFeature, NumberFeature, labels_of
from secops.core.i18n import _
from secops.core.inert import printable

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Count = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
_Units = Annotated[int, msgspec.Meta(ge=1, le=1_000)]
_Percent = Annotated[int, msgspec.Meta(ge=1, le=99)]


class _Method(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="name"):
    pass


class Survival(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Kaplan and Meier's curve: how long (a number), whether it happened (a boolean), on so many equal steps of the
    range of times; `group`: one curve for each of its labels.
    """

    time: _Name
    event: _Name
    group: _Name | None = None
    steps: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 50


class Statistics(_Method, frozen=True, tag="statistics"):
    """Counts, means and spreads of all features; more where it is asked for. `bins`: equal parts of a public range."""

    quantiles: Annotated[tuple[_Percent, ...], msgspec.Meta(max_length=99)] = ()
    bins: Annotated[int, msgspec.Meta(ge=2, le=10_000)] = 100
    tables: Annotated[tuple[tuple[_Name, _Name], ...], msgspec.Meta(max_length=1_000)] = ()
    correlations: bool = False
    survival: Annotated[tuple[Survival, ...], msgspec.Meta(max_length=100)] = ()
    confidence: _Percent = 95


class _Newton(_Method, frozen=True):
    """`ridge`: the penalty on each squared coefficient of a standardised feature, not on the intercept."""

    ridge: Bound = 0
    confidence: _Percent = 95


class Linear(_Newton, frozen=True, tag="linear"):
    """Least squares; with `ridge`, ridge regression. The target is a number."""


class Logistic(_Newton, frozen=True, tag="logistic"):
    """The target is a boolean, or one of two labels."""


class Poisson(_Newton, frozen=True, tag="poisson"):
    """The target is a count: an integer from 0. `exposure`: a number above 0, over which it was counted."""

    exposure: _Name | None = None


class Gradient(_Method, frozen=True, kw_only=True, tag="gradient"):
    """One step of all in every round, down the sum of all people's clipped gradients: what noise can protect. A linear
    model of a number, a logistic one of two labels.

    `records`: how many are expected over all sites, by which the sum is divided; the real number is not asked for.
    `rate`: how far a round goes, per person and unit of gradient; None for what made-up people were trained best with.
    """

    records: Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
    rate: Bound | None = None


class _Descent(_Method, frozen=True):
    """Every site goes some steps of its own in every round, on batches or on all (0); the hub moves by their mean.

    `rate`: how far a step goes. `decay` pulls parameters towards 0. `hidden`: units of each hidden layer, none for a
    linear model. `seed` is for the first parameters, and for batches. `clip`: the longest way that a site may send.
    """

    rate: Bound = "0.1"
    decay: Bound = 0
    hidden: Annotated[tuple[_Units, ...], msgspec.Meta(max_length=4)] = ()
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)] = 0
    steps: _Count = 1
    batch: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    clip: Bound = 10


class FedAvg(_Descent, frozen=True, tag="fedavg"):
    """The mean of the sites' changes, by their records."""


class FedProx(_Descent, frozen=True, tag="fedprox"):
    """As fedavg; `proximal` holds each site near the common model."""

    proximal: Bound = "0.1"


class FedAdam(_Descent, frozen=True, tag="fedadam"):
    """As fedavg; the hub takes the mean as a gradient of Adam's, with `server_rate`."""

    server_rate: Bound = "0.1"


Method = Statistics | Linear | Logistic | Poisson | Gradient | FedAvg | FedProx | FedAdam

#: Names, as policies of sites list them.
Named = Literal["statistics", "linear", "logistic", "poisson", "gradient", "fedavg", "fedprox", "fedadam"]

#: Options that are numbers above 0; the others may be 0.
_POSITIVE = ("rate", "clip", "server_rate")
_NUMBERS = (*_POSITIVE, "ridge", "proximal", "decay")


def name_of(method: Method) -> str:
    """The name that a job gives it."""
    return str(method.__struct_config__.tag)


def faults(method: Method, features: Mapping[str, Feature], target: str | None) -> Iterator[tuple[str, str]]:
    """Where and what of options that are no numbers, and of features that the method cannot work with."""
    for key in _NUMBERS:
        bound = getattr(method, key, None)
        if bound is not None and not _fits(bound, above=key in _POSITIVE):
            yield f"$.method.{key}", _("is no number that is allowed here")
    if isinstance(method, Statistics):
        yield from _statistics_faults(method, features, target)
        return
    if target is None:
        yield "$.method", _("{method} needs a target").format(method=name_of(method))
    elif target in features and not _suits(method, features[target]):
        yield "$.target", _("is no target for {method}").format(method=name_of(method))
    if isinstance(method, Poisson) and method.exposure is not None:
        yield from _exposure_faults(method.exposure, features, target)


def _fits(bound: Bound, *, above: bool) -> bool:
    number = number_of(NumberField(), bound)
    return number is not None and (number > 0 if above else number >= 0)


def _exposure_faults(name: str, features: Mapping[str, Feature], target: str | None) -> Iterator[tuple[str, str]]:
    feature = None if name == target else features.get(name)
    if not isinstance(feature, NumberFeature | IntegerFeature) or not _fits(feature.minimum, above=True):
        yield "$.method.exposure", _no_feature(name)


def _suits(method: Method, target: Feature) -> bool:
    is_number, labels = isinstance(target, NumberFeature | IntegerFeature), len(labels_of(target))
    if isinstance(method, Linear):
        return is_number
    if isinstance(method, Poisson):
        return isinstance(target, IntegerFeature) and str(target.minimum) == "0"
    return labels == 2 or (is_number and isinstance(method, _Descent | Gradient))


def _statistics_faults(
    method: Statistics, features: Mapping[str, Feature], target: str | None
) -> Iterator[tuple[str, str]]:
    if target is not None:
        yield "$.target", _("{method} has no target").format(method=name_of(method))
    for number, table in enumerate(method.tables):
        for side, name in enumerate(table):
            if name not in features or not labels_of(features[name]):
                yield f"$.method.tables[{number}][{side}]", _no_feature(name)
        if len(set(table)) < len(table):
            yield f"$.method.tables[{number}]", _("{name} stands twice").format(name=printable(table[0]))
    for number, curve in enumerate(method.survival):
        if not isinstance(features.get(curve.time), NumberFeature | IntegerFeature):
            yield f"$.method.survival[{number}].time", _no_feature(curve.time)
        if not isinstance(features.get(curve.event), BooleanFeature):
            yield f"$.method.survival[{number}].event", _no_feature(curve.event)
        if curve.group is not None and (curve.group not in features or not labels_of(features[curve.group])):
            yield f"$.method.survival[{number}].group", _no_feature(curve.group)


def _no_feature(name: str) -> str:
    return _("{name} is no feature of the type that is needed").format(name=printable(name))
