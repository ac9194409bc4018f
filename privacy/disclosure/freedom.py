"""Degrees of freedom: a regression with nearly as many terms as people is a copy of the people.

Why 10: the default of ACRO. Why a third: DataSHIELD allows at most 0.33 parameters per record, which bites on large
fits where ten degrees of freedom are nothing.
"""

from __future__ import annotations

from typing import Annotated

import msgspec


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A regression needs `least` degrees of freedom, and at most `terms_percent` terms per hundred people."""

    least: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 10
    terms_percent: Annotated[int, msgspec.Meta(ge=1, le=50)] = 33


def unsafe(people: int, terms: int, rule: Rule) -> bool:
    """Whether `terms` coefficients, the intercept among them, are too many for `people`."""
    return people - terms < rule.least or terms * 100 > people * rule.terms_percent
