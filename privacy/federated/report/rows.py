"""The coefficients of a result, whatever method gave them, as rows of a table or picture."""

from __future__ import annotations

from typing import NamedTuple

from privacy.federated.methods.intervals import Interval
from privacy.federated.report.outcome import Descended, Described, Protected, Regressed


class Row(NamedTuple):
    """A term, the intercept first. None: the method tells no such thing."""

    term: str
    value: float
    error: float | None = None
    interval: Interval | None = None
    p: float | None = None
    ratio: float | None = None
    ratio_interval: Interval | None = None


def rows_of(result: Regressed | Descended | Protected | Described) -> list[Row]:
    """The coefficients; none of a network, nor of statistics."""
    match result:
        case Regressed():
            return [
                Row(row.term, row.value, row.error, row.interval, row.p, row.ratio, row.ratio_interval)
                for row in result.coefficients
            ]
        case Descended() | Protected():
            return [Row(term, value) for term, value in result.coefficients.items()]
        case Described():
            return []


def is_ratio(family: str) -> bool:
    """Whether exponentials of coefficients are ratios: of odds, or of rates."""
    return family in ("logistic", "poisson")
