"""Sites that fail: the sum is that of exactly the sites that it lists, or there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.federated import wire
from privacy.federated.design import Design
from privacy.federated.hub import Hub
from secops.core.errors import RefusedError
from tests.privacy.federated.gate.kit import World, check_sums, finished
from tests.privacy.federated.gate.made_up import FEDAVG, NAMES, NEWTON, STATISTICS, A, B, C, D, job, people, records

STEPS = (wire.Keys, wire.Deal, wire.Accept, wire.Compute, wire.Agree, wire.Reveal)

#: Up to here a site that fails is not in the sum; from its vector on it is.
BEFORE = (wire.Keys, wire.Deal, wire.Accept, wire.Compute)


def gone(*sites: str, step: type, first: int = 1) -> Callable[[str, wire.Order], wire.Order | None]:
    """Sites are gone for good from this step on, of that round."""
    out: set[str] = set()

    def way(site: str, order: wire.Order) -> wire.Order | None:
        number = getattr(order, "number", None)
        if site in sites and isinstance(order, step) and (number is None or number >= first):
            out.add(site)
        return None if site in out else order

    return way


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("method", [STATISTICS, FEDAVG], ids=["statistics", "fedavg"])
def test_a_site_drops_out_in_each_step(tmp_path: Path, step: type, method: dict[str, object]) -> None:
    world = World(tmp_path, job(method))
    hub = world.hub(gone(D, step=step))
    standing = finished(hub)
    check_sums(world, hub, standing)
    assert standing.rounds[0].sites == ((A, B, C) if step in BEFORE else NAMES)
    if method is FEDAVG:
        assert {done.sites for done in standing.rounds[1:]} == {(A, B, C)}
    assert hub.faults[D]


@pytest.mark.parametrize("step", STEPS)
def test_too_few_are_left_in_each_step(tmp_path: Path, step: type) -> None:
    world = World(tmp_path, job(STATISTICS))
    hub = world.hub(gone(C, D, step=step))
    with pytest.raises(RefusedError):
        hub.step(hub.begin())
    assert not hub.method.taken
    world.check_sealed()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("method", [STATISTICS, FEDAVG], ids=["statistics", "fedavg"])
def test_a_slow_site_has_not_answered(tmp_path: Path, step: type, method: dict[str, object]) -> None:
    """Ten times slower than the others: it does all that it is told, but one kind of answer comes too late."""
    world = World(tmp_path, job(method))
    hub = world.hub(late=lambda site, order: site == D and isinstance(order, step))
    standing = finished(hub)
    check_sums(world, hub, standing)
    in_it = step not in BEFORE or step is wire.Accept
    assert {done.sites for done in standing.rounds} == {NAMES if in_it else (A, B, C)}


_ODD: dict[str, Callable[[np.ndarray], object]] = {
    "nan": lambda v: np.where(np.arange(len(v)) == 1, np.nan, v),
    "infinite": lambda v: np.where(np.arange(len(v)) == 1, -np.inf, v),
    "too long": lambda v: np.append(v, 0.0),
    "too short": lambda v: v[:-1],
    "a table": lambda v: v[:, None],
    "one number": lambda v: np.float64(v[0]),
    "too large": lambda v: v + 1e9,
    "text": lambda v: np.array(["secret"] * len(v)),
    "rows": lambda v: [["secret", 1.0]] * len(v),
    "nothing": lambda _: None,
}


class _Misbehaving:
    """A method that makes something else of its vector."""

    def __init__(self, method: object, change: Callable[[np.ndarray], object]) -> None:
        self._method, self._change = method, change

    def at_site(self, ask: object, data: Design) -> object:
        return self._change(self._method.at_site(ask, data))  # type: ignore[attr-defined]

    def __getattr__(self, name: str) -> object:
        return getattr(self._method, name)


@pytest.mark.parametrize("odd", _ODD)
@pytest.mark.parametrize("by", ["masks", "plain"])
def test_a_vector_that_is_not_as_declared_does_not_leave(tmp_path: Path, odd: str, by: str) -> None:
    world = World(tmp_path, job(STATISTICS, aggregation={"by": by}))
    gate = world.gates[D]
    gate._method = _Misbehaving(gate._method, _ODD[odd])  # type: ignore[assignment]
    hub = world.hub()
    standing = finished(hub)
    check_sums(world, hub, standing)
    assert standing.rounds[0].sites == (A, B, C)
    assert hub.faults[D] in ("method", "internal")


@pytest.mark.parametrize(("error", "fault"), [(RefusedError, "method"), (KeyError, "internal")])
def test_what_an_error_says_stays_at_the_site(tmp_path: Path, error: type[Exception], fault: wire.Fault) -> None:
    """An error of ours is for the site's own eyes; of any other not even that: it may quote a value."""

    def fail(_vector: np.ndarray) -> object:
        raise error("patient 47 has 39.125")

    world = World(tmp_path, job(STATISTICS))
    gate = world.gates[D]
    gate._method = _Misbehaving(gate._method, fail)  # type: ignore[assignment]
    finished(world.hub())
    refused = next(heard.raw for heard in world.heard if heard.site == D and isinstance(heard.order, wire.Compute))
    assert refused == wire.encode(wire.Refused(fault))
    assert gate.why[0] == ("patient 47 has 39.125" if fault == "method" else error.__name__)


