"""Regressions over sites are those of textbooks, of R, and of other code on pooled records."""

import numpy as np
import pytest
from scipy import optimize, stats

from privacy.federated.design import Column, Design
from privacy.federated.methods.families import Linear, Logistic, Poisson
from privacy.federated.methods.inference import Regression, regression
from privacy.federated.methods.newton import Newton
from privacy.federated.methods.terms import Problem, Scaling
from tests.privacy.federated.methods.running import design, run, split, summed

AGE, SEX, DOSE = Column("age", 0, 120), Column("sex", 0, 1, 2), Column("dose", -20, 20)
PRESSURE, SICK, VISITS = Column("pressure", 0, 400), Column("sick", 0, 1, 2), Column("visits", 0, 60)
YEARS = Column("years", 0.1, 10)
FEATURES = (AGE, SEX, DOSE)


def _fit(newton: Newton, sites: list[Design]) -> Regression:
    return regression(newton, run(newton, sites))


def _values(found: Regression) -> list[float]:
    return [c.value for c in found.coefficients]


def _errors(found: Regression) -> list[float]:
    return [c.error for c in found.coefficients]


def _made_up(target: Column, seed: int = 5, records: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Terms with a first column of ones, targets, and exposures."""
    draws = np.random.default_rng(seed)
    terms = np.column_stack([np.ones(records), draws.uniform(20, 90, records), draws.integers(0, 2, records)])
    terms = np.column_stack([terms, draws.normal(0, 4, records)])
    years = draws.uniform(0.5, 5, records)
    if target is PRESSURE:
        y = terms @ [100, 0.6, -5, 1.5] + draws.normal(0, 12, records)
    elif target is SICK:
        y = draws.random(records) < 1 / (1 + np.exp(-terms @ [-3, 0.04, 0.8, -0.15]))
    else:
        y = draws.poisson(years * np.exp(terms @ [-1, 0.012, 0.4, 0.06]))
    return terms, np.asarray(y, dtype=float), years


def _sites(target: Column, parts: int = 4) -> list[Design]:
    terms, y, years = _made_up(target)
    columns = (*FEATURES, target, YEARS)
    return split(design(columns, np.column_stack([terms[:, 1:], y, years])), parts)


def test_linear_is_least_squares() -> None:
    terms, y, _ = _made_up(PRESSURE)
    found = _fit(Newton(Problem(FEATURES, PRESSURE), Linear(PRESSURE), 1000), _sites(PRESSURE))
    beta, [squares], *_ = np.linalg.lstsq(terms, y)
    freedom = len(y) - 4
    covariance = squares / freedom * np.linalg.inv(terms.T @ terms)
    errors = np.sqrt(np.diag(covariance))
    assert found.rounds == 2
    assert found.freedom == pytest.approx(freedom)
    assert _values(found) == pytest.approx(beta, rel=1e-9)
    assert _errors(found) == pytest.approx(errors, rel=1e-9)
    assert found.deviance == pytest.approx(squares, rel=1e-10)
    assert found.null_deviance == pytest.approx(((y - y.mean()) ** 2).sum(), rel=1e-10)
    assert np.array(found.covariance) == pytest.approx(covariance, rel=1e-8)
    for c, value, error in zip(found.coefficients, beta, errors, strict=True):
        t = stats.t(freedom, value, error)
        assert (c.interval.lower, c.interval.upper) == pytest.approx(t.interval(0.95), rel=1e-8)
        assert c.p == pytest.approx(2 * stats.t.sf(abs(value / error), freedom), rel=1e-6)
        assert c.ratio is None
    assert [c.support for c in found.coefficients] == [400, 400, terms[:, 2].sum(), 400]


def test_one_feature_is_scipys_line() -> None:
    draws = np.random.default_rng(7)
    x = draws.normal(0, 5, 60)
    y = 30 + 2 * x + draws.normal(0, 9, 60)
    sites = split(design((DOSE, PRESSURE), np.column_stack([x, y]).clip(-20, 400)), 3)
    sites = [Design(site.columns, site.values, site.held) for site in sites]
    pooled = np.vstack([site.values for site in sites])
    pooled = pooled[~np.isnan(pooled).any(axis=1)]
    line = stats.linregress(*pooled.T)
    found = _fit(Newton(Problem((DOSE,), PRESSURE), Linear(PRESSURE), 100), sites)
    assert _values(found) == pytest.approx([line.intercept, line.slope])
    assert _errors(found) == pytest.approx([line.intercept_stderr, line.stderr])
    assert found.coefficients[1].p == pytest.approx(line.pvalue)


def test_a_textbook_logistic_regression() -> None:
    """Hours of study and passing an exam: what statistics texts print for these twenty students."""
    hours = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.25, 3.5, 4, 4.25, 4.5, 4.75, 5, 5.5]
    passed = [0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1]
    time = Column("hours", 0, 24)
    sites = split(design((time, SICK), np.column_stack([hours, passed])), 3)
    found = _fit(Newton(Problem((time,), SICK), Logistic(SICK), 100), sites)
    assert [round(x, 4) for x in _values(found)] == [-4.0777, 1.5046]
    assert [round(x, 4) for x in _errors(found)] == [1.7610, 0.6287]
    assert [round(c.p, 4) for c in found.coefficients] == [0.0206, 0.0167]
    assert found.coefficients[1].ratio == pytest.approx(np.exp(1.50465), rel=1e-4)
    assert found.deviance == pytest.approx(16.060, abs=1e-3)
    assert found.null_deviance == pytest.approx(27.726, abs=1e-3)


def test_the_poisson_regression_of_rs_manual() -> None:
    """Dobson's trial of treatments, the example of R's `glm`: coefficients, errors and deviances as R prints them."""
    visits = [18, 17, 15, 20, 10, 20, 25, 13, 12]
    outcome, treatment = Column("outcome", 0, 2, 3), Column("treatment", 0, 2, 3)
    values = [[i % 3, i // 3, count] for i, count in enumerate(visits)]
    sites = split(design((outcome, treatment, VISITS), values), 2)
    found = _fit(Newton(Problem((outcome, treatment), VISITS), Poisson(VISITS), 100), sites)
    assert [round(x, 4) for x in _values(found)[:3]] == [3.0445, -0.4543, -0.2930]
    assert _values(found)[3:] == pytest.approx([0, 0], abs=1e-9)
    assert [round(x, 4) for x in _errors(found)] == [0.1709, 0.2022, 0.1927, 0.2, 0.2]
    assert [round(c.p, 4) for c in found.coefficients[1:3]] == [0.0246, 0.1285]
    assert found.deviance == pytest.approx(5.1291, abs=1e-4)
    assert found.null_deviance == pytest.approx(10.5814, abs=1e-4)
    assert found.freedom == pytest.approx(4)


def _optimum(loss, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Where a convex loss is least, and the errors by its curvature, both by differences of the loss alone."""
    beta = optimize.minimize(loss, np.zeros(size), method="BFGS", options={"gtol": 1e-6}).x
    steps = np.eye(size) * 1e-3

    def bend(a: np.ndarray, b: np.ndarray) -> float:
        return (loss(beta + a + b) - loss(beta + a - b) - loss(beta - a + b) + loss(beta - a - b)) / 4e-6

    curvature = [[bend(a, b) for a in steps] for b in steps]
    return beta, np.sqrt(np.diag(np.linalg.inv(curvature)))


@pytest.mark.parametrize("target", [SICK, VISITS])
def test_errors_are_those_of_the_likelihoods_curvature(target: Column) -> None:
    terms, y, years = _made_up(target)
    scale = np.append(1.0, terms[:, 1:].std(axis=0))
    scaled = np.column_stack([terms[:, 0], (terms[:, 1:] - terms[:, 1:].mean(axis=0)) / scale[1:]])
    if target is SICK:
        newton = Newton(Problem(FEATURES, SICK), Logistic(SICK), 1000)
        beta, errors = _optimum(lambda b: np.logaddexp(0, (1 - 2 * y) * (scaled @ b)).sum(), 4)
    else:
        newton = Newton(Problem(FEATURES, VISITS, exposure=YEARS), Poisson(VISITS), 1000)
        beta, errors = _optimum(lambda b: (years * np.exp(scaled @ b) - y * (scaled @ b)).sum(), 4)
    found = _fit(newton, _sites(target))
    assert np.array(_values(found))[1:] == pytest.approx((beta / scale)[1:], abs=1e-5)
    assert np.array(_errors(found))[1:] == pytest.approx((errors / scale)[1:], rel=1e-4)


def test_logistic_is_scikit_learns_with_and_without_a_ridge() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    terms, y, _ = _made_up(SICK)
    scaling = Scaling(terms[:, 1:].mean(axis=0), terms[:, 1:].std(axis=0))
    for ridge in (0.0, 1.0, 50.0):
        strength = {"C": 1 / ridge} if ridge else {"C": np.inf}
        other = linear_model.LogisticRegression(**strength, tol=1e-12, max_iter=1000).fit(
            scaling.apply(terms[:, 1:]), y
        )
        newton = Newton(Problem(FEATURES, SICK), Logistic(SICK), 1000, ridge)
        state = run(newton, _sites(SICK))
        assert state["beta"] == pytest.approx([*other.intercept_, *other.coef_[0]], abs=1e-6)
        assert int(state["steps"]) <= 7


def test_poisson_is_scikit_learns() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    terms, y, years = _made_up(VISITS)
    other = linear_model.PoissonRegressor(alpha=0, tol=1e-10, solver="newton-cholesky")
    other.fit(terms[:, 1:], y / years, sample_weight=years)
    found = _fit(Newton(Problem(FEATURES, VISITS, exposure=YEARS), Poisson(VISITS), 1000), _sites(VISITS))
    assert _values(found) == pytest.approx([other.intercept_, *other.coef_], abs=1e-7)
    assert found.coefficients[2].ratio == pytest.approx(np.exp(other.coef_[1]), rel=1e-6)


def test_ridge_is_scikit_learns_and_has_no_interval() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    terms, y, _ = _made_up(PRESSURE)
    sd = terms[:, 1:].std(axis=0)
    other = linear_model.Ridge(alpha=30, tol=1e-12).fit((terms[:, 1:] - terms[:, 1:].mean(axis=0)) / sd, y)
    found = _fit(Newton(Problem(FEATURES, PRESSURE), Linear(PRESSURE), 1000, ridge=30), _sites(PRESSURE))
    assert _values(found)[1:] == pytest.approx(other.coef_ / sd, rel=1e-9)
    assert {(c.interval, c.p) for c in found.coefficients} == {(None, None)}


def test_the_error_of_a_ridge_is_by_the_formula() -> None:
    terms, y, _ = _made_up(PRESSURE)
    x = np.column_stack([np.ones(400), (terms[:, 1:] - terms[:, 1:].mean(axis=0)) / terms[:, 1:].std(axis=0)])
    inverse = np.linalg.inv(x.T @ x + np.diag([0, 90, 90, 90]))
    left = ((y - x @ inverse @ x.T @ y) ** 2).sum()
    freedom = 400 - np.trace(x @ inverse @ x.T)
    errors = np.sqrt(np.diag(inverse @ x.T @ x @ inverse) * left / freedom)[1:] / terms[:, 1:].std(axis=0)
    found = _fit(Newton(Problem(FEATURES, PRESSURE), Linear(PRESSURE), 1000, ridge=90), _sites(PRESSURE))
    assert found.freedom == pytest.approx(freedom, rel=1e-9)
    assert _errors(found)[1:] == pytest.approx(errors, rel=1e-7)


def test_a_way_back_that_nobody_has_looked_at_is_no_model() -> None:
    newton = Newton(Problem((DOSE,), PRESSURE), Linear(PRESSURE), 10)
    state = {name: np.array([1.0]) for name in ("mean", "sd")} | {"beta": np.zeros(2), "best": np.ones(2)}
    assert (newton.parameters({**state, "halvings": np.array(1.0)})["beta"] == 1).all()
    assert (newton.parameters({**state, "halvings": np.array(0.0)})["beta"] == 0).all()


def test_the_error_of_a_shrunken_coefficient_is_its_spread_over_samples() -> None:
    draws = np.random.default_rng(9)
    x = draws.normal(0, 4, 150).clip(-20, 20)
    newton = Newton(Problem((DOSE,), PRESSURE), Linear(PRESSURE), 200, ridge=80)
    slopes, errors = [], []
    for _ in range(300):
        site = design((DOSE, PRESSURE), np.column_stack([x, 100 + 2 * x + draws.normal(0, 10, 150)]))
        found = _fit(newton, [site])
        slopes.append(found.coefficients[1].value)
        errors.append(found.coefficients[1].error)
    assert np.mean(errors) == pytest.approx(np.std(slopes), rel=0.1)


@pytest.mark.parametrize("parts", [1, 2, 7])
def test_how_records_lie_at_sites_changes_nothing(parts: int) -> None:
    newton = Newton(Problem(FEATURES, SICK), Logistic(SICK), 1000)
    one, other = (_fit(newton, _sites(SICK, n)) for n in (parts, 3))
    assert _values(one) == pytest.approx(_values(other), abs=1e-8)
    assert _errors(one) == pytest.approx(_errors(other), rel=1e-8)


def test_scores_are_expected_targets_and_held_records_teach_nothing() -> None:
    terms, y, years = _made_up(VISITS)
    values = np.column_stack([terms[:, 1:], y, years])
    held = np.arange(len(y)) % 4 == 0
    columns = (*FEATURES, VISITS, YEARS)
    newton = Newton(Problem(FEATURES, VISITS, exposure=YEARS), Poisson(VISITS), 1000)
    state = run(newton, [design(columns, values, held)])
    alone = run(newton, [design(columns, values[~held])])
    assert (state["beta"] == alone["beta"]).all()
    beta = _values(regression(newton, state))
    expected = years * np.exp(terms @ beta)
    assert newton.score(newton.parameters(state), design(columns, values)) == pytest.approx(expected)
    values[0, 1] = values[1, 4] = np.nan
    assert np.isnan(newton.score(newton.parameters(state), design(columns, values))[:3]).tolist() == [True, True, False]


def test_missing_features_are_dropped_or_average() -> None:
    terms, y, _ = _made_up(PRESSURE)
    values = np.column_stack([terms[:, 1:], y])
    values[np.random.default_rng(3).random(values.shape) < 0.2] = np.nan
    columns = (*FEATURES, PRESSURE)
    sites = split(design(columns, values), 4)
    complete = values[~np.isnan(values).any(axis=1)]
    with_target = values[~np.isnan(values[:, -1])]
    filled = np.where(np.isnan(with_target), np.nanmean(with_target, axis=0), with_target)
    some = with_target[~np.isnan(with_target[:, 1:3]).any(axis=1)]
    half = np.where(np.isnan(some), np.nanmean(some, axis=0), some)
    for averaged, pooled in (((), complete), (("age", "sex", "dose"), filled), (("age",), half)):
        problem = Problem(FEATURES, PRESSURE, frozenset(averaged))
        found = _fit(Newton(problem, Linear(PRESSURE), 1000), sites)
        expected = np.linalg.lstsq(np.column_stack([np.ones(len(pooled)), pooled[:, :-1]]), pooled[:, -1])[0]
        assert found.records == len(pooled)
        assert _values(found) == pytest.approx(expected, rel=1e-8)


def test_a_step_that_makes_it_worse_is_halved() -> None:
    """Newton's plain steps run away here: the loss must fall all the same, and the optimum be found."""
    x = np.concatenate([np.full(3, 19.0), np.zeros(400), np.linspace(-1, 1, 40)])
    y = np.concatenate([np.full(3, 59.0), np.zeros(397), np.ones(3), np.tile([0, 1], 20)])
    sites = split(design((DOSE, VISITS), np.column_stack([x, y])), 3)
    newton = Newton(Problem((DOSE,), VISITS), Poisson(VISITS), 1000, rounds=60)
    state, halved, losses = newton.start(), 0, []
    while ask := newton.ask(state):
        state = newton.take(state, summed(ask, [newton.at_site(ask, site) for site in sites]), 3)
        halved += bool(state.get("halvings", 0))
        losses.append(float(state.get("loss", np.inf)))
    assert halved
    assert losses == sorted(losses, reverse=True)
    slope, intercept = regression(newton, state).coefficients[::-1]
    mean = np.exp(intercept.value + slope.value * x)
    assert (y - mean).sum() == pytest.approx(0, abs=1e-6)
    assert ((y - mean) @ x) == pytest.approx(0, abs=1e-5)
