"""Each check of a table: a planted case, and its twin that just passes."""

from __future__ import annotations

from fractions import Fraction

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.disclosure import dominance, door, files, min_cell, result, shape, tabulate, zero_full
from privacy.disclosure.result import Counts, Dimension, Means, Sums
from tests.privacy.disclosure.samples import POLICY, Memory, codes, counted, population, rows, sides, summed

EXACT = msgspec.structs.replace(POLICY, min_cell=min_cell.Rule(base=1))


def shown(raw, policy=EXACT):
    """The last column of what is cleared."""
    return [row[-1] for row in rows(door.clear(raw, policy, Memory()))]


def test_small_cells_are_redacted_before_rounding():
    assert shown(counted([7, 8, 12, 13, 500])) == ["redacted", "8", "12", "13", "500"]
    assert shown(counted([7, 8, 12, 13, 500]), POLICY) == ["redacted", "10", "10", "15", "500"]


def test_small_cells_are_refused_where_the_policy_says_so():
    policy = msgspec.structs.replace(POLICY, min_cell=min_cell.Rule(act="refuse"))
    assert codes(door.clear(counted([7, 100]), policy, Memory())) == ["min-cell"]
    assert codes(door.clear(counted([8, 100]), policy, Memory())) == []


def test_a_person_with_many_records_is_one_person():
    many, few = np.arange(40) % 8, np.arange(40) % 7
    assert shown(counted([20, 20], people=many)) == ["20", "20"]
    assert codes(door.clear(counted([20, 20], people=few), EXACT, Memory())) == ["nothing-left"]


def test_totals_are_those_of_protected_cells():
    cleared = door.clear(counted([3, 20, 33, 46], 2, 2, totals=True), POLICY, Memory())
    assert rows(cleared) == [
        ["a0", "b0", "redacted"], ["a0", "b1", "20"], ["a0", "(all)", "20"],
        ["a1", "b0", "35"], ["a1", "b1", "45"], ["a1", "(all)", "80"],
        ["(all)", "b0", "35"], ["(all)", "b1", "65"], ["(all)", "(all)", "100"],
    ]  # fmt: skip
    assert [note.code for note in cleared.notes] == ["redacted", "rounded", "totals"]


def test_a_total_of_hidden_cells_is_hidden():
    assert shown(counted([3, 4, 33, 46], 2, 2, totals=True))[2] == "redacted"


@pytest.mark.parametrize("label", ["total", "Total", "(ALL)", "（all）", "( аll )", "[all]", "总计", "合计：", "Al l"])
def test_no_label_beside_a_total_looks_like_one(label):
    side = (Dimension(name="a", labels=("east", label)),)
    for totals, expected in ((True, ["labels"]), (False, [])):
        raw = tabulate.counts(population([20, 30]), side, totals=totals)
        assert codes(door.clear(raw, POLICY, Memory())) == expected


@pytest.mark.parametrize(
    ("zero", "result"), [("redact", ["redacted", "9", "redacted", "9"]), ("show", ["0", "9", "redacted", "9"])]
)
def test_zero_cells(zero, result):
    policy = msgspec.structs.replace(EXACT, zero_full=zero_full.Rule(zero=zero))
    assert shown(counted([0, 9, 5, 9]), policy) == result


def test_refused_zeros():
    policy = msgspec.structs.replace(EXACT, zero_full=zero_full.Rule(zero="refuse"))
    assert codes(door.clear(counted([0, 9, 9]), policy, Memory())) == ["zero"]
    assert codes(door.clear(counted([8, 9, 9]), policy, Memory())) == []


def test_full_cells_of_a_line():
    full, almost = [40, 0, 20, 20, 30, 30], [40, 1, 20, 20, 30, 30]
    assert shown(counted(full, 3, 2)) == ["redacted", "redacted", "20", "20", "30", "30"]
    assert shown(counted(almost, 3, 2)) == ["40", "redacted", "20", "20", "30", "30"]
    policy = msgspec.structs.replace(EXACT, zero_full=zero_full.Rule(full="refuse", full_percent=97))
    assert codes(door.clear(counted(almost, 3, 2), policy, Memory())) == ["full"]


def test_full_cells_down_a_column():
    assert shown(counted([40, 20, 20, 0, 20, 20], 2, 3)) == ["redacted", "20", "20", "redacted", "20", "20"]


def test_one_label_is_no_line():
    assert shown(counted([40, 20], 2, 1)) == ["40", "20"]


def test_the_two_largest_make_up_nine_tenths():
    rest = [1.0] * 10
    assert shown(summed(Sums, [[50.0, 40.0, *rest], [45.0, 44.9, *rest], [1.0] * 7 + [2.0]])) == ["redacted", "12", "8"]


