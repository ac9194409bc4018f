"""sm3crypt (`$sm3$`), the hash of openEuler, Kylin and openKylin: SHA-crypt's construction over SM3.

Source: the SHA-crypt specification (U. Drepper) with SM3 (GB/T 32905-2016) in the place of SHA-256, as in libxcrypt
4.5. Debian's libcrypt does not know it.
"""

from __future__ import annotations

import hashlib
import re
from itertools import cycle, islice

_HASH = re.compile(rb"\$sm3\$(?:rounds=([1-9][0-9]{0,8})\$)?([^$:\n]{0,16})\$([./0-9A-Za-z]{43})")
_ALPHABET = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DEFAULT_ROUNDS, _LEAST_ROUNDS, _MOST_ROUNDS = 5000, 1000, 999_999_999
_PERIOD = 42  # the rounds repeat in what they mix: i % 2, i % 3, i % 7


def available() -> bool:
    """Whether this Python's OpenSSL was built with SM3."""
    return "sm3" in hashlib.algorithms_available


def crypt(word: bytes, setting: bytes) -> bytes | None:
    """The hash of `word` under the salt and rounds of `setting` (a whole hash); None when that is no `$sm3$` hash."""
    match = _HASH.fullmatch(setting)
    if not match:
        return None
    rounds = min(max(int(match[1] or _DEFAULT_ROUNDS), _LEAST_ROUNDS), _MOST_ROUNDS)
    return setting[: match.start(3)] + _encode(_digest(word, match[2], rounds))


def _digest(word: bytes, salt: bytes, rounds: int) -> bytes:
    empty = hashlib.new("sm3", usedforsecurity=False)

    def sm3(data: bytes) -> bytes:
        state = empty.copy()  # twice as fast as a new object
        state.update(data)
        return state.digest()

    other = sm3(word + salt + word)
    bits = bin(len(word))[:1:-1] if word else ""  # of the length, lowest first
    mixed = b"".join(other if bit == "1" else word for bit in bits)
    digest = sm3(word + salt + _repeat(other, len(word)) + mixed)
    p = _repeat(sm3(word * len(word)), len(word))
    s = _repeat(sm3(salt * (16 + digest[0])), len(salt))
    for before, after in islice(cycle(_mixtures(p, s)), rounds):
        digest = sm3(before + digest + after)
    return digest


def _mixtures(p: bytes, s: bytes) -> list[tuple[bytes, bytes]]:
    """What stands before and after the running digest in each round of a period."""
    pairs = []
    for i in range(_PERIOD):
        middle = (s if i % 3 else b"") + (p if i % 7 else b"")
        pairs.append((p + middle, b"") if i % 2 else (b"", middle + p))
    return pairs


def _repeat(block: bytes, length: int) -> bytes:
    return (block * (length // len(block) + 1))[:length]


def _encode(digest: bytes) -> bytes:
    """crypt's base 64: three bytes a group, from places ten apart; the last group holds the two bytes left."""
    order = [0, 10, 20]
    text = bytearray()
    for _ in range(10):
        high, middle, low = (digest[place] for place in order)
        text += _letters(high << 16 | middle << 8 | low, 4)
        order = [(place + 21) % 30 for place in order]
    return bytes(text + _letters(digest[31] << 8 | digest[30], 3))


def _letters(value: int, count: int) -> bytes:
    return bytes(_ALPHABET[value >> 6 * place & 63] for place in range(count))
