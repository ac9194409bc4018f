"""Empty and full groups that a release leaves open, and that become known by another: each with a near miss."""

from __future__ import annotations

import time
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from privacy.data.schema import Schema, limits
from privacy.disclosure.class_disclosure import Revealed, after, told
from privacy.disclosure.differencing import History
from privacy.disclosure.meaning import Axis, Meaning, lay
from privacy.query.meaning import meaning
from privacy.query.spec import Query
from secops.core.content import convert
from tests.privacy.disclosure.releases import code

SCHEMA = convert(
    {
        "fields": {
            "district": {"type": "text", "labels": ["east", "west", "island"]},
            "flu": {"type": "text", "labels": ["no", "yes"]},
            "days": {"type": "integer", "minimum": 0, "maximum": 60},
        }
    },
    Schema,
)
DISTRICT, FLU = {"field": "district"}, {"field": "flu"}
WITH_FLU = {"field": "flu", "in": ["yes"]}

#: People: district, flu, days; how many. Everybody in the east has the flu, nobody on the island.
PEOPLE = {("east", "yes", 5): 40, ("west", "yes", 5): 30, ("west", "no", 5): 30, ("island", "no", 5): 20}


class City:
    """A history of exact releases of these people."""

    def __init__(self, people: dict[tuple[str | None, str | None, int], int], *, size_known: bool = False) -> None:
        self.people = [who for who, count in people.items() for _one in range(count)]
        self.history = History.start(len(self.people), size_known=size_known)

    def asked(self, *by: dict[str, object], where: tuple[object, ...] = ()) -> tuple[Meaning, np.ndarray]:
        query = convert({"kind": "counts", "by": list(by), "where": list(where)}, Query)
        meant = meaning(query, SCHEMA)
        return meant, np.array([cell_of(meant, who) for who in self.people], np.int32)

    def release(self, *by: dict[str, object], where: tuple[object, ...] = (), hidden: tuple[int, ...] = ()) -> str:
        meant, cells = self.asked(*by, where=where)
        return code(self.history, np.where(np.isin(cells, hidden), -1, cells), 8, meaning=meant)


def cell_of(meant: Meaning, who: tuple[str | None, str | None, int]) -> int:
    """The cell of a person by what the cells mean, -1 for none."""
    place = 0
    for axis in (*meant.sides, *meant.conditions):
        value = who[list(SCHEMA.fields).index(axis.field)]
        if value is None:
            return -1
        labels = getattr(SCHEMA.fields[axis.field], "labels", None)
        number = labels.index(value) if labels else value
        label = axis.labels[max(at for at, start in enumerate(axis.starts) if start <= number)]
        if label < 0:
            return -1
        place = place * axis.size + label
    return place


def test_as_many_in_a_district_as_have_the_flu_there() -> None:
    city = City(PEOPLE)
    assert city.release(DISTRICT) == ""
    assert city.release(DISTRICT, where=(WITH_FLU,)) == "difference-empty"
    city = City(PEOPLE | {("east", "no", 5): 9})
    assert city.release(DISTRICT) == ""
    assert city.release(DISTRICT, where=(WITH_FLU,)) == ""


def test_the_order_does_not_matter() -> None:
    city = City(PEOPLE)
    assert city.release(DISTRICT, where=(WITH_FLU,)) == ""
    assert city.release(DISTRICT) == "difference-empty"


def test_a_label_that_is_the_total_of_what_a_line_shows() -> None:
    """Those without the flu in the west and on the island are all without it: nobody in the east is."""
    city = City(PEOPLE)
    assert city.release(DISTRICT, FLU, hidden=(1,)) == ""
    assert city.release(FLU) == "difference-empty"
    city = City(PEOPLE | {("east", "no", 5): 8, ("island", "yes", 5): 8})
    assert [city.release(*by) for by in ((DISTRICT, FLU), (FLU,), (DISTRICT,))] == [""] * 3


