"""Approvals and objections of those who may approve: recorded when they count, and told why when they do not."""

from __future__ import annotations

from privacy.parties.approval import Approval, weigh
from privacy.parties.signed import Signed
from privacy.release.documents import Objection
from privacy.release.exchange import Desk
from privacy.release.grounds import case_of, must_be_checked, refuse, stands
from privacy.release.state import Release, approval_entry, outcome_entry
from secops.core.errors import RefusedError
from secops.core.i18n import _


def approve(desk: Desk, number: str, approval: Signed[Approval]) -> Release:
    """Record an approval. The same again changes nothing. Raises `RefusedError` for one that does not count."""
    release = desk.release(number)
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
    release = desk.release(number)
    checked = must_be_checked(release)
    body = objection.body
    case = case_of(desk.state, desk.roster, release, desk.now)
    party = desk.roster.party(body.party)
    known = stands(desk.exchange.rosters(desk.state), objection, body.party, desk.time)
    if not known or party is None or not set(party.kinds) & set(case.rule.kinds):
        raise RefusedError(_("{party} is none of those who may approve this").format(party=body.party), where=number)
    if (body.release, body.subject) != (number, checked.subject):
        raise RefusedError(_("the objection is to something else"), where=number)
    desk.record(outcome_entry(number, body.outcome, [body.reason], desk.time, objection))
    return release
