"""Whether what an entry of the ledger says was signed by whom it names: looked at again, by the rosters of its time.

The keeper writes the entries, and could write what nobody has signed, or what was signed for something else or too few.
So each signature in them is verified again, that it is for what stands beside it, and that the step may follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from privacy.canonical import digest as digest_of
from privacy.parties.approval import Approval
from privacy.parties.roster import Roster
from privacy.parties.signed import Signed, digest, of
from privacy.release.documents import Objection
from privacy.release.grounds import CONTRACT, RELEASE, stands
from privacy.release.state import Entry, State, roster_entry
from privacy.release.turns import out_of_turn
from secops.core.errors import RefusedError
from secops.core.i18n import _


def is_signed(entry: Entry) -> bool:
    """Whether a party's signature stands behind an entry, and not the exchange's own judgement."""
    if entry["type"] in ("changes", "refused"):
        return "objection" in entry
    return entry["type"] in ("roster", "dataset", "shared", "accepted", "request", "approval", "release")


class Proofs:
    """Looks at entries again. `state` is what `privacy.release.telling.Teller` keeps: all up to that entry."""

    def __init__(self, signed: Sequence[Signed[Roster]], state: State) -> None:
        """`signed`: all versions of the roster, verified against the whole ledger."""
        self._signed, self._state = signed, state
        self._rosters = [one.body for one in signed]
        self._looks: dict[str, Callable[[Entry], Iterator[str]]] = {
            "roster": self._roster, "dataset": self._dataset, "shared": self._shared, "accepted": self._accepted,
            "request": self._request, "checked": self._checked, "changes": self._objection,
            "refused": self._objection, "approval": self._approval, "release": self._release,
        }  # fmt: skip

    def turn(self, entry: Entry) -> str:
        """Why an entry may not follow those before it; empty when it may. Asked before it is taken."""
        return out_of_turn(self._state, self._rosters, entry)

    def fault(self, entry: Entry, turn: str = "") -> str | None:
        """Why an entry does not count; empty when it does, None where nobody signs. Asked right after it was taken.

        `turn` is what was found before.
        """
        look = self._looks.get(entry["type"])
        found = (next(look(entry), "") if look else "") or turn
        return found if found or is_signed(entry) else None

    def _by(self, signed: Signed[Any], party: str, time: str) -> Iterator[str]:
        """Why a signature does not count that a party is said to have given at a time."""
        try:
            if stands(self._rosters, signed, party, time):
                return
        except RefusedError as error:  # no roster was in force
            yield str(error)
        revoked = (p.revoked for roster in self._rosters for p in roster.parties if p.key_id == signed.key_id)
        if since := next((one.time for one in revoked if one), None):
            yield _("the key of {party} is revoked since {time}").format(party=party, time=since)
        yield _("is not signed with the key that {party} had then").format(party=party)

    def _roster(self, entry: Entry) -> Iterator[str]:
        version = entry["version"]
        before = self._rosters[version - 2] if version > 1 else None
        if entry != roster_entry(before, self._signed[version - 1], entry["time"]):
            yield _("is not what version {version} of the roster says").format(version=version)

    def _dataset(self, entry: Entry) -> Iterator[str]:
        body = entry["registration"]["body"]
        signed = self._state.datasets[body["dataset"], body["version"]].signed
        return self._by(signed, signed.body.owner, entry["time"])

    def _shared(self, entry: Entry) -> Iterator[str]:
        sharing = self._state.sharings[entry["contract"]["id"]]
        terms, contract = sharing.terms.body, sharing.contract
        if (terms.contract, terms.policy, terms.owner) != (contract.digest, digest_of(sharing.policy), contract.owner):
            yield _("the signature is for another contract or policy")
        yield from self._by(sharing.terms, contract.owner, entry["time"])

    def _accepted(self, entry: Entry) -> Iterator[str]:
        sharing = self._state.sharings[entry["contract"]]
        approval = sharing.accepted[-1]
        wanted = (digest(sharing.terms.body), CONTRACT, sharing.contract.owner)
        return self._approved(approval, wanted, entry["time"])

    def _request(self, entry: Entry) -> Iterator[str]:
        signed = self._state.releases[entry["release"]].signed
        return self._by(signed, signed.body.requester, entry["time"])

    def _approval(self, entry: Entry) -> Iterator[str]:
        return self._approved(self._state.releases[entry["release"]].approvals[-1], self._wanted(entry), entry["time"])

    def _wanted(self, entry: Entry) -> tuple[str, str, str]:
        """What approvals of a request are for."""
        release = self._state.releases[entry["release"]]
        return (release.checked.subject if release.checked else "", RELEASE, release.request.requester)

    def _approved(self, signed: Signed[Approval], wanted: tuple[str, str, str], time: str) -> Iterator[str]:
        body = signed.body
        if (body.subject, body.purpose, body.requester) != wanted:
            yield _("the approval of {party} is for something else").format(party=body.approver)
        yield from self._by(signed, body.approver, time)

    def _objection(self, entry: Entry) -> Iterator[str]:
        if "objection" not in entry:
            return
        signed, release = of(entry["objection"], Objection), self._state.releases[entry["release"]]
        said = (signed.body.release, signed.body.subject, signed.body.outcome, [signed.body.reason.code])
        codes = [reason.code for reason in release.reasons]
        if said != (release.number, self._wanted(entry)[0], entry["type"], codes):
            yield _("the objection is to something else")
        yield from self._by(signed, signed.body.party, entry["time"])

    def _checked(self, entry: Entry) -> Iterator[str]:
        release = self._state.releases[entry["release"]]
        if entry["request"] != release.signed.digest:
            yield _("what was checked is another request")
        sharing = self._state.sharings.get(release.request.contract)
        held_to = (sharing.terms.body.contract, sharing.terms.body.policy) if sharing else ()
        if (entry["contract"], entry["policy"]) != held_to:
            yield _("was not checked by the contract and policy that its owner has signed")

    def _release(self, entry: Entry) -> Iterator[str]:
        release = self._state.releases[entry["release"]]
        wanted, request = self._wanted(entry), release.request
        if (entry["subject"], entry["content"]) != (wanted[0], release.checked.content if release.checked else ""):
            yield _("what was published is not what was checked")
        named = [entry[name] for name in ("requester", "dataset", "version", "contract", "purpose", "kind")]
        asked = [request.requester, request.dataset, request.version, request.contract, request.purpose]
        if named != [*asked, request.method]:
            yield _("what was published is another request")
        known = {approval.digest: approval for approval in release.approvals}
        for one in entry["approvals"]:
            if one not in known:
                yield _("an approval that nobody gave")
            yield from self._approved(known[one], wanted, entry["time"])
