"""The models: without noise those of independent software, with it still good, and no better than they may be."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import roc_auc_score

from privacy.federated.design import Column, Design
from privacy.federated.dp.descent import PACES, NoisyDescent, Pace
from privacy.federated.dp.plan import plan
from privacy.federated.dp.scaling import CONSTANT, Scaling
from tests.privacy.federated.dp.kit import repeated, trained

AGE, DOSE, SEX = Column("age", 20, 90), Column("dose", 0, 10), Column("sex", 0, 1, 2)
PERSON, SICK, COST = Column("person", 0, 1e9), Column("sick", 0, 1, 2), Column("cost", -30, 70)


def _people(seed: int, count: int) -> Design:
    random = np.random.default_rng(seed)
    age, dose, sex = random.uniform(30, 80, count), random.uniform(1, 9, count), random.integers(0, 2, count)
    risk = 0.06 * (age - 55) - 0.4 * (dose - 5) + 1.2 * (sex - 0.5)
    sick = random.uniform(size=count) < 1 / (1 + np.exp(-risk))
    cost = np.clip(20 + 8 * risk + random.normal(0, 5, count), -30, 70)
    values = np.column_stack([age, dose, sex, np.arange(count), sick, cost]).astype(float)
    return Design((AGE, DOSE, SEX, PERSON, SICK, COST), values, np.zeros(count, bool))


SITES = [_people(1, 150), _people(2, 250), _people(3, 200)]
TEST = _people(9, 3000)
FEATURES = Scaling((AGE, DOSE, SEX))


def _method(kind: str, pace: Pace | None = None) -> NoisyDescent:
    return NoisyDescent(kind, FEATURES, SICK if kind == "logistic" else COST, "person", 600, pace or PACES[kind])


def test_without_clip_and_noise_it_is_logistic_regression() -> None:
    method = _method("logistic", Pace(1500, 1.5, 30.0))
    terms = FEATURES.terms(trained(method, SITES, None, repeated(1)))
    values = np.concatenate([site.values for site in SITES])
    other = LogisticRegression(C=1e9, tol=1e-10, max_iter=1000).fit(values[:, :3], values[:, 4])
    assert np.allclose([terms["age"], terms["dose"], terms["sex=1"]], other.coef_[0], atol=3e-3)
    assert terms[CONSTANT] == pytest.approx(other.intercept_[0], abs=0.02)


def test_without_clip_and_noise_it_is_linear_regression() -> None:
    method = _method("linear", Pace(1000, 2.0, 3.0))
    model = trained(method, SITES, None, repeated(1))
    values = np.concatenate([site.values for site in SITES])
    other = LinearRegression().fit(values[:, :3], values[:, 5])
    assert np.allclose(method.predict(model, TEST), np.clip(other.predict(TEST.values[:, :3]), -30, 70), atol=0.05)


@pytest.mark.parametrize("kind", ["logistic", "linear"])
def test_with_noise_it_is_still_good(kind: str) -> None:
    method = _method(kind)
    noise = plan(method.wanted(1.0, 1e-4, 3, 3, 0))
    found = method.predict(trained(method, SITES, noise, repeated(4)), TEST)
    best = method.predict(trained(method, SITES, None, repeated(4)), TEST)
    if kind == "logistic":
        scores = [roc_auc_score(TEST.column("sick"), each) for each in (found, best)]
    else:
        cost = TEST.column("cost")
        scores = [1 - ((each - cost) ** 2).mean() / cost.var() for each in (found, best)]
    assert scores[0] != scores[1]
    assert scores[0] > scores[1] - 0.1
    assert scores[1] > 0.6


def test_where_sites_are_cut_does_not_matter() -> None:
    """Without noise the model is the same to the last bit, be the people at one site or at three."""
    method = _method("logistic", Pace(4, 0.4, 32.0))
    values = np.concatenate([site.values for site in SITES])
    values[:, 3] = np.arange(len(values))
    whole = Design(TEST.columns, values, np.zeros(len(values), bool))
    parts = [Design(TEST.columns, part, np.zeros(len(part), bool)) for part in np.split(values, [150, 400])]
    assert (trained(method, [whole], None, repeated(1)) == trained(method, parts, None, repeated(1))).all()


def test_it_can_be_taken_up_again_after_any_round() -> None:
    method = _method("logistic", Pace(4, 0.4, 32.0))
    state = method.start()
    for round_number in range(4):
        ask = method.ask({name: np.array(array.tolist()) for name, array in state.items()})
        assert ask is not None
        assert ask.round == round_number + 1
        whole = [np.round(method.at_site(ask, site) / ask.step) for site in SITES]
        state = method.take(state, sum(whole) * ask.step, 3)
    assert method.ask(state) is None
    assert (method.model(state) == trained(method, SITES, None, repeated(1))).all()
