"""Approvals and objections of those who may approve: recorded when they count, and told why when they do not."""

from __future__ import annotations

from datetime import datetime

from privacy.parties.approval import Approval, weigh
from privacy.parties.approval import approve as sign_approval
from privacy.parties.keys import Signer
from privacy.parties.signed import Signed, made, sign
from privacy.release.documents import Objection
from privacy.release.exchange import Desk
from privacy.release.grounds import RELEASE, case_of, must_be_checked, refuse, stands
from privacy.release.state import Release, approval_entry, outcome_entry
from secops.core.errors import RefusedError
from secops.core.i18n import _


def approval(desk: Desk, number: str, checker: Signer, until: datetime) -> Signed[Approval]:
    """The approval of a checked request by whoever holds the key. Raises `RefusedError` for one that never counts."""
    release = desk.state.release(number)
    subject, requester = must_be_checked(release).subject, release.request.requester
    return sign_approval(
        desk.roster, checker, subject=subject, purpose=RELEASE, requester=requester, now=desk.now, until=until
    )


def objection(desk: Desk, number: str, checker: Signer, outcome: str, because: str) -> Signed[Objection]:
    """The objection of whoever holds the key."""
    party = desk.roster.holder(checker.key_id)
    if party is None:
        hint = _("The roster says who is enrolled, and until when.")
        raise RefusedError(_("the key is not in the roster, or not valid now"), where=checker.key_id, hint=hint)
    made_of = {
        "release": number, "subject": must_be_checked(desk.state.release(number)).subject,
        "party": party.id, "outcome": outcome, "because": because, "issued": desk.time,
    }  # fmt: skip
    return sign(made(Objection, **made_of), checker)


def approve(desk: Desk, number: str, approval: Signed[Approval]) -> Release:
    """Record an approval. The same again changes nothing. Raises `RefusedError` for one that does not count."""
    release = desk.state.release(number)
    must_be_checked(release)
    if any(one.digest == approval.digest for one in release.approvals):
        return release
    case = case_of(desk.state, desk.roster, release, desk.now)
    alone = weigh([approval], case)
    among = weigh([*release.approvals, approval], case)
    faults = [one for one in (*alone.reasons, *among.reasons) if one.code != "approval-few"]
    if faults := [one for one in faults if one.code == "approval-twice" or one in alone.reasons]:
        raise refuse(faults[:1], _("the approval does not count"), number)
    desk.record(approval_entry(number, approval, desk.time))
    return release


def object_to(desk: Desk, number: str, objection: Signed[Objection]) -> Release:
    """Record that one who may approve does not: changes are wanted, or the request is refused. Either ends it."""
    release = desk.state.release(number)
    checked = must_be_checked(release)
    body = objection.body
    case = case_of(desk.state, desk.roster, release, desk.now)
    party = desk.roster.party(body.party)
    known = stands(desk.rosters, objection, body.party, desk.time)
    if not known or party is None or not set(party.kinds) & set(case.rule.kinds):
        raise RefusedError(_("{party} is none of those who may approve this").format(party=body.party), where=number)
    if (body.release, body.subject) != (number, checked.subject):
        raise RefusedError(_("the objection is to something else"), where=number)
    desk.record(outcome_entry(number, body.outcome, [body.reason], desk.time, objection))
    return release
