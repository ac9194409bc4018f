"""What noise costs, against exact chances and closed formulas."""

from math import exp, log, sqrt

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import norm

from privacy.federated.dp.accounting import departure, epsilon_of, rho_of_sum, rho_within

ORDERS = (1.0001, 1.01, 1.1, 1.5, 2.0, 4.0, 8.0)


def _sum(summands: int, variance: float) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers, and the chance that a sum of discrete Gaussians is each: exact."""
    one = np.exp(-(np.arange(-40, 41) ** 2) / (2 * variance))
    chance = one = one / one.sum()
    for _ in range(summands - 1):
        chance = np.convolve(chance, one)
    return np.arange(chance.size) - chance.size // 2, chance


def _divergences(summands: int, variance: float, change: int) -> np.ndarray:
    """Rényi divergences of `ORDERS`, between a sum of discrete Gaussians and the same moved by `change`: exact."""
    chance = _sum(summands, variance)[1]
    near, far = chance[change:], chance[:-change]
    seen = (near > 1e-150) & (far > 1e-150)
    logs = np.log(near[seen]), np.log(far[seen])
    return np.array([log(np.exp(a * logs[0] + (1 - a) * logs[1]).sum()) / (a - 1) for a in ORDERS])


@pytest.mark.parametrize("variance", [0.25, 0.3, 0.5, 0.75, 1.0, 3.0])
@pytest.mark.parametrize("summands", [1, 2, 3, 5])
@pytest.mark.parametrize("change", [1, 2])
def test_the_bound_holds_for_exact_sums(variance: float, summands: int, change: int) -> None:
    within = rho_of_sum(change, 1, summands, variance) * np.array(ORDERS)
    assert (_divergences(summands, variance, change) <= within * (1 + 1e-9)).all()


@pytest.mark.parametrize("variance", [0.25, 0.4, 1.0])
@pytest.mark.parametrize("summands", [2, 3, 6])
def test_chances_are_as_near_to_a_discrete_gaussians_as_the_proof_says(variance: float, summands: int) -> None:
    x, chance = _sum(summands, variance)
    alone = np.exp(-(x**2) / (2 * summands * variance))
    seen = chance > 1e-150
    logs = np.log(chance[seen]) - np.log(alone[seen] / alone.sum())
    assert 0 < np.abs(logs).max() <= departure(summands, variance) / 2


@pytest.mark.parametrize(("summands", "variance"), [(2, 0.25), (5, 0.5), (3, 0.75), (5, 1.0)])
def test_without_its_term_for_sums_it_would_not(summands: int, variance: float) -> None:
    as_if_one = np.array(ORDERS) / (2 * summands * variance)
    assert (_divergences(summands, variance, 1) > as_if_one * (1 + 1e-8)).any()


def test_one_draw_needs_no_term() -> None:
    assert departure(1, 1) == 0
    assert rho_of_sum(6, 15, 1, 9) == pytest.approx(36 / 18)


def test_the_term_by_hand() -> None:
    by_hand = 10 * (exp(-(np.pi**2) * 0.5) + exp(-(np.pi**2) * 2 / 3))
    assert departure(3, 0.5) == pytest.approx(by_hand)
    assert rho_of_sum(2, 4, 3, 0.5) == pytest.approx(4 / 3 + 4 * by_hand)


def _exact_epsilon(rho: float, delta: float) -> float:
    """Of one Gaussian mechanism with this zCDP (Balle, Wang 2018): below what zCDP alone promises."""
    spread = sqrt(2 * rho)

    def over(epsilon: float) -> float:
        at = epsilon / spread
        return float(norm.cdf(spread / 2 - at) - exp(epsilon) * norm.cdf(-spread / 2 - at) - delta)

    return brentq(over, 0, 60)


@pytest.mark.parametrize(("rho", "delta"), [(0.001, 1e-6), (0.04, 1e-4), (0.5, 1e-2), (2.0, 1e-9)])
def test_epsilon_lies_between_the_exact_and_the_textbook_one(rho: float, delta: float) -> None:
    found = epsilon_of(rho, delta)
    assert _exact_epsilon(rho, delta) <= found <= rho + 2 * sqrt(rho * log(1 / delta))


def test_epsilon_one() -> None:
    rho = rho_within(1.0, 1e-4)
    assert 0.9999 < epsilon_of(rho, 1e-4) <= 1.0
    assert epsilon_of(rho * 1.001, 1e-4) > 1.0