def test_the_second_largest_can_work_out_the_largest():
    rule = dominance.Rule(k_percent=100)
    policy = msgspec.structs.replace(EXACT, dominance=rule)
    near, off = [100.0, 50.0, *[1.0] * 9], [100.0, 50.0, *[1.0] * 11]
    assert shown(summed(Sums, [near, off]), policy) == ["redacted", "13"]


@pytest.mark.parametrize("value", [0.0, 1.0, 2500.1, -3.0])
def test_all_have_the_same(value):
    alike, almost = [value] * 12, [*[value] * 6, *[value + 1] * 6]
    assert shown(summed(Sums, [alike, almost])) == ["redacted", "12"]


def test_the_counts_beside_sums_are_checked_like_counts():
    cells = [[1.0, *[2.0] * 11, *[3.0] * 8], [], [2.0, *[1.0] * 15], *[[2.0, *[1.0] * 15]] * 3]
    raw = summed(Sums, cells, lengths=(3, 2))
    assert shown(raw) == ["redacted", "redacted", "16", "16", "16", "16"]
    policy = msgspec.structs.replace(EXACT, zero_full=zero_full.Rule(zero="refuse"))
    assert codes(door.clear(raw, policy, Memory())) == ["zero"]


def test_losses_do_not_hide_gains():
    assert codes(door.clear(summed(Sums, [[1000.0, -990.0, *[1.0] * 10]]), EXACT, Memory())) == ["nothing-left"]


def test_a_person_s_parts_are_added_up():
    held = population([20], people=np.array([*range(10), *[0] * 10]))
    values = np.array([10.0] * 10 + [50.0] * 10)
    raw = tabulate.sums(Sums, held, sides(1), "pay", values)
    table = raw.open(result._KEY)
    assert table.largest.tolist() == [[510.0, 10.0]]
    assert shape.people_of(table).tolist() == [10]


def test_sums_and_means_are_cut_to_few_digits():
    cells = [[1234.5678 + step for step in range(10)]]
    assert rows(door.clear(summed(Sums, cells, totals=True), POLICY, Memory()))[0] == ["a0", "12390", "10"]
    assert rows(door.clear(summed(Means, cells), POLICY, Memory()))[0] == ["a0", "1239", "10"]


def test_quantiles_near_the_edge():
    held, values = population([100, 79]), np.arange(179) * 1.0
    raw = tabulate.quantiles(held, sides(2), "age", values, (0.0, 0.1, 0.5, 0.9, 1.0))
    assert rows(door.clear(raw, POLICY, None)) == [
        ["a0", "redacted", "9.9", "49.5", "89.1", "redacted"],
        ["a1", "redacted", "redacted", "139", "redacted", "redacted"],
    ]


def test_eight_people_beyond_are_enough():
    raw = tabulate.quantiles(population([80]), sides(1), "age", np.arange(80) * 1.0, (0.1, 0.9))
    assert rows(door.clear(raw, POLICY, None)) == [["a0", "7.9", "71.1"]]


def test_eight_people_between_two_quantiles():
    """Each hundredth of a hundred people is one of them; a quantile too near to the last one shown is not."""
    raw = tabulate.quantiles(
        population([100]), sides(1), "age", np.arange(100) * 1.0, tuple(percent / 100 for percent in range(101))
    )
    (row,) = rows(door.clear(raw, POLICY, None))
    shown_at = [percent for percent, text in enumerate(row[1:]) if text != "redacted"]
    assert shown_at == list(range(8, 93, 8))
    raw = tabulate.quantiles(population([32, 31]), sides(2), "age", np.arange(63) * 1.0, (0.25, 0.5, 0.75))
    assert rows(door.clear(raw, POLICY, None)) == [
        ["a0", "7.75", "15.5", "23.25"], ["a1", "redacted", "47", "redacted"],
    ]  # fmt: skip


@pytest.mark.parametrize(("most", "expected"), [(15, "redacted"), (13, "2.5")])
def test_people_are_counted_on_either_side_of_a_quantile(most, expected):
    """Half of 40 records are those of one person with fifteen and five others, or of one with thirteen and seven."""
    people = np.array([0] * most + list(range(1, 41 - most)))
    held = population([40], people=people)
    raw = tabulate.quantiles(held, sides(1), "age", np.maximum(np.arange(40) - 17.0, 0), (0.5,))
    outcome = door.clear(raw, POLICY, None)
    assert (codes(outcome) or rows(outcome)[0][1:]) == ([expected] if expected != "redacted" else ["nothing-left"])


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(0, 60))
def test_the_fewest_people_behind_so_many_records(whose, wanted):
    """Held against taking the people with the most records one after the other."""
    table = counted([len(whose)], people=np.array(whose)).open(result._KEY)
    people, left = 0, min(wanted, len(whose))
    for most in sorted((whose.count(one) for one in set(whose)), reverse=True):
        people, left = people + (left > 0), left - most
    least = shape.least(table, shape.people_of(table))
    assert least(np.array([min(wanted, len(whose))])).tolist() == [people]


