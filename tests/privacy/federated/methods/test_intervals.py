"""Intervals are those of scipy, or cover as often as they say."""

import numpy as np
import pytest
from scipy import stats

from privacy.federated.methods.intervals import auc_interval, correlation_interval, normal, share


@pytest.mark.parametrize(("count", "records"), [(0, 10), (10, 10), (1, 1), (203, 254), (7, 30)])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_a_share_has_wilsons_interval(count: int, records: int, level: float) -> None:
    found = share(count, records, level)
    expected = stats.binomtest(count, records).proportion_ci(level, method="wilson")
    assert found.value == count / records
    assert (found.interval.lower, found.interval.upper) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert found.interval.lower <= found.value <= found.interval.upper


def test_no_record_has_no_share() -> None:
    assert share(0, 0, 0.95).value is None
    assert share(0, 0, 0.95).interval is None


def test_normal_widths() -> None:
    assert normal(0.95) == pytest.approx(1.959963984540054)


def test_a_correlation_of_few_records_has_no_interval() -> None:
    assert correlation_interval(0.5, 3, 0.95) is None
    assert correlation_interval(0.5, 4, 0.95) is not None


def test_the_interval_of_an_area_ends_where_hanley_and_mcneils_error_says() -> None:
    positives, negatives = 40, 70
    for area in (0.55, 0.88, 0.99):
        found = auc_interval(area, area, positives, negatives, 0.95)
        for end in (found.lower, found.upper):
            mean = (positives + negatives) / 2 - 1
            q1, q2 = end / (2 - end), 2 * end**2 / (1 + end)
            variance = (end * (1 - end) + mean * (q1 - end**2) + mean * (q2 - end**2)) / (positives * negatives)
            assert abs(area - end) == pytest.approx(1.959963984540054 * np.sqrt(variance), rel=1e-6)
        assert found.lower < area < found.upper


def test_the_interval_of_an_area_keeps_within_its_ends() -> None:
    assert auc_interval(1.0, 1.0, 30, 30, 0.95).upper == 1
    assert 0.85 < auc_interval(1.0, 1.0, 30, 30, 0.95).lower < 1
    assert auc_interval(0.0, 0.0, 30, 30, 0.95).lower == 0
    wide = auc_interval(0.8, 0.9, 30, 30, 0.95)
    assert wide.lower == auc_interval(0.8, 0.8, 30, 30, 0.95).lower
    assert wide.upper == auc_interval(0.9, 0.9, 30, 30, 0.95).upper


def test_the_interval_of_an_area_covers_as_often_as_it_says() -> None:
    draws = np.random.default_rng(6)
    shift, positives, negatives, times = 1.2, 30, 50, 2000
    true = stats.norm.cdf(shift / np.sqrt(2))
    ones, zeros = draws.normal(shift, 1, (times, positives, 1)), draws.normal(0, 1, (times, 1, negatives))
    intervals = [auc_interval(area, area, positives, negatives, 0.95) for area in (ones > zeros).mean(axis=(1, 2))]
    assert np.mean([found.lower <= true <= found.upper for found in intervals]) == pytest.approx(0.95, abs=0.02)
