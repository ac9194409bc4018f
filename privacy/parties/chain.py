"""All versions of the roster in a folder, each signed by an authority of the one before.

The first is pinned by the key id of its authority. A version that somebody knows (the ledger keeps the digest of each)
cannot be taken away or exchanged. Nothing in it is forgotten: parties stay, revocations stay, keys never come back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from privacy.canonical import parse_time, time_text
from privacy.parties.keys import Signer
from privacy.parties.roster import Roster
from privacy.parties.signed import Signed, digest, dump, read, sign
from secops.core.errors import CitywallError, RefusedError, UsageError
from secops.core.folder import locked, writing
from secops.core.i18n import _
from secops.core.render import write_whole


class Rosters:
    """The folder of rosters, `00000001.json` and so on."""

    def __init__(self, folder: Path, pin: str, known: Mapping[int, str] | None = None) -> None:
        """`pin`: key id of the first authority; `known`: version → digest of versions that must be there."""
        self._folder, self._pin, self._known = folder, pin, known or {}

    def read(self) -> tuple[Roster, ...]:
        """All versions, verified, the oldest first. Raises `UsageError` without any, `RefusedError` for a false one."""
        return tuple(signed.body for signed in self.signed())

    def signed(self) -> tuple[Signed[Roster], ...]:
        """The same with their signatures."""
        found = self._signed()
        verified(found, self._pin, self._known, str(self._folder))
        return tuple(found)

    def in_force(self, when: datetime) -> Roster:
        """The roster that was or is in force at a time. Raises as `read`, and `RefusedError` when there is none."""
        return in_force(self.read(), when)

    def issue(self, roster: Roster, signer: Signer) -> Signed[Roster]:
        """Sign a version and put it in force. Raises `RefusedError` when it may not follow, or another was faster."""
        signed = sign(roster, signer)
        path = self._folder / f"{roster.version:08}.json"
        with writing(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        with locked(self._folder) as held:
            if not held:
                raise CitywallError(_("the folder cannot be locked"), where=str(self._folder))
            before = self._signed() if roster.version > 1 or any(self._paths()) else []
            if path.exists():
                hint = _("Read the roster again and make the change once more.")
                raise RefusedError(_("another version was made meanwhile"), where=str(path), hint=hint)
            verified([*before, signed], self._pin, self._known, str(path))
            write_whole(path, dump(signed))
        return signed

    def _paths(self) -> list[Path]:
        return sorted(path for path in self._folder.glob("*") if not path.name.startswith("."))

    def _signed(self) -> list[Signed[Roster]]:
        signed = [read(path, Roster) for path in self._paths()]
        if not signed:
            raise UsageError(_("there is no roster"), where=str(self._folder))
        return signed


def verified(
    chain: Sequence[Signed[Roster]], pin: str, known: Mapping[int, str], where: str = ""
) -> tuple[Roster, ...]:
    """The bodies of a whole chain. Raises `RefusedError` with the version that is false, and why."""
    left: set[str] = set()
    before: Roster | None = None
    for number, signed in enumerate(chain, 1):
        roster = signed.body
        fault = _number_fault(signed, number, known) or (
            _first_fault(signed, pin)
            if before is None
            else _step_fault(before, signed) or _key_fault(before, roster, left)
        )
        if fault:
            raise RefusedError(_("version {n} of the roster: {reason}").format(n=number, reason=fault), where=where)
        if before:
            left |= {party.key_id for party in before.parties} - {party.key_id for party in roster.parties}
        before = roster
    if missing := [number for number in known if number > len(chain)]:
        what = _("version {n} of the roster was taken away").format(n=min(missing))
        raise RefusedError(what, where=where, hint=_("Bring it back from a party that has a copy."))
    return tuple(signed.body for signed in chain)


def in_force(rosters: Sequence[Roster], when: datetime) -> Roster:
    """The version in force at a time. Raises `RefusedError` before the first, and when the one then was out of date."""
    now = time_text(when)
    issued = [roster for roster in rosters if roster.issued <= now]
    if not issued:
        raise RefusedError(_("no roster was in force at {time}").format(time=now), hint=_("Check the clock."))
    if not issued[-1].holds(when):
        what = _("the roster was valid until {time}").format(time=issued[-1].until)
        raise RefusedError(what, hint=_("The authority must issue a new version."))
    return issued[-1]


def in_second(rosters: Sequence[Roster], when: datetime) -> tuple[Roster, ...]:
    """All versions in force in a second, which is all that times tell apart. Raises as `in_force`."""
    in_force(rosters, when)
    now = time_text(when)
    before = [roster for roster in rosters if roster.issued < now][-1:]
    return (*(roster for roster in before if roster.holds(when)), *(one for one in rosters if one.issued == now))


def _number_fault(signed: Signed[Roster], number: int, known: Mapping[int, str]) -> str | None:
    if signed.body.version != number:
        return _("a version is missing or stands twice")
    if known.get(number, signed.digest) != signed.digest:
        return _("is not the one that was known before")
    return None


def _first_fault(signed: Signed[Roster], pin: str) -> str | None:
    if signed.key_id != pin:
        return _("is not by the pinned key")
    return _signature_fault(signed, signed.body)


def _signature_fault(signed: Signed[Roster], by: Roster) -> str | None:
    """By a party that is an authority in `by` when `signed` is issued."""
    when = parse_time(signed.body.issued)
    party = next((party for party in by.authorities(when) if party.key_id == signed.key_id), None)
    if party is None:
        return _("is not signed by an authority that was valid then")
    return None if signed.is_by(party.public_key) else _("its signature is false")


def _step_fault(before: Roster, signed: Signed[Roster]) -> str | None:
    new = signed.body
    if new.previous != digest(before):
        return _("does not follow the version before it")
    if new.issued < before.issued:
        return _("is older than the version before it: a clock went back")
    if fault := _signature_fault(signed, before):
        return fault
    return None if new.authorities(parse_time(new.issued)) else _("no authority would be left")


def _key_fault(before: Roster, new: Roster, left: set[str]) -> str | None:
    """Nobody is forgotten, no revocation undone or set back, no key passed on or used again."""
    for old in before.parties:
        party = new.party(old.id)
        if party is None:
            return _("the party {id} is gone").format(id=old.id)
        if party.key_id != old.key_id:
            continue
        if old.revoked and party.revoked != old.revoked:
            return _("the revocation of {id} is gone").format(id=old.id)
        if party.since != old.since:
            return _("the begin of {id} was changed").format(id=old.id)
    return _reuse_fault(before, new, left)


def _reuse_fault(before: Roster, new: Roster, left: set[str]) -> str | None:
    for party in new.parties:
        holder = before.holder(party.key_id)
        if party.key_id in left or (holder and holder.id != party.id):
            return _("the key of {id} was in use before").format(id=party.id)
        if party.revoked and not (holder and holder.revoked) and not before.issued <= party.revoked.time <= new.issued:
            return _("the revocation of {id} is not of its time").format(id=party.id)
    return None
