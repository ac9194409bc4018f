"""Approvals: a party's signature over the digest of what it approves, for one purpose, until a time, so many times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from secrets import token_hex
from typing import Annotated, ClassVar

import msgspec

from privacy.canonical import time_text
from privacy.parties.keys import Signer
from privacy.parties.roster import Party, Roster
from privacy.parties.signed import Digest, Name, Signed, Time, check_times, sign
from privacy.reason import Reason, Texts, reason
from secops.core.content import convert
from secops.core.errors import RefusedError, UsageError
from secops.core.i18n import _

TEXTS: Texts = {
    "approval-roster": ("the roster is not valid at this time", "当前时间不在名册有效期内"),
    "approval-requester": ("the requester {party} has no valid key", "申请方 {party} 没有有效密钥"),
    "approval-unknown": ("{party} is not enrolled", "{party} 未登记"),
    "approval-signature": ("the approval of {party} is not signed with its key", "{party} 的审批未使用其本人密钥签名"),
    "approval-key-revoked": ("the key of {party} is revoked", "{party} 的密钥已吊销"),
    "approval-key-expired": ("the key of {party} is out of date", "{party} 的密钥已过期"),
    "approval-key-early": ("the key of {party} is not valid yet", "{party} 的密钥尚未生效"),
    "approval-key-later": ("{party} approved before its key was valid", "{party} 的审批早于其密钥生效时间"),
    "approval-kind": ("{party} is none of those who may approve this", "{party} 无权审批此事项"),
    "approval-subject": ("the approval of {party} is for something else", "{party} 的审批针对其他对象"),
    "approval-purpose": ("the approval of {party} is for another purpose", "{party} 的审批用于其他目的"),
    "approval-other": ("the approval of {party} is for another requester", "{party} 的审批针对其他申请方"),
    "approval-own": ("{party} cannot approve its own request", "{party} 不能审批自己的申请"),
    "approval-clock": ("the approval of {party} is from the future", "{party} 的审批时间晚于当前时间，请检查时钟"),
    "approval-expired": ("the approval of {party} is out of date", "{party} 的审批已过期"),
    "approval-used": ("the approval of {party} is used up", "{party} 的审批次数已用完"),
    "approval-twice": ("{party} counts once only", "{party} 的审批只计一次"),
    "approval-few": ("{n} of {count} approvals that are needed", "需要 {count} 份有效审批，现有 {n} 份"),
}  # fmt: skip


class Approval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`uses` is how many times it may be spent; who spends it (the ledger) keeps count by its digest."""

    CONTEXT: ClassVar[str] = "citywall-approval/1"

    purpose: Name
    subject: Digest
    approver: Name
    requester: Name
    issued: Time
    until: Time
    uses: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    nonce: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{32}\Z")]

    def __post_init__(self) -> None:
        check_times(self.issued, self.until)


