"""Sites that fail, or send whatever they like: they are left out and named, or there is no sum; never a wrong one."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.federated.secagg import keying, shamir
from privacy.federated.secagg.hub import Hub
from privacy.federated.secagg.keying import Secrets
from privacy.federated.secagg.round import Round
from privacy.federated.secagg.site import Site
from privacy.parties import signed
from secops.core.errors import RefusedError
from tests.privacy.federated.secagg.five import AGREED, VALUES, A, B, C, D, E, begun, told_of
from tests.privacy.federated.secagg.kit import ASK, LIMIT, Cast, joined, plain, signer, summed
from tests.privacy.federated.secagg.lying import setup_of, signed_by


def test_the_hub_says_who_is_left_out_and_why() -> None:
    sites = {name: Site(AGREED, name, signer(name)) for name in AGREED.sites}
    keys = {name: site.keys() for name, site in sites.items() if name != A}
    keys[B] = signed.dump(signed.sign(Secrets(3).public(AGREED, B), signer(C)))
    keys["site-009"] = keys[C]
    hub = Hub(AGREED)
    passed = hub.keys(keys)
    assert passed == {name: keys[name] for name in (C, D, E)}
    assert hub.left_out.keys() == {A, B, C, D, E, "site-009"}
    dealt = {name: sites[name].deal(passed) for name in passed}
    assert hub.shares(dealt).keys() == {C, D, E}
    assert hub.left_out == {
        A: "it sent no keys",
        B: "its keys are not signed with its enrolled key",
        "site-009": "it is not in the roster of the job",
    }
    assert hub.sites == (C, D, E)


def test_a_site_that_seals_for_some_only_is_left_out() -> None:
    sites = {name: Site(AGREED, name, signer(name)) for name in AGREED.sites}
    hub = Hub(AGREED)
    keys = hub.keys({name: site.keys() for name, site in sites.items()})
    dealt = {name: site.deal(keys) for name, site in sites.items()}
    del dealt[A][B]
    dealt[B][C] = dealt[B][C][:-1]
    got = hub.shares(dealt)
    assert hub.sites == (C, D, E)
    assert hub.left_out.keys() == {A, B}
    for name, sealed in got.items():
        assert sites[name].accept(sealed) == (C, D, E)
    assert np.array_equal(summed(Cast(hub, sites), 1, VALUES).values, plain(VALUES, (C, D, E)))


def test_too_few_in_the_set_up() -> None:
    with pytest.raises(RefusedError, match="2 sites gave keys, 3 are needed"):
        joined(AGREED, no_keys={A, B, C})
    with pytest.raises(RefusedError, match="2 sites are left, 3 are needed"):
        joined(AGREED, no_keys={A}, no_shares={B, C})
    for early in (lambda hub: hub.shares({}), lambda hub: hub.round(1, ASK, 6, LIMIT)):
        with pytest.raises(RefusedError, match="not the next"):
            early(Hub(AGREED))


def test_rounds_and_bounds_that_the_set_up_does_not_have() -> None:
    cast = joined(AGREED)
    for number in (0, 4, -1):
        with pytest.raises(RefusedError, match="not of this set-up"):
            cast.hub.round(number, ASK, 6, LIMIT)
    with pytest.raises(RefusedError, match="overflow"):
        cast.hub.round(1, ASK, 6, 2**62)


def test_a_site_restarted_has_dropped() -> None:
    """It has no keys of the set-up any more, and gets no others."""
    cast = joined(AGREED)
    summed(cast, 1, VALUES)
    again = Site(AGREED, A, signer(A))
    for late in (
        lambda: again.mask(2, ASK, VALUES[A], LIMIT),
        lambda: again.agree(1, AGREED.sites),
        lambda: again.reveal(1, {}),
        lambda: again.accept({}),
    ):
        with pytest.raises(RefusedError):
            late()


def test_a_vector_that_comes_late_or_twice_or_too_short() -> None:
    cast, around = begun()
    fresh = cast.hub.round(1, ASK, 6, LIMIT)
    vector = np.zeros(7, np.uint64).tobytes()
    fresh.add(A, vector)
    for site, sent, why in (
        (A, vector, "second"),
        (B, vector[:-1], "length"),
        (B, b"", "length"),
        ("x", vector, "no part"),
    ):
        with pytest.raises(RefusedError, match=why):
            fresh.add(site, sent)
    with pytest.raises(RefusedError, match="1 sites are left"):
        fresh.survivors()
    around.survivors()
    with pytest.raises(RefusedError, match="late"):
        around.add(A, vector)


def test_a_site_ten_times_slower_has_dropped_from_the_round_and_harms_nobody() -> None:
    cast = joined(AGREED, may_change=True)
    around = cast.hub.round(1, ASK, 6, LIMIT)
    late = cast.sites[E].mask(1, ASK, VALUES[E], LIMIT)
    for name in (A, B, C, D):
        around.add(name, cast.sites[name].mask(1, ASK, VALUES[name], LIMIT))
    survivors = around.survivors()
    with pytest.raises(RefusedError, match="late"):
        around.add(E, late)
    signatures = around.signatures({name: cast.sites[name].agree(1, survivors) for name in survivors})
    total = around.unmask({name: cast.sites[name].reveal(1, signatures) for name in survivors})
    assert total.sites == (A, B, C, D)
    assert np.array_equal(total.values, plain(VALUES, total.sites))
    assert np.array_equal(summed(cast, 2, VALUES).values, plain(VALUES, AGREED.sites))


def test_a_site_that_commits_to_another_seed_gives_no_sum() -> None:
    sites = {name: Site(AGREED, name, signer(name)) for name in AGREED.sites}
    lying = sites[A]
    seeds = b"".join(keying.commitment(bytes(32), AGREED.job, A) for _ in range(AGREED.rounds))
    shown = keying.Keys(lying._keys.terms, A, lying._keys.share_key, lying._keys.mask_keys, seeds)
    lying._keys = shown
    with pytest.raises(RefusedError, match="site-000: the shares of its secret do not fit"):
        summed(joined(AGREED, sites), 1, VALUES)


def test_a_vector_masked_otherwise_gives_no_sum() -> None:
    cast = joined(AGREED)
    around = cast.hub.round(1, ASK, 6, LIMIT)
    for name in AGREED.sites:
        sent = cast.sites[name].mask(1, ASK, VALUES[name], LIMIT)
        around.add(name, bytes(len(sent)) if name == A else sent)
    with pytest.raises(RefusedError, match="do not cancel"):
        around.unmask(told_of(cast, around))


@pytest.mark.parametrize("much", [6 * LIMIT, -6 * LIMIT])
def test_numbers_beyond_what_all_sites_may_have_are_no_sum(much: int) -> None:
    """A site that keeps to the masks, and not to the bound."""
    cast = joined(AGREED)
    around = cast.hub.round(1, ASK, 6, LIMIT)
    for name in AGREED.sites:
        around.add(name, cast.sites[name].mask(1, ASK, VALUES[name] * 0 + (much if name == A else 0), 6 * LIMIT))
    with pytest.raises(RefusedError, match="do not cancel"):
        around.unmask(told_of(cast, around))


def test_signatures_that_do_not_count_are_not_passed_on() -> None:
    cast, around = begun()
    survivors = around.survivors()
    good = {name: cast.sites[name].agree(1, survivors) for name in survivors}
    assert around.signatures({**good, A: good[B], B: "", "x": good[A]}) == {name: good[name] for name in (C, D, E)}
    with pytest.raises(RefusedError, match="2 survivors signed"):
        around.signatures({A: good[A], B: good[B], C: good[A]})


def test_the_signature_of_a_site_that_dropped_does_not_count() -> None:
    cast = joined(AGREED)
    around = cast.hub.round(1, ASK, 6, LIMIT)
    for name in (A, B, C):
        around.add(name, cast.sites[name].mask(1, ASK, VALUES[name], LIMIT))
    survivors = around.survivors()
    good = {name: cast.sites[name].agree(1, survivors) for name in (A, B)}
    with pytest.raises(RefusedError, match="2 survivors signed"):
        around.signatures({**good, D: signed_by(D, Round(setup_of(cast), 1, ASK), survivors)})


def test_a_site_that_shares_no_secret_in_a_round_drops_who_masks_with_it() -> None:
    """A public key of small order is no key: who meets it sends nothing, and says whose it is."""
    sites = {name: Site(AGREED, name, signer(name)) for name in AGREED.sites}
    own = sites[A]._keys
    shown = own.mask_keys[:32] + bytes(32) + own.mask_keys[64:]
    sites[A]._keys = keying.Keys(own.terms, A, own.share_key, shown, own.seeds)
    cast = joined(AGREED, sites)
    cast.sites[B].mask(1, ASK, VALUES[B], LIMIT)
    with pytest.raises(RefusedError, match="site-000: its key shares no secret"):
        cast.sites[B].mask(2, ASK, VALUES[B], LIMIT)
    for number in (1, 2):
        with pytest.raises(RefusedError, match="is over"):
            cast.sites[B].agree(number, AGREED.sites)
        with pytest.raises(RefusedError, match="is over"):
            cast.sites[B].mask(number, ASK, VALUES[B], LIMIT)
    assert cast.sites[B].mask(3, ASK, VALUES[B], LIMIT)


def test_secrets_of_a_round_are_gone_when_it_is_over() -> None:
    cast = joined(AGREED)
    site = cast.sites[A]
    summed(cast, 2, VALUES)
    assert site._secrets.rounds.keys() == {2}
    assert not hasattr(site._secrets, "share")
    assert all(not any(held[:132]) and any(held[132:]) for held in site._held.values())
    assert site._turn is not None
    assert not site._turn._shares


def test_secrets_are_not_written_and_not_shown() -> None:
    cast = joined(AGREED)
    site = cast.sites[A]
    for secret in (site, site._secrets):
        with pytest.raises(TypeError, match="not serialised"):
            pickle.dumps(secret)
    own = site._secrets.rounds[0]
    assert own.seed.hex() not in repr(own)
    assert repr(own.seed) not in repr(own)


_MESSAGES = st.dictionaries(st.sampled_from([*AGREED.sites, "x"]), st.binary(max_size=40), max_size=6)


@settings(max_examples=30, deadline=None)
@given(_MESSAGES, st.dictionaries(st.sampled_from(AGREED.sites), _MESSAGES, max_size=5), st.text(max_size=100))
def test_whatever_comes_is_refused_and_nothing_else(
    sent: dict[str, bytes], dealt: dict[str, dict[str, bytes]], text: str
) -> None:
    cast, around = begun()
    survivors = around.survivors()
    cast.sites[B].agree(1, survivors)
    site, hub = Site(AGREED, A, signer(A)), Hub(AGREED)
    keys = {name: one.keys() for name, one in ((n, Site(AGREED, n, signer(n))) for n in AGREED.sites)}
    hub.keys(keys)
    site.keys()
    for call in (
        lambda: Hub(AGREED).keys(sent),
        lambda: hub.shares(dealt),
        lambda: site.deal({**keys, **sent}),
        lambda: cast.sites[C].agree(1, [text, *sent]),
        lambda: cast.sites[B].reveal(1, dict.fromkeys([*sent, A, B, C], text)),
        lambda: around.signatures(dict.fromkeys(AGREED.sites, text)),
        lambda: around.unmask(sent),
        lambda: around.unmask({name: (one * 200)[: 5 * shamir.SHARE] for name, one in sent.items()}),
    ):
        with pytest.raises(RefusedError):
            call()


_SAMPLE = Site(AGREED, A, signer(A)).keys()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(_SAMPLE) - 1), st.integers(0, 255))
def test_keys_with_one_byte_changed_are_the_same_or_do_not_count(at: int, byte: int) -> None:
    """Only what nobody signs may differ: the id of the key, unused bits of base64."""
    try:
        read = keying.read(_SAMPLE[:at] + bytes([byte]) + _SAMPLE[at + 1 :], A, AGREED)
    except RefusedError:
        return
    assert read == keying.read(_SAMPLE, A, AGREED)
