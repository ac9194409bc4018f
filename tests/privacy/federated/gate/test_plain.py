"""Sums without masks: only where every site's policy allows them; and what a hub makes of odd answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.federated import wire
from privacy.federated.hub import Hub
from secops.core.errors import RefusedError
from tests.privacy.federated.gate.kit import World, check_sums, finished
from tests.privacy.federated.gate.lying import ANEW, done, last, refused, started
from tests.privacy.federated.gate.made_up import FEDAVG, NAMES, NEWTON, STATISTICS, A, B, C, D, job

PLAIN = {"aggregation": {"by": "plain"}}


@pytest.mark.parametrize("method", [STATISTICS, NEWTON, FEDAVG], ids=["statistics", "newton", "fedavg"])
def test_plain_and_masked_sums_are_the_same(tmp_path: Path, method: dict[str, object]) -> None:
    plain, masked = World(tmp_path / "plain", job(method, **PLAIN)), World(tmp_path / "masked", job(method))
    hub, other = plain.hub(), masked.hub()
    standing = finished(hub)
    check_sums(plain, hub, standing)
    assert standing.rounds == finished(other).rounds
    pairs = zip(hub.method.taken, other.method.taken, strict=True)
    assert all((one[1] == two[1]).all() for one, two in pairs)


def test_too_few_plain_vectors_are_no_sum(tmp_path: Path) -> None:
    world = World(tmp_path, job(STATISTICS, **PLAIN))
    hub = world.hub(lambda site, order: None if site in (C, D) else order)
    with pytest.raises(RefusedError, match="2 sites are left, 3 are needed"):
        hub.step(hub.begin())
    assert not hub.method.taken
    hub = world.hub(lambda site, order: None if site == D else order)
    assert finished(hub).rounds[0].sites == (A, B, C)


def _of_sites(world: World, *sites: str) -> World:
    """The policies of these sites know masks alone."""
    for name in sites:
        policy = msgspec.structs.replace(world.sites[name].policy, aggregation=("masks",))
        world.sites[name] = msgspec.structs.replace(world.sites[name], policy=policy)
    world.restart(*sites)
    return world


@pytest.mark.parametrize("refusing", [(D,), (C, D), NAMES])
def test_one_policy_that_does_not_allow_it_stops_a_plain_job(tmp_path: Path, refusing: tuple[str, ...]) -> None:
    world = _of_sites(World(tmp_path, job(STATISTICS, **PLAIN)), *refusing)
    hub = world.hub()
    with pytest.raises(RefusedError, match="not every site allows plain sums"):
        hub.step(hub.begin())
    assert hub.faults == dict.fromkeys(refusing, "policy: site-aggregation")
    assert not [heard for heard in world.heard if heard.site in refusing and isinstance(heard.answer, wire.Done)]


def test_the_same_policies_allow_masks(tmp_path: Path) -> None:
    world = _of_sites(World(tmp_path, job(STATISTICS)), *NAMES)
    assert finished(world.hub()).rounds[0].sites == NAMES


def test_a_job_with_masks_gives_no_plain_vector(tmp_path: Path) -> None:
    """Not even to one who asks as in a plain job: what is asked has the digest of the job that it is of."""
    plain, masked = World(tmp_path / "plain", job(STATISTICS, **PLAIN)), World(tmp_path / "masked", job(STATISTICS))
    started(plain)
    order = last(plain, wire.Compute)
    refused(masked.say(A, order), "order")
    refused(masked.say(A, msgspec.structs.replace(order, job=masked.job.digest)), "order")


@pytest.mark.parametrize("kind", [wire.Keys, wire.Deal, wire.Accept, wire.Agree, wire.Reveal])
def test_a_plain_job_has_no_other_steps(tmp_path: Path, kind: type) -> None:
    masked, plain = World(tmp_path / "masked", job(STATISTICS)), World(tmp_path / "plain", job(STATISTICS, **PLAIN))
    finished(masked.hub())
    order = msgspec.structs.replace(last(masked, kind), job=plain.job.digest)
    refused(plain.say(A, order), "order")
    refused(plain.say(A, msgspec.structs.replace(order, setup="")), "order")


def test_the_same_question_has_the_same_answer_and_another_none(tmp_path: Path) -> None:
    """Under the round's own number or another, before and after a restart."""
    world = World(tmp_path, job(NEWTON, **PLAIN))
    hub, standing = started(world)
    hub.step(standing)
    order = last(world, wire.Compute)
    told = done(world.say(A, order))
    given = wire.unpacked(order.given)
    other = msgspec.structs.replace(order, given=wire.packed({**given, "beta": given["beta"] + 1}))
    for _time in range(2):
        assert world.say(A, order) == told
        for another in (other, msgspec.structs.replace(order, number=7), msgspec.structs.replace(other, number=7)):
            refused(world.say(A, another), "answered")
        refused(world.say(A, msgspec.structs.replace(order, setup=ANEW)), "order")
        world.restart(A)


