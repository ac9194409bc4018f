"""What noisy sums cost: concentrated differential privacy (zCDP), and the (epsilon, delta) that it amounts to.

One release with zCDP rho: for two data sets of which one has one person more, the Rényi divergence of what comes out
is at most rho × alpha, for every alpha > 1. Releases add up, also when each depends on those before it
(Bun, Steinke 2016). Data sets are neighbours when a person is added or removed.

**Sums of discrete Gaussians.** The sum of n of them is no discrete Gaussian. Kairouz, Liu and Steinke (The Distributed
Discrete Gaussian Mechanism, 2021, arXiv 2102.06387, Proposition 14; as the authors compute it in
`google-research/federated`, `distributed_dp/accounting_utils.py`): for n independent draws of variance s >= 1/4 in
each of d entries, and a change of Euclidean length Δ in whole numbers, the divergence of order alpha is at most the
lesser of

    alpha/2 × Δ² / (n s) + τ d        and        alpha/2 × (Δ / √(n s) + τ √d)²

    τ = 10 Σ_{k=1}^{n-1} exp(-2 π² s k / (k+1))

(a third bound of theirs needs the sum of absolute changes; with Δ √d for it, it is the second). Since alpha > 1, τ d is
at most alpha τ d, which gives the rho below. Where τ comes from: of k draws and one more, the sum's chance of z is that
of a discrete Gaussian times a sum over the whole numbers of exp(-(x - z')² / 2v) with v = s k/(k+1). By Poisson's sum
formula the latter depends on z' only by a factor of 1 ± 2 exp(-2 π² v) and less: under 5 exp(-2 π² v) in logarithm.

More sites than n only add noise of their own, independent of all else: that is a function of what n of them give, and
costs nothing. So n is the least number of honest sites that a sum can hold.
"""

from __future__ import annotations

from math import exp, pi, sqrt

import numpy as np

#: Orders of divergence that are tried: any give a true bound, many a tight one.
_ORDERS = tuple(1 + np.logspace(-3, 5, 800))

#: Halvings of a range of rho; the last is far below what is counted in.
_HALVINGS = 60


def departure(summands: int, variance: float) -> float:
    """τ: by how much the logarithm of a chance differs from a discrete Gaussian's, for and against, in one entry."""
    return 10 * sum(exp(-2 * pi**2 * variance * k / (k + 1)) for k in range(1, summands))


def rho_of_sum(change: int, size: int, summands: int, variance: float) -> float:
    """zCDP of one sum of whole numbers, (size,), of which one person changes at most `change` in Euclidean length.

    It holds `summands` draws of `variance` >= 1/4 in each entry.
    """
    spread, tau = change / sqrt(summands * variance), departure(summands, variance)
    return min(spread**2 / 2 + tau * size, (spread + tau * sqrt(size)) ** 2 / 2)


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
