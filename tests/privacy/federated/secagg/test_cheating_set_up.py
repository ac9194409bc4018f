"""Hubs that lie while keys and shares go round, each by its name: a site refuses, before it has sent anything."""

from __future__ import annotations

from typing import Any

import pytest

from privacy.federated.secagg import keying
from privacy.federated.secagg.keying import Secrets
from privacy.federated.secagg.round import ended
from privacy.federated.secagg.site import Site
from privacy.parties import signed
from privacy.parties.keys import Signer
from secops.core.errors import RefusedError, UsageError
from tests.privacy.federated.secagg.kit import ASK, JOB, LIMIT, signer, terms
from tests.privacy.federated.secagg.lying import AGREED, ALL, LIAR, VALUES, A, B, C, D, E, all_keys


def test_keys_that_are_not_signed() -> None:
    sites, keys = all_keys()
    mine = signed.parse(keys[B], keying.Keys, B)
    keys[B] = signed.dump(signed.Signed(mine.body, mine.key_id, "A" * 86 + "=="))
    with pytest.raises(RefusedError, match=r"site-001: .*not signed with its enrolled key"):
        sites[A].deal(keys)


def test_keys_swapped_for_those_of_the_hub() -> None:
    """The hub plays a site: with keys of its own, signed by its own key, or by that of the site on its side."""
    for by in (Signer.new(), signer(LIAR)):
        sites, keys = all_keys()
        keys[B] = signed.dump(signed.sign(Secrets(AGREED.rounds).public(AGREED, B), by))
        with pytest.raises(RefusedError, match=r"site-001: .*not signed with its enrolled key"):
            sites[A].deal(keys)


def test_keys_of_one_site_under_the_name_of_another() -> None:
    sites, keys = all_keys()
    keys[B] = keys[C]
    with pytest.raises(RefusedError, match="another site, job or round"):
        sites[A].deal(keys)


@pytest.mark.parametrize(
    "changed", [{"job": JOB[:-1] + "8"}, {"first": 2}, {"rounds": 4}, {"bits": 32}, {"threshold": 5}]
)
def test_keys_of_another_job_or_round_played_again(changed: dict[str, Any]) -> None:
    other = terms(6, **{"threshold": 4, "colluding": 1, **changed})
    sites, keys = all_keys()
    keys[B] = Site(other, B, signer(B)).keys()
    with pytest.raises(RefusedError, match="another site, job or round"):
        sites[A].deal(keys)


def test_a_key_of_one_site_in_the_keys_of_another() -> None:
    """A site on the hub's side copies what another site shows, or shows one key for all rounds."""
    _, keys = all_keys()
    copied, own = (signed.parse(keys[name], keying.Keys, name).body for name in (B, LIAR))
    for body in (
        keying.Keys(own.terms, LIAR, copied.share_key, own.mask_keys, own.seeds),
        keying.Keys(own.terms, LIAR, own.share_key, copied.mask_keys, own.seeds),
        keying.Keys(own.terms, LIAR, own.share_key, own.mask_keys[:32] * AGREED.rounds, own.seeds),
    ):
        with pytest.raises(RefusedError, match="stands twice"):
            keying.group({**keys, LIAR: signed.dump(signed.sign(body, signer(LIAR)))}, AGREED)


@pytest.mark.parametrize("number", [2**255 - 19, 2**255 - 18, 2**255 + 9, 2**256 - 1])
def test_a_key_written_in_a_second_way(number: int) -> None:
    _, keys = all_keys()
    own = signed.parse(keys[LIAR], keying.Keys, LIAR).body
    body = keying.Keys(own.terms, LIAR, number.to_bytes(32, "little"), own.mask_keys, own.seeds)
    keys[LIAR] = signed.dump(signed.sign(body, signer(LIAR)))
    with pytest.raises(RefusedError, match="second way"):
        keying.group(keys, AGREED)


@pytest.mark.parametrize("sizes", [(31, 96, 96), (0, 96, 96), (32, 64, 96), (32, 128, 96), (32, 96, 64), (32, 96, 0)])
def test_keys_for_fewer_rounds_or_more(sizes: tuple[int, int, int]) -> None:
    _, keys = all_keys()
    own = signed.parse(keys[LIAR], keying.Keys, LIAR).body
    parts = (bytes(range(1, 129))[:size] for size in sizes)
    keys[LIAR] = signed.dump(signed.sign(keying.Keys(own.terms, LIAR, *parts), signer(LIAR)))
    with pytest.raises(RefusedError, match="do not fit the number of rounds"):
        keying.group(keys, AGREED)


def test_a_key_that_shares_no_secret() -> None:
    sites, keys = all_keys()
    own = signed.parse(keys[LIAR], keying.Keys, LIAR).body
    body = keying.Keys(own.terms, LIAR, bytes(32), own.mask_keys, own.seeds)
    keys[LIAR] = signed.dump(signed.sign(body, signer(LIAR)))
    with pytest.raises(RefusedError, match=r"site-005: its key shares no secret"):
        sites[A].deal(keys)


