"""Survival curves and the log-rank test are those of scipy where the grid has every time."""

import numpy as np
import pytest
from scipy import stats

from privacy.federated.design import Column
from privacy.federated.methods.sums import Statistics
from privacy.federated.methods.survival import Survival
from secops.core.errors import UsageError
from tests.privacy.federated.methods.running import design, run, split

TIME, DIED, ARM = Column("time", 0, 400), Column("died", 0, 1, 2), Column("arm", 0, 2, 3)
DAYS = tuple(float(day) for day in range(1, 401))


def _trial(records: int = 120) -> np.ndarray:
    draws = np.random.default_rng(8)
    arm = draws.integers(0, 2, records)
    time, end = np.ceil(draws.exponential(80 + 60 * arm)), np.ceil(draws.uniform(20, 300, records))
    return np.column_stack([np.clip(np.minimum(time, end), 1, 400), time <= end, arm]).astype(float)


def _censored(values: np.ndarray) -> stats.CensoredData:
    return stats.CensoredData(values[values[:, 1] == 1, 0], right=values[values[:, 1] == 0, 0])


def _result(survival: Survival, values: np.ndarray):
    method = Statistics([survival], 1000)
    return method.results(run(method, split(design((TIME, DIED, ARM), values), 3)))[0]


def test_the_curve_is_kaplan_meiers_with_greenwoods_interval() -> None:
    values = _trial()
    [curve] = _result(Survival(TIME, DIED, DAYS), values).curves
    expected = stats.ecdf(_censored(values)).sf
    interval = expected.confidence_interval(0.95, method="log-log")
    by_time = {step.time: step for step in curve.steps}
    for place, time in enumerate(expected.quantiles):
        step = by_time[time]
        assert step.survival == pytest.approx(expected.probabilities[place], abs=1e-12)
        if step.interval:
            bounds = (interval.low.probabilities[place], interval.high.probabilities[place])
            assert (step.interval.lower, step.interval.upper) == pytest.approx(bounds, abs=1e-9)
    assert curve.records == len(values)
    assert curve.events == values[:, 1].sum()
    at_most_half = expected.quantiles[expected.probabilities <= 0.5]
    assert curve.median == at_most_half[0]


def test_a_known_curve() -> None:
    """The leukaemia patients of Freireich et al. (1963) on 6-MP: the textbook's curve."""
    times = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    died = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    values = np.column_stack([times, died, np.zeros(21)])
    [curve] = _result(Survival(TIME, DIED, tuple(range(1, 36))), values).curves
    by_time = {step.time: (step.at_risk, step.events, round(step.survival, 3)) for step in curve.steps}
    assert by_time[6] == (21, 3, 0.857)
    assert by_time[13] == (12, 1, 0.690)
    assert by_time[23] == (6, 1, 0.448)
    assert curve.median == 23
    assert curve.steps[0].interval is None


def test_groups_are_compared_by_log_rank() -> None:
    values = _trial()
    found = _result(Survival(TIME, DIED, DAYS, ARM), values)
    expected = stats.logrank(_censored(values[values[:, 2] == 0]), _censored(values[values[:, 2] == 1]))
    assert found.log_rank.freedom == 1
    assert found.log_rank.chi_square == pytest.approx(expected.statistic**2, rel=1e-9)
    assert found.log_rank.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert [curve.group for curve in found.curves] == [0, 1, 2]
    assert found.curves[2].steps == ()


def test_three_groups_are_compared_as_in_textbooks() -> None:
    draws = np.random.default_rng(9)
    values = np.column_stack([draws.integers(1, 40, 90), draws.integers(0, 2, 90), draws.integers(0, 3, 90)])
    values[:, 0] += 5 * values[:, 2]
    found = _result(Survival(TIME, DIED, DAYS, ARM), values.astype(float)).log_rank
    excess, covariance = np.zeros(2), np.zeros((2, 2))
    for time in np.unique(values[values[:, 1] == 1, 0]):
        risk = np.array([((values[:, 0] >= time) & (values[:, 2] == g)).sum() for g in range(3)])
        died = np.array([((values[:, 0] == time) & (values[:, 1] == 1) & (values[:, 2] == g)).sum() for g in range(3)])
        n, d = risk.sum(), died.sum()
        excess += (died - d * risk / n)[:2]
        for i in range(2):
            for j in range(2):
                covariance[i, j] += d * (n - d) / max(n - 1, 1) * risk[i] / n * ((i == j) - risk[j] / n)
    chi_square = excess @ np.linalg.solve(covariance, excess)
    assert found.freedom == 2
    assert found.chi_square == pytest.approx(chi_square, rel=1e-9)
    assert found.p == pytest.approx(stats.chi2.sf(chi_square, 2), rel=1e-9)


def test_a_coarse_grid_counts_a_time_as_the_next_of_the_grid() -> None:
    values = _trial()
    rounded = np.column_stack([np.ceil(values[:, 0] / 30) * 30, values[:, 1], values[:, 2]])
    months = tuple(float(month) for month in range(30, 421, 30))
    assert _result(Survival(TIME, DIED, months), values) == _result(Survival(TIME, DIED, months), rounded.clip(0, 400))


def test_what_is_missing_is_counted_and_one_group_is_compared_with_nothing() -> None:
    values = np.array([[5, 1, 0], [np.nan, 1, 0], [7, np.nan, 0], [9, 0, np.nan], [9, 0, 0]])
    found = _result(Survival(TIME, DIED, (5.0, 9.0), ARM), values)
    assert found.missing == 3
    assert found.log_rank is None
    assert [step.survival for step in found.curves[0].steps] == [0.5, 0.5]


def test_times_after_the_grid_are_at_risk_through_it() -> None:
    found = _result(Survival(TIME, DIED, (10.0,)), np.array([[300, 1, 0], [10, 1, 0]]))
    [step] = found.curves[0].steps
    assert (step.at_risk, step.events, step.survival) == (2, 1, 0.5)


@pytest.mark.parametrize("grid", [(), (3.0, 3.0), (4.0, 2.0)])
def test_a_grid_rises(grid: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match="rise"):
        Survival(TIME, DIED, grid)
    with pytest.raises(UsageError, match="two labels"):
        Survival(TIME, TIME, (1.0,))
