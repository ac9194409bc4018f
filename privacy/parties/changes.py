"""Changes of the roster. Each gives the next version, unsigned: `chain.Rosters.issue` signs it and puts it in force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from privacy.canonical import time_text
from privacy.parties.keys import key_id
from privacy.parties.roster import KINDS, Card, Party, Revocation, Roster
from privacy.parties.signed import Signed, as_value, digest
from secops.core.content import convert
from secops.core.errors import RefusedError, UsageError
from secops.core.i18n import _


def first(card: Signed[Card], kinds: Sequence[str], *, now: datetime, until: datetime) -> Roster:
    """Version 1 with the authority alone, which signs it itself. Whoever relies on it is told its key id in person."""
    party = _enrolled(card, {"authority", *kinds}, now, until)
    return _roster(
        {"version": 1, "issued": time_text(now), "until": time_text(until), "previous": None, "parties": [party]}
    )


def enrol(
    roster: Roster, card: Signed[Card], kinds: Sequence[str], *, now: datetime, until: datetime, valid: datetime
) -> Roster:
    """A new party, valid until `until`; the new roster is valid until `valid`. Raises `UsageError`, `RefusedError`."""
    if roster.party(card.body.id):
        hint = _("Renew the party, or choose another id.")
        raise UsageError(_("the party {id} is enrolled already").format(id=card.body.id), hint=hint)
    party = _enrolled(card, kinds, now, until)
    return _next(roster, [*as_value(roster.parties), party], now, valid)


def renew(
    roster: Roster, name: str, *, now: datetime, until: datetime, valid: datetime, card: Signed[Card] | None = None
) -> Roster:
    """A party is valid until another time; with a card, by the new key on it. A revoked key stays revoked."""
    party = _known(roster, name)
    if card and card.body.id != name:
        raise UsageError(_("the card is that of {id}").format(id=card.body.id))
    if party.revoked and not card:
        hint = _("Give a card with a new key.")
        raise RefusedError(_("the key of {id} is revoked").format(id=name), hint=hint)
    changed = {**as_value(party), "until": time_text(until)}
    if card:
        changed = _enrolled(card, party.kinds, now, until)
    return _next(roster, _replaced(roster, changed), now, valid)


def revoke(roster: Roster, name: str, reason: str, *, now: datetime, valid: datetime) -> Roster:
    """From now on nothing counts that the party's key signs or has signed. Raises `UsageError`."""
    party = _known(roster, name)
    if party.revoked:
        raise UsageError(_("the key of {id} is revoked already").format(id=name))
    revoked = msgspec.structs.replace(party, revoked=Revocation(time_text(now), reason))
    return _next(roster, _replaced(roster, as_value(revoked)), now, valid)


def _known(roster: Roster, name: str) -> Party:
    party = roster.party(name)
    if party is None:
        raise UsageError(_("there is no party {id}").format(id=name), hint=_("The roster lists them."))
    return party


def _enrolled(card: Signed[Card], kinds: Sequence[str] | set[str], now: datetime, until: datetime) -> dict[str, Any]:
    body = card.body
    if card.key_id != key_id(body.public_key) or not card.is_by(body.public_key):
        raise RefusedError(_("the card of {id} is not signed with the key on it").format(id=body.id))
    if body.issued > time_text(now):
        raise RefusedError(_("the card of {id} is from the future").format(id=body.id), hint=_("Check the clocks."))
    return {
        "id": body.id,
        "name": body.name,
        "kinds": sorted(set(kinds), key=lambda kind: KINDS.index(kind) if kind in KINDS else -1),
        "key_id": card.key_id,
        "public_key": body.public_key,
        "since": time_text(now),
        "until": time_text(until),
        "revoked": None,
    }


def _replaced(roster: Roster, changed: dict[str, Any]) -> list[dict[str, Any]]:
    return [changed if party["id"] == changed["id"] else party for party in as_value(roster.parties)]


def _next(roster: Roster, parties: Sequence[dict[str, Any]], now: datetime, valid: datetime) -> Roster:
    return _roster(
        {
            "version": roster.version + 1,
            "issued": time_text(now),
            "until": time_text(valid),
            "previous": digest(roster),
            "parties": list(parties),
        }
    )


def _roster(document: dict[str, Any]) -> Roster:
    """Checked as one that is read; wrong times and kinds are the user's."""
    try:
        return convert(document, Roster)
    except msgspec.ValidationError as error:
        raise UsageError(_("this gives no roster: {reason}").format(reason=error)) from error