class Quorum(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many approvals a thing needs, and from which kinds of parties. `distinct`: each from another party."""

    count: Annotated[int, msgspec.Meta(ge=1)] = 2
    kinds: tuple[str, ...] = ("checker",)
    distinct: bool = True


class Weighed(msgspec.Struct, frozen=True):
    """`counted` are the approvals to spend, no more than needed; `reasons` why the others do not count."""

    counted: tuple[Signed[Approval], ...]
    reasons: tuple[Reason, ...]
    enough: bool


class Case(msgspec.Struct, frozen=True):
    """What approvals are held against: the roster in force, and how often each approval (by digest) was spent."""

    roster: Roster
    subject: str
    purpose: str
    requester: str
    rule: Quorum
    used: Mapping[str, int]
    now: datetime


def approve(
    roster: Roster,
    signer: Signer,
    *,
    subject: str,
    purpose: str,
    requester: str,
    now: datetime,
    until: datetime,
    uses: int = 1,
) -> Signed[Approval]:
    """The approval of the party that holds the key. Raises `RefusedError` for one that could never count."""
    party = roster.holder(signer.key_id)
    if party is None or party.state(now) != "valid" or not roster.holds(now):
        hint = _("The roster says who is enrolled, and until when.")
        raise RefusedError(_("the key is not in the roster, or not valid now"), where=signer.key_id, hint=hint)
    if party.id == requester:
        raise RefusedError(str(reason(TEXTS, "approval-own", party=party.id)))
    document = {
        "purpose": purpose, "subject": subject, "approver": party.id, "requester": requester,
        "issued": time_text(now), "until": time_text(until), "uses": uses, "nonce": token_hex(16),
    }  # fmt: skip
    try:
        return sign(convert(document, Approval), signer)
    except msgspec.ValidationError as error:
        raise UsageError(_("this gives no approval: {reason}").format(reason=error)) from error


def check(
    approvals: Iterable[Signed[Approval]],
    roster: Roster,
    *,
    subject: str,
    purpose: str,
    requester: str,
    rule: Quorum,
    used: Mapping[str, int],
    now: datetime,
) -> list[Reason]:
    """Why the approvals are not enough; empty when they are. Take `weigh` to learn which ones are spent."""
    weighed = weigh(approvals, Case(roster, subject, purpose, requester, rule, used, now))
    return [] if weighed.enough else list(weighed.reasons)


def weigh(approvals: Iterable[Signed[Approval]], case: Case) -> Weighed:
    """Which approvals count, and whether they are enough. One that does not count takes nothing from those that do."""
    reasons = _ground(case)
    rule = case.rule
    good: list[Signed[Approval]] = []
    for signed in approvals:
        code = _first_fault(signed, case) or ("approval-twice" if _counted(signed, good, rule) else None)
        if code:
            reasons.append(reason(TEXTS, code, party=signed.body.approver))
        else:
            good.append(signed)
    if len(good) < rule.count:
        reasons.append(reason(TEXTS, "approval-few", n=len(good), count=rule.count))
    enough = not _ground(case) and len(good) >= rule.count
    return Weighed(tuple(good[: rule.count]) if enough else (), tuple(reasons), enough)


def _ground(case: Case) -> list[Reason]:
    """What no approval makes good."""
    faults = [] if case.roster.holds(case.now) else [reason(TEXTS, "approval-roster")]
    requester = case.roster.party(case.requester)
    if requester is None or requester.state(case.now) != "valid":
        faults.append(reason(TEXTS, "approval-requester", party=case.requester))
    return faults


def _counted(signed: Signed[Approval], good: Sequence[Signed[Approval]], rule: Quorum) -> bool:
    if rule.distinct:
        return any(other.body.approver == signed.body.approver for other in good)
    return any(other.digest == signed.digest for other in good)


def _first_fault(signed: Signed[Approval], case: Case) -> str | None:
    """The code of the first thing that is wrong with one approval; its signature before what it says."""
    body = signed.body
    party = case.roster.party(body.approver)
    if party is None:
        return "approval-unknown"
    if signed.key_id != party.key_id or not signed.is_by(party.public_key):
        return "approval-signature"
    return _party_fault(body, party, case) or _body_fault(body, case) or _time_fault(signed, case)


def _party_fault(body: Approval, party: Party, case: Case) -> str | None:
    state = party.state(case.now)
    if state != "valid":
        return f"approval-key-{state}"
    if body.issued < party.since:
        return "approval-key-later"
    return None if set(party.kinds) & set(case.rule.kinds) else "approval-kind"


def _body_fault(body: Approval, case: Case) -> str | None:
    if body.subject != case.subject:
        return "approval-subject"
    if body.purpose != case.purpose:
        return "approval-purpose"
    if body.approver == case.requester:
        return "approval-own"
    return None if body.requester == case.requester else "approval-other"


def _time_fault(signed: Signed[Approval], case: Case) -> str | None:
    now = time_text(case.now)
    if now < signed.body.issued:
        return "approval-clock"
    if now >= signed.body.until:
        return "approval-expired"
    return None if case.used.get(signed.digest, 0) < signed.body.uses else "approval-used"
