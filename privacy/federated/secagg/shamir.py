"""Shamir's secret sharing of 32 bytes: t shares of n give the secret back, t - 1 tell nothing about it.

Over the whole numbers modulo the smallest prime above 2^256, so that every 32 bytes are a number of the field, and a
share is a number of 33 bytes. Python's integers are fast enough here (100 sites: some milliseconds a round), but do not
take the same time for each value: this is for machines on which nobody hostile measures time.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

#: The smallest prime above 2^256.
PRIME = 2**256 + 297

#: Bytes of a secret, and of a share of it.
SECRET, SHARE = 32, 33


def split(secret: bytes, threshold: int, count: int) -> list[bytes]:
    """The shares at the places 1 … count of a fresh polynomial that has the secret at 0."""
    if len(secret) != SECRET or not 1 <= threshold <= count:
        raise ValueError("a secret has 32 bytes, a threshold is at most the number of shares")
    falling = [secrets.randbelow(PRIME) for _ in range(threshold - 1)]
    falling.append(int.from_bytes(secret, "big"))
    return [_value(falling, place).to_bytes(SHARE, "big") for place in range(1, count + 1)]


def weights(places: Sequence[int]) -> list[int]:
    """What shares at these places count for the secret: Lagrange's weights at 0. Any secret has the same."""
    if len(set(places)) < len(places) or any(not 0 < place < PRIME for place in places):
        raise ValueError("places are above 0, and none stands twice")
    return [_weight(place, places) for place in places]


def combine(weighed: Sequence[int], shares: Sequence[bytes]) -> bytes:
    """The secret of as many shares as weights, in the order of their places.

    Shares that do not belong together give any 32 bytes: whoever combines them has to check what comes out. Raises
    `ValueError` where it is seen at once.
    """
    numbers = [int.from_bytes(share, "big") for share in shares]
    if any(len(share) != SHARE or number >= PRIME for share, number in zip(shares, numbers, strict=True)):
        raise ValueError("a share is a number of the field, in 33 bytes")
    total = sum(weight * number for weight, number in zip(weighed, numbers, strict=True)) % PRIME
    if total >> 8 * SECRET:
        raise ValueError("these shares have no secret")
    return total.to_bytes(SECRET, "big")


def _value(falling: Sequence[int], place: int) -> int:
    """Of the polynomial whose coefficients stand from the highest on. Reduced once: places are small."""
    value = 0
    for coefficient in falling:
        value = value * place + coefficient
    return value % PRIME


def _weight(place: int, places: Sequence[int]) -> int:
    above, below = 1, 1
    for other in places:
        if other != place:
            above, below = above * other % PRIME, below * (other - place) % PRIME
    return above * pow(below, -1, PRIME) % PRIME
