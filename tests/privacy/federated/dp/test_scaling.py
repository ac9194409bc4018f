"""Scaled columns and back: the same model, whichever way it is written."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from privacy.federated.design import Column, Design
from privacy.federated.dp.scaling import CONSTANT, Scaling

AGE, KIND, SEX = Column("age", 20, 90), Column("kind", 0, 3, 4), Column("sex", 0, 1, 2)
SCALING = Scaling((AGE, KIND, SEX))


def _data(*records: tuple[float, float, float]) -> Design:
    return Design((AGE, KIND, SEX), np.array(records, float), np.zeros(len(records), bool))


def test_entries_by_hand() -> None:
    nan = float("nan")
    entries = SCALING.entries(_data((20, 0, 1), (90, 2, 0), (55, 3, nan), (nan, nan, nan))) * SCALING.length
    assert np.allclose(entries[:, 0], [1, -2, -0.5, -0.5, -0.5, 0.5])
    assert np.allclose(entries[:, 1], [1, 2, -0.5, 0.5, -0.5, -0.5])
    assert np.allclose(entries[:, 2], [1, 0, -0.5, -0.5, 0.5, 0])
    assert np.allclose(entries[:, 3], [1, 0, 0, 0, 0, 0])
    assert SCALING.length == (1 + 1 + 3 / 4 + 1 / 4) ** 0.5
    assert SCALING.size == 6


@given(st.lists(st.floats(-9, 9), min_size=6, max_size=6), st.floats(20, 90), st.integers(0, 3), st.integers(0, 1))
def test_terms_are_the_same_model(coefficients: list[float], age: float, kind: int, sex: int) -> None:
    given = np.array(coefficients)
    terms = SCALING.terms(given)
    by_terms = terms[CONSTANT] + terms["age"] * age + terms.get(f"kind={kind}", 0) + terms.get(f"sex={sex}", 0)
    assert np.isclose(by_terms, given @ SCALING.entries(_data((age, kind, sex)))[:, 0])
    assert list(terms) == [CONSTANT, "age", "kind=1", "kind=2", "kind=3", "sex=1"]


@given(st.floats(allow_nan=True, allow_infinity=True), st.floats(allow_nan=True, allow_infinity=True))
def test_entries_stay_within_their_range_whatever_comes(number: float, label: float) -> None:
    assert (np.abs(SCALING.entries(_data((number, label, 0))) * SCALING.length) <= 2.0000001).all()