def test_a_method_that_behaves_is_let_through(tmp_path: Path) -> None:
    world = World(tmp_path, job(STATISTICS))
    gate = world.gates[D]
    gate._method = _Misbehaving(gate._method, lambda vector: vector)  # type: ignore[assignment]
    assert finished(world.hub()).rounds[0].sites == NAMES


def _of_one_class(world: World, name: str, sick: float) -> None:
    found = world.records[name].design
    values = np.where([column.name == "sick" for column in found.columns], sick, found.values)
    world.records[name] = records(found.columns, values)


def test_a_site_of_one_class_takes_part(tmp_path: Path) -> None:
    world = World(tmp_path, job(NEWTON))
    _of_one_class(world, D, 1.0)
    hub = world.hub()
    standing = finished(hub)
    check_sums(world, hub, standing)
    assert standing.rounds[-1].sites == NAMES


def test_all_sites_of_one_class_have_no_model(tmp_path: Path) -> None:
    world = World(tmp_path, job(NEWTON))
    for name in NAMES:
        _of_one_class(world, name, 1.0)
    hub = world.hub()
    with pytest.raises(RefusedError, match="the same in all records"):
        hub.step(hub.begin())


@pytest.mark.parametrize(("rows", "takes_part"), [(0, False), (6, False), (8, True)])
def test_a_site_below_its_floor_takes_no_part(tmp_path: Path, rows: int, takes_part: bool) -> None:
    """Two thirds of its records are those that are trained with, and five are the floor."""
    world = World(tmp_path, job(STATISTICS))
    world.records[D] = people(world.job.columns(), 9, rows)
    hub = world.hub()
    standing = finished(hub)
    check_sums(world, hub, standing)
    assert standing.rounds[0].sites == (NAMES if takes_part else (A, B, C))
    assert takes_part or hub.faults[D] == "floor: floor-rows"


def test_a_site_whose_records_cannot_be_read_takes_no_part(tmp_path: Path) -> None:
    world = World(tmp_path, job(STATISTICS))
    del world.records[D]
    hub = world.hub()
    assert finished(hub).rounds[0].sites == (A, B, C)
    assert hub.faults[D] == "internal"


@pytest.mark.parametrize("step", STEPS[1:])
def test_a_site_that_is_restarted_has_dropped_out(tmp_path: Path, step: type) -> None:
    """Between any two steps; what it held is gone. The first round has a set-up of its own, the others share one."""
    world = World(tmp_path, job(FEDAVG))
    todo, number = [D], 1 if step in (wire.Deal, wire.Accept) else 2

    def way(site: str, order: wire.Order) -> wire.Order:
        if site == D and isinstance(order, step) and getattr(order, "number", number) == number and todo:
            world.restart(todo.pop())
        return order

    hub = world.hub(way)
    standing = finished(hub)
    check_sums(world, hub, standing)
    there = [D in done.sites for done in standing.rounds]
    at_once = step in BEFORE
    assert there == ([False, True, True, True] if number == 1 else [True, not at_once, False, False])
    assert not todo
    assert hub.faults[D] in ("order", "masks")


@settings(max_examples=15)
@given(st.data())
def test_any_sites_fail_anywhere(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Lost orders and late answers of any sites, in any step of any round."""
    world = World(tmp_path_factory.mktemp("world"), job(FEDAVG, rounds=2))
    places = st.tuples(st.sampled_from(NAMES), st.sampled_from(STEPS), st.integers(1, 3), st.booleans())
    faults = data.draw(st.sets(places, max_size=5))

    def fails(site: str, order: wire.Order, *, late: bool) -> bool:
        return (site, type(order), getattr(order, "number", 1), late) in faults

    hub = world.hub(
        lambda site, order: None if fails(site, order, late=False) else order,
        lambda site, order: fails(site, order, late=True),
    )
    _as_far_as_it_goes(world, hub)
    for gate in world.gates.values():
        gate.close()


def _as_far_as_it_goes(world: World, hub: Hub) -> None:
    at = hub.begin()
    try:
        while (after := hub.step(at)) is not None:
            at = after
    except RefusedError:
        assert len(hub.method.taken) == len(at.rounds)
    check_sums(world, hub, at)