def test_the_number_of_records_is_a_total_too() -> None:
    mainland = {who: count for who, count in PEOPLE.items() if who[0] != "island"}
    assert City(mainland, size_known=True).release(DISTRICT) == "difference-empty"
    assert City(mainland).release(DISTRICT) == ""
    assert City(PEOPLE, size_known=True).release(DISTRICT) == ""
    together = {"field": "district", "labels": {"east": ["east", "island"], "west": ["west"]}}
    assert City(mainland, size_known=True).release(together) == ""


def test_a_hidden_cell_that_is_all_that_is_left_is_as_good_as_shown() -> None:
    """The flu in the east is hidden; the total of the flu tells it, and then that of the east that it is everybody."""
    ill = {"field": "flu", "labels": {"yes": ["yes"]}}
    people = PEOPLE | {("island", "yes", 5): 10}
    city = City(people)
    assert [city.release(DISTRICT, FLU, hidden=(1,)), city.release(ill)] == ["", ""]
    assert city.release(DISTRICT) == "difference-empty"
    city = City(people | {("east", "no", 5): 8})
    assert [city.release(DISTRICT, FLU, hidden=(1,)), city.release(ill), city.release(DISTRICT)] == [""] * 3


def test_conditions_that_leave_nobody_out() -> None:
    city = City(PEOPLE)
    assert city.release(DISTRICT) == ""
    assert city.release(DISTRICT, where=({"field": "days", "to": 30},)) == "difference-empty"
    assert city.release(DISTRICT, where=({"field": "days", "from": 0},)) == ""  # by definition


@pytest.mark.parametrize("again", [
    (DISTRICT,), ({"field": "district", "labels": {"mainland": ["east", "west"], "i": ["island"]}},),
    ({"field": "days", "cuts": [30]},),
])  # fmt: skip
def test_the_same_again_or_put_together_or_cut_otherwise_tells_nothing(again: tuple[dict[str, object], ...]) -> None:
    city = City(PEOPLE)
    assert city.release(DISTRICT) == ""
    assert city.release(*again) == ""


def test_missing_values_are_in_no_cell() -> None:
    """One whose district is missing hides whether somebody has the flu on the island; that nobody lacks one is fine."""
    without = {("west", "no", 5): 30, ("island", "no", 5): 20, ("east", "no", 5): 9}
    city = City(without | {("west", "yes", 5): 30, (None, "yes", 5): 9})
    assert city.release(DISTRICT, FLU) == ""
    assert city.release(FLU) == ""


def test_rounded_counts_leave_it_open() -> None:
    city = City(PEOPLE)
    for where in ((), (WITH_FLU,)):
        meant, cells = city.asked(DISTRICT, where=where)
        assert code(city.history, cells, 8, base=5, meaning=meant) == ""


def test_sums_of_one_measure_are_compared_and_those_of_two_are_not() -> None:
    meant, cells = City(PEOPLE).asked(DISTRICT)
    ill, fewer = City(PEOPLE).asked(DISTRICT, where=(WITH_FLU,))
    history = History.start(len(cells), size_known=False)
    assert code(history, cells, 8, variable="pay", meaning=meant) == ""
    assert code(history, fewer, 8, variable="tax", meaning=ill) == ""
    assert code(history, fewer, 8, variable="pay", meaning=ill) == "difference-empty"


@pytest.mark.parametrize(("hides", "refused"), [((), False), (("full",), True), (("zero", "full"), True)])
def test_a_policy_may_show_empty_and_full_cells(hides: tuple[str, ...], refused: bool) -> None:
    city = City(PEOPLE)
    assert city.release(DISTRICT) == ""
    meant, cells = city.asked(DISTRICT, where=(WITH_FLU,))
    assert (city.history.check(cells, 8, meaning=meant, hides=hides) is not None) == refused


def test_it_is_kept_in_the_file(tmp_path: Path) -> None:
    city = City(PEOPLE)
    assert city.release(DISTRICT) == ""
    digest = city.history.save(tmp_path / "history")
    city.history = History.load(tmp_path / "history")
    assert city.history.digest() == digest
    assert city.release(DISTRICT, where=(WITH_FLU,)) == "difference-empty"


