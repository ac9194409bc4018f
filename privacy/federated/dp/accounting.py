"""What noisy sums cost: concentrated differential privacy (zCDP), and the (epsilon, delta) that it amounts to.

One release with zCDP rho: for two data sets of which one has one person more, the Rényi divergence of what comes out
is at most rho × alpha, for every alpha > 1. Releases add up, also when each depends on those before it
(Bun, Steinke 2016). Data sets are neighbours when a person is added or removed.

**Sums of discrete Gaussians.** The sum of n of them is no discrete Gaussian. Kairouz, Liu and Steinke (The Distributed
Discrete Gaussian Mechanism, 2021, arXiv 2102.06387, Theorem 1 and Proposition 14; the authors' own accounting is
`distributed_dp/accounting_utils.py` of google-research/federated): for n independent draws of variance s >= 1/4 in each
of d entries, and a change of Euclidean length Δ in whole numbers, the divergence of order alpha is at most

    alpha/2 × Δ² / (n s) + τ d        τ = 10 Σ_{k=1}^{n-1} exp(-2 π² s k/(k+1))

which is at most alpha × (Δ²/2ns + τ d), the rho below. (They have a second bound, smaller where τ is large.) Why:

1. Of a discrete Gaussian of variance k s and one more draw, the chance that the sum is z is exp(-z² / 2(k+1)s) times
   f = Σ_x exp(-(x - z k/(k+1))² / 2v), over whole x, with v = s k/(k+1). By Poisson's sum formula f is in proportion to
   1 + 2 Σ_{j>=1} q^(j²) cos(2π j z k/(k+1)), with q = exp(-2 π² v). Its largest value is less than exp(5 q) times its
   smallest, as q < 0.085. So the logarithm of the chance is within 5 q of that of a discrete Gaussian of (k+1) s.
2. Adding further draws keeps such a bound; over n - 1 steps they add up to τ/2 in each entry. So the logarithm of the
   ratio of chances of z and z - Δ is within τ d of that of discrete Gaussians, (Δ² - 2 z·Δ) / 2ns.
3. Moments: E exp(t·Z) <= exp(|t|² n s / 2), as for one draw (Canonne, Kamath, Steinke 2020). With t = -(alpha-1) Δ / ns
   the mean of the ratio to the power alpha-1 is at most exp((alpha-1) (τ d + alpha Δ² / 2ns)).

More sites than n only add noise of their own, independent of all else: that is a function of what n of them give, and
costs nothing. So n is the least number of honest sites that a sum can hold.
"""

from __future__ import annotations

from math import exp, pi

import numpy as np

#: Orders of divergence that are tried: any give a true bound, many a tight one.
_ORDERS = tuple(1 + np.logspace(-3, 5, 800))

#: Halvings of a range of rho; the last is far below what is counted in.
_HALVINGS = 60


def departure(summands: int, variance: float) -> float:
    """τ: how far the logarithm of a ratio of two chances is from that of a discrete Gaussian, at most, in one entry."""
    return 10 * sum(exp(-2 * pi**2 * variance * k / (k + 1)) for k in range(1, summands))


def rho_of_sum(change: int, size: int, summands: int, variance: float) -> float:
    """zCDP of one sum of whole numbers, (size,), of which one person changes at most `change` in Euclidean length.

    It holds `summands` draws of `variance` >= 1/4 in each entry.
    """
    return change**2 / (2 * summands * variance) + departure(summands, variance) * size


def epsilon_of(rho: float, delta: float) -> float:
    """The epsilon that rho is at this delta, by `dp-accounting` (over Rényi divergence)."""
    from dp_accounting import NeighboringRelation, ZCDpEvent
    from dp_accounting.rdp import RdpAccountant

    accountant = RdpAccountant(_ORDERS, NeighboringRelation.ADD_OR_REMOVE_ONE)
    accountant.compose(ZCDpEvent(rho))
    return float(accountant.get_epsilon(delta))


def rho_within(epsilon: float, delta: float) -> float:
    """The largest rho that is at most this epsilon at this delta; a hair below it rather than above."""
    low, high = 0.0, epsilon  # on average a release tells rho: at no small delta can it be held to less
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if epsilon_of(middle, delta) <= epsilon else (low, middle)
    return low
