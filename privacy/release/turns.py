"""Whether an entry may follow what was recorded before it: each step after the one it needs, and by enough approvals.

The commands hold to this when they record. A keeper who writes entries without them is found out by it.
"""

from __future__ import annotations

from collections.abc import Sequence

from privacy.canonical import parse_time
from privacy.parties.approval import Approval, weigh
from privacy.parties.chain import in_force
from privacy.parties.roster import Roster
from privacy.parties.signed import Signed, digest, of
from privacy.release.documents import Registration, Request
from privacy.release.grounds import STAGES, case_of
from privacy.release.state import Entry, Release, State
from secops.core.errors import RefusedError
from secops.core.i18n import _

#: Types of entries about a request, and how far it has come before each.
_AFTER = {
    "checked": {"requested"}, "changes": {"requested", "checked"}, "refused": {"requested", "checked"},
    "approval": {"checked"}, "release": {"checked"},
}  # fmt: skip


def out_of_turn(before: State, rosters: Sequence[Roster], entry: Entry) -> str:
    """Why an entry may not follow; empty when it may. `before`: the state without it.

    Raises `ValueError`, `KeyError` and the like for an entry that is none of ours, as taking it in does.
    """
    kind = entry["type"]
    if kind == "dataset":
        body = of(entry["registration"], Registration).body
        return _("is registered already") if (body.dataset, body.version) in before.datasets else ""
    if kind == "request":
        return _twice(before, entry)
    return _of_release(before, rosters, entry) if kind in _AFTER else ""


def _twice(before: State, entry: Entry) -> str:
    known = {release.signed.digest for release in before.releases.values()}
    if entry["release"] != before.next_number or digest(of(entry["request"], Request).body) in known:
        return _("is asked for already, or under a number that is not the next")
    return ""


def _of_release(before: State, rosters: Sequence[Roster], entry: Entry) -> str:
    release = before.releases[entry["release"]]
    if release.stage not in _AFTER[entry["type"]]:
        stage = _(STAGES[release.stage])
        return _("cannot follow: {release} {stage}").format(release=release.number, stage=stage)
    if entry["type"] == "approval":
        return _unapproved(before, rosters, entry, release, [of(entry["approval"], Approval)], alone=True)
    if entry["type"] == "release":
        named = [one for one in release.approvals if one.digest in entry["approvals"]]
        return _unapproved(before, rosters, entry, release, named)
    return ""


def _unapproved(
    before: State, rosters: Sequence[Roster], entry: Entry, release: Release, named: Sequence[Signed[Approval]],
    *, alone: bool = False,
) -> str:  # fmt: skip
    """Why these approvals do not count at the time of the entry, or (unless one is looked at alone) are not enough."""
    when = parse_time(entry["time"])
    recorded = rosters[: max(before.rosters, default=0)]  # those after it may be of the same second
    try:
        weighed = weigh(named, case_of(before, in_force(recorded, when), release, when))
    except RefusedError as error:  # no roster was in force
        return str(error)
    reasons = [one for one in weighed.reasons if not (alone and one.code == "approval-few")]
    return "" if weighed.enough else _("; ").join(map(str, reasons))
