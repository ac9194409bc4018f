"""Ed25519 keys of the parties: their names, what they sign, and how a signature is verified.

Every message that is signed begins with a line that says what it is, such as `citywall-approval/1`: a signature over
one kind of document can never be passed off as one over another.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from secops.core.secret import Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

#: The line that each message begins with: what it is, and the version of its format.
_CONTEXT = re.compile(rb"citywall-[a-z]+(?:-[a-z]+)*/[0-9]+\n")

#: The prime of the field of curve25519.
_P = 2**255 - 19

#: y of the points of small order. With such a public key anybody can sign.
_SMALL_ORDER = {
    0,
    1,
    _P - 1,
    int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"),
    int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"),
}


class Signer:
    """Holds a private key, which only `document` gives."""

    __slots__ = ("_key", "key_id", "public_key")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        raw = key.public_key().public_bytes_raw()
        self._key = key
        self.public_key = b64encode(raw).decode()
        self.key_id = _key_id(raw)

    @classmethod
    def new(cls) -> Signer:
        """A new key, from the system's random numbers."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.generate())

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes. Raises `ValueError` for a message that does not say what it is."""
        if not _CONTEXT.match(message):
            raise ValueError("a message to sign begins with its context line")
        return self._key.sign(message)

    def document(self) -> Secret[bytes]:
        """The private key as PKCS#8 (DER), for the one place that encrypts it."""
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        return Secret(self._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))

    def __repr__(self) -> str:
        return f"Signer({self.key_id})"

    def __reduce__(self) -> str:
        raise TypeError("a private key is not serialised")


def key_id(public_key: str) -> str:
    """The name of a public key given as base64. Raises `ValueError` for what is none, or a key that proves nothing."""
    return _key_id(_raw(public_key))


def verify(public_key: str, message: bytes, signature: bytes) -> bool:
    """Whether the holder of a public key (base64) has signed. False too for what is no key or no context line."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(_raw(public_key)).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return _CONTEXT.match(message) is not None


def _key_id(raw: bytes) -> str:
    return f"ed25519:{hashlib.sha256(raw).hexdigest()[:32]}"


def _raw(public_key: str) -> bytes:
    try:
        raw = b64decode(public_key, validate=True)
    except ValueError:
        raw = b""
    if len(raw) != 32 or b64encode(raw).decode() != public_key:
        raise ValueError("a public key is 32 bytes in base64")
    y = int.from_bytes(raw, "little") & ((1 << 255) - 1)
    if y >= _P or y in _SMALL_ORDER:
        raise ValueError("a public key with which anybody can sign")
    return raw
