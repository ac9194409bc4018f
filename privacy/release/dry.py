"""What would become of a request or a result, without a trace in the exchange."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from privacy.canonical import time_text
from privacy.data.table import file_digest
from privacy.disclosure import door
from privacy.disclosure.read import read
from privacy.release.clearing import Clearing
from privacy.release.documents import Asked, request_of
from privacy.release.exchange import Exchange
from privacy.release.grounds import ground

if TYPE_CHECKING:
    from privacy.disclosure.policy import Policy
    from privacy.reason import Reason


def judge(exchange: Exchange, asked: Asked, policy: Policy | None, result: Path | None) -> tuple[list[Reason], bool]:
    """What is to be said of a request, and whether it may leave so. `policy`: another than the contract's."""
    state, now = exchange.state(), exchange.clock()
    request = request_of(asked, file_digest(result) if result else None, time_text(now))
    grounds = ground(state, exchange.rosters(state), request, now)
    if grounds.refused:
        return [*grounds.refused, *grounds.noted], False
    clearing = Clearing(exchange.folder, state, request)
    clearing.must_fit()
    found = clearing.clear(policy or clearing.policy, clearing.history(), result)
    if isinstance(found, list):
        return [*found, *grounds.noted], False
    return [*grounds.noted, *found.notes], True


def judge_result(path: Path, policy: Policy) -> tuple[list[Reason], bool]:
    """The same of a job's result alone, as if nothing of its data had left before."""
    raw = read(path)
    found = door.clear(raw, policy, door.first_history(raw))
    return (found, False) if isinstance(found, list) else (list(found.notes), True)
