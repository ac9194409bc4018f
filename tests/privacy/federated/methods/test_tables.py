"""Counts are exact, and a quantile lies where the histogram says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.federated.design import Column
from privacy.federated.methods.sums import Statistics
from privacy.federated.methods.tables import Histogram, Labels
from secops.core.errors import UsageError
from tests.privacy.federated.methods.running import design, run, split

SEX, STAGE, AGE = Column("sex", 0, 1, 2), Column("stage", 0, 3, 4), Column("age", 0, 120)


def _result(part, sites):
    method = Statistics([part], 10_000)
    return method.results(run(method, sites))[0]


def test_a_table_counts_each_combination_and_what_is_missing() -> None:
    draws = np.random.default_rng(2)
    values = np.column_stack([draws.integers(0, 2, 200), draws.integers(0, 3, 200)]).astype(float)
    values[draws.random(values.shape) < 0.1] = np.nan
    found = _result(Labels((SEX, STAGE)), split(design((SEX, STAGE), values), 3))
    table = np.array(found.counts).reshape(found.shape)
    for sex in range(2):
        for stage in range(4):
            assert table[sex, stage] == sum(1 for row in values.tolist() if row == [sex, stage])
    assert found.missing == np.isnan(values).any(axis=1).sum()
    assert table[:, 3].sum() == 0


def test_labels_of_one_column() -> None:
    found = _result(Labels((STAGE,)), [design((STAGE,), [0, 3, 3, np.nan]), design((STAGE,), [1])])
    assert (found.columns, found.counts, found.missing) == (("stage",), (1, 1, 0, 2), 1)


def test_a_number_has_no_labels_to_count() -> None:
    with pytest.raises(UsageError, match="labels"):
        Labels((SEX, AGE))


def test_a_value_on_an_edge_is_in_the_bin_above_and_the_last_edge_in_the_last() -> None:
    found = _result(Histogram(AGE, bins=12), [design((AGE,), [0, 9.99, 10, 120, np.nan, 130])])
    assert found.edges == tuple(range(0, 121, 10))
    assert found.counts == (2, 1, *[0] * 9, 1)
    assert found.missing == 2


@given(
    st.lists(st.floats(0, 120), min_size=1, max_size=60),
    st.lists(st.floats(0.01, 1), min_size=1, max_size=4),
    st.integers(1, 200),
    st.integers(1, 4),
)
def test_a_quantile_lies_in_its_bin(values: list[float], shares: list[float], bins: int, parts: int) -> None:
    found = _result(Histogram(AGE, bins, shares), split(design((AGE,), values), parts))
    ordered = np.sort(values)
    for quantile in found.quantiles:
        true = next(x for rank, x in enumerate(ordered, 1) if rank >= quantile.share * len(values) - 1e-9)
        assert quantile.lower <= true <= quantile.upper
        assert quantile.lower <= quantile.value <= quantile.upper
        assert quantile.upper - quantile.lower <= 120 / bins + 1e-9


def test_quantiles_are_numpys_by_the_inverse_distribution() -> None:
    values = np.random.default_rng(3).gamma(9, 5, 999).clip(0, 120)
    found = _result(Histogram(AGE, 2400, (0.05, 0.5, 0.95)), split(design((AGE,), values), 4))
    expected = np.quantile(values, (0.05, 0.5, 0.95), method="inverted_cdf")
    assert [quantile.value for quantile in found.quantiles] == pytest.approx(expected, abs=0.05)


def test_nothing_has_no_quantiles() -> None:
    assert _result(Histogram(AGE), [design((AGE,), [np.nan])]).quantiles == ()
    with pytest.raises(UsageError):
        Histogram(AGE, shares=(0.0,))
    with pytest.raises(UsageError):
        Histogram(AGE, bins=0)
