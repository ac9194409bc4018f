"""A hub that lies in the set-up: sites that see other keys than those of the job's sites tell nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from privacy.federated import wire
from privacy.federated.secagg.keying import Keys
from privacy.federated.secagg.terms import Member
from privacy.parties import signed
from secops.core.errors import RefusedError
from tests.privacy.federated.gate.kit import World, signer
from tests.privacy.federated.gate.lying import (
    OUTSIDER,
    agree,
    answers,
    done,
    last,
    masked,
    refused,
)
from tests.privacy.federated.gate.made_up import NAMES, STATISTICS, A, B, C, D, job


def _with_keys(change: Callable[[dict[str, bytes]], Mapping[str, bytes]]) -> Callable[[str, wire.Order], wire.Order]:
    def way(_site: str, order: wire.Order) -> wire.Order:
        if isinstance(order, wire.Deal):
            return msgspec.structs.replace(order, keys=change(dict(order.keys)))
        return order

    return way


def _unsigned(keys: dict[str, bytes]) -> dict[str, bytes]:
    document = msgspec.json.decode(keys[D])
    return {**keys, D: msgspec.json.encode({**document, "signatures": []})}


def _by_another(name: str, of: str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    """The keys of a site under a name, signed by whoever the hub is."""

    def change(keys: dict[str, bytes]) -> dict[str, bytes]:
        body = signed.parse(keys[of], Keys, of).body
        forged = signed.sign(msgspec.structs.replace(body, site=name), signer("the hub"))
        return {**keys, name: signed.dump(forged)}

    return change


KEYS: dict[str, Callable[[dict[str, bytes]], Mapping[str, bytes]]] = {
    "unsigned": _unsigned,
    "signed by the hub": _by_another(D, D),
    "swapped": lambda keys: {**keys, C: keys[D], D: keys[C]},
    "two the same": lambda keys: {**keys, D: keys[C]},
    "a Sybil": _by_another(OUTSIDER, D),
    "a Sybil's name": lambda keys: {**keys, OUTSIDER: keys[D]},
    "too few": lambda keys: {site: keys[site] for site in (C, D)},
    "nothing": lambda _keys: {},
}


@pytest.mark.parametrize("how", KEYS)
def test_keys_that_are_not_those_of_the_sites(tmp_path: Path, how: str) -> None:
    world = World(tmp_path, job(STATISTICS))
    hub = world.hub(_with_keys(KEYS[how]))
    with pytest.raises(RefusedError):
        hub.step(hub.begin())
    assert set(hub.faults.values()) == {"masks"}
    assert not answers(world, wire.Deal)


def test_sites_that_are_not_those_of_the_job(tmp_path: Path) -> None:
    """A site that was told of others than the job has does not begin, though the threshold would do for one more."""
    world = World(tmp_path, job(STATISTICS, minimum={"sites": 4, "rows": 5}))
    world.members.append(Member(OUTSIDER, signer("the hub").public_key))
    world.restart(A)
    order = wire.Keys(job=world.job.digest, setup="f" * 32, first=1, rounds=1, bits=64)
    refused(world.say(A, order), "masks")
    done(world.say(B, order))


def test_shares_of_another_set_up(tmp_path: Path) -> None:
    """What sites sealed before, passed on again in a new set-up."""
    world = World(tmp_path, job(STATISTICS))
    masked(world)
    old = last(world, wire.Accept)
    common = {"job": world.job.digest, "setup": "e" * 32}
    keys = {s: done(world.say(s, wire.Keys(first=1, rounds=1, bits=64, **common))).content for s in NAMES}
    done(world.say(A, wire.Deal(keys=keys, **common)))
    refused(world.say(A, wire.Accept(sealed=old.sealed, **common)), "masks")
    refused(world.say(A, msgspec.structs.replace(last(world, wire.Compute), setup="e" * 32)), "masks")


def test_the_same_set_up_is_begun_once(tmp_path: Path) -> None:
    """Asked again for it, a site stays in it; restarted, it is out of it."""
    world = World(tmp_path, job(STATISTICS))
    _hub, setup = masked(world)
    order = last(world, wire.Keys)
    refused(world.say(A, order), "answered")
    refused(world.say(A, msgspec.structs.replace(order, first=2)), "answered")
    done(world.say(A, agree(world, setup, *NAMES)))
    world.restart(A)
    refused(world.say(A, order), "answered")
    refused(world.say(A, agree(world, setup, *NAMES)), "order")
