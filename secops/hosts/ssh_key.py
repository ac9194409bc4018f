"""Public keys of SSH as they travel: type, size, fingerprint. What does not add up is None; nothing raises."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Key types as authorized_keys and public files name them, in an expression that `sed -E` and awk read too.
TYPES = r"((sk-|webauthn-sk-)?(ssh|ecdsa)-[a-z0-9@.-]+|sm2(-cert)?)"

_TYPE = re.compile(TYPES)
_BITS = {"nistp256": 256, "nistp384": 384, "nistp521": 521, "ssh-ed25519": 256, "sm2": 256}

#: Curves of the keys that `ssh-keygen -m PEM` and OpenSSL write, by their identifiers.
_CURVES = {
    bytes.fromhex("06082a8648ce3d030107"): "nistp256",
    bytes.fromhex("06052b81040022"): "nistp384",
    bytes.fromhex("06052b81040023"): "nistp521",
}
_INTEGER, _BIT_STRING = 0x02, 0x03


@dataclass(frozen=True)
class PublicKey:
    """`fingerprint` as ssh-keygen prints it; `bits` is None where the type does not tell."""

    type: str
    fingerprint: str
    bits: int | None


def public_key(blob: bytes, name: str = "") -> PublicKey | None:
    """The key that a blob holds; None when it holds none, or one of another type than `name`."""
    fields = split(blob)
    if len(fields) < 2:
        return None
    found = fields[0].decode("latin-1")
    if (name and found != name) or not _TYPE.fullmatch(found):
        return None
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return PublicKey(found, f"SHA256:{digest}", key_bits(found, fields))


def decoded(text: str) -> bytes | None:
    """What base64 text stands for; None when it is none."""
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return None


def split(blob: bytes) -> list[bytes]:
    """The length-prefixed strings of a key; none when they do not add up."""
    fields, at = [], 0
    while at < len(blob):
        size = int.from_bytes(blob[at : at + 4], "big")
        at += 4 + size
        if at > len(blob):
            return []
        fields.append(blob[at - size : at])
    return fields


def joined(fields: Iterable[bytes]) -> bytes:
    """Strings with their lengths before them."""
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def key_bits(name: str, fields: Sequence[bytes]) -> int | None:
    if name in ("ssh-rsa", "ssh-dss"):
        number = fields[2 if name == "ssh-rsa" else 1] if len(fields) > 2 else b""
        return int.from_bytes(number, "big").bit_length() or None
    return next((bits for part, bits in _BITS.items() if part in name), None)


def from_der(form: str, der: bytes) -> bytes | None:
    """The blob of a key whose public part is known in DER, `form` being what it is.

    `rsa`: the integers n and e. `dsa`: p, q, g and y. `ec`: the curve's identifier and the point as a bit string.
    """
    parts = list(_der(der))
    if form == "ec" and len(parts) == 2 and parts[1][1] == _BIT_STRING:
        curve, point = _CURVES.get(parts[0][0]), parts[1][2][1:]
        uncompressed = curve is not None and point[:1] == b"\x04"
        return joined([f"ecdsa-sha2-{curve}".encode(), curve.encode(), point]) if curve and uncompressed else None
    numbers = [content for _, tag, content in parts if tag == _INTEGER]
    match form, numbers:
        case "rsa", [modulus, exponent]:
            return joined([b"ssh-rsa", exponent, modulus])
        case "dsa", [_, _, _, _]:
            return joined([b"ssh-dss", *numbers])
    return None


def _der(data: bytes) -> Iterable[tuple[bytes, int, bytes]]:
    """(whole, tag, content) of the values that follow each other; reading ends at what does not add up."""
    at = 0
    while at + 2 <= len(data):
        start, tag, size, at = at, data[at], data[at + 1], at + 2
        if size > 0x7F:
            width = size - 0x80
            size, at = int.from_bytes(data[at : at + width], "big"), at + width
        if at + size > len(data):
            return
        yield data[start : at + size], tag, data[at : at + size]
        at += size
