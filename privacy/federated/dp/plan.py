"""How much noise each site adds: enough that every sum which can be unmasked protects each person.

A sum is unmasked only when at least `threshold` sites answered. Of these, `colluding` may belong to whoever reads it
and take their own noise off. So threshold - colluding honest shares must do: each has that part of the variance. When
more sites answer there is more noise than needed, never less.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isfinite, sqrt

from privacy.federated.dp.accounting import epsilon_of, rho_of_sum, rho_within
from privacy.federated.dp.randomness import Ints, Source, system
from privacy.federated.dp.sampler import MOST, draw, drawable
from secops.core.errors import RefusedError, UsageError
from secops.core.i18n import _

#: What a job may ask for. More than 10 promises next to nothing; a delta of 1/100 lets one in a hundred go free.
LARGEST_EPSILON, LARGEST_DELTA = 10.0, 0.01

#: A share is beyond `Noise.reach` with a chance of at most 2 exp(-45) in each entry.
_REACH = 90.0


@dataclass(frozen=True)
class Wanted:
    """What a job asks of noise: the promise, and the sums that it is for.

    `change`: how far one person moves a sum at most, Euclidean, in steps (whole numbers). `size`: entries of a sum.
    `colluding`: sites that may work with whoever reads the sums.
    """

    epsilon: float
    delta: float
    rounds: int
    sites: int
    threshold: int
    colluding: int
    change: int
    size: int


@dataclass(frozen=True)
class Noise:
    """The noise of a job. `variance` is one site's share in each entry, in steps²; `rho` one round's zCDP."""

    wanted: Wanted
    variance: int
    rho: float
    epsilon: float

    @property
    def honest(self) -> int:
        """Shares that every unmasked sum holds, and nobody can take off."""
        return self.wanted.threshold - self.wanted.colluding

    @property
    def total(self) -> int:
        """The variance that every unmasked sum holds at least."""
        return self.honest * self.variance

    @property
    def cost(self) -> float:
        """zCDP of all rounds."""
        return self.rho * self.wanted.rounds

    @property
    def reach(self) -> int:
        """What a share stays within but for chances below 1e-19: with it, sums must fit the modulus."""
        return ceil(sqrt(_REACH * self.variance))


def plan(wanted: Wanted) -> Noise:
    """The least noise that keeps the promise. Raises `UsageError` for what makes no sense, `RefusedError` for too much.

    `epsilon` of the answer is what all rounds come to at the wanted delta.
    """
    _check(wanted)
    rho = rho_within(wanted.epsilon, wanted.delta) / wanted.rounds
    honest = wanted.threshold - wanted.colluding
    least = wanted.change**2 / (2 * rho * honest)  # were the sum a discrete Gaussian
    if least >= MOST / 2:
        raise RefusedError(_("needs more noise than can be drawn: fewer rounds, coarser steps or a larger epsilon"))
    variance = drawable(max(1, ceil(least)))
    while (cost := rho_of_sum(wanted.change, wanted.size, honest, variance)) > rho:
        variance = drawable(variance + max(1, variance // 64))
    return Noise(wanted, variance, cost, epsilon_of(cost * wanted.rounds, wanted.delta))


def share(noise: Noise, source: Source = system) -> Ints:
    """One site's noise for one round, (size,), in steps. New for each round: noise that is used twice is none."""
    return draw(noise.variance, noise.wanted.size, source)


def check_promise(epsilon: float, delta: float) -> None:
    """Raise `UsageError` for a promise that is none."""
    if not (isfinite(epsilon) and 0 < epsilon <= LARGEST_EPSILON and 0 < delta <= LARGEST_DELTA):
        raise UsageError(
            _("epsilon must be above 0 and at most {epsilon}, delta above 0 and at most {delta}").format(
                epsilon=f"{LARGEST_EPSILON:g}", delta=f"{LARGEST_DELTA:g}"
            )
        )


def _check(wanted: Wanted) -> None:
    check_promise(wanted.epsilon, wanted.delta)
    if min(wanted.rounds, wanted.sites, wanted.threshold, wanted.change, wanted.size) < 1 or wanted.colluding < 0:
        raise UsageError(_("rounds, sites, threshold, change and size are whole numbers above 0"))
    if not wanted.colluding < wanted.threshold <= wanted.sites:
        raise UsageError(_("the threshold must be above the sites that may collude, and not above all sites"))
    if 2 * wanted.threshold <= wanted.sites + wanted.colluding:
        raise RefusedError(_("two sums over different sites could be unmasked: the threshold is too low"))