def _changed(world: World, change: Callable[[str, bytes], bytes | None], site: str = D) -> Hub:
    """A hub that gets other answers from a site than it gave."""
    hub = world.hub()
    ask = hub._exchange

    def exchange(orders: dict[str, bytes]) -> dict[str, bytes]:
        answers = dict(ask(orders))
        for of in answers.keys() & {site}:
            answers[of] = change(of, answers[of])
        return {of: raw for of, raw in answers.items() if raw is not None}

    hub._exchange = exchange
    return hub


_NUMBERS = {
    "too long": lambda sent: sent + bytes(8),
    "too short": lambda sent: sent[:-8],
    "empty": lambda _sent: b"",
    "too large": lambda sent: sent[:-8] + np.int64(10**17).tobytes(),
    "the largest": lambda sent: sent[:-8] + np.int64(2**63 - 1).tobytes(),
    "the smallest": lambda sent: sent[:-8] + np.int64(-(2**63)).tobytes(),
}


@pytest.mark.parametrize("how", _NUMBERS)
def test_a_site_that_sends_what_was_not_asked_is_left_out(tmp_path: Path, how: str) -> None:
    world = World(tmp_path, job(STATISTICS, **PLAIN))
    hub = _changed(world, lambda _of, raw: wire.encode(wire.Done(_NUMBERS[how](wire.answer(raw).content))))
    standing = finished(hub)
    check_sums(world, hub, standing)
    assert standing.rounds[0].sites == (A, B, C)
    assert hub.faults[D]


def _answers() -> st.SearchStrategy[bytes | None]:
    names, small = st.sampled_from([*NAMES, "site-9"]), st.binary(max_size=100)
    parts = st.dictionaries(names, small, max_size=4)
    made = st.builds(wire.Done, small, parts, st.text(max_size=100))
    faults = st.builds(
        wire.Refused, st.sampled_from(["masks", "floor", "internal"]), st.sampled_from(["", "floor-rows"])
    )
    return st.none() | small | (made | faults).map(wire.encode)


@settings(max_examples=40)
@given(data=st.data(), by=st.sampled_from(["masks", "plain"]))
def test_any_answers_of_a_site_leave_it_out_or_end_the_round(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, by: str
) -> None:
    """From some step on a site answers anything; the hub has a sum of the others, or none, and never falls over."""
    world = World(tmp_path_factory.mktemp("world"), job(STATISTICS, aggregation={"by": by}))
    honest = data.draw(st.integers(0, 5))

    def change(_of: str, raw: bytes) -> bytes | None:
        nonlocal honest
        honest -= 1
        return raw if honest >= 0 else data.draw(_answers())

    hub = _changed(world, change)
    try:
        standing = finished(hub)
    except RefusedError:
        assert not hub.method.taken
    else:
        check_sums(world, hub, standing)
    for gate in world.gates.values():
        gate.close()
