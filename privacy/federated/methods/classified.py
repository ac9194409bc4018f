"""Measures of a model that gives probabilities of label 1: right or wrong, discrimination, calibration."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np

from privacy.federated.design import Floats
from privacy.federated.methods.intervals import Interval, Share, auc_interval, share
from privacy.federated.methods.sums import Entries, counted, counts, joined, reals
from secops.core.errors import UsageError
from secops.core.i18n import _

#: A probability counts as no nearer to 0 or 1 than this in the log loss, which else had no bound.
NEAREST = 1e-12


class Area(msgspec.Struct, frozen=True):
    """The area under the ROC curve. Scores are binned: the area of the scores themselves lies in value ± off.

    The interval (Hanley and McNeil's error, as a score interval) covers `off` too.
    """

    value: float
    off: float
    interval: Interval


class Group(msgspec.Struct, frozen=True):
    """Records with a probability in a bin: the mean probability, and how many had label 1."""

    lower: float
    upper: float
    mean: float | None
    observed: Share


class Classified(msgspec.Struct, frozen=True):
    """None where there is no record, or only one class, to measure on.

    `precision` is of the records taken for label 1. `roc` are (false positive rate, true positive rate).
    """

    records: int
    accuracy: Share
    sensitivity: Share
    specificity: Share
    precision: Share
    auc: Area | None
    brier: float | None
    log_loss: float | None
    calibration: tuple[Group, ...]
    roc: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Classification:
    """Label 1 is told where the probability is above `threshold` (a `Measure`).

    Scores of a model that gives no probabilities count as 0 or 1 where they are beyond. Raises UsageError unless
    `groups` divides `bins`.
    """

    bins: int = 100
    groups: int = 10
    threshold: float = 0.5
    level: float = 0.95

    def __post_init__(self) -> None:
        if self.groups < 1 or self.bins < 1 or self.bins % self.groups:
            raise UsageError(_("score bins must be a multiple of the calibration groups"))

    @property
    def entries(self) -> Entries:
        largest = np.append(np.ones(self.groups + 1), -np.log(NEAREST))
        return joined(counts(2 * self.bins + 2), reals(largest))

    def sums(self, truth: Floats, score: Floats) -> Floats:
        score = np.clip(score, 0.0, 1.0)
        places = np.minimum((score * self.bins).astype(np.intp), self.bins - 1)
        positive, told = truth == 1, score > self.threshold
        by_class = [counted(places[positive], self.bins), counted(places[~positive], self.bins)]
        group = places // (self.bins // self.groups)
        scores = np.bincount(group, weights=score, minlength=self.groups)
        own = np.clip(np.where(positive, score, 1 - score), NEAREST, 1.0)
        right = [float((told & positive).sum()), float((told & ~positive).sum())]
        return np.concatenate([*by_class, right, scores, [((truth - score) ** 2).sum(), -np.log(own).sum()]])

    def read(self, total: Floats, wrong: Floats) -> Classified:  # noqa: ARG002  a millionth part of what is shown
        ends = [self.bins, 2 * self.bins, 2 * self.bins + 2, 2 * self.bins + 2 + self.groups]
        positive, negative, (hits, alarms), scores, losses = np.split(total, ends)
        ones, zeros = int(positive.sum()), int(negative.sum())
        hit, alarm, records = int(hits), int(alarms), ones + zeros
        brier, log_loss = (float(loss / records) if records else None for loss in losses)
        return Classified(
            records=records,
            accuracy=share(hit + zeros - alarm, records, self.level),
            sensitivity=share(hit, ones, self.level),
            specificity=share(zeros - alarm, zeros, self.level),
            precision=share(hit, hit + alarm, self.level),
            auc=self._area(positive, negative) if ones and zeros else None,
            brier=brier,
            log_loss=log_loss,
            calibration=self._calibration(positive, negative, scores),
            roc=_roc(positive, negative) if ones and zeros else (),
        )

    def _area(self, positive: Floats, negative: Floats) -> Area:
        ones, zeros = float(positive.sum()), float(negative.sum())
        below = np.cumsum(negative) - negative
        half_ties = float(positive @ negative) / 2
        value, half = (float(positive @ below) + half_ties) / (ones * zeros), half_ties / (ones * zeros)
        lowest, highest = max(0.0, value - half), min(1.0, value + half)
        return Area(value, half, auc_interval(lowest, highest, int(ones), int(zeros), self.level))

    def _calibration(self, positive: Floats, negative: Floats, scores: Floats) -> tuple[Group, ...]:
        ones = positive.reshape(self.groups, -1).sum(axis=1)
        records = ones + negative.reshape(self.groups, -1).sum(axis=1)
        edges = np.linspace(0, 1, self.groups + 1).tolist()
        return tuple(
            Group(
                edges[k], edges[k + 1], float(scores[k] / records[k]) if records[k] else None,
                share(int(ones[k]), int(records[k]), self.level),
            )
            for k in range(self.groups)
        )  # fmt: skip


def _roc(positive: Floats, negative: Floats) -> tuple[tuple[float, float], ...]:
    """The curve at the lower edges of the bins, from the highest: (0, 0) to (1, 1)."""
    reached = np.cumsum(np.column_stack([negative, positive])[::-1], axis=0)
    rates = reached / reached[-1]
    return ((0.0, 0.0), *((float(a), float(b)) for a, b in rates))
