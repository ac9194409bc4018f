"""The only writer of results for outsiders, and of the copy that those who approve look at.

What leaves is laid ready, with the history as it will be; then one entry of the ledger makes it so; then it is handed
out. Killed before the entry, nothing has left and what lay ready is swept away. Killed after it, the next command
hands out what was recorded. Nothing is published twice: the number of a request has one entry of its release.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from privacy.data.table import file_digest
from privacy.disclosure import door
from privacy.parties.approval import weigh
from privacy.reason import Reason, Texts, reason
from privacy.release import places
from privacy.release.grounds import case_of, must_be_checked, refuse
from privacy.release.state import Checked, Release, outcome_entry, release_entry
from secops.core.errors import CitywallError, RefusedError
from secops.core.folder import sync_folder, writing
from secops.core.i18n import _
from secops.core.render import write_whole

if TYPE_CHECKING:
    from privacy.disclosure.differencing import History
    from privacy.disclosure.result import Cleared
    from privacy.release.exchange import Desk

#: Of each media type: what its file is called.
NAMES = {
    "text/csv": "result.csv", "application/json": "result.json", "image/png": "result.png",
    "image/svg+xml": "result.svg",
}  # fmt: skip

TEXTS: Texts = {
    "release-changed": (
        "what would leave now is not what was checked and approved: data, policy or contract have changed",
        "现在将要出域的内容与已审核批准的不同：数据、策略或责任清单已变更",
    ),
}


def lay_out(cleared: Cleared, folder: Path) -> Path:
    """Write what would leave, for those who approve; on the secure side."""
    path = folder / NAMES[cleared.media]
    write_whole(path, cleared.content)
    return path


def laid_out(folder: Path, number: str, checked: Checked) -> bytes:
    """What was laid out. Raises `CitywallError` when it is not what was checked: nobody may approve it then."""
    path = places.of_request(folder, number) / NAMES[checked.media]
    if file_digest(path) != checked.content:
        raise CitywallError(_("is not what was checked"), where=str(path), hint=_("Ask for the release again."))
    return path.read_bytes()


def publish(desk: Desk, release: Release, cleared: Cleared | list[Reason], history: History) -> Path:
    """Let a checked and approved result leave. Returns its folder below `out/`.

    `cleared` is the result at the door once more, `history` what the ledger names. Raises `RefusedError` when
    approvals are missing, when it is no longer what was approved, and when it cannot be written: then nothing has left.
    """
    checked = must_be_checked(release)
    weighed = weigh(release.approvals, case_of(desk.state, desk.roster, release, desk.now))
    if not weighed.enough:
        raise refuse(weighed.reasons, _("is not approved"), release.number)
    if isinstance(cleared, list):
        raise _given_back(desk, release, cleared)
    contract = desk.state.sharings[release.request.contract].terms.body.contract
    if (cleared.digest, cleared.policy, contract) != (checked.content, checked.policy, checked.contract):
        raise _given_back(desk, release, [reason(TEXTS, "release-changed")])
    if found := door.record(cleared, history):
        raise _given_back(desk, release, found)
    ready = places.of_request(desk.folder, release.number) / "ready"
    try:
        with writing(ready):
            _lay_ready(ready, release, checked, cleared)
            handed_to(desk.folder, release).parent.mkdir(parents=True, exist_ok=True)
        digest = _keep(desk, release, history)
        desk.record(release_entry(release, checked, weighed.counted, digest, desk.time))
    except CitywallError as error:
        if release.published is None:
            sweep(desk)
            what = _("was not published: {reason}").format(reason=error)
            raise RefusedError(what, where=release.number, hint=error.hint) from error
    try:
        sweep(desk)
    except CitywallError as error:
        desk.owed = error  # it is recorded: the next command hands it out
    return handed_to(desk.folder, release)


def _given_back(desk: Desk, release: Release, why: list[Reason]) -> RefusedError:
    desk.record(outcome_entry(release.number, "changes", why, desk.time))
    return refuse(why, _("was not published"), release.number)


def _lay_ready(ready: Path, release: Release, checked: Checked, cleared: Cleared) -> None:
    shutil.rmtree(ready, ignore_errors=True)
    places.there(ready)
    write_whole(ready / NAMES[cleared.media], cleared.content)
    request = release.request
    about = {
        "release": release.number, "title": request.title, "dataset": request.dataset, "version": request.version,
        "contract": request.contract, "purpose": request.purpose, "kind": checked.kind, "content": checked.content,
        "policy": checked.policy, "notes": checked.notes,
    }  # fmt: skip
    write_whole(ready / "about.json", msgspec.json.format(msgspec.json.encode(about)) + b"\n")
    sync_folder(ready)


def _keep(desk: Desk, release: Release, history: History) -> str:
    """Write the history as it is after this release, beside the one that still counts."""
    folder = places.of_dataset(desk.folder, release.request.dataset, release.request.version)
    digest = history.digest()
    history.save(places.history_path(folder, digest))
    return digest


def handed_to(folder: Path, release: Release) -> Path:
    """Where a published result is handed to its requester."""
    return folder / "out" / release.request.requester / release.number


def sweep(desk: Desk) -> None:
    """Hand out what was published and lies ready; take away what was not, and histories that no longer count."""
    for ready in sorted((desk.folder / "requests").glob("*/ready")):
        release = desk.state.releases.get(ready.parent.name)
        if release and release.stage == "published":
            _hand_out(ready, handed_to(desk.folder, release))
        else:
            shutil.rmtree(ready, ignore_errors=True)
    for (name, version), dataset in desk.state.datasets.items():
        folder = places.of_dataset(desk.folder, name, version)
        keep = places.history_path(folder, dataset.history)
        for path in folder.glob("history-*") if keep.exists() else ():
            if path != keep:
                path.unlink(missing_ok=True)


def _hand_out(ready: Path, place: Path) -> None:
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(place, ignore_errors=True)
        os.rename(ready, place)
        sync_folder(place.parent)
