"""A hub that lies in the rounds: it is refused, and what it was told covers no honest site's masks."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from privacy.federated import wire
from secops.core.errors import RefusedError
from tests.privacy.federated.gate.kit import World, finished
from tests.privacy.federated.gate.lying import (
    OUTSIDER,
    agree,
    anew,
    answers,
    by_liar,
    done,
    last,
    masked,
    refused,
    reveal,
    started,
)
from tests.privacy.federated.gate.made_up import FEDAVG, NAMES, NEWTON, STATISTICS, A, B, C, D, job


def test_two_lists_of_survivors(tmp_path: Path) -> None:
    """With a site on its side, a hub shows one list to some and another to the rest. One of them at most is enough."""
    world = World(tmp_path, job(STATISTICS), liars=(D,))
    _hub, setup = masked(world)
    one, other = (A, B, D), (B, C, D)
    signed_one = {s: done(world.say(s, agree(world, setup, *one))).text for s in (A, B)} | {D: by_liar(world, one)}
    signed_other = {C: done(world.say(C, agree(world, setup, *other))).text, D: by_liar(world, other)}
    refused(world.say(B, agree(world, setup, *other)), "masks")
    refused(world.say(C, reveal(world, setup, signed_other)), "masks")
    refused(world.say(C, reveal(world, setup, signed_one)), "masks")
    refused(world.say(C, reveal(world, setup, {**signed_other, A: signed_one[A]})), "masks")
    for site in (A, B):
        done(world.say(site, reveal(world, setup, signed_one)))
    world.check_sealed()


def test_both_shares_of_a_site(tmp_path: Path) -> None:
    """First as if it survived, then as if it had dropped: the second list is not signed, and nothing told again."""
    world = World(tmp_path, job(FEDAVG))
    _hub, setup = masked(world)
    signatures = {site: done(world.say(site, agree(world, setup, *NAMES))).text for site in NAMES}
    for site in NAMES:
        done(world.say(site, reveal(world, setup, signatures)))
    for site in (A, B, C):
        refused(world.say(site, agree(world, setup, A, B, C)), "masks")
        refused(world.say(site, reveal(world, setup, signatures)), "masks")
    world.check_sealed()


@pytest.mark.parametrize("survivors", [(A, B), (A,), (), (A, A, B), (B, A, C), (A, B, OUTSIDER), (B, C, D)])
def test_lists_that_may_not_be_signed(tmp_path: Path, survivors: tuple[str, ...]) -> None:
    """Below the threshold, twice the same, out of order, with a stranger, without the site itself."""
    world = World(tmp_path, job(STATISTICS))
    _hub, setup = masked(world)
    refused(world.say(A, agree(world, setup, *survivors)), "masks")
    done(world.say(A, agree(world, setup, A, B, C)))


def test_shares_before_enough_have_signed(tmp_path: Path) -> None:
    world = World(tmp_path, job(STATISTICS))
    _hub, setup = masked(world)
    refused(world.say(A, reveal(world, setup, {})), "masks")
    signatures = {site: done(world.say(site, agree(world, setup, *NAMES))).text for site in NAMES}
    two = {site: signatures[site] for site in (A, B)}
    for short in ({}, two, two | {C: signatures[B]}, two | {OUTSIDER: signatures[C]}, two | {C: "?"}):
        refused(world.say(A, reveal(world, setup, short)), "masks")
    done(world.say(A, reveal(world, setup, two | {C: signatures[C]})))
    world.check_sealed()


def test_signatures_of_another_round(tmp_path: Path) -> None:
    world = World(tmp_path, job(FEDAVG))
    hub, standing = started(world)
    standing = hub.step(standing)
    old = last(world, wire.Reveal)
    hub.step(standing)  # round 3, of the same set-up
    order = msgspec.structs.replace(last(world, wire.Compute), number=4, round=4)
    for site in NAMES:
        done(world.say(site, order))
        done(world.say(site, agree(world, order.setup, *NAMES, number=4)))
    refused(world.say(A, reveal(world, order.setup, old.signatures, 4)), "masks")
    world.check_sealed()


def test_a_question_that_differs_between_sites(tmp_path: Path) -> None:
    """One site is asked at other coefficients than the rest: the masks do not cancel, and no signature fits."""
    world = World(tmp_path, job(NEWTON))

    def way(site: str, order: wire.Order) -> wire.Order:
        if site != A or not isinstance(order, wire.Compute) or order.stage != "newton":
            return order
        beta = wire.unpacked(order.given)["beta"] + 0.1
        return msgspec.structs.replace(order, given={**order.given, **wire.packed({"beta": beta})})

    hub = world.hub(way)
    standing = hub.step(hub.begin())
    with pytest.raises(RefusedError):
        hub.step(standing)
    world.check_sealed()


def test_a_round_is_answered_once(tmp_path: Path) -> None:
    """Neither in its set-up, nor in a new one, nor to a site that was restarted; nor is the method's round, as another
    of the job's.
    """
    world = World(tmp_path, job(STATISTICS))
    started(world)
    order = last(world, wire.Compute)
    refused(world.say(A, order), "answered")
    anew(world)
    again = msgspec.structs.replace(order, setup="f" * 32)
    refused(world.say(A, again), "answered")
    refused(world.say(A, msgspec.structs.replace(again, number=2)), "answered")
    world.restart(*NAMES)
    anew(world, "e" * 32)
    for number in (1, 2, 3):
        refused(world.say(A, msgspec.structs.replace(again, setup="e" * 32, number=number)), "answered")
    world.check_sealed()


def test_more_rounds_than_the_method_has(tmp_path: Path) -> None:
    """Under new numbers of the job's, the hub would have a fresh sum for every one."""
    world = World(tmp_path, job(NEWTON))
    finished(world.hub())
    order = last(world, wire.Compute)
    anew(world, first=100)
    for number in (100, 101):
        for turn in range(2, 5):
            asked = msgspec.structs.replace(order, setup="f" * 32, number=number, round=turn)
            refused(world.say(A, asked), "answered")
        refused(world.say(A, msgspec.structs.replace(order, setup="f" * 32, number=number, round=5)), "method")


def test_a_list_that_was_refused_opens_no_door(tmp_path: Path) -> None:
    """One site fewer is refused. Nor can the refused list be the one that the next set-up is held against."""
    world = World(tmp_path, job(NEWTON))
    hub, standing = started(world)
    ask = hub.method.ask(standing.state)
    for setup in ("e" * 32, "f" * 32):
        anew(world, setup, first=2)
        given = wire.packed(ask.given)
        order = wire.Compute(job=world.job.digest, setup=setup, number=2, stage="newton", round=2, given=given)
        for site in NAMES:
            done(world.say(site, order))
        for site in (A, B, C):
            refused(world.say(site, agree(world, setup, A, B, C, number=2)), "masks")
    done(world.say(A, agree(world, "f" * 32, *NAMES, number=2)))
    world.check_sealed()


def test_what_a_hub_is_told_of_a_round_that_was_cut_is_noise(tmp_path: Path) -> None:
    """The same vector twice, under masks of two set-ups: they have nothing in common."""
    world = World(tmp_path, job(STATISTICS))
    masked(world)
    order, bits = last(world, wire.Compute), last(world, wire.Keys).bits
    anew(world, bits=bits)
    first = answers(world, wire.Compute)[A].content
    second = done(world.say(A, msgspec.structs.replace(order, setup="f" * 32))).content
    one, two = (np.frombuffer(sent, f"<u{bits // 8}") for sent in (first, second))
    assert len(one) == len(two)
    assert not (one == two).any()
