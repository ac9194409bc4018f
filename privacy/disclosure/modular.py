"""Exact arithmetic modulo a prime below 2^31, on arrays of int64 that never leave 63 bits.

Rows of zeros and ones are dependent over the rationals when they are dependent modulo a prime, except for the few
primes that divide one of their determinants: at most 400 of some 50 million for 2,000 rows. The prime is drawn for each
history, so that nobody can make rows for it.
"""

from __future__ import annotations

import secrets
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]

_PIECE = 16  # bits of the left side that are multiplied at once
_EXACT = 53  # bits that a float64 holds exactly


def random_prime() -> int:
    """A prime of 31 bits."""
    while not is_prime(candidate := (1 << 30) + 2 * secrets.randbelow(1 << 29) + 1):
        pass
    return candidate


def is_prime(number: int) -> bool:
    """Whether an odd number from 9 to 3.2 billion is prime (Miller and Rabin; these four bases decide up to there)."""
    twos = ((number - 1) & -(number - 1)).bit_length() - 1
    return all(_passes(number, base, twos) for base in (2, 3, 5, 7))


def _passes(number: int, base: int, twos: int) -> bool:
    power = pow(base, (number - 1) >> twos, number)
    return power == 1 or any(pow(power, 1 << step, number) == number - 1 for step in range(twos))


def product(left: Ints, right: Ints, prime: int) -> Ints:
    """`left @ right` modulo `prime`; both hold values from 0 to prime - 1.

    Multiplied as float64, which is fast: 16 bits of the left side at a time, and as many terms as stay below 2^53.
    """
    total = np.zeros((left.shape[0], right.shape[1]), np.int64)
    most = int(left.max(initial=0)).bit_length()
    terms = 1 << (_EXACT - 31 - min(max(most, 1), _PIECE))
    for at in range(0, left.shape[1], terms):
        factor = right[at : at + terms].astype(np.float64)
        part = np.zeros_like(total)
        for shift in reversed(range(0, most, _PIECE)):
            piece = (left[:, at : at + terms] >> shift) & ((1 << _PIECE) - 1)
            part = (part % prime << _PIECE) + (piece.astype(np.float64) @ factor).astype(np.int64)
        total = (total + part) % prime
    return total


def echelon(rows: Ints, prefer: Ints, prime: int) -> tuple[Ints, Ints]:
    """Reduced rows (independent ones alone) that span the same, and the pivot column of each.

    A pivot is 1 in its row and 0 in all others. Among the columns open to a row, the one that `prefer` puts highest
    becomes its pivot.
    """
    rows, used, pivots = rows.copy(), [], []
    for at in range(len(rows)):
        open_ = np.flatnonzero(rows[at])
        if not len(open_):
            continue
        pivot = int(open_[prefer[open_].argmax()])
        rows[at] = rows[at] * pow(int(rows[at, pivot]), -1, prime) % prime
        factors = rows[:, pivot].copy()
        factors[at] = 0
        touched = np.flatnonzero(factors)
        rows[touched] = (rows[touched] - factors[touched, None] * rows[at]) % prime
        used.append(at)
        pivots.append(pivot)
    return rows[used], np.array(pivots, np.int64)
