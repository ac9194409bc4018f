"""The noise that is planned keeps the promise for every sum that can be unmasked, and is not much more than needed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.federated.dp.accounting import epsilon_of, rho_of_sum
from privacy.federated.dp.plan import Wanted, plan, share
from privacy.federated.dp.sampler import drawable
from secops.core.errors import RefusedError, UsageError
from tests.privacy.federated.dp.kit import repeated, wanted


def test_the_heart_jobs_noise() -> None:
    noise = plan(wanted())
    assert 0.99999 < noise.epsilon <= 1.0
    assert noise.honest == 3
    assert 15.6 < noise.total**0.5 / noise.wanted.change < 15.8  # about 3.5 × √20, by hand
    assert noise.cost == pytest.approx(20 * noise.rho)


@st.composite
def _jobs(draw: st.DrawFn) -> Wanted:
    colluding = draw(st.integers(0, 20))
    sites = draw(st.integers(colluding + 1, 100))
    return Wanted(
        epsilon=draw(st.floats(0.1, 10)), delta=draw(st.sampled_from([1e-2, 1e-4, 1e-9])),
        rounds=draw(st.integers(1, 200)), sites=sites, threshold=draw(st.integers((sites + colluding) // 2 + 1, sites)),
        colluding=colluding, change=draw(st.sampled_from([1, 3, 1000, 1 << 12])), size=draw(st.integers(1, 500)),
    )  # fmt: skip


@settings(max_examples=25)
@given(_jobs())
def test_each_promise_is_kept(job: Wanted) -> None:
    noise = plan(job)
    rho = rho_of_sum(job.change, job.size, job.threshold - job.colluding, noise.variance)
    assert epsilon_of(job.rounds * rho, job.delta) <= job.epsilon * (1 + 1e-9)
    assert drawable(noise.variance) == noise.variance
    less = int(noise.variance / 1.05) - 2 * int(noise.variance**0.5) - 1
    if less >= 1:  # what is a little less would break it
        rho = rho_of_sum(job.change, job.size, noise.honest, less)
        assert epsilon_of(job.rounds * rho, job.delta) > job.epsilon


def test_small_sums_need_the_term_for_sums() -> None:
    """51 draws of variance 1 are no discrete Gaussian: hardly to be seen in one entry, but in a hundred thousand."""
    job = {"epsilon": 0.5, "delta": 0.01, "rounds": 1, "sites": 100, "threshold": 51, "change": 1}
    assert plan(wanted(**job, size=1)).variance == 1
    assert plan(wanted(**job, size=100_000)).variance == 2


def test_colluding_sites_count_as_none() -> None:
    assert plan(wanted(threshold=4, colluding=1)).variance == plan(wanted(threshold=3)).variance
    assert plan(wanted(threshold=4, colluding=2)).variance > 1.4 * plan(wanted(threshold=3)).variance


@pytest.mark.parametrize(
    "other",
    [
        {"epsilon": 0.0}, {"epsilon": -1.0}, {"epsilon": 10.1}, {"epsilon": float("nan")}, {"epsilon": float("inf")},
        {"delta": 0.0}, {"delta": 0.011}, {"delta": float("nan")}, {"delta": -1e-5}, {"rounds": 0}, {"size": 0},
        {"change": 0}, {"colluding": -1}, {"threshold": 5}, {"threshold": 3, "colluding": 3},
        {"sites": 0, "threshold": 0},
    ],
    ids=str,
)  # fmt: skip
def test_what_makes_no_sense_is_wrong_usage(other: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        plan(wanted(**other))


@pytest.mark.parametrize(
    "other",
    [{"threshold": 2}, {"threshold": 3, "colluding": 2}, {"epsilon": 0.001, "rounds": 10_000}],
    ids=str,
)
def test_what_cannot_be_kept_is_refused(other: dict[str, object]) -> None:
    with pytest.raises(RefusedError):
        plan(wanted(**other))


def test_a_share_is_whole_numbers_within_reach() -> None:
    noise = plan(wanted(size=20_000))
    drawn = share(noise, repeated(1))
    assert drawn.shape == (20_000,)
    assert drawn.dtype == "int64"
    assert abs(drawn).max() <= noise.reach
    assert drawn.var() == pytest.approx(noise.variance, rel=0.05)
    assert (share(noise) != share(noise)).mean() > 0.99
