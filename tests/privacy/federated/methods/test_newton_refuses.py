"""Where no right number exists there is none, with the reason; and its near miss has one."""

import numpy as np
import pytest
from scipy import stats

from privacy.federated.design import Column, Design
from privacy.federated.methods.families import Linear, Logistic, Poisson
from privacy.federated.methods.inference import regression
from privacy.federated.methods.newton import Newton
from privacy.federated.methods.search import Search, Sums, begun
from privacy.federated.methods.terms import Problem
from secops.core.errors import RefusedError, UsageError
from tests.privacy.federated.methods.running import design, run, split, summed

X, Z, LABEL = Column("x", -10, 10), Column("z", -10, 10), Column("label", 0, 2, 3)
SICK, COUNT, NUMBER = Column("sick", 0, 1, 2), Column("count", 0, 5), Column("number", -100, 100)

DRAWS = np.random.default_rng(12)
NOISE = DRAWS.normal(0, 2, 80).clip(-10, 10)
EVEN = np.linspace(-5, 5, 80)


def _fit(features, target, family, values, **options):
    newton = Newton(Problem(features, target), family(target), 1000, **options)
    return regression(newton, run(newton, split(design((*features, target), values), 3)))


def _sick(x: np.ndarray, flips: tuple[int, ...]) -> np.ndarray:
    y = (x > 0).astype(float)
    y[list(flips)] = 1 - y[list(flips)]
    return np.column_stack([x, y])


def test_a_term_that_separates_the_labels_has_no_coefficient() -> None:
    with pytest.raises(RefusedError, match="separate the two labels of sick"):
        _fit((X,), SICK, Logistic, _sick(EVEN, ()))
    assert _fit((X,), SICK, Logistic, _sick(EVEN, (38, 42))).coefficients[1].value > 0
    assert _fit((X,), SICK, Logistic, _sick(EVEN, ()), ridge=1.0).coefficients[1].value > 0


def test_a_label_that_is_always_sick_has_no_coefficient() -> None:
    label = np.arange(80) % 3
    y = np.where(label == 2, 1.0, np.arange(80) % 2)
    values = np.column_stack([EVEN, label, y])
    with pytest.raises(RefusedError) as refused:
        _fit((X, LABEL), SICK, Logistic, values)
    assert "label=2" in f"{refused.value} {refused.value.hint}"
    assert "label=1" not in f"{refused.value} {refused.value.hint}"
    values[2, 2] = 0
    assert _fit((X, LABEL), SICK, Logistic, values).coefficients[3].error < 2


def test_a_label_without_any_count_has_no_rate_ratio() -> None:
    label = np.arange(80) % 3
    values = np.column_stack([label, np.where(label == 1, 0.0, np.arange(80) % 4)])
    with pytest.raises(RefusedError) as refused:
        _fit((LABEL,), COUNT, Poisson, values)
    assert "label=1" in f"{refused.value} {refused.value.hint}"
    values[1, 1] = 1
    assert _fit((LABEL,), COUNT, Poisson, values).coefficients[1].value < -1


@pytest.mark.parametrize(
    ("family", "target", "value"), [(Logistic, SICK, 1.0), (Poisson, COUNT, 0.0), (Linear, NUMBER, 7)]
)
def test_a_target_that_is_always_the_same_teaches_nothing(family, target, value) -> None:
    with pytest.raises(RefusedError, match=f"{target.name} is the same in all records"):
        _fit((X,), target, family, np.column_stack([EVEN, np.full(80, value)]))


def test_counts_that_are_all_the_same_have_a_rate() -> None:
    found = _fit((X,), COUNT, Poisson, np.column_stack([EVEN, np.full(80, 3.0)]))
    assert [c.value for c in found.coefficients] == pytest.approx([np.log(3), 0], abs=1e-8)


def test_one_class_at_a_site_is_no_trouble() -> None:
    values = _sick(EVEN, (38, 42, 10, 70))
    sites = [design((X, SICK), values[:20]), design((X, SICK), values[20:])]
    newton = Newton(Problem((X,), SICK), Logistic(SICK), 1000)
    assert regression(newton, run(newton, sites)).records == 80


