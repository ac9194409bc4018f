"""Receipts of entries, handed to each party that an entry concerns: `out/PARTY/receipts/NUMBER.json`."""

from __future__ import annotations

from pathlib import Path

from privacy.ledger.log import Ledger
from privacy.release.state import Entry, State
from secops.core.folder import writing
from secops.core.render import write_whole


def hand_out(folder: Path, ledger: Ledger, state: State) -> None:
    """Write the receipts that are not written yet. `folder/handed` says how many entries were dealt with."""
    done = handed(folder)
    with writing(folder):
        for number, entry in enumerate(ledger.entries(done), done):
            for party in sorted(concerned(state, entry)):
                place = folder / party / "receipts"
                place.mkdir(parents=True, exist_ok=True)
                write_whole(place / f"{number:06}.json", ledger.receipt(number).raw() + b"\n")
        if state.size > done:
            write_whole(folder / "handed", b"%d\n" % state.size)


def concerned(state: State, entry: Entry) -> set[str]:
    """The parties that an entry concerns: who did it, whose data it is about, and who asked."""
    match entry["type"]:
        case "roster":
            return {party["id"] for party in entry["changed"]}
        case "dataset":
            return {entry["registration"]["body"]["owner"]}
        case "shared":
            return {entry["contract"]["owner"], *entry["contract"]["recipients"]}
        case "accepted":
            return {entry["approval"]["body"]["approver"], state.sharings[entry["contract"]].contract.owner}
        case "request" | "checked" | "changes" | "refused" | "approval" | "release":
            return _about_release(state, entry)
        case _:
            return set()


def _about_release(state: State, entry: Entry) -> set[str]:
    release = state.releases[entry["release"]]
    dataset = state.datasets.get((release.request.dataset, release.request.version))
    found = {release.request.requester} | ({dataset.signed.body.owner} if dataset else set())
    if "approval" in entry:
        found.add(entry["approval"]["body"]["approver"])
    if "objection" in entry:
        found.add(entry["objection"]["body"]["party"])
    return found | ({approval.body.approver for approval in release.approvals} if entry["type"] == "release" else set())


def handed(folder: Path) -> int:
    """How many entries were dealt with, by what is in the folder."""
    try:
        return int((folder / "handed").read_text("ascii"))
    except (OSError, ValueError):
        return 0  # written again: a receipt says the same each time but for its head
