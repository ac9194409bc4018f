"""Differencing: against brute force over all groups with exact rationals, and by the attacks that it is there for."""

from fractions import Fraction
from itertools import chain, combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from privacy.disclosure.differencing import History
from secops.core.errors import CitywallError, UsageError

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


@st.composite
def _cases(draw: st.DrawFn) -> tuple[list[list[int]], int, list[int], bool]:
    records = draw(st.integers(1, 9))
    cells = st.lists(st.integers(-1, 2), min_size=records, max_size=records)
    people = draw(
        st.one_of(st.just(list(range(records))), st.lists(st.integers(0, 5), min_size=records, max_size=records))
    )
    return draw(st.lists(cells, min_size=1, max_size=5)), draw(st.integers(2, 4)), people, draw(st.booleans())


@settings(max_examples=150, deadline=None)
@given(_cases())
@example(([[0, 0, 0, 0, 1, 1, 1, -1], [0, 0, 0, 1, 1, 1, 0, -1]], 3, list(range(8)), True))
@example(([[0, 0, 0, 1, 1, 1, 1], [-1, 0, 0, 0, 0, 0, 0]], 3, list(range(7)), False))  # A + B - C
def test_refused_is_what_brute_force_finds_and_nothing_else(case: tuple[list[list[int]], int, list[int], bool]) -> None:
    releases, below, people, size_known = case
    history = History.start(len(people), people=np.array(people), size_known=size_known)
    told = [[0] * len(people)] if size_known else []
    for cells in releases:
        new = _small([*told, cells], below, people) - _small(told, below, people)
        refusal = history.check(np.array(cells), below, most=99)
        assert (refusal is not None) == bool(new)
        if refusal is None:
            history.add(np.array(cells), below)
            told.append(cells)


def _cells(*counts: int, none: int = 0) -> np.ndarray:
    return np.repeat(np.arange(-(none > 0), len(counts)), [none, *counts] if none else counts)


def _code(history: History, cells: np.ndarray, below: int, **how: object) -> str:
    """The code of the refusal; a release without one is remembered."""
    refusal = history.check(cells, below, **how)  # type: ignore[arg-type]
    if refusal is None:
        how.pop("most", None)
        history.add(cells, below, **how)  # type: ignore[arg-type]
    return refusal.code if refusal else ""


def _where(records: int, *ranges: tuple[int, int]) -> np.ndarray:
    """A table whose cells are ranges of records."""
    cells = np.full(records, -1)
    for at, (start, stop) in enumerate(ranges):
        cells[start:stop] = at
    return cells


def test_one_person_more_is_refused_and_eight_more_are_not() -> None:
    history = History.start(1000)
    assert _code(history, _where(1000, (0, 400)), 8) == ""
    assert _code(history, _where(1000, (0, 401)), 8) == "difference-atom"
    assert _code(history, _where(1000, (0, 408)), 8) == ""


def test_two_cells_less_a_third_one_are_refused() -> None:
    history = History.start(1000)
    assert _code(history, _where(1000, (0, 200), (200, 400), (400, 700)), 8) == ""
    assert _code(history, _where(1000, (1, 400)), 8) == "difference-atom"
    assert _code(history, _where(1000, (8, 400)), 8) == ""


def test_a_difference_of_several_atoms_is_refused() -> None:
    """What the second table takes away is cut in two by the third: neither half is determined, both together are."""
    history = History.start(1000, size_known=False)
    assert _code(history, _where(1000, (100, 500), (600, 700)), 8) == ""
    halves = _where(1000, (0, 97))
    halves[300:500] = 0
    assert _code(history, halves, 8) == ""
    assert _code(history, _where(1000, (94, 500)), 8) == "difference-group"
    assert _code(history, _where(1000, (84, 500)), 8) == ""


def test_what_overlaps_without_one_inside_the_other_is_not_refused() -> None:
    history = History.start(1000)
    assert _code(history, _where(1000, (0, 400)), 8) == ""
    assert _code(history, _where(1000, (3, 404)), 8) == ""


def test_a_search_that_cannot_finish_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("privacy.disclosure.small_groups.BUDGET", 0)
    history = History.start(1000)
    assert _code(history, _where(1000, (0, 400)), 8) == ""  # no small atom: nothing to search
    assert _code(history, _where(1000, (3, 404)), 8) == "difference-undecided"


def test_releases_too_fine_to_be_compared_are_refused_and_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("privacy.disclosure.differencing.MOST_NUMBERS", 99)
    history, table = History.start(1000), np.arange(1000) // 100
    before = history.digest()
    assert _code(history, table, 8) == "difference-fine"
    with pytest.raises(RuntimeError):
        history.add(table, 8)
    assert history.digest() == before


def test_a_table_that_leaves_few_out_is_refused_only_where_the_size_is_known() -> None:
    table = _cells(500, 497, none=3)
    assert History.start(1000).check(table, 8).code == "difference-atom"
    assert History.start(1000, size_known=False).check(table, 8) is None
    assert History.start(1000).check(_cells(500, 492, none=8), 8) is None


