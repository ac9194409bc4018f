"""Queries in words: nothing of what is asked is left out."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from privacy.query.spec import Query
from privacy.query.words import in_words


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"kind": "counts", "by": [{"field": "sex"}]}, "counts by sex"),
        (
            {"kind": "counts", "by": [{"field": "sex"}, {"field": "age", "cuts": [18, 65]}], "totals": True},
            "counts by sex and age in 3 intervals, with totals",
        ),
        (
            {"kind": "sums", "measure": "cost", "by": [{"field": "area", "labels": {"a": ["x", "y"], "b": ["z"]}}]},
            "sums of cost by area in 2 groups",
        ),
        (
            {"kind": "means", "measure": "cost", "by": [{"field": "sex"}], "where": [{"field": "ill", "in": [True]}]},
            "means of cost by sex, only where ill is one of true",
        ),
        (
            {
                "kind": "quantiles", "measure": "cost", "percentiles": [25, 50], "by": [{"field": "sex"}],
                "where": [
                    {"field": "age", "from": 18, "to": 65}, {"field": "day", "from": "2026-01-31"},
                    {"field": "days", "to": 60}, {"field": "code", "in": [*"abcdefg"]},
                ],
            },
            "quantiles (25, 50 %) of cost by sex, only where age is from 18 to below 65 and day is 2026-01-31 or more "
            "and days is below 60 and code is one of a, b, c, d, e and 2 more",
        ),
    ],
)  # fmt: skip
def test_a_query_in_words(query: dict[str, Any], words: str) -> None:
    assert in_words(msgspec.convert(query, Query)) == words
