"""Draws are as likely as the formulas say: chi-square against exact chances, with fixed bytes, so a test repeats."""

import inspect
import os
from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from privacy.federated.dp import plan, randomness
from privacy.federated.dp.randomness import below, exp_coins, runs
from privacy.federated.dp.sampler import MOST, draw, drawable
from tests.privacy.federated.dp.kit import repeated


def _chances(variance: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers within 12 standard deviations, and the exact chance of each."""
    reach = int(12 * variance**0.5) + 2
    x = np.arange(-reach, reach + 1)
    weight = np.exp(-(x**2) / (2 * variance))
    return x, weight / weight.sum()


def _doubt(drawn: np.ndarray, variance: int) -> float:
    """How likely draws as far off as these are, were they right; values that come less than 8 times count as one."""
    x, chance = _chances(variance)
    seen = np.array([(drawn == value).sum() for value in x])
    often = chance * drawn.size >= 8
    expected = np.append(chance[often], chance[~often].sum()) * drawn.size
    return float(chisquare(np.append(seen[often], seen[~often].sum()), expected).pvalue)


@pytest.mark.parametrize("variance", [1, 2, 3, 4, 6, 12, 90, 400])
def test_draws_have_the_exact_chances(variance: int) -> None:
    drawn = draw(variance, 40_000, repeated(variance))
    assert _doubt(drawn, variance) > 0.001


@pytest.mark.parametrize(("variance", "other"), [(1, 2), (90, 100), (400, 440)])
def test_draws_of_a_like_variance_are_told_apart(variance: int, other: int) -> None:
    assert _doubt(draw(other, 40_000, repeated(other)), variance) < 1e-4


def test_a_rounded_normal_is_told_apart() -> None:
    drawn = np.round(np.random.default_rng(1).normal(0, 1, 40_000)).astype(int)
    assert _doubt(drawn, 1) < 1e-4  # its variance is 1 + 1/12


@pytest.mark.parametrize("variance", [drawable(3 * 10**11), MOST])
def test_large_variances(variance: int) -> None:
    drawn = draw(variance, 40_000, repeated(7)) / variance**0.5
    assert abs(drawn.mean()) < 0.02
    assert abs(drawn.var() - 1) < 0.03
    assert abs((np.abs(drawn) < 1).mean() - 0.6827) < 0.01


@given(st.integers(1, MOST))
def test_the_next_variance_that_can_be_drawn_is_hardly_larger(variance: int) -> None:
    found = drawable(variance)
    assert found == drawable(found)
    assert variance <= found <= variance * (1 + variance**-0.5)


@pytest.mark.parametrize("variance", [0, -1, MOST + 1, 5])
def test_other_variances_are_refused(variance: int) -> None:
    with pytest.raises(ValueError, match="variance"):
        draw(variance, 1, repeated(1))


def test_numbers_below_a_bound_are_alike() -> None:
    for bound in (1, 2, 3, 5, 1000):
        seen = np.bincount(below(repeated(bound), bound, 50_000), minlength=bound)
        assert seen.size == bound
        assert bound == 1 or chisquare(seen).pvalue > 0.001


def test_numbers_below_the_largest_bound() -> None:
    drawn = below(repeated(1), 1 << 63, 4000)
    assert drawn.min() >= 0
    assert abs(drawn.astype(float).mean() / 2**62 - 1) < 0.03
    with pytest.raises(ValueError, match="bound"):
        below(repeated(1), (1 << 63) + 1, 1)


@pytest.mark.parametrize("over", [0, 1, 5, 7, 8, 20, 30])
def test_coins_of_an_exponential(over: int) -> None:
    true = exp_coins(repeated(over), np.full(100_000, over), 7).mean()
    assert abs(true - exp(-over / 7)) < 0.006


def test_runs_of_coins() -> None:
    drawn = runs(repeated(3), 100_000)
    assert abs((drawn >= 1).mean() - exp(-1)) < 0.006
    assert abs((drawn >= 3).mean() - exp(-3)) < 0.003


def test_noise_takes_its_bytes_from_the_system() -> None:
    assert randomness.system is os.urandom
    assert inspect.signature(plan.share).parameters["source"].default is os.urandom
