"""From columns to the terms of a model: numbers as they are, labels as indicators, scaled alike at every site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacy.federated.ask import State, unknown
from privacy.federated.design import Column, Design, Floats
from privacy.federated.methods.families import Family
from privacy.federated.methods.moments import Ranges, Spread, moment_entries, moment_sums, spread
from privacy.federated.methods.sums import Entries, off
from secops.core.errors import RefusedError, UsageError
from secops.core.i18n import _

#: No scaled term, and no coefficient of scaled terms, is larger: sums of their products are finite numbers.
_MOST = 1e9


@dataclass(frozen=True)
class Terms:
    """The terms of feature columns: a number is one, and n labels are n - 1 indicators, none for label 0."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """`column`, or `column=label` of an indicator."""
        return tuple(name for column in self.columns for name in _names(column))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def ranges(self) -> Ranges:
        ends = [(0.0, 1.0) if c.levels else (float(c.lower), float(c.upper)) for c in self.columns for _ in _names(c)]
        lower, upper = np.array(ends).reshape(-1, 2).T
        return Ranges(lower, upper)

    def matrix(self, data: Design) -> Floats:
        """The terms of records, (records, terms), NaN where missing."""
        blocks = [_indicators(data.column(column.name), column) for column in self.columns]
        matrix: Floats = np.hstack([np.empty((len(data.values), 0)), *blocks])
        return matrix


def _names(column: Column) -> list[str]:
    if not column.levels:
        return [column.name]
    return [f"{column.name}={level}" for level in range(1, column.levels)]


def _indicators(values: Floats, column: Column) -> Floats:
    if not column.levels:
        return values[:, None]
    found: Floats = np.asarray(values[:, None] == np.arange(1, column.levels), dtype=np.float64)
    found[np.isnan(values)] = np.nan
    return found


@dataclass(frozen=True)
class Scaling:
    """What is taken from each term, and what the rest is divided by, (terms,)."""

    mean: Floats
    sd: Floats

    @classmethod
    def of(cls, state: Mapping[str, Floats]) -> Scaling:
        """The scaling that a state, or what a hub gives, holds."""
        return cls(state["mean"], state["sd"])

    def apply(self, matrix: Floats) -> Floats:
        """Scaled terms; a missing one is average."""
        return np.where(np.isnan(matrix), 0.0, (matrix - self.mean) / self.sd)

    def sound(self, terms: Terms) -> bool:
        """Whether it fits the terms, and makes finite numbers of them."""
        right = self.mean.shape == self.sd.shape == (len(terms),) and bool((self.sd > 0).all())
        return right and bool((self.largest(terms) <= _MOST).all())

    def largest(self, terms: Terms) -> Floats:
        """The most that a scaled term is, as an absolute value, by its public range."""
        ranges = terms.ranges
        return np.maximum(np.abs(ranges.lower - self.mean), np.abs(ranges.upper - self.mean)) / self.sd


def check_given(given: Mapping[str, Floats], terms: Terms, name: str, size: int) -> None:
    """See that a hub gives a scaling and so many coefficients. Raises RefusedError, whatever the records are."""
    if set(given) != {"mean", "sd", name} or not Scaling.of(given).sound(terms):
        raise unknown()
    if given[name].shape != (size,) or not (np.abs(given[name]) <= _MOST).all():
        raise unknown()


@dataclass(frozen=True)
class Records:
    """What a model is fitted on: terms (records, terms) with NaN where average, targets, and exposures."""

    terms: Floats
    target: Floats
    exposure: Floats

    @property
    def offset(self) -> Floats:
        """The logarithm of the exposure: what is added to a rate's linear predictor."""
        return np.log(self.exposure)

    @property
    def support(self) -> Floats:
        """For how many records each term is there and not 0, (terms,)."""
        return np.asarray(np.count_nonzero(np.nan_to_num(self.terms), axis=0), dtype=np.float64)


