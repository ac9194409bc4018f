"""The whole life of a data set (溯源), as the ledger tells it, with each signature verified again."""

from __future__ import annotations

from fnmatch import fnmatchcase

import msgspec

from privacy.release.exchange import Exchange
from privacy.release.proofs import Proofs
from privacy.release.state import Entry
from privacy.release.telling import Event, Teller
from secops.core.errors import UsageError
from secops.core.i18n import _


class Row(msgspec.Struct, frozen=True):
    """What happened. `fault` says why its signature does not count: empty when it does, None where nobody signs."""

    event: Event
    fault: str | None


def trace(exchange: Exchange, dataset: str, version: str = "") -> list[Row]:
    """All that happened to a data set, or to one version of it, and to the parties that had to do with it.

    Raises `UsageError` when nothing did, `RefusedError` for a roster that is not the one the ledger names.
    """
    teller, rows = Teller(), list[Row]()
    proofs = Proofs(exchange.signed_rosters(exchange.state()), teller.state)

    def take(entry: Entry) -> None:
        turn = proofs.turn(entry)
        events = [event for event in teller.take(entry) if not event.dataset or _concerns(event)]
        fault = proofs.fault(entry, turn) if events else None
        rows.extend(Row(event, fault) for event in events)

    def _concerns(event: Event) -> bool:
        if event.dataset != dataset or not version or event.version == version:
            return event.dataset == dataset
        return not event.version and fnmatchcase(version, teller.state.sharings[event.about].contract.versions)

    exchange.walk(take)
    return _involved(rows, dataset, version)


def _involved(rows: list[Row], dataset: str, version: str) -> list[Row]:
    """Events of the data set, and those of the roster that are about parties who had to do with it."""
    parties = {party for row in rows if row.event.dataset for party in row.event.parties}
    if not parties:
        what = _("nothing was recorded of {dataset}").format(dataset=f"{dataset} {version}".strip())
        raise UsageError(what, hint=_("`citywall data list` shows the data sets."))
    return [row for row in rows if row.event.dataset or row.event.about in parties]
