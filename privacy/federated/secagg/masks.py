"""Masks: keys that two sites, or one alone, can derive, and the streams of numbers that they stand for.

A key is HKDF-SHA256 of a secret, bound to the job and to all that it is for; no two uses ever have the same key. Its
stream is AES-256 in counter mode from 0, read as unsigned numbers, the lowest byte first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from privacy import canonical

Words = NDArray[np.unsignedinteger[Any]]

#: Bytes of a stream that are made at a time: they stay in the processor's cache until they are added.
_BLOCK = 1 << 17
_ZEROS = bytes(_BLOCK)


def key(secret: bytes, job: str, use: str, **bound: object) -> bytes:
    """32 bytes for one use, `citywall-secagg-USE/1`, of a secret in a job; `bound` is whatever the use is bound to."""
    info = f"citywall-secagg-{use}/1\n".encode() + canonical.encode(bound)
    return HKDF(SHA256(), 32, salt=job.encode(), info=info).derive(secret)


def shared(private: X25519PrivateKey, public: bytes) -> bytes:
    """The secret that the holders of two keys share. Raises `ValueError` for a public key that shares none."""
    return private.exchange(X25519PublicKey.from_public_bytes(public))


def add(total: Words, mask: bytes, *, negative: bool = False) -> None:
    """Add the stream of a key to all numbers of `total`, or take it away, modulo 2^32 or 2^64. In place."""
    stream = Cipher(AES(mask), CTR(bytes(16))).encryptor()
    block = bytearray(min(_BLOCK, total.nbytes))
    numbers = np.frombuffer(block, total.dtype)
    combine = np.subtract if negative else np.add
    for start in range(0, len(total), len(numbers)):
        part = total[start : start + len(numbers)]
        stream.update_into(_ZEROS[: part.nbytes], block)
        combine(part, numbers[: len(part)], out=part)
