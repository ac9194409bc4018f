"""A person changes a sum by their own vector alone, and that is no longer than the clip: for any data, any question."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from privacy.federated.ask import Ask
from privacy.federated.design import Column, Design
from privacy.federated.dp.descent import MOST_PEOPLE, PACES, NoisyDescent, Pace
from privacy.federated.dp.gradients import FINE, clipped_sum
from privacy.federated.dp.scaling import Scaling
from secops.core.errors import RefusedError, UsageError

AGE, KIND, PERSON = Column("age", 18, 100), Column("kind", 0, 3, 4), Column("person", 0, 1e9)
SICK, COST = Column("sick", 0, 1, 2), Column("cost", -5, 50)
COLUMNS = (AGE, KIND, PERSON, SICK, COST)

ANY = st.floats(allow_nan=True, allow_infinity=True, width=64)


def _method(kind: str, **pace: float) -> NoisyDescent:
    chosen = Pace(**({"rounds": 3, "clip": 0.37, "rate": 1.0} | pace))  # type: ignore[arg-type]
    return NoisyDescent(kind, Scaling((AGE, KIND)), SICK if kind == "logistic" else COST, "person", 100, chosen)


def _data(records: list[tuple[float, ...]]) -> Design:
    values = np.array(records, float).reshape(len(records), len(COLUMNS))
    return Design(COLUMNS, values, np.zeros(len(records), bool))


def _record() -> st.SearchStrategy[tuple[float, ...]]:
    missing = st.just(float("nan"))
    return st.tuples(
        st.floats(18, 100) | missing, st.sampled_from([0.0, 1, 2, 3]) | missing, st.sampled_from([1.0, 2, 3, 4, 5]),
        st.sampled_from([0.0, 1]) | missing, st.floats(-5, 50) | missing,
    )  # fmt: skip


def _whole(method: NoisyDescent, data: Design, coefficients: np.ndarray) -> np.ndarray:
    ask = method.ask(method.start())
    assert ask is not None
    ask = Ask(ask.stage, ask.round, ask.bound, ask.step, {"coefficients": coefficients})
    out = method.at_site(ask, data)
    assert out.shape == (ask.size,)
    assert (np.abs(out) <= ask.bound).all()
    whole = np.round(out / ask.step)
    assert (whole * ask.step == out).all()  # what the gate rounds is whole already
    return whole


@settings(max_examples=60)
@given(st.lists(_record(), max_size=12), st.sampled_from(["logistic", "linear"]), arrays(float, 5, elements=ANY))
def test_a_sum_is_that_of_its_people_to_the_last_step(
    records: list[tuple[float, ...]], kind: str, coefficients: np.ndarray
) -> None:
    """So neighbours differ by one person's vector; and that is at most FINE long, also when they have many records."""
    method = _method(kind)
    people = {record[2] for record in records}
    alone = [_whole(method, _data([r for r in records if r[2] == person]), coefficients) for person in people]
    assert (_whole(method, _data(records), coefficients) == sum(alone, start=np.zeros(5))).all()
    for vector in alone:
        assert sum(int(entry) ** 2 for entry in vector) <= FINE**2


@given(arrays(float, st.tuples(st.integers(1, 6), st.integers(0, 6)), elements=ANY), st.floats(1e-9, 1e9))
def test_no_numbers_make_a_person_longer(gradients: np.ndarray, clip: float) -> None:
    for person in np.arange(gradients.shape[1]):
        vector = clipped_sum(gradients[:, [person]], np.array([0.0]), clip)
        assert sum(int(entry) ** 2 for entry in vector) <= FINE**2


def _crowd() -> Design:
    """Thousands, so that blocks and vector units count."""
    random = np.random.default_rng(1)
    age, kind, sick, cost = (random.uniform(low, high, 3001) for low, high in ((18, 100), (0, 4), (0, 2), (-5, 50)))
    values = np.column_stack([age, np.floor(kind), np.arange(3001), np.floor(sick), cost])
    return Design(COLUMNS, values, np.zeros(3001, bool))


@pytest.mark.parametrize("kind", ["logistic", "linear"])
def test_what_is_computed_of_a_person_hangs_on_nobody_else(kind: str) -> None:
    """To the last bit of the floats: that the whole numbers made of them agree could be luck for years."""
    method, data = _method(kind), _crowd()
    model = np.random.default_rng(2).normal(0, 2, 5)
    alone = [method.predict(model, Design(COLUMNS, row[np.newaxis], np.zeros(1, bool)))[0] for row in data.values]
    assert (method.predict(model, data) == np.array(alone)).all()
    rows = method.scaling.entries(data).T
    assert (rows @ model != np.array([row @ model for row in rows])).any()  # which a product of matrices is not


