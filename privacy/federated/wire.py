"""What hub and sites say to each other: one order and one answer for each step of a round, in strict MessagePack.

The same bytes go whether the sites are in this process or elsewhere, and a message has one form: bytes that would mean
the same (a key twice, a number in more bytes than it needs) are no message. Arrays travel as their bytes, 64-bit floats
with the lowest byte first. An answer that is no result names a reason of `Fault`, and nothing in the site's own words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from math import prod
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from privacy.federated.design import Floats
from privacy.parties.signed import Digest, Name
from secops.core.errors import RefusedError
from secops.core.i18n import _

#: Bytes of one message: a vector of 4 million numbers.
MAX_BYTES = 1 << 25

_Word = Annotated[str, msgspec.Meta(pattern=r"\A[a-z_]{1,32}\Z")]
_Number = Annotated[int, msgspec.Meta(ge=0, le=10**9)]
_Setup = Annotated[str, msgspec.Meta(pattern=r"\A([0-9a-f]{32})?\Z")]
_Shape = Annotated[tuple[Annotated[int, msgspec.Meta(ge=0, le=10**9)], ...], msgspec.Meta(max_length=2)]

#: Why a site gives no result. Nothing else of an error leaves it.
Fault = Literal["message", "order", "policy", "records", "floor", "budget", "method", "answered", "masks", "internal"]


class Array(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An array of 64-bit floats."""

    shape: _Shape
    data: bytes


class _Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="step"):
    """`job` is its digest; `setup` names a set-up of masks, never the same twice. Where sums are plain it is empty."""

    job: Digest
    setup: _Setup


class Keys(_Order, frozen=True, tag="keys"):
    """Begin a set-up of masks: for `rounds` rounds from `first` on, with sums modulo 2^`bits`."""

    first: _Number
    rounds: _Number
    bits: Literal[32, 64]


class Deal(_Order, frozen=True, tag="deal"):
    """The keys of all sites."""

    keys: dict[Name, bytes]


class Accept(_Order, frozen=True, tag="accept"):
    """What the others sealed for this site."""

    sealed: dict[Name, bytes]


class Compute(_Order, frozen=True, tag="compute"):
    """The vector of a round: `number` counts a job's rounds, `stage` and `round` are the method's."""

    number: _Number
    stage: _Word
    round: _Number
    given: dict[_Word, Array]

    @property
    def digest(self) -> str:
        """Of all that is asked. Sites whose masks cancel were asked the same."""
        return hashlib.sha256(_ENCODER.encode(self)).hexdigest()

    @property
    def asked(self) -> str:
        """The round of the method, in words."""
        return f"{self.stage} {self.round}"


class Agree(_Order, frozen=True, tag="agree"):
    """Who survives a round, to be signed."""

    number: _Number
    survivors: tuple[Name, ...]


class Reveal(_Order, frozen=True, tag="reveal"):
    """Signatures over the survivors of a round."""

    number: _Number
    signatures: dict[Name, str]


Order = Keys | Deal | Accept | Compute | Agree | Reveal


class Refused(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="refused"):
    """No result. `code` is that of one of the reasons that a site may tell (floors, policy), or empty."""

    fault: Fault
    code: Annotated[str, msgspec.Meta(pattern=r"\A[a-z-]{0,40}\Z")] = ""


class Done(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="done"):
    """A result: bytes; or for each other site some; or text, a signature."""

    content: bytes = b""
    parts: dict[Name, bytes] = {}
    text: Annotated[str, msgspec.Meta(max_length=200)] = ""


Answer = Refused | Done

_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_ORDERS = msgspec.msgpack.Decoder(Order)
_ANSWERS = msgspec.msgpack.Decoder(Answer)


def encode(message: Order | Answer) -> bytes:
    """The bytes of a message."""
    return _ENCODER.encode(message)


def order(raw: bytes) -> Order:
    """The order that these bytes are. Raises `RefusedError`."""
    found: Order = _decoded(_ORDERS, raw)
    return found


def answer(raw: bytes) -> Answer:
    """The answer that these bytes are. Raises `RefusedError`."""
    found: Answer = _decoded(_ANSWERS, raw)
    return found


def _decoded(decoder: msgspec.msgpack.Decoder[Any], raw: bytes) -> Any:
    if len(raw) > MAX_BYTES:
        raise RefusedError(_("a message is longer than {n} bytes").format(n=MAX_BYTES))
    try:
        found = decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass  # that error may tell of what was sent: ours is raised outside of it
    else:
        if _ENCODER.encode(found) == raw:
            return found
    raise RefusedError(_("a message is not one of those that are known"))


def packed(arrays: Mapping[str, Floats]) -> dict[str, Array]:
    """Arrays as they travel."""
    return {name: Array(values.shape, np.ascontiguousarray(values, "<f8").tobytes()) for name, values in arrays.items()}


def unpacked(arrays: Mapping[str, Array]) -> dict[str, Floats]:
    """Arrays that travelled. Raises `RefusedError` where bytes and shape do not fit."""
    return {name: _array(sent) for name, sent in arrays.items()}


def _array(sent: Array) -> Floats:
    if len(sent.data) != 8 * prod(sent.shape):
        raise RefusedError(_("an array has not as many bytes as its shape says"))
    return np.frombuffer(sent.data, "<f8").reshape(sent.shape)
