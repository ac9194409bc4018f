"""Parties renewed while something waits: what was signed with the key before, and what counts of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from privacy.parties import changes
from privacy.parties.keys import Signer
from privacy.release.trace import trace
from secops.core.errors import RefusedError
from tests.privacy.release.kit import DAY, World
from tests.privacy.release.trace_kit import faults


def renew(world: World, name: str, *, key: bool = True) -> Signer:
    """The party goes on, by another key unless told. The one before."""
    old = world.keys[name]
    if key:
        world.keys[name] = Signer.new()
    with world.desk() as desk:
        card, until = (world.card(name) if key else None), desk.now + 300 * DAY
        desk.issue(
            changes.renew(desk.latest, name, now=desk.now, until=until, valid=until, card=card), world.keys["bureau"]
        )
    return old


@pytest.fixture
def approved(world: World) -> World:
    """r0001 has both approvals, and has not left."""
    world.request()
    world.approve("r0001", "ann", "bo")
    return world


@pytest.mark.parametrize("name", ["ann", "rita", "owen"])
def test_a_later_end_changes_nothing(approved: World, name: str) -> None:
    renew(approved, name, key=False)
    assert approved.publish("r0001").is_dir()
    assert faults(trace(approved.exchange, "flu")) == {}


def test_a_checker_approves_again_by_its_new_key(approved: World) -> None:
    old = renew(approved, "ann")
    with pytest.raises(RefusedError, match="the approval of ann is not signed with its key; 1 of 2"):
        approved.publish("r0001")
    new, approved.keys["ann"] = approved.keys["ann"], old
    with pytest.raises(RefusedError, match="not in the roster"):
        approved.approve("r0001", "ann")
    approved.keys["ann"] = new
    approved.approve("r0001", "ann")
    assert approved.publish("r0001").is_dir()
    assert faults(trace(approved.exchange, "flu")) == {}


def test_two_keys_of_one_checker_are_one_checker(world: World) -> None:
    world.request()
    world.approve("r0001", "ann")
    renew(world, "ann")
    world.approve("r0001", "ann")
    with pytest.raises(RefusedError, match="1 of 2"):
        world.publish("r0001")


def test_a_requester_accepts_the_contract_again_before_anything_leaves(approved: World) -> None:
    renew(approved, "rita")
    approved.accept("rita")
    assert approved.publish("r0001").is_dir()
    approved.request(["sex"])
    approved.approve("r0002", "ann", "bo")
    renew(approved, "rita")
    with pytest.raises(RefusedError, match="rita has not accepted the contract"):
        approved.publish("r0002")
    assert approved.exchange.state().release("r0002").stage == "refused"


def still(world: World) -> datetime:
    """All that follows happens in one second."""
    now = world.clock() + timedelta(seconds=5)
    world.clock = world.exchange.clock = lambda: now  # type: ignore[assignment]
    return now


def test_what_was_signed_in_the_second_of_a_renewal_counts(world: World) -> None:
    """Times tell seconds apart; which of two came first is told by the ledger."""
    now = still(world)
    world.request()
    world.approve("r0001", "ann", "bo")
    for name in ("rita", "ann", "owen"):
        renew(world, name)
    assert faults(trace(world.exchange, "flu")) == {}
    world.clock = world.exchange.clock = lambda: now + timedelta(seconds=1)  # type: ignore[assignment]
    world.accept("rita")
    world.approve("r0001", "ann")
    assert world.publish("r0001").is_dir()
    assert faults(trace(world.exchange, "flu")) == {}


def test_what_was_signed_in_the_second_of_a_revocation_does_not(world: World) -> None:
    still(world)
    world.request()
    number = world.exchange.ledger.head().size - 2
    world.revoke("rita")
    assert "revoked" in faults(trace(world.exchange, "flu"))[number]
