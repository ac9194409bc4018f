"""Messages of secure aggregation that have parts, as bytes: by site, and lists of sites. MessagePack, strictly read.

Keys, vectors and told shares are bytes as `Site` and `Hub` give them. Who sent a message, and for which job, round and
stage it is, stands around it: that is the business of who carries it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, TypeVar

import msgspec

from privacy.federated.secagg.terms import MOST_SITES
from privacy.parties.signed import MAX_BYTES, Name
from secops.core.errors import RefusedError
from secops.core.i18n import _

_Part = Annotated[bytes, msgspec.Meta(max_length=MAX_BYTES)]
_Signature = Annotated[str, msgspec.Meta(max_length=100)]
_Full = msgspec.Meta(max_length=MOST_SITES)

_PARTS = msgspec.msgpack.Decoder(Annotated[dict[Name, _Part], _Full])
_SIGNATURES = msgspec.msgpack.Decoder(Annotated[dict[Name, _Signature], _Full])
_SITES = msgspec.msgpack.Decoder(Annotated[tuple[Name, ...], _Full])

T = TypeVar("T")


def pack(content: Mapping[str, bytes] | Mapping[str, str] | Sequence[str]) -> bytes:
    """Keys or sealed shares by site, signatures by site, or a list of sites."""
    return msgspec.msgpack.encode(content, order="sorted")


def parts(raw: bytes) -> dict[str, bytes]:
    """Keys or sealed shares, by site. Raises `RefusedError`."""
    return _read(raw, _PARTS)


def signatures(raw: bytes) -> dict[str, str]:
    """Signatures in base64, by site. Raises `RefusedError`."""
    return _read(raw, _SIGNATURES)


def sites(raw: bytes) -> tuple[str, ...]:
    """A list of sites. Raises `RefusedError`."""
    return _read(raw, _SITES)


def _read(raw: bytes, decoder: msgspec.msgpack.Decoder[T]) -> T:
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:  # a `ValidationError` is one; it tells no value
        raise RefusedError(_("a message of the secure aggregation cannot be read")) from error
