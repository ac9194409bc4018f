"""Hostile messages get nothing through: the gate answers each with a fault of a closed list, and never raises."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, get_args

import msgspec
import numpy as np
import pytest

from privacy.federated import wire
from tests.privacy.federated.gate.kit import World
from tests.privacy.federated.gate.lying import ANEW, anew, last, masked
from tests.privacy.federated.gate.made_up import NEWTON, A, job

Plain = dict[str, Any]

_pack = msgspec.msgpack.Encoder().encode


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Plain]:
    """Sites that are ready to be asked for round 1, and the question that would be answered, as plain values."""
    world = World(tmp_path_factory.mktemp("world"), job(NEWTON))
    masked(world)
    anew(world)
    order = msgspec.structs.replace(last(world, wire.Compute), setup=ANEW)
    return world, msgspec.msgpack.decode(wire.encode(order))


def _with(**fields: object) -> Callable[[Plain], bytes]:
    return lambda order: _pack({**order, **fields})


def _arrays(**arrays: tuple[tuple[int, ...], bytes]) -> Callable[[Plain], bytes]:
    return _with(given={name: {"shape": shape, "data": data} for name, (shape, data) in sorted(arrays.items())})


def _text(text: str) -> bytes:
    return bytes([0xA0 | len(text)]) + text.encode()


_ROWS = np.arange(40.0).reshape(10, 4).tobytes()
_NAN = struct.pack("<Q", 0x7FF4_0000_5EC2_E700)

_ROUND = _text("round") + b"\x01"
_EMPTY = _text("a") + _pack({"shape": (0,), "data": b""})


def _replaced(old: bytes, new: bytes) -> Callable[[Plain], bytes]:
    def change(order: Plain) -> bytes:
        raw = _pack(order)
        assert raw.count(old) == 1
        return raw.replace(old, new)

    return change


def _without(name: str) -> Callable[[Plain], bytes]:
    return lambda order: _pack({key: value for key, value in order.items() if key != name})


def _twice(order: Plain) -> bytes:
    """A key that stands there, once more at the end."""
    raw = _pack(order)
    return bytes([raw[0] + 1]) + raw[1:] + _ROUND


HOSTILE: dict[str, tuple[Callable[[Plain], bytes], wire.Fault]] = {
    "raw rows as arrays": (_arrays(rows=((10, 4), _ROWS)), "method"),
    "rows under a name that is known": (_arrays(beta=((10, 4), _ROWS), mean=((0,), b""), sd=((0,), b"")), "method"),
    "data in the name of an array": (_arrays(patient_47_is_sick=((1,), bytes(8))), "message"),
    "data in the name of a stage": (_with(stage="moments; SELECT *"), "message"),
    "a stage that shows in an error text": (_with(stage="show_me_the_error"), "method"),
    "bits in a NaN": (_arrays(beta=((1,), _NAN)), "method"),
    "oversize": (_arrays(beta=((1 << 22,), bytes(1 << 25))), "message"),
    "a huge shape": (_arrays(beta=((10**9, 10**9), b"")), "method"),
    "a shape beyond all": (_arrays(beta=((2**63,), b"")), "message"),
    "an empty shape of a huge size": (_arrays(beta=((0, 10**9), b"")), "method"),
    "three dimensions": (_arrays(beta=((1, 1, 1), bytes(8))), "message"),
    "a negative shape": (_arrays(beta=((-1,), bytes(8))), "message"),
    "a hundred arrays": (_arrays(**{chr(97 + n % 26) * (1 + n // 26): ((0,), b"") for n in range(100)}), "method"),
    "an extra round": (_with(number=2, round=5, stage="newton"), "method"),
    "a negative round": (_with(round=-1), "message"),
    "a round that is a truth": (_with(round=True), "message"),
    "a round that is text": (_with(round="1"), "message"),
    "a round of a broken number": (_with(round=1.5), "message"),
    "an unknown step": (_with(step="export"), "message"),
    "no step": (_without("step"), "message"),
    "a field more": (_with(debug=True), "message"),
    "a field less": (_without("given"), "message"),
    "an array with a field more": (_with(given={"beta": {"shape": (0,), "data": b"", "name": "x"}}), "message"),
    "a key twice": (_twice, "message"),
    "an array twice": (_replaced(_text("given") + b"\x80", _text("given") + b"\x82" + 2 * _EMPTY), "message"),
    "a number in more bytes": (_replaced(_ROUND, _text("round") + b"\xcc\x01"), "message"),
    "a date": (_replaced(_ROUND, _text("round") + b"\xd6\xff\0\0\0\0"), "message"),
    "text that is none": (_replaced(b"moments", b"\xff\xfe\xfd\xff\xfe\xfd\xff"), "message"),
    "something behind": (lambda order: _pack(order) + b"\xc0", "message"),
    "nothing": (lambda _order: b"", "message"),
    "half of it": (lambda order: _pack(order)[:40], "message"),
    "no map": (lambda order: _pack([order]), "message"),
    "deep nesting": (lambda _order: b"\x91" * 100_000, "message"),
    "deep nesting in a field": (_replaced(_text("given") + b"\x80", _text("given") + b"\x91" * 100_000), "message"),
    "four thousand million entries": (lambda _order: b"\xdf\xff\xff\xff\xff", "message"),
    "an object of Python's": (lambda _order: b"\x80\x04\x95\x1a\0\0\0\0\0\0\0\x8c\x05posix\x94", "message"),
    "an answer": (lambda _order: wire.encode(wire.Done(b"x")), "message"),
}  # fmt: skip


@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_message_gets_nothing_through(asked: tuple[World, Plain], how: str) -> None:
    world, order = asked
    change, fault = HOSTILE[how]
    before = len(world.gates[A]._journal.entries)
    assert world.sent(A, change(order)) == wire.encode(wire.Refused(fault))
    assert len(world.gates[A]._journal.entries) == before


def test_after_all_that_the_question_itself_is_answered(asked: tuple[World, Plain]) -> None:
    world, order = asked
    assert isinstance(wire.answer(world.sent(A, _pack(order))), wire.Done)


def test_every_fault_is_of_the_closed_list() -> None:
    assert {fault for _change, fault in HOSTILE.values()} <= set(get_args(wire.Fault))
