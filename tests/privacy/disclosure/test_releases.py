"""The door with the real history: releases that differ by one person, directly and as A + B - C."""

from __future__ import annotations

import msgspec
import numpy as np

from privacy.disclosure import door, min_cell, tabulate
from privacy.disclosure.differencing import MOST_EXACT, History
from privacy.disclosure.policy import Policy
from privacy.disclosure.result import Cleared, Means, Population, Sums
from tests.privacy.disclosure.samples import POLICY, codes, sides

EXACT = msgspec.structs.replace(POLICY, min_cell=min_cell.Rule(base=1))
RECORDS = 60


def counts_of(members):
    """A table of one cell that holds these records."""
    cells = np.full(RECORDS, -1, np.int32)
    cells[list(members)] = 0
    return tabulate.counts(Population(dataset="wages", version="1", cells=cells), sides(1))


def release(raw, history, policy=EXACT):
    """Clear and publish: the codes of the reasons, none when it left."""
    cleared = door.clear(raw, policy, history)
    if not isinstance(cleared, Cleared):
        return codes(cleared)
    return codes(door.record(cleared, history))


def test_the_default_cap_is_that_of_the_history():
    assert Policy(name="x").differencing.exact_releases == MOST_EXACT


def test_two_releases_that_differ_by_one_person():
    history = History.start(RECORDS)
    assert release(counts_of(range(30)), history) == []
    assert release(counts_of(range(31)), history) in (["difference-group"], ["difference-atom"])
    assert release(counts_of(range(40)), history) == []


def test_one_person_as_a_plus_b_less_c():
    history = History.start(RECORDS)
    assert release(counts_of(range(20)), history) == []
    assert release(counts_of(range(20, 40)), history) == []
    assert release(counts_of(range(39)), history) != []


def test_two_that_are_cleared_at_once_do_not_both_leave():
    history = History.start(RECORDS)
    first, second = (door.clear(counts_of(range(length)), EXACT, history) for length in (30, 31))
    assert door.record(first, history) == []
    assert codes(door.record(second, history))
    assert not codes(door.clear(counts_of(range(30)), EXACT, history))  # the first may be told again


def test_a_hidden_cell_may_not_be_what_is_left_of_all():
    cells = np.array([0] * 30 + [1] * 27 + [2] * 3, np.int32)
    table = tabulate.counts(Population(dataset="wages", version="1", cells=cells), sides(3))
    assert codes(door.clear(table, EXACT, History.start(RECORDS)))
    assert not codes(door.clear(table, POLICY, History.start(RECORDS)))  # rounded, it is not told


def test_sums_and_means_of_a_measure_are_compared():
    pay = np.random.default_rng(1).lognormal(8, 0.5, RECORDS)
    tables = []
    for length in (30, 31):
        cells = np.where(np.arange(RECORDS) < length, 0, -1).astype(np.int32)
        held = Population(dataset="wages", version="1", cells=cells)
        tables.append([tabulate.sums(kind, held, sides(1), "pay", pay) for kind in (Sums, Means)])
    history = History.start(RECORDS)
    assert release(tables[0][0], history, POLICY) == []
    assert release(tables[0][1], history, POLICY) == []  # the same sums again
    assert release(tables[1][1], history, POLICY) != []


def test_exact_releases_end():
    policy = msgspec.structs.replace(EXACT, differencing=msgspec.structs.replace(EXACT.differencing, exact_releases=1))
    history = History.start(RECORDS)
    assert release(counts_of(range(20)), history, policy) == []
    assert release(counts_of(range(20, 40)), history, policy) == ["difference-cap"]
