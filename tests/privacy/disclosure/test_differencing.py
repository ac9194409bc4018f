"""Differencing: the attacks that it is there for, each with a near miss that is no attack."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.disclosure.differencing import History
from privacy.disclosure.reasons import REFUSALS
from privacy.disclosure.small_groups import Found
from secops.core.errors import CitywallError, UsageError
from tests.privacy.disclosure.releases import asked, code, where


def test_many_single_people_in_few_tables_are_decided() -> None:
    """Where each atom is a person, trying groups takes too long; reduced forms on other atoms decide."""
    random = np.random.default_rng(5)
    history = History.start(1000)
    tables = [random.integers(0, 20, 1000) for _ in range(4)]
    assert [code(history, table, 8) for table in tables] == [""] * 4
    few = np.flatnonzero(tables[0] == 3)[:5]
    assert code(history, np.where(np.isin(np.arange(1000), few) | (tables[3] == 2), 0, -1), 8) != ""


def test_one_person_more_is_refused_and_eight_more_are_not() -> None:
    history = History.start(1000)
    assert code(history, where(1000, (0, 400)), 8) == ""
    assert code(history, where(1000, (0, 401)), 8) == "difference-atom"
    assert code(history, where(1000, (0, 408)), 8) == ""


def test_two_cells_less_a_third_one_are_refused() -> None:
    history = History.start(1000)
    assert code(history, where(1000, (0, 200), (200, 400), (400, 700)), 8) == ""
    assert code(history, where(1000, (1, 400)), 8) == "difference-atom"
    assert code(history, where(1000, (8, 400)), 8) == ""


def test_a_difference_of_several_atoms_is_refused() -> None:
    """What the second table takes away is cut in two by the third: neither half is determined, both together are."""
    history = History.start(1000, size_known=False)
    assert code(history, where(1000, (100, 500), (600, 700)), 8) == ""
    halves = where(1000, (0, 97))
    halves[300:500] = 0
    assert code(history, halves, 8) == ""
    assert code(history, where(1000, (94, 500)), 8) == "difference-group"
    assert code(history, where(1000, (84, 500)), 8) == ""


def test_what_overlaps_without_one_inside_the_other_is_not_refused() -> None:
    history = History.start(1000)
    assert code(history, where(1000, (0, 400)), 8) == ""
    assert code(history, where(1000, (3, 404)), 8) == ""


def test_a_search_that_cannot_finish_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("privacy.disclosure.small_groups.BUDGET", 0)
    monkeypatch.setattr("privacy.disclosure.small_groups._LONG", 0)
    history = History.start(1000)
    assert code(history, where(1000, (0, 400)), 8) == ""  # no small atom: nothing to search
    assert code(history, where(1000, (3, 404)), 8) == "difference-undecided"


def test_releases_too_fine_to_be_compared_are_refused_and_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("privacy.disclosure.differencing.MOST_NUMBERS", 99)
    history, table = History.start(1000), np.arange(1000) // 100
    before = history.digest()
    assert code(history, table, 8) == "difference-fine"
    with pytest.raises(RuntimeError):
        history.add(table, 8)
    assert history.digest() == before


def test_a_table_that_leaves_few_out_is_refused_only_where_the_size_is_known() -> None:
    table = where(1000, (0, 500), (500, 997))
    assert asked(History.start(1000), table, 8) == "difference-atom"
    assert History.start(1000, size_known=False).check(table, 8) is None
    assert History.start(1000).check(where(1000, (0, 500), (500, 992)), 8) is None


def test_sums_of_one_variable_say_nothing_of_another() -> None:
    history = History.start(100, size_known=False)
    first, second = where(100, (0, 50), (50, 100)), where(100, (0, 51))
    history.add(first, 8, variable="income")
    assert history.check(second, 8, variable="age") is None
    assert asked(history, second, 8, variable="income") == "difference-atom"


def test_a_group_of_many_records_of_few_people_is_small() -> None:
    people = np.concatenate((np.repeat(0, 20), np.arange(1, 81)))
    table = where(100, (0, 20), (20, 100))
    assert asked(History.start(100, people=people), table, 8) == "difference-atom"
    assert History.start(100).check(table, 8) is None


def test_the_cap_counts_what_tells_something_new() -> None:
    history, table = History.start(400), where(400, (0, 100), (100, 200), (200, 400))
    for at in range(3):
        history.add(np.roll(table, 50 * at), 8)
    assert history.exact == 3
    assert asked(history, np.roll(table, 150), 8, most=3) == "difference-cap"
    assert history.check(table, 8, most=3) is None
    assert history.check(np.roll(table, 150), 8, most=4) is None


def test_a_small_difference_told_by_rounding_in_many_surroundings_is_refused() -> None:
    """Three people: exact counts with them and rounded ones without them, of other surroundings each time."""
    history, codes = History.start(1000), []
    for stop in (10, 23, 36, 49, 62):
        codes += [code(history, where(1000, (3, stop)), 8, base=5), code(history, where(1000, (0, stop)), 8)]
    assert codes.index("difference-rounded") == 5


def test_rounding_to_one_base_never_leaves_one_number() -> None:
    history = History.start(1000)
    for stop in range(20, 50):
        for start in (0, 3):
            assert code(history, where(1000, (start, stop)), 8, base=5) == ""
    assert history.exact == 0


def test_rounded_counts_do_not_use_up_what_exact_ones_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("privacy.disclosure.differencing.MOST_NUMBERS", 99)
    history, table = History.start(1000), np.arange(1000) // 20
    assert code(history, table, 8, base=5) == ""
    assert code(history, where(1000, (5, 500)), 8) == ""
    assert code(history, table, 8) == "difference-fine"


def test_of_very_many_rounded_releases_the_latest_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("privacy.disclosure.rounded.MOST_LABELS", 12)
    history = History.start(1000)
    for stop in (100, 200, 300, 400, 500):
        assert code(history, where(1000, (0, stop)), 8, base=5) == ""
    assert history.check(where(1000, (1, 100)), 8, base=5) is None


def test_a_count_that_two_bases_leave_one_number_for_is_as_good_as_exact() -> None:
    whole, halves = where(1000, (0, 102)), where(1000, (0, 50), (50, 99))
    history = History.start(1000, size_known=False)
    assert code(history, whole, 8, base=5) == ""  # 98 to 102
    assert history.check(halves, 8) is None
    assert code(history, whole, 8, base=12) == ""  # 102 to 113
    assert code(history, halves, 8) == "difference-atom"


def test_a_history_outlives_its_process(tmp_path: Path) -> None:
    history = History.start(1000, people=np.arange(1000))
    code(history, where(1000, (0, 400)), 8)
    code(history, where(1000, (0, 300)), 8, variable="income")
    code(history, where(1000, (0, 100)), 8, base=5)
    digest = history.save(tmp_path / "history")
    again = History.load(tmp_path / "history")
    assert again.digest() == digest == history.digest()
    assert again.exact == 2
    assert (tmp_path / "history").stat().st_mode & 0o077 == 0
    assert code(again, where(1000, (0, 401)), 8) == "difference-atom"
    assert code(again, where(1000, (0, 301)), 8, variable="income") == "difference-atom"
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


def test_a_table_without_cells_and_a_data_set_without_records_are_no_trouble() -> None:
    for base in (1, 5):
        assert code(History.start(10), where(10), 8, base=base) == ""
        assert code(History.start(0), where(0), 8, base=base) == ""


def test_refusals_name_no_number_and_nothing_of_the_data() -> None:
    history = History.start(1000)
    code(history, where(1000, (0, 400)), 8)
    refusal = history.check(where(1000, (0, 401)), 8)
    assert refusal is not None
    assert not set("0123456789") & set(refusal.en + refusal.zh + refusal.code)
    assert {f"difference-{found.value}" for found in Found if found is not Found.NOTHING} <= set(REFUSALS)
    assert "0" not in repr(history).rpartition(" object at ")[0]
