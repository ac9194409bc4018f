"""Sums over sites that change give one site away: they stop, unless the site's policy or the method says otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from privacy.federated import wire
from secops.core.errors import RefusedError
from tests.privacy.federated.gate.kit import Way, World, check_sums, finished
from tests.privacy.federated.gate.made_up import FEDAVG, NAMES, NEWTON, A, B, C, D, job


def lost(**rounds: tuple[int, ...]) -> Way:
    """Sites (`site_3`) that are not reached when vectors of these rounds are asked for; in between they are there."""

    def way(to: str, order: wire.Order) -> wire.Order | None:
        gone = isinstance(order, wire.Compute) and order.number in rounds.get(to.replace("-", "_"), ())
        return None if gone else order

    return way


@pytest.mark.parametrize("number", [2, 3, 4])
def test_a_newton_job_stops_where_a_site_drops_out(tmp_path: Path, number: int) -> None:
    world = World(tmp_path, job(NEWTON))
    hub = world.hub(lost(site_3=(number,)))
    at = hub.begin()
    for _round in range(1, number):
        at = hub.step(at)
    with pytest.raises(RefusedError, match="0 survivors signed"):
        hub.step(at)
    assert [hub.faults[site] for site in (A, B, C)] == ["masks"] * 3
    check_sums(world, hub, at)


def test_it_stops_in_its_evaluation_too(tmp_path: Path) -> None:
    world = World(tmp_path, job(NEWTON, outputs=["evaluation"], split={"by": "site"}))
    hub = world.hub(lambda to, order: None if to == D and getattr(order, "stage", "") == "evaluate" else order)
    with pytest.raises(RefusedError):
        finished(hub)
    assert {ask.stage for ask, _total in hub.method.taken} == {"moments", "newton"}


def test_it_goes_on_where_all_policies_allow_it(tmp_path: Path) -> None:
    world = World(tmp_path, job(NEWTON), survivors_may_change=True)
    hub = world.hub(lost(site_3=(3,)))
    standing = finished(hub)
    check_sums(world, hub, standing)
    assert [D in done.sites for done in standing.rounds] == [True, True, False, False]


@pytest.mark.parametrize(("allowing", "goes_on"), [((A, B), False), ((A, B, C), True)])
def test_every_site_that_signs_has_to_allow_it(tmp_path: Path, allowing: tuple[str, ...], goes_on: bool) -> None:
    world = World(tmp_path, job(NEWTON))
    free = World(tmp_path / "free", job(NEWTON), survivors_may_change=True)
    for name in allowing:
        world.sites[name] = free.sites[name]
    world.restart(*NAMES)
    hub = world.hub(lost(site_3=(3,)))
    if goes_on:
        assert finished(hub).rounds[-1].sites == (A, B, C)
    else:
        with pytest.raises(RefusedError):
            finished(hub)


def test_who_was_not_there_at_first_is_not_asked_later(tmp_path: Path) -> None:
    """Else the others would have to refuse a list that has one more."""
    world = World(tmp_path, job(NEWTON))
    hub = world.hub(lost(site_3=(1,)))
    standing = finished(hub)
    check_sums(world, hub, standing)
    assert {done.sites for done in standing.rounds} == {(A, B, C)}
    assert len(standing.rounds) > 2
    assert not [heard for heard in world.heard if heard.site == D and isinstance(heard.order, wire.Compute)]


def test_nor_when_the_job_is_taken_up_again(tmp_path: Path) -> None:
    world = World(tmp_path, job(NEWTON))
    hub = world.hub(lost(site_3=(1,)))
    standing = hub.step(hub.begin())
    world.restart(*NAMES)
    end = finished(world.hub(), standing)
    assert {done.sites for done in end.rounds} == {(A, B, C)}
    world.check_sealed()


def test_a_descent_goes_on_with_whoever_is_there(tmp_path: Path) -> None:
    world = World(tmp_path, job(FEDAVG, rounds=4))
    hub = world.hub(lost(site_3=(2, 4), site_2=(3,)))
    standing = finished(hub)
    check_sums(world, hub, standing)
    assert [done.sites for done in standing.rounds] == [NAMES, (A, B, C), (A, B, D), (A, B, C), NAMES]


def test_a_descent_stops_where_too_few_are_there(tmp_path: Path) -> None:
    world = World(tmp_path, job(FEDAVG, rounds=4))
    hub = world.hub(lost(site_3=(2, 4), site_2=(4,)))
    with pytest.raises(RefusedError, match="2 sites are left"):
        finished(hub)
    assert len(hub.method.taken) == 3