SIDES = st.sampled_from([
    DISTRICT, FLU, {"field": "days", "cuts": [10, 30]}, {"field": "days", "cuts": [20]},
    {"field": "district", "labels": {"a": ["east", "island"]}},
])  # fmt: skip
WHERE = st.sampled_from([
    WITH_FLU, {"field": "days", "from": 10, "to": 40}, {"field": "district", "in": ["west", "island"]},
])  # fmt: skip
QUERIES = st.builds(
    lambda by, where: convert({"kind": "counts", "by": by, "where": where}, Query),
    st.lists(SIDES, min_size=1, max_size=2, unique_by=lambda side: side["field"]), st.lists(WHERE, max_size=2),
)  # fmt: skip
EVERY = [
    (a, b, c) for a, b, c in product(["east", "west", "island"], ["no", "yes"], [0, 9, 10, 15, 20, 29, 30, 39, 60])
]


@given(QUERIES, QUERIES, st.sampled_from([1, 1 << 62]))
@settings(max_examples=100, deadline=None)
def test_cells_lie_within_each_other_as_all_values_say(one: Query, other: Query, largest: int) -> None:
    """Held against a plain look at each combination of values; also with numbers of any size."""
    inner, outer = meaning(one, SCHEMA), meaning(other, SCHEMA)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("privacy.disclosure.meaning._INT64", largest)
        laid = lay(inner, outer)
    within = [{cell_of(outer, who) for who in EVERY if cell_of(inner, who) == cell} for cell in range(inner.cells)]
    assert laid.place.tolist() == [next(iter(found)) if len(found) == 1 else -1 for found in within]
    assert [volume > 0 for volume in laid.inner] == [bool(found) for found in within]
    for cell in range(outer.cells):
        covered = all(laid.place[cell_of(inner, who)] == cell if cell_of(inner, who) >= 0 else False
                      for who in EVERY if cell_of(outer, who) == cell)  # fmt: skip
        assert (sum(laid.inner[laid.place == cell]) == laid.outer[cell]) == covered or not laid.outer[cell]


def test_what_is_said_of_a_hidden_place_is_so() -> None:
    """What is told of two tables of any people is true of them: no group is called empty that is not."""
    dice = np.random.default_rng(3)
    queries = [({"kind": "counts", "by": [DISTRICT, FLU]}), ({"kind": "counts", "by": [FLU]})]
    for _time in range(50):
        people = [EVERY[place] for place in np.repeat(range(0, 54, 9), dice.choice([0, 9, 30], 6))]
        releases = [
            told("", meant, np.array([cell_of(meant, who) for who in people], np.int64))
            for meant in (meaning(convert(query, Query), SCHEMA) for query in queries)
        ]
        districts = [{d for d, flu, _days in people if flu == label} for label in ("no", "yes")]
        assert after((releases[0],), releases[1])[1].zero == any(0 < len(found) < 3 for found in districts)


def test_the_same_again_is_kept_once() -> None:
    meant, cells = City(PEOPLE).asked(DISTRICT)
    first, fewer = told("", meant, cells), told("", meant, np.where(cells == 1, -1, cells))
    once, _revealed = after((), first)
    assert [after(once, again)[0] for again in (first, fewer)] == [once, once]
    assert len(after(once, told("pay", meant, cells))[0]) == 2


def test_a_thousand_earlier_releases_take_below_two_seconds() -> None:
    dice = np.random.default_rng(7)
    low, _high = limits(SCHEMA.fields["days"])  # type: ignore[arg-type]
    earlier = []
    for number in range(1000):
        axis = Axis(field=f"f{number % 50}", size=20, starts=tuple(low + n for n in range(20)), labels=tuple(range(20)))
        earlier.append(told("", Meaning((axis,)), dice.integers(0, 20, 2000)))
    start = time.process_time()
    last = replace(earlier[3].meaning.sides[0], field="f50")
    all_told, revealed = after(tuple(earlier), told("", Meaning((last,)), dice.integers(0, 20, 2000)))
    assert (len(all_told), revealed) == (1001, Revealed())
    assert time.process_time() - start < 2