def test_terms_that_say_the_same_are_named() -> None:
    y = 3 * EVEN + DRAWS.normal(0, 2, 80)
    with pytest.raises(RefusedError, match="say the same: x, z"):
        _fit((X, Z), NUMBER, Linear, np.column_stack([EVEN, -1.5 * EVEN + 1, y]))
    near = np.column_stack([EVEN, -1.5 * EVEN + 1 + 0.01 * NOISE, y])
    found = _fit((X, Z), NUMBER, Linear, near)
    expected = np.linalg.lstsq(np.column_stack([np.ones(80), near[:, :2]]), y)[0]
    assert [c.value for c in found.coefficients] == pytest.approx(expected, rel=1e-6)
    assert _fit((X, Z), NUMBER, Linear, np.column_stack([EVEN, -1.5 * EVEN + 1, y]), ridge=1).records == 80


def test_a_term_that_is_always_the_same_is_named() -> None:
    values = np.column_stack([EVEN, np.full(80, 3.0), NOISE])
    with pytest.raises(RefusedError, match=r": z$"):
        _fit((X, Z), NUMBER, Linear, values)
    values[0, 1] = 3.5
    assert _fit((X, Z), NUMBER, Linear, values).records == 80


def test_a_feature_that_nobody_has_is_named() -> None:
    values = np.column_stack([EVEN, np.full(80, np.nan), NOISE])
    problem = Problem((X, Z), NUMBER, frozenset({"z"}))
    with pytest.raises(RefusedError, match=r": z$"):
        run(Newton(problem, Linear(NUMBER), 1000), [design((X, Z, NUMBER), values)])
    with pytest.raises(RefusedError, match="no site has a record"):
        _fit((X, Z), NUMBER, Linear, values)


def test_more_terms_than_records_leave_nothing_over() -> None:
    with pytest.raises(RefusedError, match="say the same"):
        _fit((X, Z), NUMBER, Linear, [[1, 2, 3], [4, 4, 5]])
    with pytest.raises(RefusedError, match="no standard error"):
        _fit((X, Z), NUMBER, Linear, [[1, 2, 3], [4, 4, 5], [0, 5, -1]])
    assert _fit((X, Z), NUMBER, Linear, [[1, 2, 3], [4, 4, 5], [0, 5, -1], [2, 2, 2]]).freedom == pytest.approx(1)


def test_expected_counts_beyond_what_is_declared_are_no_fit() -> None:
    years, few, many = Column("years", 1, 100), Column("count", 0, 1), Column("count", 0, 20)
    values = np.column_stack([EVEN, np.ones(80), np.ones(80)])
    values[40] = [0, 1, 60]  # 80 counts in 139 years: about 35 are expected here
    fits = [Newton(Problem((X,), count, exposure=years), Poisson(count), 1000) for count in (few, many)]
    refused, fitted = ((newton, split(design((X, newton.problem.target, years), values), 3)) for newton in fits)
    with pytest.raises(RefusedError, match="declare a wider range"):
        run(*refused)
    found = regression(fitted[0], run(*fitted))
    assert np.exp(found.coefficients[0].value) == pytest.approx(80 / 139, rel=0.02)


def test_a_line_through_all_points_has_no_standard_error() -> None:
    with pytest.raises(RefusedError, match="to the last digit"):
        _fit((X,), NUMBER, Linear, np.column_stack([EVEN, 3 * EVEN - 1]))
    found = _fit((X,), NUMBER, Linear, np.column_stack([EVEN, 3 * EVEN - 1 + 0.01 * NOISE]))
    line = stats.linregress(EVEN, 3 * EVEN - 1 + 0.01 * NOISE)
    assert found.coefficients[1].error == pytest.approx(line.stderr, rel=1e-5)


def test_rounds_that_are_too_few_have_no_standard_errors() -> None:
    with pytest.raises(RefusedError, match="still in 2 rounds"):
        _fit((X,), SICK, Logistic, _sick(EVEN, (38, 42)), rounds=2)
    newton = Newton(Problem((X,), SICK), Logistic(SICK), 1000)
    with pytest.raises(RefusedError, match="no round"):
        regression(newton, run(newton, [design((X, SICK), _sick(EVEN, (38, 42)))], most=1))


def test_a_site_without_records_counts_for_nothing() -> None:
    values = _sick(EVEN, (38, 42))
    newton = Newton(Problem((X,), SICK), Logistic(SICK), 1000)
    full, none = design((X, SICK), values), design((X, SICK), [])
    assert run(newton, [full, none])["beta"] == pytest.approx(run(newton, [full])["beta"], abs=1e-9)


