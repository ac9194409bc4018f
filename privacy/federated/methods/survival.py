"""Survival from counts of events and of ends of observation on a public grid of times: Kaplan-Meier and log-rank.

Every time counts as the grid's next time. Where the grid has every time that occurs (whole days, say), the curve is
Kaplan and Meier's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import msgspec
import numpy as np
from scipy import special

from privacy.federated.design import Column, Design, Floats
from privacy.federated.methods.intervals import Interval, normal
from privacy.federated.methods.sums import Entries, counted, counts
from secops.core.errors import UsageError
from secops.core.i18n import _


class Step(msgspec.Struct, frozen=True):
    """The curve from a time on. `interval` (log-minus-log, Greenwood) is None before the first event, and at 0."""

    time: float
    at_risk: int
    events: int
    survival: float
    interval: Interval | None


class Curve(msgspec.Struct, frozen=True):
    """The curve of a group. `median`: the first time of the grid at which at most half survive, if there is one."""

    group: int | None
    records: int
    events: int
    median: float | None
    steps: tuple[Step, ...]


class LogRank(msgspec.Struct, frozen=True):
    """Whether the groups' curves differ: chi-square, its degrees of freedom, and the p-value."""

    chi_square: float
    freedom: int
    p: float


class Survived(msgspec.Struct, frozen=True):
    """The curves, how many records lack a value, and the test between groups: None where nothing can be compared."""

    curves: tuple[Curve, ...]
    missing: int
    log_rank: LogRank | None


@dataclass(frozen=True)
class Survival:
    """Kaplan-Meier of `time` to `event` (label 1; 0: observation ended), per label of `group` if given (a `Part`).

    `grid` rises. Raises UsageError if it does not, or a column is of the wrong kind.
    """

    time: Column
    event: Column
    grid: tuple[float, ...]
    group: Column | None = None
    level: float = 0.95

    def __post_init__(self) -> None:
        if not self.grid or any(a >= b for a, b in pairwise(self.grid)):
            raise UsageError(_("the grid of times must rise"))
        if self.event.levels != 2 or (self.group is not None and not self.group.levels):
            raise UsageError(_("an event has two labels, and a group is a column of labels"))

    @property
    def _groups(self) -> int:
        return (self.group.levels or 1) if self.group else 1

    @property
    def entries(self) -> Entries:
        return counts(2 * self._groups * (len(self.grid) + 1) + 1)

    def sums(self, data: Design) -> Floats:
        columns = (self.time, self.event) if self.group is None else (self.time, self.event, self.group)
        values = np.column_stack([data.column(column.name) for column in columns])
        whole = values[~np.isnan(values).any(axis=1)]
        cells = np.searchsorted(self.grid, whole[:, 0], side="left")
        group = whole[:, 2] if self.group else np.zeros(len(whole))
        shape = (self._groups, 2, len(self.grid) + 1)
        places = np.ravel_multi_index((group.astype(np.intp), whole[:, 1].astype(np.intp), cells), shape)
        return np.append(counted(places, math.prod(shape)), float(len(values) - len(whole)))

    def read(self, total: Floats, wrong: Floats) -> Survived:  # noqa: ARG002  counts are exact
        by_group = total[:-1].reshape(self._groups, 2, len(self.grid) + 1)
        events = by_group[:, 1, :-1]
        leaving = by_group.sum(axis=1)
        at_risk = leaving.sum(axis=1, keepdims=True) - np.cumsum(leaving, axis=1)[:, :-1] + leaving[:, :-1]
        names = range(self._groups) if self.group else (None,)
        curves = tuple(self._curve(name, at_risk[i], events[i]) for i, name in enumerate(names))
        return Survived(curves, int(total[-1]), log_rank(at_risk, events))

    def _curve(self, group: int | None, at_risk: Floats, events: Floats) -> Curve:
        some = np.maximum(at_risk, 1)
        survival = np.cumprod(1 - events / some)
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = np.cumsum(events / (some * (at_risk - events)))
        steps = tuple(
            Step(time, int(at_risk[k]), int(events[k]), float(survival[k]), self._interval(survival[k], spread[k]))
            for k, time in enumerate(self.grid)
            if at_risk[k] > 0
        )
        median = next((step.time for step in steps if step.survival <= 0.5 + 1e-12), None)
        return Curve(group, int(at_risk[0]), int(events.sum()), median, steps)

    def _interval(self, survival: float, spread: float) -> Interval | None:
        if not 0 < survival < 1:
            return None
        width = normal(self.level) * math.sqrt(spread) / abs(math.log(survival))
        return Interval(float(survival ** math.exp(width)), float(survival ** math.exp(-width)))


def log_rank(at_risk: Floats, events: Floats) -> LogRank | None:
    """The log-rank test of (groups, times) at risk and with an event; None unless two groups share a time at risk."""
    risk, died = at_risk.sum(axis=0), events.sum(axis=0)
    used = (risk > 1) & (died > 0)
    share = at_risk[:, used] / risk[used]
    excess = (events[:, used] - died[used] * share).sum(axis=1)
    factor = died[used] * (risk[used] - died[used]) / (risk[used] - 1)
    covariance = np.diag((factor * share).sum(axis=1)) - (factor * share) @ share.T
    freedom = int(np.linalg.matrix_rank(covariance, hermitian=True))
    if not freedom:
        return None
    chi_square = float(excess @ np.linalg.pinv(covariance, hermitian=True) @ excess)
    return LogRank(chi_square, freedom, float(special.chdtrc(freedom, chi_square)))
