"""Traces to test with, and what a keeper writes whom nobody watches."""

from __future__ import annotations

from typing import Any

from privacy import canonical
from privacy.ledger.log import Ledger
from privacy.release.trace import Row
from tests.privacy.release.kit import World

Entry = dict[str, Any]


def lines(rows: list[Row]) -> list[tuple[str, str, str]]:
    return [(row.event.type, row.event.about, row.event.who) for row in rows if row.event.type != "roster"]


def faults(rows: list[Row]) -> dict[int, str]:
    return {row.event.number: row.fault for row in rows if row.fault}


def entries(world: World) -> list[Entry]:
    return list(world.exchange.ledger.entries())


def forge(world: World, entry: Entry) -> int:
    """What a keeper writes whom nobody watches. The number of the entry."""
    ledger = Ledger.open(world.exchange.folder / "ledger", world.keys["keeper"], clock=world.clock)
    ledger.append([entry | {"time": canonical.time_text(world.clock())}])
    return ledger.head().size - 1
