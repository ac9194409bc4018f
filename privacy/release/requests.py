"""From a request to what was checked: each step an entry, and a step that was cut short is taken again."""

from __future__ import annotations

from pathlib import Path

from privacy.data.table import file_digest
from privacy.parties.signed import Signed
from privacy.release import places
from privacy.release.clearing import Clearing
from privacy.release.documents import Request
from privacy.release.exchange import Desk
from privacy.release.grounds import ground, ground_of, must_be_checked, refuse, standing, stands
from privacy.release.publish import handed_to, lay_out, publish, sweep
from privacy.release.state import Checked, Release, checked_entry, outcome_entry, request_entry
from secops.core.errors import RefusedError, UsageError
from secops.core.i18n import _
from secops.core.render import write_whole

#: Bytes of a file that are read at a time.
_BLOCK = 1 << 20


def submit(desk: Desk, signed: Signed[Request], result: Path | None) -> Release:
    """Record a request and check it. The same request again is the one that was made before."""
    for release in desk.state.releases.values():
        if release.signed.digest == signed.digest:
            return check(desk, release.number)
    request, number = signed.body, desk.state.next_number
    if not stands(desk.rosters, signed, request.requester, desk.time):
        hint = _("`citywall party list` shows who is enrolled, and until when.")
        what = _("is not signed with a valid key of {party}").format(party=request.requester)
        raise RefusedError(what, where=_("the request"), hint=hint)
    if request.replaces and request.replaces not in desk.state.releases:
        raise UsageError(_("there is no request {number}").format(number=request.replaces), where="replaces")
    if not ground(desk.state, desk.rosters, request, desk.now).refused:
        Clearing(desk.folder, desk.state, request).must_fit()
    _take_in(desk, number, request, result)
    desk.record(request_entry(number, signed, desk.time))
    return check(desk, number)


def _take_in(desk: Desk, number: str, request: Request, result: Path | None) -> None:
    """Keep the result of a job beside its request."""
    if (request.result is None) != (result is None):
        what = _("the request is for a query") if result else _("the request is for the result of a job")
        hint = _("Leave out --result.") if result else _("Give the file with --result.")
        raise UsageError(what, hint=hint)
    if result:
        if file_digest(result) != request.result:
            raise RefusedError(_("is not the file that was signed for"), where=str(result))
        with result.open("rb") as file:
            folder = places.there(places.of_request(desk.folder, number))
            write_whole(folder / "result.npz", iter(lambda: file.read(_BLOCK), b""))


def check(desk: Desk, number: str) -> Release:
    """Check a request that is not checked yet; any other stays as it is."""
    release = desk.state.release(number)
    if release.stage != "requested":
        return release
    grounds = ground_of(desk.state, desk.rosters, release, desk.now)
    if grounds.refused:
        desk.record(outcome_entry(number, "refused", grounds.refused, desk.time))
        return release
    clearing = Clearing(desk.folder, desk.state, release.request)
    found = clearing.clear(clearing.policy, clearing.history(), _result_of(desk, release))
    if isinstance(found, list):
        desk.record(outcome_entry(number, "changes", found, desk.time))
        return release
    terms = desk.state.sharings[release.request.contract].terms.body
    checked = Checked(
        release=number, request=release.signed.digest, content=found.digest, media=found.media, kind=found.kind,
        policy=found.policy, contract=terms.contract, notes=(*grounds.noted, *found.notes),
    )  # fmt: skip
    lay_out(found, places.there(places.of_request(desk.folder, number)))
    desk.record(checked_entry(checked, desk.time))
    return release


def leave(desk: Desk, number: str) -> Path:
    """Publish a request that is approved; one that is published already is handed out where that was cut short.

    Raises `RefusedError` for one that may not leave, with the reasons.
    """
    release = desk.state.release(number)
    sweep(desk)
    if release.stage == "published":
        return handed_to(desk.folder, release)
    must_be_checked(release)
    if why := standing(desk.state, desk.roster, release, desk.now):
        raise refuse(why, _("is not approved"), number)
    grounds = ground_of(desk.state, desk.rosters, release, desk.now)
    if grounds.refused:
        desk.record(outcome_entry(number, "refused", grounds.refused, desk.time))
        raise refuse(grounds.refused, _("was not published"), number)
    clearing = Clearing(desk.folder, desk.state, release.request)
    history = clearing.history()
    cleared = clearing.clear(clearing.policy, history, _result_of(desk, release))
    return publish(desk, release, cleared, history)


def _result_of(desk: Desk, release: Release) -> Path | None:
    """The file of a job that a request is for."""
    return places.of_request(desk.folder, release.number) / "result.npz" if release.request.result else None
