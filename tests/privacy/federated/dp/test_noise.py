"""What a hub sees, drawn many times: noise enough in every sum, and no person told from nobody better than claimed."""

from itertools import combinations
from math import exp

import numpy as np
import pytest
from scipy.stats import beta, chi2

from privacy.federated.dp.plan import Noise, plan, share
from privacy.federated.dp.sampler import draw, drawable
from tests.privacy.federated.dp.kit import repeated, wanted

SITES, THRESHOLD, COLLUDING = 5, 4, 1


def _noise(**other: object) -> Noise:
    return plan(wanted(sites=SITES, threshold=THRESHOLD, colluding=COLLUDING, **other))


def _seen(noise: Noise, part: float = 1.0) -> np.ndarray:
    """(sites, draws): each site's share, or one of only a part of the variance."""
    size = noise.wanted.size
    variance = drawable(max(1, int(noise.variance * part)))
    return np.stack([draw(variance, size, repeated(site)) for site in range(SITES)])


def _too_little(seen: np.ndarray, least: int) -> float:
    """How likely a sample variance as small as this one is, had the noise the least variance that it must have."""
    return float(chi2.cdf(float((seen.astype(float) ** 2).sum()) / least, seen.size))


def _survivors() -> list[tuple[int, ...]]:
    return [kept for many in range(THRESHOLD, SITES + 1) for kept in combinations(range(SITES), many)]


def test_every_sum_that_can_be_unmasked_holds_noise_enough() -> None:
    noise = _noise(size=20_000)
    shares = _seen(noise)
    for kept in _survivors():
        for known in combinations(kept, COLLUDING):  # their noise is taken off
            rest = [site for site in kept if site not in known]
            assert _too_little(shares[rest].sum(axis=0), noise.total) > 1e-4, (kept, known)


def test_more_sites_give_as_much_more() -> None:
    noise = _noise(size=20_000)
    seen = _seen(noise).sum(axis=0).astype(float)
    assert 0.001 < chi2.cdf((seen**2).sum() / (SITES * noise.variance), seen.size) < 0.999


def test_a_tenth_too_little_is_noticed() -> None:
    noise = _noise(size=20_000)
    rest = _seen(noise, 0.9)[: THRESHOLD - COLLUDING]
    assert _too_little(rest.sum(axis=0), noise.total) < 1e-4


def _least_epsilon(with_one: np.ndarray, without: np.ndarray, delta: float, above: float) -> float:
    """An epsilon that the mechanism cannot be below, with 99.9 % confidence (Clopper, Pearson) in both chances.

    The event is that the sum is above a value; differential privacy has P(with) <= e^epsilon P(without) + delta.
    """
    hits, misses = int((with_one > above).sum()), int((without > above).sum())
    least = beta.ppf(0.0005, hits, with_one.size - hits + 1)
    most = beta.ppf(0.9995, misses + 1, without.size - misses)
    return float(np.log(max(least - delta, 1e-300) / most))


def _attack(noise: Noise, part: float) -> float:
    """The best epsilon that is proved by watching sums of one round, with one person who pulls with all their might."""
    honest = THRESHOLD - COLLUDING
    sums = _seen(noise, part)[:honest].sum(axis=0)
    half = sums.size // 2
    with_one, without = sums[:half] + noise.wanted.change, sums[half:]
    spread = noise.total**0.5
    return max(
        _least_epsilon(with_one, without, noise.wanted.delta, spread * at) for at in (0.5, 0.75, 1, 1.25, 1.5, 2)
    )


@pytest.mark.parametrize("epsilon", [1.0, 3.0])
def test_a_person_cannot_be_told_better_than_claimed(epsilon: float) -> None:
    proved = _attack(_noise(epsilon=epsilon, delta=0.01, rounds=1, size=120_000), 1.0)
    assert 0.5 * epsilon < proved <= epsilon  # a claim far above what can be seen would prove nothing


@pytest.mark.parametrize("epsilon", [1.0, 3.0])
def test_half_the_noise_is_found_out(epsilon: float) -> None:
    """A site that adds half of its variance breaks the claim, and this way of looking sees it."""
    assert _attack(_noise(epsilon=epsilon, delta=0.01, rounds=1, size=120_000), 0.5) > epsilon


def test_all_rounds_together_cost_what_is_claimed() -> None:
    """The sum of all rounds' noise against a person who pulls the same way in each: the worst case of 20 rounds."""
    noise = _noise(rounds=20, size=1, delta=0.01)
    games = 6000
    draws = draw(noise.variance, games * 20 * noise.honest, repeated(5)).reshape(games, -1).sum(axis=1)
    half, pull = games // 2, 20 * noise.wanted.change
    proved = max(
        _least_epsilon(draws[:half] + pull, draws[half:], 0.01, at * (20 * noise.total) ** 0.5) for at in (0.75, 1, 1.5)
    )
    assert 0 < proved <= noise.epsilon
    assert exp(noise.epsilon) < 3


def test_shares_of_one_site_are_new_each_time() -> None:
    noise = _noise(size=50)
    assert (share(noise) == share(noise)).mean() < 0.5
