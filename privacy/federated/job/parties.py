"""The parties of a job held against the roster that it names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from privacy.federated.job.job import Job
from privacy.parties.roster import Roster
from privacy.parties.signed import digest
from privacy.reason import Reason, Texts, reason

TEXTS: Texts = {
    "job-roster": ("the job was written for another version of the roster", "作业依据的是另一版本的名册"),
    "job-roster-expired": ("the roster does not hold at this time", "名册此时无效"),
    "job-party": ("{party} is not in the roster", "{party} 不在名册中"),
    "job-party-kind": ("{party} is no {kind} in the roster", "{party} 在名册中不是 {kind}"),
    "job-party-state": ("the key of {party} does not hold at this time ({state})", "{party} 的密钥此时无效（{state}）"),
}


def judge(job: Job, roster: Roster, now: datetime) -> list[Reason]:
    """Why these parties may not do it; empty when they may."""
    if job.parties.roster != digest(roster):
        return [reason(TEXTS, "job-roster")]
    if not roster.holds(now):
        return [reason(TEXTS, "job-roster-expired")]
    roles = [(job.parties.researcher, "researcher"), (job.parties.hub, "hub")]
    roles += [(site, "site") for site in job.parties.sites]
    return [fault for name, kind in roles for fault in _party(roster, name, kind, now)]


def _party(roster: Roster, name: str, kind: str, now: datetime) -> Iterator[Reason]:
    party = roster.party(name)
    if party is None:
        yield reason(TEXTS, "job-party", party=name)
        return
    if kind not in party.kinds:
        yield reason(TEXTS, "job-party-kind", party=name, kind=kind)
    state = party.state(now)
    if state != "valid":
        yield reason(TEXTS, "job-party-state", party=name, state=state)
