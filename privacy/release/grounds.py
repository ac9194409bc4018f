"""Whether a request stands on registered data and a contract that both sides signed: before anything is computed.

A signature counts when its key was its party's at the time that the ledger gives, and was never revoked since.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from privacy import canonical
from privacy.canonical import parse_time
from privacy.parties import judge
from privacy.parties.approval import Case, Quorum, weigh
from privacy.parties.chain import in_force, in_second
from privacy.parties.roster import KINDS, Party, Roster
from privacy.parties.signed import Signed, digest
from privacy.reason import Reason, Texts, reason
from privacy.release.documents import Request
from privacy.release.state import Checked, Release, Sharing, State
from secops.core.errors import RefusedError
from secops.core.i18n import N_, _

#: What approvals of a contract are for, and those of a release.
CONTRACT, RELEASE = "contract", "release"

#: What is said of each stage.
STAGES = {
    "requested": N_("is not checked yet"),
    "checked": N_("is checked"),
    "changes": N_("changes are wanted before it can be released"),
    "refused": N_("is refused"),
    "published": N_("is published already"),
}

TEXTS: Texts = {
    "release-dataset": ("{dataset} {version} is not registered", "{dataset} {version} 未登记"),
    "release-owner": ("the data set is not that of the contract's owner", "数据集不属于责任清单的提供方"),
    "release-contract": ("there is no contract {contract}", "没有责任清单 {contract}"),
    "release-terms": ("the owner's signature below the contract does not count", "提供方对责任清单的签名无效"),
    "release-registration": ("the owner's signature below the data set does not count", "提供方对数据集登记的签名无效"),
    "release-request": ("the requester's signature below the request does not count", "申请方对申请的签名无效"),
    "release-accepted": ("{party} has not accepted the contract", "{party} 未签署责任清单"),
}


class Ground(msgspec.Struct):
    """`refused`: why nothing may be computed; `noted`: what is only reported."""

    refused: list[Reason]
    noted: list[Reason]


def ground(state: State, rosters: Sequence[Roster], request: Request, now: datetime) -> Ground:
    """The request held against data set, contract and signatures as they are now."""
    found = list(_reasons(state, rosters, request, now))
    return Ground([one for one in found if one.refused], [one for one in found if not one.refused])


def ground_of(state: State, rosters: Sequence[Roster], release: Release, now: datetime) -> Ground:
    """The same of a request that was recorded, its signature included."""
    found = ground(state, rosters, release.request, now)
    if not stands(rosters, release.signed, release.request.requester, release.time):
        found.refused.insert(0, reason(TEXTS, "release-request"))
    return found


def _reasons(state: State, rosters: Sequence[Roster], request: Request, now: datetime) -> Iterator[Reason]:
    dataset = state.datasets.get((request.dataset, request.version))
    if dataset is None:
        yield reason(TEXTS, "release-dataset", dataset=request.dataset, version=request.version)
    elif not stands(rosters, dataset.signed, dataset.signed.body.owner, dataset.time):
        yield reason(TEXTS, "release-registration")
    sharing = state.sharings.get(request.contract)
    if sharing is None:
        yield reason(TEXTS, "release-contract", contract=request.contract)
        return
    if dataset and dataset.signed.body.owner != sharing.contract.owner:
        yield reason(TEXTS, "release-owner")
    if not offered(rosters, sharing):
        yield reason(TEXTS, "release-terms")
    if not accepted(sharing, in_force(rosters, now), request.requester, now):
        yield reason(TEXTS, "release-accepted", party=request.requester)
    yield from judge.judge(sharing.contract, _use(sharing, request, now))


def _use(sharing: Sharing, request: Request, now: datetime) -> judge.Use:
    return judge.Use(
        party=request.requester, purpose=request.purpose, dataset=request.dataset, version=request.version,
        fields=request.fields, method=request.method, now=now, min_cell=sharing.policy["min_cell"]["below"],
    )  # fmt: skip


def stands(rosters: Sequence[Roster], signed: Signed[Any], party: str, time: str) -> bool:
    """Whether a document is signed by this party's key of that time, and the key is not revoked.

    Where a key was renewed in that very second, what the old one signed before counts as well.
    """
    when = parse_time(time)
    if not any(_is_by(roster.party(party), signed, when) for roster in in_second(rosters, when)):
        return False
    return not any(one.key_id == signed.key_id and one.revoked for roster in rosters for one in roster.parties)


def _is_by(party: Party | None, signed: Signed[Any], when: datetime) -> bool:
    known = party is not None and party.state(when) == "valid" and signed.key_id == party.key_id
    return known and party is not None and signed.is_by(party.public_key)


def acting(roster: Roster, key_id: str, kind: str, now: datetime) -> Party:
    """The party with this key. Raises `RefusedError` when it is none of that kind, or not valid now."""
    party = roster.holder(key_id)
    if party is None or party.state(now) != "valid" or kind not in party.kinds:
        hint = _("`citywall party list` shows who is enrolled as what, and until when.")
        what = _("the key is that of no valid party of the kind {kind}").format(kind=kind)
        raise RefusedError(what, where=key_id, hint=hint)
    return party


def offered(rosters: Sequence[Roster], sharing: Sharing) -> bool:
    """Whether the owner has signed this very contract and policy, and the signature counts."""
    terms, owner = sharing.terms.body, sharing.contract.owner
    signed_for = (terms.contract, terms.policy, terms.owner)
    held = (sharing.contract.digest, canonical.digest(sharing.policy), owner)
    return signed_for == held and stands(rosters, sharing.terms, owner, sharing.time)


def accepted(sharing: Sharing, roster: Roster, party: str, now: datetime) -> bool:
    """Whether a recipient has signed the contract as it is offered now."""
    case = Case(
        roster=roster, subject=digest(sharing.terms.body), purpose=CONTRACT, requester=sharing.contract.owner,
        rule=Quorum(count=1, kinds=KINDS), used={}, now=now,
    )  # fmt: skip
    return any(weigh([one], case).enough for one in sharing.accepted if one.body.approver == party)


def case_of(state: State, roster: Roster, release: Release, now: datetime) -> Case:
    """What the approvals of a checked request are held against. Raises `RefusedError` before it is checked."""
    if release.checked is None:
        raise RefusedError(_("is not checked yet"), where=release.number, hint=_("`citywall release check` does it."))
    asked = state.sharings[release.request.contract].policy["approvals"]
    return Case(
        roster=roster, subject=release.checked.subject, purpose=RELEASE, requester=release.request.requester,
        rule=Quorum(count=asked["count"], kinds=tuple(asked["kinds"])), used=state.spent, now=now,
    )  # fmt: skip


def standing(state: State, roster: Roster, release: Release, now: datetime) -> list[Reason]:
    """Why the approvals of a checked request are not enough now; empty when they are."""
    weighed = weigh(release.approvals, case_of(state, roster, release, now))
    return [] if weighed.enough else list(weighed.reasons)


def must_be_checked(release: Release) -> Checked:
    """What was checked, of a request that waits for approvals or has them."""
    if release.stage == "checked" and release.checked:
        return release.checked
    raise refuse(release.reasons, _(STAGES[release.stage]), release.number)


def refuse(reasons: Sequence[Reason], what: str, where: str) -> RefusedError:
    """The error that tells reasons."""
    return RefusedError("; ".join([what, *(str(one) for one in reasons)]), where=where)
