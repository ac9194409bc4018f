"""Anything at all is sent to a gate: it answers, and nothing that it answers holds a value of the data."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.federated import wire
from tests.privacy.federated.gate.kit import World
from tests.privacy.federated.gate.lying import ANEW, anew, masked
from tests.privacy.federated.gate.made_up import NAMES, NEWTON, A, job


@dataclass
class Known:
    """A world, and what a hub knows of it before it begins to try: what was asked and answered in one round."""

    world: World
    orders: list[wire.Order]
    answers: list[wire.Done]


@pytest.fixture(scope="module", params=["masks", "plain"])
def known(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Known:
    """Round 1 was computed, and a set-up is ready in which it may be asked again."""
    by = {"aggregation": {"by": request.param}}
    world = World(tmp_path_factory.mktemp("world"), job(NEWTON, outputs=["evaluation"], split={"by": "site"}, **by))
    if request.param == "masks":
        masked(world)
        anew(world)
    else:
        hub = world.hub()
        hub.step(hub.begin())
    orders = [heard.order for heard in world.heard if heard.order]
    anew_too = [msgspec.structs.replace(order, setup=ANEW) for order in orders]
    answers = [heard.answer for heard in world.heard if isinstance(heard.answer, wire.Done)]
    return Known(world, orders + anew_too, answers)


def _mutated(order: wire.Order) -> st.SearchStrategy[bytes]:
    """The bytes of an order, of which some are others."""
    raw = wire.encode(order)
    place = st.integers(0, len(raw))

    def change(one: int, other: int, put: bytes) -> bytes:
        return raw[: min(one, other)] + put + raw[max(one, other) :]

    return st.builds(change, place, place, st.binary(max_size=8))


@settings(max_examples=200)
@given(data=st.data())
def test_any_bytes_are_answered(known: Known, data: st.DataObject) -> None:
    raw = data.draw(st.binary(max_size=200) | st.sampled_from(known.orders).flatmap(_mutated))
    known.world.sent(A, raw)


_NUMBERS = st.floats() | st.sampled_from([0.0, 1e308, -1e308, 1e-320])
_SHAPES = st.sampled_from([(), (0,), (1,), (4,), (5,), (6,), (2, 2), (0, 5)])


@st.composite
def _array(draw: st.DrawFn) -> wire.Array:
    """Of any numbers, and now and then of another size than it says."""
    shape = draw(_SHAPES)
    size = int(np.prod(shape)) + draw(st.sampled_from([0, 0, 0, 1]))
    return wire.Array(shape, np.array(draw(st.lists(_NUMBERS, min_size=size, max_size=size))).tobytes())


def _fitting(numbers: list[float]) -> dict[str, wire.Array]:
    """What the method asks with, in the right shapes."""
    mean, sd, beta = np.split(np.array(numbers), [4, 8])
    return wire.packed({"mean": mean, "sd": np.abs(sd) + 0.5, "beta": beta})


def _given() -> st.SearchStrategy[dict[str, wire.Array]]:
    fitting = st.lists(st.floats(-3, 3), min_size=13, max_size=13).map(_fitting)
    odd = st.dictionaries(st.sampled_from(["mean", "sd", "beta", "rows"]), _array(), max_size=4)
    return st.just({}) | fitting | odd


def _orders(known: Known) -> st.SearchStrategy[wire.Order]:
    common = {
        "job": st.sampled_from([known.world.job.digest] * 9 + [f"sha256:{'1' * 64}"]),
        "setup": st.sampled_from([ANEW, ANEW, "", "e" * 32]) | st.integers(0, 99).map(lambda n: f"{n:032x}"),
    }
    names, number, small = st.sampled_from([*NAMES, "site-9"]), st.integers(0, 6), st.binary(max_size=80)
    contents = st.sampled_from([a.content for a in known.answers]) | small
    parts = st.sampled_from([part for a in known.answers for part in a.parts.values()] or [b""]) | small
    texts = st.sampled_from([a.text for a in known.answers]) | st.text(max_size=90)
    stages = st.sampled_from(["moments", "newton", "evaluate", "statistics"])
    return st.sampled_from(known.orders) | st.one_of(
        st.builds(wire.Keys, first=number, rounds=number, bits=st.sampled_from([32, 64]), **common),
        st.builds(wire.Deal, keys=st.dictionaries(names, contents, max_size=5), **common),
        st.builds(wire.Accept, sealed=st.dictionaries(names, parts, max_size=5), **common),
        st.builds(wire.Compute, number=number, stage=stages, round=number, given=_given(), **common),
        st.builds(wire.Agree, number=number, survivors=st.lists(names, max_size=5).map(tuple), **common),
        st.builds(wire.Reveal, number=number, signatures=st.dictionaries(names, texts, max_size=5), **common),
    )


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@settings(max_examples=150)
@given(data=st.data())
def test_any_orders_are_answered(known: Known, data: st.DataObject) -> None:
    """What leaves is looked at by the kit, answer by answer."""
    for order in data.draw(st.lists(_orders(known), min_size=1, max_size=4)):
        known.world.say(A, order)


def planted(world: World) -> list[bytes]:
    """The values of the data as they could travel: a whole number is left out, which stands in many places."""
    values = np.unique([records.design.values for records in world.records.values()])
    broken = values[values != np.rint(values)].tolist()
    ways = (lambda v: struct.pack("<d", v), lambda v: struct.pack(">d", v), lambda v: repr(v)[:9].encode())
    return [way(value) for value in broken for way in ways]


def test_nothing_of_all_that_holds_a_value_of_the_data(known: Known) -> None:
    """In all bytes that left. A planted value is found in what would hold it."""
    sent = b"".join(heard.raw for heard in known.world.heard)
    values = planted(known.world)
    assert len(values) == 3 * 4 * 60 * 2
    assert not [value for value in values if value in sent]
    assert all(value in b"".join(values) for value in values)
    assert len(known.world.heard) > 300
    assert sum(isinstance(heard.answer, wire.Done) for heard in known.world.heard) > 5
    known.world.check_sealed()
