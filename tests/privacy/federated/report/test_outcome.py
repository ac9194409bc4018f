"""What a job gave: the right numbers with the right names, and JSON that is read as it was written."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.federated import building
from privacy.federated.dp.descent import NoisyDescent
from privacy.federated.hub import Standing
from privacy.federated.methods.inference import Coefficient
from privacy.federated.methods.intervals import Interval
from privacy.federated.report import making, outcome
from secops.core.errors import RefusedError, UsageError
from tests.privacy.federated.report import runs

METHODS = {
    "logistic": runs.JOB,
    "ridge": runs.JOB.replace("name: logistic", "name: logistic, ridge: 1"),
    "linear": runs.PRESSURE.replace("name: logistic", "name: linear, confidence: 90"),
    "fedavg": runs.JOB.replace("name: logistic", "name: fedavg"),
    "fedavg-number": runs.PRESSURE.replace("name: logistic", "name: fedavg"),
    "network": runs.JOB.replace("name: logistic", "name: fedadam, hidden: [3]"),
    "statistics": runs.STATISTICS_JOB,
    "noisy": runs.NOISY,
    "noisy-number": runs.NOISY.replace("target: ill", "target: pressure").replace(
        "records: 300", "records: 300, rate: 8"
    ),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return {name: runs.done(tmp_path_factory.mktemp("job"), text) for name, text in METHODS.items()}


@pytest.mark.parametrize("name", METHODS)
def test_it_is_read_as_it_was_written(found, name):
    made = found[name].outcome
    raw = outcome.dump(made)
    assert outcome.parse(raw, "x") == made
    assert outcome.dump(outcome.parse(raw, "x")) == raw
    told = json.loads(raw, parse_constant=pytest.fail)
    assert told["job"] == found[name].job.digest
    assert told["sites"] == ["east", "north", "west"]


@pytest.mark.parametrize("name", ["logistic", "ridge", "linear", "fedavg", "fedavg-number", "noisy", "noisy-number"])
def test_coefficients_in_own_units_predict_as_the_method_does(found, name):
    """By hand from the JSON: the intercept, numbers times their coefficients, and one for a label."""
    done = found[name]
    told = done.outcome.result.coefficients
    told = told if isinstance(told, dict) else {row.term: row.value for row in told}
    design = done.sites["east"]
    whole = ~np.isnan(design.values).any(axis=1)
    eta = np.full(len(design.values), told["(intercept)"])
    for name_, value in told.items():
        feature, _, label = name_.partition("=")
        if feature == "(intercept)":
            continue
        column = design.column(feature)
        labels = building.labels_of(done.job.features[feature])
        eta += value * (column == labels.index(label) if label else column)
    state = done.standing.state
    fitted = done.method.fit if hasattr(done.method, "fit") else done.method
    if isinstance(fitted, NoisyDescent):
        score = fitted.predict(fitted.model(state), design)
    else:
        score = fitted.score(fitted.parameters(state), design)
    expected = 1 / (1 + np.exp(-eta)) if done.job.target == "ill" else eta
    np.testing.assert_allclose(score[whole], expected[whole], rtol=1e-9)


def test_rates_are_per_exposure(tmp_path):
    text = runs.JOB.replace("{type: number, unit: mmHg, minimum: 60", "{type: integer, unit: mmHg, minimum: 0")
    text = text.replace(", missing: mean", "").replace("target: ill", "target: pressure")
    done = runs.done(tmp_path, text.replace("name: logistic", "name: poisson, exposure: age"))
    rows = {row.term: row for row in done.outcome.result.coefficients}
    assert list(rows) == ["(intercept)", "grade=middle", "grade=high", "ill=true"]
    train = np.vstack([design.part(held=False).values for design in done.sites.values()])
    value = {column.name: train[:, place] for place, column in enumerate(done.job.columns())}
    terms = np.column_stack([np.ones(len(train)), value["grade"] == 1, value["grade"] == 2, value["ill"]])
    expected = value["age"] * np.exp(terms @ [row.value for row in rows.values()])
    # at the optimum of a Poisson regression expected and counted are alike along every term
    np.testing.assert_allclose(terms.T @ expected, terms.T @ value["pressure"], rtol=1e-9)
    assert rows["ill=true"].ratio == pytest.approx(np.exp(rows["ill=true"].value))
    assert done.outcome.evaluation.errors.rmse > 0


def test_a_regression_is_that_of_all_records(found):
    linear = pytest.importorskip("sklearn.linear_model")
    done = found["linear"]
    train = np.vstack([design.part(held=False).values for design in done.sites.values()])
    value = {column.name: train[:, place] for place, column in enumerate(done.job.columns())}
    terms = np.column_stack([value["age"], value["grade"] == 1, value["grade"] == 2, value["ill"]])
    fit = linear.LinearRegression().fit(terms, value["pressure"])
    result = done.outcome.result
    rows = {row.term: row for row in result.coefficients}
    assert list(rows) == ["(intercept)", "age", "grade=middle", "grade=high", "ill=true"]
    np.testing.assert_allclose([row.value for row in rows.values()], [fit.intercept_, *fit.coef_], rtol=1e-8)
    whole = np.column_stack([np.ones(len(terms)), terms])
    left = value["pressure"] - whole @ np.append(fit.intercept_, fit.coef_)
    errors = np.sqrt(np.diag(np.linalg.inv(whole.T @ whole)) * (left @ left) / (len(whole) - 5))
    np.testing.assert_allclose([row.error for row in rows.values()], errors, rtol=1e-8)
    assert done.outcome.confidence == 90
    from scipy import special

    width = special.stdtrit(len(whole) - 5, 0.95)
    assert rows["age"].interval.upper == pytest.approx(rows["age"].value + width * errors[1])


def test_with_a_ridge_or_noise_nothing_is_told_that_does_not_hold(found):
    ridge = found["ridge"].outcome.result
    assert all(row.interval is None and row.p is None and row.ratio_interval is None for row in ridge.coefficients)
    noisy = found["noisy"].outcome.result
    assert 0.9 < noisy.epsilon <= 1
    assert noisy.delta == 1e-4
    assert noisy.honest == 2
    assert found["noisy"].outcome.steps == ((100 - 18) / 4, 1, 1, (260 - 60) / 4)
    assert "error" not in outcome.dump(found["noisy"].outcome).decode()


def test_statistics_have_the_labels_of_the_job(found):
    parts = {type(part).__name__: part for part in found["statistics"].outcome.result.parts}
    assert parts["Counted"].columns == ("grade", "ill")
    assert parts["Counted"].labels == (("low", "middle", "high"), ("false", "true"))
    assert parts["Followed"].labels == ("low", "middle", "high")
    assert {row.column for row in parts["Summed"].columns} == {"age", "pressure"}
    assert found["statistics"].outcome.rounding.part < 1e-15


def test_rounding_bounds_what_counting_in_steps_does(found):
    """Against a fit over the same records, summed without steps."""
    done = found["logistic"]
    fitted = done.method.fit
    state = fitted.start()
    while ask := fitted.ask(state):
        total = np.sum([fitted.at_site(ask, design) for design in done.sites.values()], axis=0)
        state = fitted.take(state, total, 3)
    off = np.abs(state["beta"] - done.standing.state["beta"]).max()
    assert off <= max(done.outcome.rounding.coefficients, 1e-12)
    assert done.outcome.rounding.coefficients < 1e-9


def test_steps_are_those_of_the_terms(found):
    done = found["logistic"]
    train = np.vstack([design.part(held=False).values for design in done.sites.values()])
    age, pressure = (train[:, [c.name for c in done.job.columns()].index(name)] for name in ("age", "pressure"))
    np.testing.assert_allclose(done.outcome.steps, [age.std(), 1, 1, np.nanstd(pressure)], rtol=1e-9)
    assert found["statistics"].outcome.steps == ()


def test_a_job_that_is_not_done_has_no_outcome(found):
    done = found["logistic"]
    before = Standing(done.method.start())
    with pytest.raises(RefusedError, match="not done"):
        making.outcome(done.job, done.method, before)


def test_a_number_that_is_none_never_stands_in_it(found):
    made = found["fedavg"].outcome
    wrong = msgspec.structs.replace(made, parameters={"weights": (float("nan"),)})
    with pytest.raises(RefusedError, match="not finite"):
        outcome.dump(wrong)
    with pytest.raises(UsageError):
        outcome.parse(outcome.dump(made).replace(b'"part": ', b'"part": 1e999, "x": '), "x")


def test_a_ratio_that_no_float_holds_is_none(found):
    row = Coefficient(
        "age", 99, 800.0, 300.0, Interval(212.0, 1388.0), 0.01, float("inf"), Interval(1e92, float("inf"))
    )
    shown = making._coefficient(found["logistic"].job, row)
    assert (shown.ratio, shown.ratio_interval) == (None, None)
    assert shown.interval == row.interval


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"method": "fedavg"', b'"method": "fedavg", "more": 1'),
        (b'"format": "citywall-outcome/1",', b""),
        (b'"format": "citywall-outcome/1"', b'"format": "citywall-outcome/2"'),
        (b'"left_out": ', b'"left_out": "1", "x": '),
        (b'"brier": ', b'"bier": '),
        (b'"kind": "descent"', b'"kind": "noisy"'),
    ],
)
def test_what_no_job_gave_is_refused(found, old, new):
    raw = outcome.dump(found["fedavg"].outcome)
    assert raw.count(old) == 1
    with pytest.raises(UsageError):
        outcome.parse(raw.replace(old, new), "x")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["format", "result", "kind", "rounds"]), inner),
)


@given(st.binary() | _JSON.map(lambda value: json.dumps(value).encode()))
def test_hostile_bytes_are_a_usage_error(raw):
    with pytest.raises(UsageError):
        outcome.parse(raw, "x")
