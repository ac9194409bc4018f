"""Enrol, renew and revoke: what each changes, and what the authority must not do by mistake."""

from __future__ import annotations

import pytest

from privacy.canonical import time_text
from privacy.parties import changes
from privacy.parties.keys import Signer
from privacy.parties.signed import Signed, sign
from secops.core.errors import RefusedError, UsageError
from tests.privacy.parties.kit import DAY, NOW, VALID, Commission, card


def test_enrolled_with_the_key_of_its_card(commission: Commission) -> None:
    signer = Signer.new()
    roster = changes.enrol(
        commission.roster, card("hub-1", signer), ["hub", "site", "hub"], now=NOW + DAY, until=VALID, valid=VALID
    )
    party = roster.party("hub-1")
    assert party
    assert (party.key_id, party.kinds, party.since) == (signer.key_id, ("site", "hub"), time_text(NOW + DAY))
    assert roster.holder(signer.key_id) == party
    assert roster.party("hub-2") is roster.holder("ed25519:") is None


def test_nobody_enrols_a_key_that_is_anothers(commission: Commission) -> None:
    """Eve's card names Ann's key: Eve cannot sign it with that key."""
    body = card("eve", commission.keys["ann"]).body
    eve = sign(body, Signer.new())
    ann = commission.keys["ann"]
    stolen = Signed(body, ann.key_id, card("ann", ann).signature)
    for false in (eve, stolen):
        with pytest.raises(RefusedError, match="not signed with the key on it"):
            changes.enrol(commission.roster, false, ["checker"], now=NOW, until=VALID, valid=VALID)


def test_enrolled_once(commission: Commission) -> None:
    with pytest.raises(UsageError, match="ann is enrolled already"):
        changes.enrol(commission.roster, card("ann", Signer.new()), ["site"], now=NOW, until=VALID, valid=VALID)


def test_a_card_from_the_future(commission: Commission) -> None:
    late = card("eve", Signer.new(), issued=NOW + DAY)
    with pytest.raises(RefusedError, match="future"):
        changes.enrol(commission.roster, late, ["site"], now=NOW, until=VALID, valid=VALID)


@pytest.mark.parametrize(("kinds", "days"), [(["boss"], 1), ([], 1), (["site"], 0), (["site"], -1)])
def test_wrong_kinds_and_times_are_the_users(kinds: list[str], days: int, commission: Commission) -> None:
    with pytest.raises(UsageError, match="gives no roster"):
        changes.enrol(commission.roster, card("eve", Signer.new()), kinds, now=NOW, until=NOW + days * DAY, valid=VALID)


def test_renewed_with_the_same_key(commission: Commission) -> None:
    old = commission.roster.party("ann")
    new = changes.renew(commission.roster, "ann", now=NOW + DAY, until=VALID, valid=VALID).party("ann")
    assert old
    assert new
    assert (new.key_id, new.since, new.until) == (old.key_id, old.since, time_text(VALID))


def test_a_revoked_party_comes_back_with_a_new_key_alone(commission: Commission) -> None:
    roster = changes.revoke(commission.roster, "ann", "laptop lost", now=NOW, valid=VALID)
    party = roster.party("ann")
    assert party
    assert party.revoked
    assert party.revoked.reason == "laptop lost"
    with pytest.raises(RefusedError, match="revoked"):
        changes.renew(roster, "ann", now=NOW, until=VALID, valid=VALID)
    with pytest.raises(UsageError, match="already"):
        changes.revoke(roster, "ann", "again", now=NOW, valid=VALID)
    signer = Signer.new()
    again = changes.renew(roster, "ann", now=NOW, until=VALID, valid=VALID, card=card("ann", signer)).party("ann")
    assert again
    assert (again.key_id, again.revoked, again.kinds) == (signer.key_id, None, ("checker",))


def test_another_partys_card_renews_nobody(commission: Commission) -> None:
    with pytest.raises(UsageError, match="card is that of eve"):
        changes.renew(commission.roster, "ann", now=NOW, until=VALID, valid=VALID, card=card("eve", Signer.new()))


def test_who_is_not_there(commission: Commission) -> None:
    with pytest.raises(UsageError, match="no party eve"):
        changes.renew(commission.roster, "eve", now=NOW, until=VALID, valid=VALID)
    with pytest.raises(UsageError, match="no party eve"):
        changes.revoke(commission.roster, "eve", "x", now=NOW, valid=VALID)
