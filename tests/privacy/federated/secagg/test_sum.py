"""The sum is that of exactly the sites that it lists, or there is none: whoever drops out, and wherever."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.federated.secagg.hub import Total
from privacy.federated.secagg.site import Site
from privacy.federated.secagg.terms import least_threshold
from secops.core.errors import RefusedError
from tests.privacy.federated.secagg.kit import ASK, LIMIT, OTHER, joined, plain, signer, summed, terms, vectors

#: Where a site may drop out; None: it stays.
STAGES = ("no_keys", "no_shares", "silent", "unsigned", "untold")


@st.composite
def runs(draw: st.DrawFn) -> tuple[int, int, int, dict[str, set[str]]]:
    """Sites, threshold, bits, and who drops out where."""
    count = draw(st.integers(2, 7))
    threshold = draw(st.integers(least_threshold(count, 0), count))
    where = draw(st.lists(st.sampled_from([*STAGES, None, None, None]), min_size=count, max_size=count))
    names = terms(count, threshold).sites
    dropping = {stage: {n for n, at in zip(names, where, strict=True) if at == stage} for stage in STAGES}
    return count, threshold, draw(st.sampled_from([32, 64])), dropping


@settings(max_examples=120, deadline=None)
@given(runs(), st.data())
def test_whoever_drops_out_the_sum_is_right_or_there_is_none(
    run: tuple[int, int, int, dict[str, set[str]]], data: st.DataObject
) -> None:
    count, threshold, bits, dropping = run
    agreed = terms(count, threshold, bits=bits)
    limit = data.draw(st.integers(0, ((1 << bits - 1) - 1) // count))
    values = vectors(agreed, 3, limit=limit, seed=data.draw(st.integers(0, 9)))
    left = set(agreed.sites)
    totals: list[Total] = []
    try:
        cast = joined(agreed, no_keys=dropping["no_keys"], no_shares=dropping["no_shares"])
        rest = {stage: dropping[stage] for stage in ("silent", "unsigned", "untold")}
        totals += [summed(cast, number, values, limit=limit, **rest) for number in (1, 2)]
    except RefusedError:
        assert len(left - set().union(*dropping.values())) < threshold
        return
    there = sorted(left - dropping["no_keys"] - dropping["no_shares"] - dropping["silent"])
    for total in totals:
        assert list(total.sites) == there
        assert np.array_equal(total.values, plain(values, there))
    assert len(left - set().union(*dropping.values())) >= threshold


@pytest.mark.parametrize("bits", [32, 64])
def test_the_largest_numbers_that_have_room(bits: int) -> None:
    agreed = terms(5, 3, bits=bits)
    limit = ((1 << bits - 1) - 1) // 5
    values = {site: np.array([limit, -limit, 0, -1, 1]) for site in agreed.sites}
    total = summed(joined(agreed), 1, values, limit=limit)
    assert total.values.tolist() == [5 * limit, -5 * limit, 0, -5, 5]


def test_what_a_site_sends_is_not_its_vector_and_never_the_same() -> None:
    agreed = terms(3, 2)
    values = {site: np.zeros(64, np.int64) for site in agreed.sites}
    sent = []
    for _ in range(2):
        cast = joined(agreed)
        sent += [cast.sites[site].mask(number, ASK, values[site], LIMIT) for site in agreed.sites for number in (1, 2)]
    words = {word for row in sent for word in np.frombuffer(row, "<u8").tolist()}
    assert len(words) == 65 * len(sent)


@pytest.mark.parametrize("bits", [32, 64])
def test_a_vector_takes_the_bytes_of_its_numbers_and_of_one_more(bits: int) -> None:
    agreed = terms(3, 2, bits=bits)
    cast = joined(agreed)
    sent = cast.sites["site-000"].mask(1, ASK, np.zeros(1000, np.int64), LIMIT)
    assert len(sent) == 1001 * bits // 8


def test_rounds_may_be_passed_over() -> None:
    agreed = terms(4, 3, first=10, rounds=5)
    cast, values = joined(agreed), vectors(agreed)
    for number in (11, 14):
        assert np.array_equal(summed(cast, number, values).values, plain(values, agreed.sites))


def test_a_set_up_follows_another() -> None:
    """The survivors of the rounds before go along; the second set-up is bound to them."""
    earlier, later = terms(4, 3), terms(4, 3, first=4)
    values, cast = vectors(earlier), joined(earlier)
    last = earlier.sites[-1]
    summed(cast, 3, values, silent={last})
    before = cast.sites["site-000"].survivors
    assert before == earlier.sites[:-1]
    sites = {name: Site(later, name, signer(name), before=before) for name in later.sites}
    with pytest.raises(RefusedError, match="other sites survive"):
        summed(joined(later, sites), 4, values)
    sites = {name: Site(later, name, signer(name), before=before) for name in later.sites}
    total = summed(joined(later, sites), 4, values, silent={last})
    assert np.array_equal(total.values, plain(values, total.sites))


def test_survivors_may_change_only_where_the_policy_says_so() -> None:
    agreed, gone = terms(5, 3), {"site-001"}
    values = vectors(agreed)
    strict, lax = joined(agreed), joined(agreed, may_change=True)
    for cast in (strict, lax):
        assert len(summed(cast, 1, values).sites) == 5
    with pytest.raises(RefusedError, match="other sites survive"):
        summed(strict, 2, values, silent=gone)
    assert len(summed(lax, 2, values, silent=gone).sites) == 4
    assert np.array_equal(summed(lax, 3, values).values, plain(values, agreed.sites))


def test_each_question_has_its_own_masks() -> None:
    """A site that is shown another question than the rest: noise, not its vector."""
    agreed = terms(4, 3)
    cast, values = joined(agreed), vectors(agreed)
    around = cast.hub.round(1, ASK, 6, LIMIT)
    for name in agreed.sites:
        asked = OTHER if name == "site-002" else ASK
        around.add(name, cast.sites[name].mask(1, asked, values[name], LIMIT))
    survivors = around.survivors()
    honest = [name for name in survivors if name != "site-002"]
    signatures = around.signatures({name: cast.sites[name].agree(1, survivors) for name in honest})
    told = {name: cast.sites[name].reveal(1, signatures) for name in honest}
    with pytest.raises(RefusedError, match="do not cancel"):
        around.unmask(told)
    with pytest.raises(RefusedError, match="has not signed"):
        cast.sites["site-002"].agree(1, survivors) and cast.sites["site-002"].reveal(1, signatures)


@pytest.mark.slow
def test_a_hundred_sites() -> None:
    agreed = terms(100, 67, rounds=2)
    values, cast = vectors(agreed), joined(agreed, no_keys=agreed.sites[:5], no_shares=agreed.sites[5:10])
    total = summed(
        cast, 1, values, silent=agreed.sites[10:20], unsigned=agreed.sites[20:27], untold=agreed.sites[27:33]
    )
    assert np.array_equal(total.values, plain(values, agreed.sites[20:]))