def test_sites_that_change_between_rounds_do_not_mislead_the_search() -> None:
    one, two, three = split(design((X, SICK), _sick(EVEN, (38, 42, 20, 60))), 3)
    newton = Newton(Problem((X,), SICK), Logistic(SICK), 1000)
    state, number = newton.start(), 0
    while ask := newton.ask(state):
        number += 1
        sites: list[Design] = [one, two, three] if number > 3 else [one, two]
        state = newton.take(state, summed(ask, [newton.at_site(ask, site) for site in sites]), len(sites))
    expected, found = regression(newton, run(newton, [one, two, three])), regression(newton, state)
    assert [c.value for c in found.coefficients] == pytest.approx([c.value for c in expected.coefficients], abs=1e-7)
    assert [c.error for c in found.coefficients] == pytest.approx([c.error for c in expected.coefficients], abs=1e-7)
    assert (found.records, found.coefficients[1].support) == (80, 80)
    assert (found.null_deviance, expected.null_deviance) == (None, pytest.approx(110.9, abs=0.1))


def test_options_that_do_not_fit() -> None:
    with pytest.raises(UsageError, match="two labels"):
        Logistic(NUMBER)
    with pytest.raises(UsageError, match="must be a count"):
        Poisson(NUMBER)
    with pytest.raises(UsageError, match="one role"):
        Problem((X, X), SICK)
    with pytest.raises(UsageError, match="one role"):
        Problem((X,), SICK, frozenset({"z"}))
    with pytest.raises(UsageError, match="above 0"):
        Problem((X,), COUNT, exposure=Z)
    with pytest.raises(UsageError, match="exposure"):
        Newton(Problem((X,), SICK, exposure=Column("years", 1, 2)), Logistic(SICK), 10)
    with pytest.raises(UsageError, match="ridge"):
        Newton(Problem((X,), SICK), Logistic(SICK), 10, ridge=-1)


@pytest.mark.parametrize(("slope", "curvature"), [(1e-3, 0.0), (0.0, 1e-2)])
def test_sums_that_are_too_coarse_at_the_optimum_are_refused(slope: float, curvature: float) -> None:
    search = Search(("x",), Linear(NUMBER), 0.0)
    sums = Sums(50, 0, np.array([50.0]), 1.0, np.zeros(2), np.diag([50.0, 50.0]))
    exact = Sums(0, 0, np.zeros(1), 0.0, np.zeros(2), np.zeros((2, 2)))
    assert search.on(begun(np.zeros(2)), sums, exact)["still"]
    wrong = Sums(0, 0, np.zeros(1), 0.0, np.full(2, slope), np.full((2, 2), curvature))
    with pytest.raises(RefusedError, match="too coarse"):
        search.on(begun(np.zeros(2)), sums, wrong)


@pytest.mark.parametrize("family", [Linear, Logistic, Poisson])
def test_bounds_that_are_too_wide_cost_digits_and_then_the_result(family) -> None:
    """Whatever ranges and numbers of records a job declares: four digits are right, or nothing is told."""
    told = {}
    for rows in (100, 10**6, 10**9):
        for width in (10.0, 1e2, 1e3, 1e4, 1e6):
            x = Column("x", -width, width)
            target = {Linear: Column("y", -width, width), Logistic: SICK, Poisson: Column("y", 0, 2 * width)}[family]
            y = {Linear: EVEN + NOISE, Logistic: _sick(EVEN, (38, 42, 20, 60))[:, 1], Poisson: np.arange(80) % 4}[
                family
            ]
            newton = Newton(Problem((x,), target), family(target), rows)
            try:
                found = regression(newton, run(newton, split(design((x, target), np.column_stack([EVEN, y])), 3)))
            except RefusedError:
                continue
            told[rows, width] = [found.coefficients[1].value / found.coefficients[1].error, found.coefficients[1].error]
    for z, error in told.values():
        assert z == pytest.approx(told[100, 10.0][0], abs=1e-4, rel=1e-4)
        assert error == pytest.approx(told[100, 10.0][1], rel=1e-4)
    assert {(100, 10.0), (100, 1e2), (100, 1e3), (10**6, 10.0)} <= set(told)
    assert not {(10**6, 1e6), (10**9, 1e6)} & set(told)
