"""What the entries of the ledger say, taken together: pure, and the one place that knows the form of each entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec

from privacy import canonical
from privacy.parties.approval import Approval
from privacy.parties.contract import Contract
from privacy.parties.roster import Roster
from privacy.parties.signed import Signed, as_value, of, plain
from privacy.reason import Reason
from privacy.release.documents import Objection, Registration, Request, Terms
from secops.core.content import convert
from secops.core.errors import UsageError
from secops.core.i18n import _

#: How far a request has come. Approved: the approvals of the moment are enough, which only the moment can say.
Stage = Literal["requested", "checked", "changes", "refused", "published"]

Entry = dict[str, Any]


class Dataset(msgspec.Struct):
    """A registered version; `history` is the digest of what its releases tell together."""

    signed: Signed[Registration]
    time: str
    history: str


class Sharing(msgspec.Struct):
    """A contract on offer, the policy of results as a plain value, and who has accepted."""

    contract: Contract
    policy: dict[str, Any]
    terms: Signed[Terms]
    time: str
    accepted: list[Signed[Approval]]


class Checked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the checks let through: approvals are given for exactly this."""

    release: str
    request: str  # digest
    content: str  # digest of the very bytes that would leave
    media: str
    kind: str
    policy: str  # digest
    contract: str  # digest
    notes: tuple[Reason, ...]

    @property
    def subject(self) -> str:
        return canonical.digest(as_value(self))


class Release(msgspec.Struct):
    """One request, and what became of it."""

    number: str
    signed: Signed[Request]
    time: str
    stage: Stage = "requested"
    checked: Checked | None = None
    reasons: tuple[Reason, ...] = ()
    approvals: list[Signed[Approval]] = []
    published: int | None = None  # the number of the entry

    @property
    def request(self) -> Request:
        return self.signed.body


class State(msgspec.Struct):
    """All that was recorded."""

    size: int = 0
    rosters: dict[int, str] = {}  # version → digest
    datasets: dict[tuple[str, str], Dataset] = {}
    sharings: dict[str, Sharing] = {}  # contract id → the last one
    releases: dict[str, Release] = {}
    spent: Counter[str] = msgspec.field(default_factory=Counter)  # digest of an approval → how often

    @property
    def next_number(self) -> str:
        return f"r{len(self.releases) + 1:04}"

    def release(self, number: str) -> Release:
        """The request of a number. Raises `UsageError`."""
        if number not in self.releases:
            hint = _("`citywall release list` shows them.")
            raise UsageError(_("there is no request {number}").format(number=number), hint=hint)
        return self.releases[number]

    def take(self, entry: Entry) -> None:
        """Take in the next entry. Raises `ValueError`, `KeyError` for one that is none of ours."""
        if step := _STEPS.get(entry["type"]):
            step(self, entry)
        self.size += 1


# How entries are written, and what each one does, side by side.


def roster_entry(before: Roster | None, signed: Signed[Roster], time: str) -> Entry:
    """A version of the roster: its digest, whose key signed it, and the parties that are new or changed in it."""
    known = {party.id: party for party in before.parties} if before else {}
    changed = [as_value(party) for party in signed.body.parties if known.get(party.id) != party]
    return {
        "type": "roster", "time": time, "version": signed.body.version, "digest": signed.digest, "by": signed.key_id,
        "changed": changed,
    }  # fmt: skip


def _roster(state: State, entry: Entry) -> None:
    state.rosters[entry["version"]] = entry["digest"]


def dataset_entry(signed: Signed[Registration], history: str, time: str) -> Entry:
    """A version of a data set is registered, with an empty history of releases."""
    return {"type": "dataset", "time": time, "registration": plain(signed), "history": history}


def _dataset(state: State, entry: Entry) -> None:
    signed = of(entry["registration"], Registration)
    state.datasets[signed.body.dataset, signed.body.version] = Dataset(signed, entry["time"], entry["history"])


def shared_entry(contract: Contract, policy: dict[str, Any], terms: Signed[Terms], time: str) -> Entry:
    """An owner offers a contract."""
    return {"type": "shared", "time": time, "contract": as_value(contract), "policy": policy, "terms": plain(terms)}


def _shared(state: State, entry: Entry) -> None:
    made = convert(entry["contract"], Contract)
    state.sharings[made.id] = Sharing(made, entry["policy"], of(entry["terms"], Terms), entry["time"], [])


def accepted_entry(contract: str, approval: Signed[Approval], time: str) -> Entry:
    """A recipient signs a contract."""
    return {"type": "accepted", "time": time, "contract": contract, "approval": plain(approval)}


def _accepted(state: State, entry: Entry) -> None:
    state.sharings[entry["contract"]].accepted.append(of(entry["approval"], Approval))


def request_entry(number: str, signed: Signed[Request], time: str) -> Entry:
    """A party asks for a release."""
    return {"type": "request", "time": time, "release": number, "request": plain(signed)}


def _request(state: State, entry: Entry) -> None:
    number = entry["release"]
    state.releases[number] = Release(number, of(entry["request"], Request), entry["time"])


def checked_entry(checked: Checked, time: str) -> Entry:
    """The checks let a result through."""
    return {"type": "checked", "time": time, **as_value(checked)}


def _checked(state: State, entry: Entry) -> None:
    body = {name: value for name, value in entry.items() if name not in ("type", "time")}
    release = state.releases[entry["release"]]
    release.stage, release.checked = "checked", convert(body, Checked)


def outcome_entry(
    number: str, outcome: str, reasons: Iterable[Reason], time: str, objection: Signed[Objection] | None = None
) -> Entry:
    """A request comes to an end without a release: `changes` are wanted, or it is `refused`."""
    told = [as_value(reason) for reason in reasons]
    entry = {"type": outcome, "time": time, "release": number, "reasons": told}
    return entry | ({"objection": plain(objection)} if objection else {})


def _outcome(state: State, entry: Entry) -> None:
    release = state.releases[entry["release"]]
    release.stage, release.reasons = entry["type"], convert(entry["reasons"], tuple[Reason, ...])


def approval_entry(number: str, approval: Signed[Approval], time: str) -> Entry:
    """A checker signs what was checked."""
    return {"type": "approval", "time": time, "release": number, "approval": plain(approval)}


def _approval(state: State, entry: Entry) -> None:
    state.releases[entry["release"]].approvals.append(of(entry["approval"], Approval))


def release_entry(
    release: Release, checked: Checked, approvals: Iterable[Signed[Approval]], history: str, time: str
) -> Entry:
    """A result leaves: what, to whom, for what, and by whose approvals. `history`: the digest of that after it."""
    request = release.request
    return {
        "type": "release", "time": time, "release": release.number,
        "dataset": request.dataset, "version": request.version,
        "contract": request.contract, "purpose": request.purpose, "requester": request.requester,
        "content": checked.content, "kind": checked.kind, "subject": checked.subject,
        "approvals": [approval.digest for approval in approvals], "history": history,
    }  # fmt: skip


def _release(state: State, entry: Entry) -> None:
    release = state.releases[entry["release"]]
    release.stage, release.published, release.reasons = "published", state.size, ()
    state.spent.update(entry["approvals"])
    state.datasets[entry["dataset"], entry["version"]].history = entry["history"]


_STEPS: dict[str, Callable[[State, Entry], None]] = {
    "roster": _roster,
    "dataset": _dataset,
    "shared": _shared,
    "accepted": _accepted,
    "request": _request,
    "checked": _checked,
    "changes": _outcome,
    "refused": _outcome,
    "approval": _approval,
    "release": _release,
}
