"""Entries that a keeper makes up out of what was truly signed: each is found out, and the true ones count."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from privacy.parties.approval import Approval
from privacy.parties.approval import approve as sign_approval
from privacy.parties.signed import Signed
from privacy.release.state import (
    Checked,
    approval_entry,
    checked_entry,
    dataset_entry,
    outcome_entry,
    release_entry,
    request_entry,
)
from privacy.release.trace import trace
from tests.privacy.release.kit import DAY, World
from tests.privacy.release.trace_kit import Entry, entries, faults, forge

NOTHING = f"sha256:{'0' * 64}"


@pytest.fixture
def waiting(released: World) -> World:
    """r0001 has left; r0002 is checked, and nobody has approved it."""
    released.request(["sex"])
    return released


def approved_by(world: World, names: Sequence[str], **more: object) -> list[Signed[Approval]]:
    checked, now = world.exchange.state().release("r0002").checked, world.clock()
    assert checked
    said = {"subject": checked.subject, "purpose": "release", "requester": "rita", "now": now, "until": now + DAY}
    roster = world.exchange.rosters()[-1]
    return [sign_approval(roster, world.keys[name], **(said | more)) for name in names]  # type: ignore[arg-type]


def publish(world: World, approvals: Sequence[Signed[Approval]], number: str = "r0002", **changes: str) -> list[int]:
    """The keeper writes approvals, and that a result has left by them. The numbers of the entries."""
    release = world.exchange.state().release(number)
    assert release.checked
    leaves = release_entry(release, release.checked, approvals, NOTHING, "") | changes
    made = [*(approval_entry(number, one, "") for one in dict.fromkeys(approvals)), leaves]
    return [forge(world, entry) for entry in made]


def fault_of(world: World, number: int) -> str:
    return faults(trace(world.exchange, "flu")).get(number, "")


def test_true_approvals_count(waiting: World) -> None:
    publish(waiting, approved_by(waiting, ["ann", "bo"]))
    assert faults(trace(waiting.exchange, "flu")) == {}


@pytest.mark.parametrize(("names", "said"), [((), "0 of 2"), (("ann",), "1 of 2"), (("ann", "ann"), "counts once")])
def test_too_few(waiting: World, names: Sequence[str], said: str) -> None:
    *_, last = publish(waiting, approved_by(waiting, names))
    assert said in fault_of(waiting, last)


def test_the_same_approval_named_twice(waiting: World) -> None:
    (one,) = approved_by(waiting, ["ann"])
    *_, last = publish(waiting, [one, one])
    assert "1 of 2" in fault_of(waiting, last)


def test_by_those_who_may_not(waiting: World) -> None:
    first, second, last = publish(waiting, approved_by(waiting, ["wu", "owen"]))
    assert "wu is none of those who may approve" in fault_of(waiting, first)
    assert "owen is none of those who may approve" in fault_of(waiting, second)
    assert "0 of 2" in fault_of(waiting, last)


def test_out_of_date(waiting: World) -> None:
    approvals = approved_by(waiting, ["ann", "bo"])
    waiting.clock.now += 2 * DAY
    *_, last = publish(waiting, approvals)
    assert "out of date" in fault_of(waiting, last)


def test_a_second_time(waiting: World) -> None:
    last = forge(waiting, entries(waiting)[16])
    assert fault_of(waiting, last) == "cannot follow: r0001 is published already"


@pytest.mark.parametrize(("name", "other"), [("contract", "other"), ("purpose", "sale"), ("kind", "model")])
def test_for_something_else(waiting: World, name: str, other: str) -> None:
    *_, last = publish(waiting, approved_by(waiting, ["ann", "bo"]), **{name: other})
    assert fault_of(waiting, last) == "what was published is another request"


def checked_of(world: World, **changes: str) -> Checked:
    checked = world.exchange.state().release("r0001").checked
    assert checked
    body = {name: getattr(checked, name) for name in checked.__struct_fields__}
    request = world.exchange.state().release("r0002").signed.digest
    return Checked(**(body | {"release": "r0002", "request": request} | changes))


@pytest.mark.parametrize("what", ["policy", "contract"])
def test_checked_by_another_policy_or_contract(waiting: World, what: str) -> None:
    last = forge(waiting, checked_entry(checked_of(waiting, **{what: NOTHING}), ""))
    assert "by the contract and policy that its owner has signed" in fault_of(waiting, last)


OUT_OF_TURN: dict[str, Callable[[World], Entry]] = {
    "checked again, what was given back": lambda world: checked_entry(checked_of(world), ""),
    "taken back, what has left": lambda _world: outcome_entry("r0001", "changes", [], ""),
    "registered again, with another history": lambda world: dataset_entry(
        world.exchange.state().datasets["flu", "2026-06"].signed, NOTHING, ""
    ),
    "asked for again": lambda world: request_entry("r0003", world.exchange.state().release("r0001").signed, ""),
    "in the place of another": lambda world: request_entry("r0001", world.exchange.state().release("r0002").signed, ""),
}


@pytest.mark.parametrize("name", OUT_OF_TURN)
def test_what_may_not_follow(waiting: World, name: str) -> None:
    assert faults(trace(waiting.exchange, "flu")) == {}
    last = forge(waiting, OUT_OF_TURN[name](waiting))
    assert fault_of(waiting, last)
