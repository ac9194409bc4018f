"""How the ledger is shown: its entries, its head, the life of a data set."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from secops.core.errors import Exit, UsageError
from secops.core.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Sequence

    from privacy.ledger.head import Head
    from privacy.release.exchange import Exchange
    from privacy.release.state import Entry
    from privacy.release.telling import Event
    from privacy.release.trace import Row


def show_log(exchange: Exchange, dataset: str, kind: str, limit: int | None, fmt: str) -> None:
    """The last `limit` events of the ledger, of one data set and of one type of entries where these are given."""
    from privacy.release.telling import TYPES, Teller
    from secops.core.rows import show

    if kind and kind not in TYPES:
        hint = _("Choose from {names}.").format(names=", ".join(TYPES))
        raise UsageError(_("there is no type {name}").format(name=kind), where="--type", hint=hint)
    teller, events = Teller(), deque[Any]([], limit)

    def take(entry: Entry) -> None:
        told = teller.take(entry)
        events.extend(
            event for event in told if event.dataset == (dataset or event.dataset) and kind in ("", event.type)
        )

    exchange.walk(take)
    show(_columns(fmt), [_cells(event, fmt) for event in events], fmt)


def _columns(fmt: str) -> list[str]:
    if fmt == "text":
        return [_("entry"), _("time"), _("what"), _("who")]
    return ["entry", "time", "type", "about", "what", "who"]


def _cells(event: Event, fmt: str) -> list[Any]:
    if fmt == "text":
        return [event.number, event.time, event.what, event.who]
    return [event.number, event.time, event.type, event.about, event.what, event.who]


def show_trace(rows: Sequence[Row], fmt: str) -> int:
    """The life of a data set. The exit code: whether each signature counts."""
    from secops.core.document import show_document
    from secops.core.rows import show
    from secops.core.say import complain

    if fmt == "json":
        show_document([_document(row) for row in rows])
    else:
        words = [_("counts") if row.fault == "" else row.fault or "" for row in rows]
        cells = [[*_cells(row.event, fmt), word] for row, word in zip(rows, words, strict=True)]
        show([*_columns(fmt), _("signature")], cells, fmt)
    if wrong := sum(bool(row.fault) for row in rows):
        complain(ngettext("{n} entry does not count.", "{n} entries do not count.", wrong).format(n=wrong))
    return Exit.FINDINGS if wrong else Exit.CLEAN


def _document(row: Row) -> dict[str, Any]:
    event = row.event
    return {
        "entry": event.number, "time": event.time, "type": event.type, "version": event.version,
        "about": event.about, "who": event.who, "what": event.what,
        "signed": row.fault is not None, "fault": row.fault or "",
    }  # fmt: skip


def show_head(exchange: Exchange, head: Head) -> None:
    """What the last head says, whose signature is below it, and what witnesses have signed."""
    from base64 import b64encode

    from secops.core.say import say

    roster, keys = exchange.rosters()[-1], exchange.keeper_keys()
    say(_("{origin}: {n} entries, {root}").format(origin=head.origin, n=head.size, root=head.root), indent=2)
    public = b64encode(keys.get(head.key, b"")).decode() or _("that of no hub of the roster")
    say(_("signed at {time} with the key {key}, public key {public}").format(
        time=head.time, key=head.key, public=public), indent=2)  # fmt: skip
    last = {cosignature.key: cosignature for cosignature in exchange.ledger.cosignatures()}
    for key, one in last.items():
        party = roster.holder(key)
        text = _("witness {party}: the head of {n} entries, at {time}")
        say(text.format(party=party.id if party else key, n=one.head.size, time=one.time), indent=2)
