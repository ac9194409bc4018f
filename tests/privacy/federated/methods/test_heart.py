"""Four hospitals: the figures that pooling would give, from sums alone (FLamby's records and split)."""

import numpy as np
import pytest

from privacy.federated.design import Column, Design
from privacy.federated.flower import Server
from privacy.federated.methods.classified import Classification
from privacy.federated.methods.descent import Descent, Local
from privacy.federated.methods.evaluate import Evaluation
from privacy.federated.methods.families import Logistic
from privacy.federated.methods.inference import regression
from privacy.federated.methods.learner import Learner
from privacy.federated.methods.newton import Newton
from privacy.federated.methods.terms import Problem
from tests.privacy.federated.heart import hospitals
from tests.privacy.federated.methods.running import run

COLUMNS = (
    Column("age", 0, 120),
    Column("sex", 0, 1, 2),
    Column("cp", 0, 3, 4),
    Column("trestbps", 0, 300),
    Column("chol", 0, 1000),
    Column("fbs", 0, 1, 2),
    Column("restecg", 0, 2, 3),
    Column("thalach", 0, 250),
    Column("exang", 0, 1, 2),
    Column("oldpeak", -10, 10),
    Column("disease", 0, 1, 2),
)

TARGET = COLUMNS[-1]
PROBLEM = Problem(COLUMNS[:-1], TARGET)
ROWS = 1_000_000


@pytest.fixture(scope="module")
def sites() -> list[Design]:
    found = hospitals(COLUMNS)
    assert not any(np.isnan(site.values).any() for site in found)  # nothing is outside of these ranges
    return found


def _newton(ridge: float = 1.0, rounds: int = 25) -> Newton:
    return Newton(PROBLEM, Logistic(TARGET), ROWS, ridge, rounds)


def _tested(method, state, sites: list[Design]):
    evaluation = Evaluation(method, method.parameters(state), Classification(), ROWS)
    return evaluation.measured(run(evaluation, sites))


def _pooled(sites: list[Design], *, held: bool) -> tuple[np.ndarray, np.ndarray]:
    """Terms and targets of all sites' records."""
    values = np.vstack([site.part(held=held).values for site in sites])
    labels = [(values[:, [k]] == level) for k, n in ((2, 4), (6, 3)) for level in range(1, n)]
    return np.hstack([values[:, [0, 1, 3, 4, 5, 7, 8, 9]], *labels]).astype(float), values[:, -1]


def test_the_records_are_flambys(sites: list[Design]) -> None:
    sizes = [(int((~site.held).sum()), int(site.held.sum())) for site in sites]
    assert sizes == [(199, 104), (172, 89), (30, 16), (85, 45)]


def test_three_rounds_are_as_good_as_pooling(sites: list[Design]) -> None:
    newton = _newton(rounds=3)
    found = _tested(newton, run(newton, sites), sites)
    assert (found.accuracy.count, found.records) == (202, 254)  # .7953, what FLamby has for pooled training
    assert found.auc.value == pytest.approx(0.8810, abs=found.auc.off)
    assert found.auc.off < 0.003
    assert found.accuracy.interval.lower < 0.7480 < found.accuracy.interval.upper  # 254 records tell no more


def test_six_rounds_are_the_pooled_optimum(sites: list[Design]) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    terms, y = _pooled(sites, held=False)
    scaled = (terms - terms.mean(axis=0)) / terms.std(axis=0)
    other = linear_model.LogisticRegression(C=1.0, tol=1e-12, max_iter=10_000).fit(scaled, y)
    for rounds in (5, 6):
        state = run(_newton(rounds=rounds), sites)
        by_name = dict(zip(PROBLEM.terms.names, state["beta"][1:], strict=True))
        order = [*(c.name if not c.levels else f"{c.name}=1" for c in COLUMNS[:-1] if (c.levels or 0) < 3)]
        order += ["cp=1", "cp=2", "cp=3", "restecg=1", "restecg=2"]
        assert [by_name[name] for name in order] == pytest.approx(other.coef_[0], abs=1e-6)
        assert state["beta"][0] == pytest.approx(other.intercept_[0], abs=1e-6)


def test_each_round_squares_the_distance_to_the_optimum(sites: list[Design]) -> None:
    optimum = run(_newton(), sites)["beta"]
    distances = [np.abs(run(_newton(rounds=n), sites)["beta"] - optimum).max() for n in (3, 4, 5)]
    for distance, told in zip(distances, (6e-3, 4e-5, 2e-9), strict=True):  # as docs/federated-methods.md says
        assert told / 10 < distance < told


def test_odds_ratios_without_a_ridge_are_those_of_pooled_records(sites: list[Design]) -> None:
    terms, y = _pooled(sites, held=False)
    x = np.column_stack([np.ones(len(y)), terms])
    beta = np.zeros(x.shape[1])
    for _ in range(30):
        mean = 1 / (1 + np.exp(-x @ beta))
        information = (x * (mean * (1 - mean))[:, None]).T @ x
        beta = beta + np.linalg.solve(information, x.T @ (y - mean))
    errors = np.sqrt(np.diag(np.linalg.inv(information)))
    found = {c.term: c for c in regression(_newton(0.0), run(_newton(0.0), sites)).coefficients}
    for term, place in (("(intercept)", 0), ("age", 1), ("sex=1", 2), ("chol", 4), ("oldpeak", 8), ("cp=3", 11)):
        assert found[term].value == pytest.approx(beta[place], rel=1e-6)
        assert found[term].error == pytest.approx(errors[place], rel=1e-6)
    assert found["sex=1"].ratio == pytest.approx(np.exp(beta[2]), rel=1e-6)
    assert found["sex=1"].ratio_interval.lower == pytest.approx(np.exp(beta[2] - 1.959964 * errors[2]), rel=1e-5)


def test_averaging_with_one_scaling_for_all_reaches_pooling(sites: list[Design]) -> None:
    for local in (Local(), Local(proximal=0.1)):
        descent = Descent(Learner(PROBLEM, Logistic(TARGET)), local, Server("fedavg"), ROWS, rounds=100)
        found = _tested(descent, run(descent, sites), sites)
        assert found.accuracy.value >= 0.80
        assert found.auc.value >= 0.88


def test_adam_and_a_small_network_are_no_worse_than_published_averaging(sites: list[Design]) -> None:
    adam = Descent(Learner(PROBLEM, Logistic(TARGET)), Local(5, 0, 0.1), Server("fedadam", 0.05), ROWS, 60)
    small = Descent(Learner(PROBLEM, Logistic(TARGET), (8,)), Local(10, 0, 0.2, decay=0.02), Server("fedavg"), ROWS, 30)
    for descent in (adam, small):
        found = _tested(descent, run(descent, sites), sites)
        assert found.accuracy.value > 0.7480
        assert found.auc.value > 0.86


def test_a_hospital_that_never_measured_cholesterol_shows_in_its_own_moments_alone(sites: list[Design]) -> None:
    means = [site.column("chol").mean() for site in sites]
    assert means[2] == 0
    assert min(means[0], means[1]) > 200
