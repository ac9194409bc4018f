"""How data sets, contracts and requests are shown."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from secops.core.errors import Exit, UsageError
from secops.core.i18n import _, language

if TYPE_CHECKING:
    from privacy.release.exchange import Exchange
    from privacy.release.state import Release, State


def show_data(exchange: Exchange, fmt: str) -> None:
    """All data sets and contracts."""
    from secops.core.document import show_document
    from secops.core.rows import show
    from secops.core.say import say

    state = exchange.verified()
    if fmt == "json":
        show_document({"datasets": _datasets(state), "contracts": _contracts(state)})
        return
    data_sets = (_("data set"), _("version"), _("owner"), _("records"), _("registered"), _("released"))
    show(data_sets, [list(row.values())[:6] for row in _datasets(state)], fmt)
    say()
    contracts = (_("contract"), _("data set"), _("versions"), _("until"), _("accepted by"))
    rows = [[*list(row.values())[:4], ", ".join(row["accepted"])] for row in _contracts(state)]
    show(contracts, rows, fmt)


def _datasets(state: State) -> list[dict[str, Any]]:
    released = [(one.request.dataset, one.request.version) for one in state.releases.values() if one.published]
    return [
        {
            "dataset": name, "version": version, "owner": dataset.signed.body.owner,
            "records": dataset.signed.body.records, "registered": dataset.time,
            "released": released.count((name, version)), "digest": dataset.signed.body.digest,
        }
        for (name, version), dataset in state.datasets.items()
    ]  # fmt: skip


def _contracts(state: State) -> list[dict[str, Any]]:
    return [
        {
            "contract": one.contract.id, "dataset": one.contract.dataset, "versions": one.contract.versions,
            "until": one.contract.until.isoformat(), "digest": one.contract.digest,
            "recipients": list(one.contract.recipients),
            "accepted": list(dict.fromkeys(approval.body.approver for approval in one.accepted)),
        }
        for one in state.sharings.values()
    ]  # fmt: skip


def show_releases(exchange: Exchange, fmt: str) -> None:
    """All requests, one row each."""
    from secops.core.document import show_document
    from secops.core.rows import show

    state = exchange.verified()
    if fmt == "json":
        show_document([_document(release) for release in state.releases.values()])
        return
    columns = (_("number"), _("data set"), _("requester"), _("purpose"), _("state"))
    rows = [
        [one.number, f"{one.request.dataset} {one.request.version}", one.request.requester, one.request.purpose,
         _stage(one)]
        for one in state.releases.values()
    ]  # fmt: skip
    show(columns, rows, fmt)


def show_release(release: Release, exchange: Exchange, fmt: str) -> int:
    """One request: what it is, how far it has come, and why. The exit code."""
    from secops.core.document import show_document

    waits = _waits_for(release, exchange)
    if fmt == "json":
        show_document(_document(release) | {"waits_for": waits})
    else:
        _say_release(release, waits)
    return Exit.REFUSED if release.stage in ("changes", "refused") else Exit.CLEAN


def _say_release(release: Release, waits: list[Any]) -> None:
    from secops.core.say import say

    request = release.request
    say(f"{release.number}: {request.title.get(language())}")
    said = _("  {dataset} {version} for {requester}, purpose {purpose}, contract {contract}")
    say(said.format(dataset=request.dataset, version=request.version, requester=request.requester,
                    purpose=request.purpose, contract=request.contract), indent=4)  # fmt: skip
    say(
        _("  {method} with the fields {fields}").format(method=request.method, fields=", ".join(request.fields)),
        indent=4,
    )
    approved = release.stage == "checked" and not waits
    say("  " + (_("approved: it can be published") if approved else _stage(release)))
    notes = release.checked.notes if release.checked and not release.reasons else ()
    for one in (*release.reasons, *notes, *waits):
        say(f"    {one.code}: {one}", indent=6)
    for approval in release.approvals:
        say(_("    approved by {party}, until {until}").format(party=approval.body.approver, until=approval.body.until))


def _waits_for(release: Release, exchange: Exchange) -> list[Any]:
    from privacy.parties.chain import in_force
    from privacy.release.grounds import standing

    if release.stage != "checked":
        return []
    state, now = exchange.state(), exchange.clock()
    return standing(state, in_force(exchange.rosters(state), now), release, now)


def _stage(release: Release) -> str:
    words = {
        "requested": _("requested, not checked yet"),
        "checked": _("checked, waits for approvals"),
        "changes": _("changes are wanted"),
        "refused": _("refused"),
        "published": _("published"),
    }
    return words[release.stage]


def _document(release: Release) -> dict[str, Any]:
    return {
        "number": release.number, "stage": release.stage, "request": release.request, "reasons": release.reasons,
        "checked": release.checked, "published": release.published,
        "approvals": [approval.body for approval in release.approvals],
    }  # fmt: skip


def show_content(release: Release, exchange: Exchange) -> int:
    """Print what would leave, or has left, after comparing it with what was checked."""
    from privacy.release.publish import laid_out

    if release.checked is None:
        raise UsageError(_("there is nothing that would leave"), where=release.number)
    content = laid_out(exchange.folder, release.number, release.checked)
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    return Exit.CLEAN