def test_sybils() -> None:
    """Sites that the roster does not have; and one more site under a name of its own choosing."""
    sites, keys = all_keys()
    more = Secrets(AGREED.rounds).public(AGREED, "site-006")
    keys["site-006"] = signed.dump(signed.sign(more, signer(LIAR)))
    with pytest.raises(RefusedError, match=r"site-006: it is not in the roster"):
        sites[A].deal(keys)
    with pytest.raises(UsageError):
        Site(AGREED, B, Signer.new())
    with pytest.raises(UsageError):
        Site(AGREED, "site-006", signer("site-006"))


def test_too_few_to_share_with() -> None:
    sites, keys = all_keys()
    with pytest.raises(RefusedError, match="3 sites gave keys, 4 are needed"):
        sites[A].deal({name: keys[name] for name in (A, B, C)})


def test_a_site_shown_keys_without_its_own() -> None:
    _, keys = all_keys()
    mine = Site(AGREED, A, signer(A))
    mine.keys()  # another `Site` of the same name and key gave those that are shown
    with pytest.raises(RefusedError, match="left out, or changed"):
        mine.deal(keys)
    sites, keys = all_keys()
    del keys[A]
    with pytest.raises(RefusedError, match="left out, or changed"):
        sites[A].deal(keys)


def test_no_second_deal_after_the_first_or_after_a_refused_one() -> None:
    """Two deals would be two sets of masks for the same secrets."""
    sites, keys = all_keys()
    sites[A].deal(keys)
    with pytest.raises(RefusedError, match="not the next"):
        sites[A].deal(keys)
    with pytest.raises(RefusedError):
        sites[B].deal({})
    with pytest.raises(RefusedError, match="not the next"):
        sites[B].deal(keys)
    with pytest.raises(RefusedError):
        sites[B].accept({})
    with pytest.raises(RefusedError, match="no part in the set-up"):
        sites[B].mask(1, ASK, VALUES[B], LIMIT)


def _dealt() -> tuple[dict[str, Site], dict[str, dict[str, bytes]]]:
    sites, keys = all_keys()
    dealt = {name: site.deal(keys) for name, site in sites.items()}
    return sites, {to: {by: dealt[by][to] for by in ALL if by != to} for to in ALL}


def test_shares_changed_on_the_way_or_sent_to_another() -> None:
    for change in (
        lambda got: got[A] | {B: got[A][B][:-1] + bytes([got[A][B][-1] ^ 1])},
        lambda got: got[A] | {B: bytes([got[A][B][0] ^ 1]) + got[A][B][1:]},
        lambda got: got[A] | {B: got[C][B]},
        lambda got: got[A] | {B: got[B][A]},
        lambda got: got[A] | {B: got[A][C]},
        lambda got: got[A] | {B: b""},
        lambda got: got[A] | {B: got[A][B] + b"\0"},
    ):
        sites, got = _dealt()
        with pytest.raises(RefusedError, match=r"site-001: its shares cannot be opened"):
            sites[A].accept(change(got))
        with pytest.raises(RefusedError, match="no part"):
            sites[A].mask(1, ASK, VALUES[A], LIMIT)


def test_shares_of_another_set_up_played_again() -> None:
    sites, got = _dealt()
    _, again = _dealt()
    with pytest.raises(RefusedError, match="cannot be opened"):
        sites[A].accept(got[A] | {B: again[A][B]})


def test_two_sets_of_keys_of_one_site_shown_to_some_each() -> None:
    """Both are signed by a site on the hub's side: those who saw the one open nothing of those who saw the other."""
    sites, keys = all_keys()
    other = {**keys, LIAR: Site(AGREED, LIAR, signer(LIAR)).keys()}
    dealt = {name: sites[name].deal(keys if name in (A, B, C) else other) for name in (A, B, C, D, E)}
    for name, by in ((A, D), (D, A)):
        with pytest.raises(RefusedError, match=f"{by}: its shares cannot be opened"):
            sites[name].accept({peer: dealt[peer][name] for peer in (A, B, C, D, E) if peer != name})
    groups = [keying.group(shown, AGREED) for shown in (keys, other)]
    assert len({ended(AGREED, group, ALL).digest for group in groups}) == 2


def test_shares_of_a_site_that_gave_no_keys() -> None:
    sites, got = _dealt()
    with pytest.raises(RefusedError, match="gave no keys"):
        sites[A].accept(got[A] | {"site-006": got[A][B]})
    with pytest.raises(RefusedError, match="gave no keys"):
        sites[B].accept(got[B] | {B: got[B][A]})


def test_other_participants_shown_to_some() -> None:
    """Their masks do not cancel and nobody's signature counts for the others: no sum, and nothing told."""
    sites, got = _dealt()
    for name in (A, B, C):
        sites[name].accept(got[name])
    for name in (D, E, LIAR):
        sites[name].accept({by: sealed for by, sealed in got[name].items() if by != A})
    for name in ALL:
        sites[name].mask(1, ASK, VALUES[name], LIMIT)
    rest = (B, C, D, E, LIAR)
    signatures = {name: sites[name].agree(1, rest) for name in rest}
    for name in rest:
        with pytest.raises(RefusedError, match="has not signed the list"):
            sites[name].reveal(1, signatures)
