"""Measures of a model that predicts numbers: how far off it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec
import numpy as np

from privacy.federated.design import Column, Floats
from privacy.federated.methods.intervals import Interval, normal
from privacy.federated.methods.moments import Ranges, moment_entries, moment_sums, spread
from privacy.federated.methods.sums import Entries, counts, joined, reals


class Errors(msgspec.Struct, frozen=True):
    """In the target's unit. None where there are no records, or targets too alike to compare with their mean.

    `bias` is the mean of prediction minus target. The interval is of a normal approximation to the mean square.
    `moved`: predictions beyond the target's declared range count as its end.
    """

    records: int
    rmse: float | None
    rmse_interval: Interval | None
    mae: float | None
    bias: float | None
    r2: float | None
    moved: int


@dataclass(frozen=True)
class Deviations:
    """How far predictions are from a target (a `Measure`)."""

    target: Column
    level: float = 0.95

    @property
    def entries(self) -> Entries:
        return joined(counts(1), moment_entries(1), reals(np.ones(4)))

    @property
    def _width(self) -> float:
        return float(2 * Ranges.of((self.target,)).half[0])

    def sums(self, truth: Floats, score: Floats) -> Floats:
        kept = np.clip(score, self.target.lower, self.target.upper)
        error = np.clip((kept - truth) / self._width, -1.0, 1.0)
        moments = moment_sums(Ranges.of((self.target,)).scaled(truth)[:, None])
        errors = [error.sum(), np.abs(error).sum(), (error**2).sum(), (error**4).sum()]
        return np.concatenate([[float((kept != score).sum())], moments, errors])

    def read(self, total: Floats, wrong: Floats) -> Errors:
        records = int(total[1])
        if not records:
            return Errors(0, None, None, None, None, None, 0)
        bias, mae, square, fourth = (float(mean) for mean in total[4:] / records)
        square = max(square, 0.0)
        variance = float(spread(total[1:4], wrong[1:4], Ranges.of((self.target,))).variance[0])
        r2 = 1 - square * self._width**2 / variance if np.isfinite(variance) else None
        half = normal(self.level) * math.sqrt(max(0.0, fourth - square**2) / records)
        ends = [self._width * math.sqrt(max(0.0, square + sign * half)) for sign in (-1, 1)]
        return Errors(
            records, self._width * math.sqrt(square), Interval(*ends), self._width * mae, self._width * bias, r2,
            int(total[0]),
        )  # fmt: skip
