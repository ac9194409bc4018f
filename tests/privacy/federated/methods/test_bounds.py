"""Whatever records a site has within the ranges, and whatever the hub gives, its vector is within the bound."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from privacy.federated.ask import Method, State
from privacy.federated.design import Column, Design, within
from privacy.federated.flower import Server
from privacy.federated.methods.classified import Classification
from privacy.federated.methods.descent import Descent, Local
from privacy.federated.methods.errors import Deviations
from privacy.federated.methods.evaluate import Evaluation
from privacy.federated.methods.families import Linear, Logistic, Poisson
from privacy.federated.methods.learner import Learner
from privacy.federated.methods.moments import Correlations, Moments
from privacy.federated.methods.newton import Newton
from privacy.federated.methods.sums import Statistics
from privacy.federated.methods.survival import Survival
from privacy.federated.methods.tables import Histogram, Labels
from privacy.federated.methods.terms import Problem
from secops.core.errors import RefusedError

AGE, GROUP, ODD = Column("age", 0, 120), Column("group", 0, 2, 3), Column("odd", -3e4, 1e-3)
SICK, COUNT, YEARS = Column("sick", 0, 1, 2), Column("count", 0, 40), Column("years", 0.25, 30)
COLUMNS = (AGE, GROUP, ODD, SICK, COUNT, YEARS)
ROWS = 12

LOGISTIC = Problem((AGE, GROUP, ODD), SICK)
NUMBER = Problem((GROUP, SICK, AGE), ODD, frozenset({"group", "age"}))
RATE = Problem((AGE, ODD), COUNT, frozenset({"odd"}), YEARS)
WIDE = Learner(LOGISTIC, Logistic(SICK), (3, 2))
LEARNER = Learner(NUMBER, Linear(ODD))

METHODS: dict[str, Method] = {
    "moments": Statistics([Moments(COLUMNS), Correlations(COLUMNS)], ROWS),
    "tables": Statistics([Labels((GROUP, SICK)), Histogram(AGE, 7), Histogram(ODD, 3)], ROWS),
    "survival": Statistics([Survival(AGE, SICK, (1.0, 50.0, 120.0), GROUP)], ROWS),
    "logistic": Newton(LOGISTIC, Logistic(SICK), ROWS),
    "linear": Newton(NUMBER, Linear(ODD), ROWS),
    "poisson": Newton(RATE, Poisson(COUNT), ROWS),
    "descent": Descent(WIDE, Local(3, 2, 0.5, 1.5, 0.1, 0.01), Server("fedavg"), ROWS, 3),
    "descent-linear": Descent(LEARNER, Local(2, 0, 0.1), Server("fedavg"), ROWS, 3),
}


@st.composite
def _sites(draw: st.DrawFn) -> Design:
    """Records with values anywhere in their ranges, at the ends often, missing, and outside."""
    records = draw(st.integers(0, ROWS))
    unit = st.one_of(st.sampled_from([0.0, 1.0, 0.5, np.nan, 2.0, -1.0]), st.floats(0, 1))
    units = draw(hnp.arrays(float, (records, len(COLUMNS)), elements=unit))
    lower, upper = np.array([[c.lower, c.upper] for c in COLUMNS]).T
    values = np.clip(lower + units * (upper - lower), lower - 1, upper + 1)
    values = np.where([bool(c.levels) for c in COLUMNS], np.rint(values), values)
    held = draw(hnp.arrays(bool, records))
    return within(COLUMNS, values, held)[0]


def _given(draw: st.DrawFn, terms: int, name: str, size: int) -> State:
    """What a hub could give: any scaling and any parameters."""
    numbers = st.floats(-8, 8)
    return {
        "mean": draw(hnp.arrays(float, terms, elements=st.floats(-100, 200))),
        "sd": draw(hnp.arrays(float, terms, elements=st.floats(0.01, 1e4))),
        name: draw(hnp.arrays(float, size, elements=numbers)),
    }


def _states(draw: st.DrawFn, name: str) -> list[State]:
    """The first state, and one that is well on its way."""
    method = METHODS[name]
    on = {"round": np.array(1.0), "still": np.array(0.0)}
    if isinstance(method, Newton):
        return [method.start(), {**on, **_given(draw, method.size - 1, "beta", method.size)}]
    if isinstance(method, Descent):
        terms, size = len(method.learner.problem.terms), method.learner.network.size
        records = np.array(draw(st.floats(1, 100)))
        return [method.start(), {**on, **_given(draw, terms, "weights", size), "records": records}]
    return [method.start()]


def _keeps(method: Method, state: State, site: Design) -> None:
    ask = method.ask(state)
    assert ask is not None
    assert np.isfinite(ask.bound).all()
    assert np.isfinite(ask.step).all()
    assert (ask.bound > 0).all()
    assert (ask.step > 0).all()
    vector = method.at_site(ask, site)
    assert vector.shape == (ask.size,)
    assert (np.abs(vector) <= ask.bound).all()  # false for what is not finite
    again = method.asked(ask.stage, ask.round, ask.given)
    assert (again.bound == ask.bound).all()
    assert (again.step == ask.step).all()


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=60)
@given(data=st.data())
def test_a_vector_keeps_its_bound(name: str, data: st.DataObject) -> None:
    site = data.draw(_sites())
    for state in _states(data.draw, name):
        _keeps(METHODS[name], state, site)


def _evaluations(draw: Callable[..., object]) -> list[Method]:
    logistic, number = Newton(LOGISTIC, Logistic(SICK), ROWS), Newton(RATE, Poisson(COUNT), ROWS)
    by_label, by_number = (_given(draw, n.size - 1, "beta", n.size) for n in (logistic, number))
    return [
        Evaluation(logistic, by_label, Classification(20, 5), ROWS),
        Evaluation(number, by_number, Deviations(COUNT), ROWS, held=False),
    ]


@settings(max_examples=60)
@given(data=st.data())
def test_an_evaluation_keeps_its_bound(data: st.DataObject) -> None:
    site = data.draw(_sites())
    for method in _evaluations(data.draw):
        _keeps(method, method.start(), site)


@pytest.mark.parametrize("name", METHODS)
def test_a_site_knows_the_rounds_of_the_job_itself(name: str) -> None:
    method = METHODS[name]
    first = method.ask(method.start())
    assert first is not None
    wrong = [("steal", 1, first.given), (first.stage, 0, first.given), (first.stage, 99, first.given)]
    wrong.append((first.stage, first.round, {**first.given, "more": np.zeros(1)}))
    for stage, number, given_ in wrong:
        with pytest.raises(RefusedError, match="does not have"):
            method.asked(stage, number, given_)


@pytest.mark.parametrize("bad", [np.inf, np.nan, 1e12])
@pytest.mark.parametrize(("name", "stage"), [("logistic", "newton"), ("descent", "train")])
def test_numbers_that_would_not_stay_finite_are_refused_whatever_the_records(name: str, stage: str, bad: float) -> None:
    method = METHODS[name]
    own = "beta" if isinstance(method, Newton) else "weights"
    size = method.size if isinstance(method, Newton) else method.learner.network.size
    sound = {"mean": np.zeros(4), "sd": np.ones(4), own: np.zeros(size)}
    sound |= {"records": np.array(5.0)} if name == "descent" else {}
    assert method.asked(stage, 2, sound).size > size - 1
    wrong = [{**sound, own: np.append(sound[own][1:], bad)}, {**sound, own: np.zeros(size + 1)}]
    wrong += [{**sound, "mean": np.full(4, bad)}, {**sound, "sd": np.full(4, -1 / bad)}, {**sound, "sd": np.zeros(4)}]
    wrong += [{**sound, "records": np.array(0.5)}, {**sound, "records": np.ones(1)}]
    for given_ in wrong:
        with np.errstate(all="ignore"), pytest.raises(RefusedError, match="does not have"):
            method.asked(stage, 2, given_)


@pytest.mark.parametrize("name", ["logistic", "linear", "poisson"])
def test_the_bound_of_a_regression_is_no_wider_than_it_must_be(name: str) -> None:
    """A bound ten times too wide would cost digits: records at the ends of their ranges come near it."""
    method = METHODS[name]
    assert isinstance(method, Newton)
    size = method.size
    state = {"round": np.array(1.0), "still": np.array(0.0), "mean": np.zeros(size - 1), "sd": np.ones(size - 1)}
    ask = method.ask({**state, "beta": np.zeros(size)})
    assert ask is not None
    ends = np.array([[c.upper if abs(c.upper) > abs(c.lower) else c.lower for c in COLUMNS]] * ROWS)
    lows = np.where([c in (SICK, COUNT, ODD) for c in COLUMNS], [c.lower for c in COLUMNS], ends)
    reached = np.zeros(ask.size)
    for values in (ends, lows):
        site = within(COLUMNS, values, np.zeros(ROWS, dtype=bool))[0]
        reached = np.maximum(reached, np.abs(method.at_site(ask, site)))
    slopes = slice(size + 2, 2 * size + 2)
    assert (reached[slopes] >= 0.1 * ask.bound[slopes])[:1].all()