@dataclass(frozen=True)
class Problem:
    """What is learned from what. `exposure` (time at risk, population) is for rates and must be above 0.

    A record takes part that has all of these. Only a feature in `averaged` may be missing: it counts as its mean over
    all sites, and the fit knows nothing of that, so its standard errors are too small. Raises UsageError where a column
    has two roles or none, or an exposure may be 0.
    """

    features: tuple[Column, ...]
    target: Column
    averaged: frozenset[str] = frozenset()
    exposure: Column | None = None

    def __post_init__(self) -> None:
        names = [c.name for c in (*self.features, self.target, *([self.exposure] if self.exposure else []))]
        if len(set(names)) < len(names) or self.averaged - {column.name for column in self.features}:
            raise UsageError(_("a column has one role: feature, target or exposure"))
        if self.exposure and not self.exposure.lower > 0:
            raise UsageError(_("an exposure is a number above 0: its declared range must be so"))

    @property
    def terms(self) -> Terms:
        return Terms(self.features)

    def complete(self, data: Design) -> NDArray[np.bool_]:
        """Which records a prediction can be made for, (records,)."""
        needed = [data.column(column.name) for column in self.features if column.name not in self.averaged]
        missing = np.isnan(np.column_stack([self._exposure(data), *needed])).any(axis=1)
        return np.asarray(~missing, dtype=bool)

    def records(self, data: Design) -> Records:
        """The records that have a target and whatever else must not be missing."""
        target = data.column(self.target.name)
        used = self.complete(data) & ~np.isnan(target)
        return Records(self.terms.matrix(data)[used], target[used], self._exposure(data)[used])

    def offset(self, data: Design) -> Floats:
        """The logarithm of each record's exposure: 0 where there is none."""
        return np.log(self._exposure(data))

    @property
    def largest_offset(self) -> float:
        """The most that an offset is, as an absolute value."""
        return (
            max(abs(float(np.log(end))) for end in (self.exposure.lower, self.exposure.upper)) if self.exposure else 0.0
        )

    def _exposure(self, data: Design) -> Floats:
        return data.column(self.exposure.name) if self.exposure else np.ones(len(data.values))

    @property
    def _ranges(self) -> Ranges:
        """Of terms, target and exposure."""
        terms, others = self.terms.ranges, Ranges.of((self.target, self.exposure or Column("", 0.0, 1.0)))
        return Ranges(np.append(terms.lower, others.lower), np.append(terms.upper, others.upper))

    # The first round of a fit: what scales its terms.

    def moment_entries(self) -> Entries:
        """The entries of the moments of terms, target and exposure."""
        return moment_entries(len(self.terms) + 2)

    def moment_sums(self, data: Design) -> Floats:
        """A site's moments over the records that the model is fitted on."""
        used = self.records(data)
        return moment_sums(self._ranges.scaled(np.column_stack([used.terms, used.target, used.exposure])))

    def moments(self, total: Floats, rows: int, sites: int, family: Family) -> State:
        """Scaling, and the moments of target and exposure. Raises RefusedError where nothing can be fitted."""
        found = spread(total, off(self.moment_entries(), rows, sites), self._ranges)
        self._check(found, family)
        sd = np.sqrt(found.variance)
        last = {"records": found.count[-2], "target": found.mean[-2], "exposure": found.mean[-1]}
        return {"mean": found.mean[:-2], "sd": sd[:-2], **{name: np.array(value) for name, value in last.items()}}

    def _check(self, found: Spread, family: Family) -> None:
        if not found.count[-2]:
            hint = _("see which columns are missing everywhere")
            raise RefusedError(_("no site has a record to learn from"), hint=hint)
        if not np.isfinite(found.variance[-2]) and family.hopeless(float(found.mean[-2])):
            what = _("{name} is the same in all records, or its declared range is far too wide")
            raise RefusedError(what.format(name=self.target.name))
        constant = [name for name, v in zip(self.terms.names, found.variance, strict=False) if not np.isfinite(v)]
        if constant:
            raise RefusedError(
                _("the same in all records, missing, or of a range that is far too wide: {names}").format(
                    names=", ".join(constant)
                ),
                hint=_("leave it out, declare a narrower range, or name fewer records per site"),
            )
