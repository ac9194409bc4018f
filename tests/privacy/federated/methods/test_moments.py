"""Moments and correlations over sites are those of numpy and scipy on pooled records, or None."""

import numpy as np
import pytest
from scipy import stats

from privacy.federated.design import Column, Design
from privacy.federated.methods.moments import Correlations, Moments
from privacy.federated.methods.sums import Statistics, reals, request
from secops.core.errors import RefusedError, UsageError
from tests.privacy.federated.methods.running import design, run, split

COLUMNS = (Column("age", 0, 120), Column("sodium", 100, 180), Column("sex", 0, 1, 2))


def _pooled(records: int = 301) -> Design:
    draws = np.random.default_rng(4)
    age = draws.normal(50, 15, records)
    values = np.column_stack([age, 140 + age / 10 + draws.normal(0, 3, records), draws.integers(0, 2, records)])
    values[draws.random(values.shape) < 0.15] = np.nan
    return design(COLUMNS, values)


def _results(part, sites, rows=1000):
    method = Statistics([part], rows)
    return method.results(run(method, sites))[0]


def test_means_and_spreads_are_those_of_all_records() -> None:
    pooled = _pooled()
    for found, column in zip(_results(Moments(COLUMNS), split(pooled, 5)), COLUMNS, strict=True):
        values = pooled.column(column.name)
        assert found.column == column.name
        assert (found.records, found.missing) == (len(values), int(np.isnan(values).sum()))
        assert found.mean == pytest.approx(np.nanmean(values), rel=1e-12)
        assert found.sd == pytest.approx(np.nanstd(values, ddof=1), rel=1e-10)


def test_what_is_nowhere_or_once_has_no_spread() -> None:
    sites = [design(COLUMNS, [[40, np.nan, 1]]), design(COLUMNS, [])]
    age, sodium, _ = _results(Moments(COLUMNS), sites)
    assert (age.mean, age.sd) == (pytest.approx(40), None)
    assert (sodium.records, sodium.missing, sodium.mean, sodium.sd) == (1, 1, None, None)


@pytest.mark.parametrize(("width", "told"), [(1e3, True), (1e9, False)])
def test_a_spread_is_right_to_six_digits_or_none(width: float, told: bool) -> None:
    column = Column("x", -width, width)
    values = np.random.default_rng(1).normal(7, 1, 500)
    [found] = _results(Moments((column,)), split(design([column], values), 3))
    assert found.mean == pytest.approx(values.mean(), abs=width * 1e-11)
    assert (found.sd is not None) == told
    if told:
        assert found.sd == pytest.approx(values.std(ddof=1), rel=1e-6)


def test_a_constant_has_no_spread_that_can_be_told() -> None:
    [found] = _results(Moments(COLUMNS[:1]), split(design(COLUMNS[:1], np.full(99, 33.3)), 2))
    assert found.mean == pytest.approx(33.3)
    assert found.sd is None


def test_correlations_are_those_of_the_records_that_have_both() -> None:
    pooled = _pooled()
    for found in _results(Correlations(COLUMNS), split(pooled, 4)):
        both = np.column_stack([pooled.column(name) for name in found.columns])
        both = both[~np.isnan(both).any(axis=1)]
        expected = stats.pearsonr(*both.T)
        assert found.records == len(both)
        assert found.r == pytest.approx(expected.statistic, abs=1e-10)
        low, high = expected.confidence_interval(0.95)
        assert (found.interval.lower, found.interval.upper) == pytest.approx((low, high), abs=1e-9)


def test_a_constant_correlates_with_nothing() -> None:
    values = [[age, 140, age % 2] for age in range(20, 60)]
    found = {c.columns: c for c in _results(Correlations(COLUMNS), split(design(COLUMNS, values), 2))}
    assert found["age", "sodium"].r is None
    assert found["sodium", "sex"].interval is None
    assert found["age", "sex"].r == pytest.approx(np.corrcoef(np.arange(20, 60), np.arange(20, 60) % 2)[0, 1])


@pytest.mark.parametrize(("width", "told"), [(1e2, True), (1e7, False)])
def test_a_correlation_is_right_to_six_digits_or_none(width: float, told: bool) -> None:
    columns = (Column("x", -width, width), Column("y", -width, width))
    x = np.random.default_rng(1).normal(7, 1, 500)
    values = np.column_stack([x, x + np.random.default_rng(2).normal(0, 1, 500)])
    [found] = _results(Correlations(columns), split(design(columns, values), 3))
    assert (found.r is not None) == told
    if told:
        assert found.r == pytest.approx(np.corrcoef(values.T)[0, 1], rel=1e-6)


def test_a_sum_that_rounding_makes_larger_keeps_its_bound() -> None:
    larger = [n for n in range(1, 2000) if np.full(n, 0.7).sum() > n * 0.7]
    assert larger
    for n in larger:
        assert request("any", 1, reals(np.array([0.7])), n, {}).bound[0] >= np.full(n, 0.7).sum()


def test_a_site_with_too_many_records_answers_nothing() -> None:
    method = Statistics([Moments(COLUMNS)], 10)
    ask = method.ask(method.start())
    assert ask is not None
    assert method.at_site(ask, design(COLUMNS, np.ones((10, 3)))).shape == (ask.size,)
    with pytest.raises(RefusedError, match="more records"):
        method.at_site(ask, design(COLUMNS, np.ones((11, 3))))
    with pytest.raises(UsageError, match="records"):
        Statistics([Moments(COLUMNS)], 0).ask({})


def test_several_statistics_share_a_round() -> None:
    pooled = _pooled()
    method = Statistics([Moments(COLUMNS[:1]), Correlations(COLUMNS)], 1000)
    state = run(method, split(pooled, 3))
    [age], pairs = method.results(state)
    assert age.column == "age"
    assert len(pairs) == 3
    assert method.ask(state) is None