def test_who_leaves_a_crowd_takes_their_own_vector_along() -> None:
    method, data = _method("logistic"), _crowd()
    coefficients = np.random.default_rng(2).normal(0, 2, 5)
    whole = _whole(method, data, coefficients)
    for place in range(0, 3001, 300):
        rest = Design(COLUMNS, np.delete(data.values, place, axis=0), np.zeros(3000, bool))
        one = Design(COLUMNS, data.values[[place]], np.zeros(1, bool))
        assert (whole - _whole(method, rest, coefficients) == _whole(method, one, coefficients)).all()


def test_a_long_gradient_is_as_long_as_the_clip() -> None:
    vector = clipped_sum(np.array([[3e5], [4e5]]), np.array([0.0]), 0.5)
    assert vector.tolist() == [int(FINE * 0.6), int(FINE * 0.8)]


def test_a_short_one_stays_as_it_is() -> None:
    assert clipped_sum(np.array([[0.25, 0.125]]), np.array([0.0, 1.0]), 1.0).tolist() == [FINE // 4 + FINE // 8]


def test_records_of_one_person_are_cut_together() -> None:
    gradients = np.full((1, 10), 0.9)
    assert clipped_sum(gradients, np.zeros(10), 1.0).tolist() == [FINE]
    assert clipped_sum(gradients, np.arange(10.0), 1.0).tolist() == [10 * int(0.9 * FINE)]


def test_held_records_and_those_without_person_or_target_take_no_part() -> None:
    nan = float("nan")
    good = (50.0, 1.0, 7.0, 1.0, 3.0)
    data = _data([good, (50, 1, nan, 1, 3), (50, 1, 8, nan, 3), (50, 1, 9, 1, 3)])
    held = Design(data.columns, data.values, np.array([False, False, False, True]))
    method = _method("logistic")
    assert (_whole(method, held, np.zeros(5)) == _whole(method, _data([good]), np.zeros(5))).all()


def test_more_people_than_there_is_room_for_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("privacy.federated.dp.descent.MOST_PEOPLE", 2)
    data = _data([(50, 1, person, 0, 3) for person in range(9)])
    assert np.abs(_whole(_method("logistic", clip=0.01), data, np.zeros(5))).max() == 2 * FINE
    assert MOST_PEOPLE * FINE * 100 < 1 << 63


@pytest.mark.parametrize(
    ("kind", "features", "target", "unit", "pace"),
    [
        ("logistic", (AGE,), COST, "person", PACES["logistic"]),
        ("linear", (AGE,), SICK, "person", PACES["linear"]),
        ("poisson", (AGE,), COST, "person", PACES["linear"]),
        ("logistic", (AGE, SICK), SICK, "person", PACES["logistic"]),
        ("logistic", (AGE, PERSON), SICK, "person", PACES["logistic"]),
        ("logistic", (AGE,), SICK, "person", Pace(0, 1, 1)),
        ("logistic", (AGE,), SICK, "person", Pace(1, 0, 1)),
        ("logistic", (AGE,), SICK, "person", Pace(1, float("inf"), 1)),
        ("logistic", (AGE,), SICK, "person", Pace(1, 1, float("nan"))),
        ("linear", (AGE,), Column("cost", 0, float("inf")), "person", PACES["linear"]),
        ("linear", (AGE,), Column("cost", 5, 5), "person", PACES["linear"]),
    ],
)
def test_what_has_no_bound_is_no_job(
    kind: str, features: tuple[Column, ...], target: Column, unit: str, pace: Pace
) -> None:
    with pytest.raises(UsageError):
        NoisyDescent(kind, Scaling(features), target, unit, 100, pace)


@pytest.mark.parametrize("column", [Column("x", 0, float("inf")), Column("x", 1, 1), Column("x", float("nan"), 1)])
def test_a_feature_without_a_public_range_is_refused(column: Column) -> None:
    with pytest.raises(UsageError):
        Scaling((AGE, column))


@pytest.mark.parametrize(("total", "sites"), [(np.full(5, np.nan), 2), (np.full(5, np.inf), 2), (np.zeros(5), 0)])
def test_no_model_comes_from_no_answer(total: np.ndarray, sites: int) -> None:
    method = _method("logistic")
    with pytest.raises(RefusedError):
        method.take(method.start(), total, sites)
    with pytest.raises(RefusedError):
        method.model(method.start())