def test_many_quantiles_are_many_numbers():
    policy = msgspec.structs.replace(POLICY, files=files.Rule(cells=5))
    for many, expected in ((5, []), (6, ["size"])):
        shares = tuple(place / 10 for place in range(many))
        raw = tabulate.quantiles(population([900]), sides(1), "age", np.arange(900) * 1.0, shares)
        assert codes(door.clear(raw, policy, None)) == expected


def test_two_shares_that_read_alike():
    raw = tabulate.quantiles(population([900]), sides(1), "age", np.arange(900) * 1.0, (0.5, 0.5000001))
    assert codes(door.clear(raw, POLICY, None)) == ["labels"]


@given(st.lists(st.lists(st.floats(0, 1e6), min_size=3, max_size=12), min_size=1, max_size=5))
def test_dominance_is_what_exact_arithmetic_says(cells):
    table = summed(Sums, cells).open(result._KEY)
    rule = dominance.Rule()
    for parts, unsafe in zip(cells, dominance.unsafe(table.absolute, table.largest, rule).tolist(), strict=True):
        exact = sorted(map(Fraction, parts), reverse=True)
        total = sum(exact)
        concentrated = total > 0 and sum(exact[:2]) >= total * Fraction(90, 100)
        estimable = total > 0 and total - exact[0] - exact[1] < exact[0] * Fraction(10, 100)
        if concentrated or estimable:
            assert unsafe
        elif unsafe:  # only on the very edge
            assert sum(exact[:2]) > total * Fraction(8999, 10000) or total - exact[0] - exact[1] < exact[0] * Fraction(
                1001, 10000
            )


@given(st.lists(st.integers(0, 30), min_size=6, max_size=6), st.sampled_from([1, 5]))
def test_nothing_shown_is_small_and_totals_add_up(counts, base):
    policy = msgspec.structs.replace(POLICY, min_cell=min_cell.Rule(base=base))
    outcome = door.clear(counted(counts, 2, 3, totals=True), policy, Memory())
    if codes(outcome):
        assert codes(outcome) == ["nothing-left"]
        return
    seen = {(a, b): int(count) for a, b, count in rows(outcome) if count != "redacted"}
    inner = {cell: count for cell, count in seen.items() if "(all)" not in cell}
    assert all(count >= 8 and count % base == 0 for count in inner.values())
    assert all(abs(count - counts[int(a[1]) * 3 + int(b[1])]) <= base // 2 for (a, b), count in inner.items())
    for (a, b), count in seen.items():
        assert count == sum(part for (x, y), part in inner.items() if a in (x, "(all)") and b in (y, "(all)"))


def test_the_history_is_asked_for_what_is_shown():
    memory = Memory()
    raw = summed(Sums, [[5.0, *[4.0] * 8], [5.0] * 3, [5.0, *[4.0] * 7]])
    cleared = door.clear(raw, POLICY, memory)
    cells = [0] * 9 + [-1] * 3 + [2] * 8
    assert memory.asked == [(cells, "", 5, 8, 20), (cells, "pay", 1, 8, 20)]
    assert memory.told == []  # nothing has left yet
    assert door.record(cleared, memory) == []
    assert memory.told == [(cells, "", 5), (cells, "pay", 1)]
    assert codes(door.record(cleared, memory)) == ["history"]  # another release left first
    assert len(memory.told) == 2
    assert codes(door.clear(raw, POLICY, memory)) == ["history"]


def test_what_cannot_be_compared_is_not_cleared():
    assert codes(door.clear(counted([9, 9]), POLICY, None)) == ["history"]
    table = counted([9, 9]).open(result._KEY)
    blind = result.Population(dataset="wages", version="1")
    raw = result.Raw(Counts(population=blind, dimensions=table.dimensions, counts=table.counts))
    assert codes(door.clear(raw, POLICY, Memory())) == ["membership"]


def test_the_same_result_gives_the_same_bytes():
    first, second = (door.clear(counted([9, 19, 29, 3], 2, 2), POLICY, Memory()) for _ in range(2))
    assert first.content == second.content
    assert first.digest == second.digest
    assert first.digest.startswith("sha256:")
    assert first.policy == POLICY.digest != EXACT.digest