def test_sums_of_one_variable_say_nothing_of_another() -> None:
    history = History.start(100, size_known=False)
    first, second = _cells(50, 50), _cells(51, none=49)[::-1].copy()
    history.add(first, 8, variable="income")
    assert history.check(second, 8, variable="age") is None
    assert history.check(second, 8, variable="income").code == "difference-atom"


def test_a_group_of_many_records_of_few_people_is_small() -> None:
    people = np.concatenate((np.repeat(0, 20), np.arange(1, 81)))
    table = _cells(20, 80)
    assert History.start(100, people=people).check(table, 8).code == "difference-atom"
    assert History.start(100).check(table, 8) is None


def test_the_cap_counts_what_tells_something_new() -> None:
    history = History.start(400)
    for at in range(3):
        history.add(np.roll(_cells(100, 100, 200), 50 * at), 8)
    assert history.exact == 3
    assert history.check(np.roll(_cells(100, 100, 200), 150), 8, most=3).code == "difference-cap"
    assert history.check(_cells(100, 100, 200), 8, most=3) is None
    assert history.check(np.roll(_cells(100, 100, 200), 150), 8, most=4) is None


def test_a_small_difference_told_by_rounding_in_many_surroundings_is_refused() -> None:
    """Three people: exact counts with them and rounded ones without them, of other surroundings each time."""
    history, codes = History.start(1000), []
    for stop in (10, 23, 36, 49, 62):
        codes += [_code(history, _where(1000, (3, stop)), 8, base=5), _code(history, _where(1000, (0, stop)), 8)]
    assert codes.index("difference-rounded") == 5


def test_rounding_to_one_base_never_leaves_one_number() -> None:
    history = History.start(1000)
    for stop in range(20, 50):
        for start in (0, 3):
            assert _code(history, _where(1000, (start, stop)), 8, base=5) == ""
    assert history.exact == 0


def test_a_count_that_two_bases_leave_one_number_for_is_as_good_as_exact() -> None:
    whole, halves = _where(1000, (0, 102)), _where(1000, (0, 50), (50, 99))
    history = History.start(1000, size_known=False)
    assert _code(history, whole, 8, base=5) == ""  # 98 to 102
    assert history.check(halves, 8) is None
    assert _code(history, whole, 8, base=12) == ""  # 102 to 113
    assert _code(history, halves, 8) == "difference-atom"


def test_a_history_outlives_its_process(tmp_path: Path) -> None:
    history = History.start(1000, people=np.arange(1000))
    _code(history, _where(1000, (0, 400)), 8)
    _code(history, _where(1000, (0, 300)), 8, variable="income")
    _code(history, _where(1000, (0, 100)), 8, base=5)
    digest = history.save(tmp_path / "history")
    again = History.load(tmp_path / "history")
    assert again.digest() == digest == history.digest()
    assert again.exact == 2
    assert (tmp_path / "history").stat().st_mode & 0o077 == 0
    assert _code(again, _where(1000, (0, 401)), 8) == "difference-atom"
    assert _code(again, _where(1000, (0, 301)), 8, variable="income") == "difference-atom"
    assert digest != History.start(1000, people=np.arange(1000)).digest()


def test_two_histories_of_the_same_releases_have_no_digest_in_common() -> None:
    """Nobody can guess memberships and compare."""
    assert History.start(1000).digest() != History.start(1000).digest()


@settings(max_examples=60, deadline=None)
@given(st.integers(0), st.integers(0, 255))
def test_a_damaged_history_is_told_and_never_taken_for_a_new_one(at: int, other: int) -> None:
    """A byte is another one, or the file ends there."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "history"
        History.start(50).save(path)
        raw = path.read_bytes()
        at %= len(raw)
        path.write_bytes(raw[:at] + (bytes([other]) + raw[at + 1 :] if raw[at] != other else b""))
        with pytest.raises(CitywallError, match="no history of releases, or a damaged one"):
            History.load(path)


def test_a_history_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        History.load(tmp_path / "none")


def test_cells_that_do_not_fit_the_records_are_an_error_of_the_caller() -> None:
    history = History.start(10)
    for cells in (np.zeros(9, int), np.full(10, -2)):
        with pytest.raises(ValueError, match="one cell for each record"):
            history.check(cells, 8)
    with pytest.raises(ValueError, match="counts alone"):
        history.check(np.zeros(10, int), 8, variable="income", base=5)
    with pytest.raises(ValueError, match="one person"):
        History.start(10, people=np.zeros(9, int))


def test_refusals_name_no_number_and_nothing_of_the_data() -> None:
    history = History.start(1000)
    _code(history, _where(1000, (0, 400)), 8)
    refusal = history.check(_where(1000, (0, 401)), 8)
    assert refusal is not None
    assert not set("0123456789") & set(refusal.en + refusal.zh + refusal.code)
    assert "0" not in repr(history).rpartition(" object at ")[0]
