"""Confidence intervals in closed form."""

from __future__ import annotations

import math
from statistics import NormalDist

import msgspec


class Interval(msgspec.Struct, frozen=True):
    """The two ends of a confidence interval."""

    lower: float
    upper: float


class Share(msgspec.Struct, frozen=True):
    """A share of records: so many of so many, with its interval; None where there is no record."""

    count: int
    records: int
    value: float | None
    interval: Interval | None


def normal(level: float) -> float:
    """How many standard errors to each side hold `level` of a normal distribution."""
    return NormalDist().inv_cdf((1 + level) / 2)


def share(count: int, records: int, level: float) -> Share:
    """`count` of `records`, with Wilson's interval (1927): it keeps within 0 … 1, also for none and for all."""
    if not records:
        return Share(count, records, None, None)
    z, p = normal(level), count / records
    middle = (p + z * z / (2 * records)) / (1 + z * z / records)
    half = z / (1 + z * z / records) * math.sqrt(p * (1 - p) / records + z * z / (4 * records**2))
    lower, upper = max(0.0, min(p, middle - half)), min(1.0, max(p, middle + half))
    return Share(count, records, p, Interval(lower, upper))


def correlation_interval(r: float, records: int, level: float) -> Interval | None:
    """Fisher's interval of a correlation; None for fewer than 4 records."""
    if records < 4:
        return None
    if abs(r) >= 1:
        return Interval(r, r)
    half = normal(level) / math.sqrt(records - 3)
    return Interval(math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half))


def auc_interval(lowest: float, highest: float, positives: int, negatives: int, level: float) -> Interval:
    """The interval of an area under the curve that lies in lowest … highest, of so many of each class.

    Hanley and McNeil's error (1982) as a score interval (Newcombe 2006, method 5): it keeps within 0 … 1 and has a
    width where the classes are apart in every record.
    """
    z = normal(level)
    return Interval(
        1 - _farthest(1 - lowest, positives, negatives, z),
        _farthest(highest, positives, negatives, z),
    )


def _farthest(auc: float, positives: int, negatives: int, z: float) -> float:
    """The largest area from which `auc` is z standard errors below, found by halving."""
    low, high = auc, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if middle - auc <= z * math.sqrt(_auc_variance(middle, positives, negatives)):
            low = middle
        else:
            high = middle
    return low


def _auc_variance(area: float, positives: int, negatives: int) -> float:
    mean = (positives + negatives) / 2 - 1
    shape = 1 + mean * (1 - area) / (2 - area) + mean * area / (1 + area)
    return area * (1 - area) * shape / (positives * negatives)
