"""Differencing against brute force: every group of people, with exact rational elimination."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from privacy.disclosure.differencing import History
from tests.privacy.disclosure.releases import code

Rows = list[list[Fraction]]


def _reduced(rows: Rows) -> Rows:
    """Reduced row echelon form over the rationals."""
    rows, done = [row[:] for row in rows], []
    for column in range(len(rows[0]) if rows else 0):
        at = next((row for row in rows if row[column]), None)
        if at is None:
            continue
        rows.remove(at)
        at = [value / at[column] for value in at]
        rows = [[a - row[column] * b for a, b in zip(row, at, strict=True)] for row in rows]
        done = [[a - row[column] * b for a, b in zip(row, at, strict=True)] for row in done] + [at]
    return done


def _spans(reduced: Rows, group: set[int], records: int) -> bool:
    wanted = [Fraction(at in group) for at in range(records)]
    for row in reduced:
        lead = next(at for at, value in enumerate(row) if value)
        wanted = [a - wanted[lead] * b for a, b in zip(wanted, row, strict=True)]
    return not any(wanted)


def _small(releases: list[list[int]], below: int, people: list[int]) -> set[frozenset[int]]:
    """All groups of records of 1 to `below` - 1 people that the releases determine."""
    records = len(people)
    rows = [[Fraction(cell == which) for cell in cells] for cells in releases for which in set(cells) - {-1}]
    reduced = _reduced(rows)
    groups = chain.from_iterable(combinations(range(records), size) for size in range(1, records + 1))
    few = (set(group) for group in groups if len({people[at] for at in group}) < below)
    return {frozenset(group) for group in few if _spans(reduced, group, records)}


Case = tuple[list[tuple[list[int], int]], list[int], bool]


@st.composite
def _cases(draw: st.DrawFn, least: int = 2) -> Case:
    """Releases, each with what is small by its policy; whose each record is; whether the number of records is known."""
    records = draw(st.integers(1, 9))
    cells = st.lists(st.integers(-1, 2), min_size=records, max_size=records)
    some = st.lists(st.integers(0, 5), min_size=records, max_size=records)
    people = draw(st.one_of(st.just(list(range(records))), some))
    return draw(st.lists(st.tuples(cells, st.integers(least, 4)), min_size=1, max_size=5)), people, draw(st.booleans())


@settings(max_examples=150, deadline=None)
@given(_cases())
@example(([([0, 0, 0, 0, 1, 1, 1, -1], 3), ([0, 0, 0, 1, 1, 1, 0, -1], 3)], list(range(8)), True))
@example(([([0, 0, 0, 1, 1, 1, 1], 3), ([-1, 0, 0, 0, 0, 0, 0], 3)], list(range(7)), False))  # A + B - C
def test_refused_is_what_brute_force_finds_and_nothing_else(case: Case) -> None:
    for refusal, new in _played(*case):
        assert (refusal != "") == bool(new)


@settings(max_examples=50, deadline=None)
@given(_cases(least=3))
def test_the_other_search_finds_the_same_or_says_that_it_cannot(case: Case) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("privacy.disclosure.small_groups.BUDGET", 0)
        for refusal, new in _played(*case):
            assert refusal == "difference-undecided" or (refusal != "") == bool(new)


def _played(releases: list[tuple[list[int], int]], people: list[int], size_known: bool) -> Iterator[tuple[str, object]]:
    """Per release: the code of its refusal, and the small groups that it would determine."""
    history = History.start(len(people), people=np.array(people), size_known=size_known)
    told = [[0] * len(people)] if size_known else []
    for cells, below in releases:
        new = _small([*told, cells], below, people) - _small(told, below, people)
        refusal = code(history, np.array(cells), below, most=99)
        yield refusal, new
        if not refusal:
            told.append(cells)
