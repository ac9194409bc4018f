"""A hub that asks by hand: what it says, and what it looks for in the answers."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Literal

import pytest

from privacy.federated import wire
from privacy.federated.hub import Hub, Standing
from secops.core.errors import RefusedError
from tests.privacy.federated.gate.kit import World, signer
from tests.privacy.federated.gate.made_up import NAMES, A, D

OUTSIDER = "site-9"

#: The name of a set-up that a hub has no reason for.
ANEW = "f" * 32


def refused(answer: wire.Answer, *faults: str) -> None:
    assert isinstance(answer, wire.Refused)
    assert answer.fault in faults


def done(answer: wire.Answer) -> wire.Done:
    assert isinstance(answer, wire.Done)
    return answer


def started(world: World) -> tuple[Hub, Standing]:
    """A hub after its first round."""
    hub = world.hub()
    standing = hub.step(hub.begin())
    assert standing
    return hub, standing


def last(world: World, kind: type, site: str = A) -> wire.Order:
    """The last order of a kind that a site got."""
    return next(h.order for h in reversed(world.heard) if h.site == site and isinstance(h.order, kind))


def answers(world: World, kind: type) -> dict[str, wire.Done]:
    """What sites answered last to orders of a kind."""
    found = {heard.site: heard.answer for heard in world.heard if isinstance(heard.order, kind)}
    return {site: answer for site, answer in found.items() if isinstance(answer, wire.Done)}


def anew(world: World, setup: str = ANEW, *, first: int = 1, bits: Literal[32, 64] = 64) -> None:
    """A set-up that is honest, but that the hub has no reason for."""
    common = {"job": world.job.digest, "setup": setup}
    keys = {s: done(world.say(s, wire.Keys(first=first, rounds=3, bits=bits, **common))).content for s in NAMES}
    dealt = {s: done(world.say(s, wire.Deal(keys=keys, **common))).parts for s in NAMES}
    for site in NAMES:
        sealed = {by: dealt[by][site] for by in NAMES if by != site}
        done(world.say(site, wire.Accept(sealed=sealed, **common)))


def masked(world: World) -> tuple[Hub, str]:
    """All have sent their vectors of round 1, and wait for the list of survivors; the set-up of it."""
    hub = world.hub(lambda _site, order: order if not isinstance(order, wire.Agree) else None)
    with pytest.raises(RefusedError):
        hub.step(hub.begin())
    return hub, last(world, wire.Compute).setup


def agree(world: World, setup: str, *survivors: str, number: int = 1) -> wire.Agree:
    return wire.Agree(job=world.job.digest, setup=setup, number=number, survivors=survivors)


def reveal(world: World, setup: str, signatures: Mapping[str, str], number: int = 1) -> wire.Reveal:
    return wire.Reveal(job=world.job.digest, setup=setup, number=number, signatures=dict(signatures))


def by_liar(world: World, survivors: tuple[str, ...], liar: str = D) -> str:
    """Whatever the hub wants, signed by the site on its side."""
    around = world.gates[liar]._masked._turn._round
    return b64encode(signer(liar).sign(around.statement(survivors))).decode()
