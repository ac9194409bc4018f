"""Exact arithmetic modulo a prime below 2^31, on arrays of int64 that never leave 63 bits.

Rows of zeros and ones are dependent over the rationals when they are dependent modulo a prime, except for the few
primes that divide one of their determinants: at most 400 of some 50 million for 2,000 rows. The prime is drawn for each
history, so that nobody can make rows for it.
"""

from __future__ import annotations

import secrets
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

Ints: TypeAlias = NDArray[np.int64]

_PIECE = 16  # bits of the left side that are multiplied at once
_EXACT = 53  # bits that a float64 holds exactly
_FEW = 8  # rows that are reduced one after the other


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


def modulo(values: Ints, prime: int) -> Ints:
    """Values, also below 0, modulo `prime`: from 0 to prime - 1. NumPy divides faster than it takes remainders."""
    multiples = values // prime
    multiples *= prime
    return np.subtract(values, multiples, out=multiples)


def product(left: Ints, right: Ints, prime: int) -> Ints:
    """`left @ right` modulo `prime`; both hold values from 0 to prime - 1.

    Multiplied as float64, which is fast: 16 bits of the left side at a time, and as many terms as stay below 2^53.
    In one thread: on a busy machine several wait for each other at every step, and take several times as long.
    """
    with _threads().limit(limits=1, user_api="blas"):
        return _product(left, right, prime)


@cache
def _threads() -> ThreadpoolController:
    return ThreadpoolController()


def _product(left: Ints, right: Ints, prime: int) -> Ints:
    most = int(left.max(initial=0)).bit_length()
    terms = 1 << (_EXACT - 31 - min(max(most, 1), _PIECE))
    low, high = (left & ((1 << _PIECE) - 1)).astype(np.float64), (left >> _PIECE).astype(np.float64)
    total = np.zeros((left.shape[0], right.shape[1]), np.int64)
    for at in range(0, left.shape[1], terms):
        factor = right[at : at + terms].astype(np.float64)
        total += (low[:, at : at + terms] @ factor).astype(np.int64)
        if most > _PIECE:
            total += modulo((high[:, at : at + terms] @ factor).astype(np.int64), prime) << _PIECE
        total = modulo(total, prime)
    return total


def reduced(rows: Ints, by: Ints, pivots: Ints, prime: int) -> Ints:
    """`rows` with multiples of the rows `by` taken off, so that they are 0 at their pivots."""
    rows, factors = rows.copy(), rows[:, pivots]
    touched = np.flatnonzero(factors.any(axis=1))
    rows[touched] = modulo(rows[touched] - product(factors[touched], by, prime), prime)
    return rows


def echelon(rows: Ints, prefer: Ints, prime: int) -> tuple[Ints, Ints]:
    """Reduced rows (independent ones alone) that span the same, and the pivot column of each.

    A pivot is 1 in its row and 0 in all others. Among the columns open to a row, the one that `prefer` puts highest
    becomes its pivot. Many rows are reduced by halves: most of the work then is products of matrices.
    """
    if len(rows) <= _FEW:
        return _echelon(rows.copy(), prefer, prime)
    first, pivots = echelon(rows[: len(rows) // 2], prefer, prime)
    second, others = echelon(reduced(rows[len(rows) // 2 :], first, pivots, prime), prefer, prime)
    return np.vstack((reduced(first, second, others, prime), second)), np.concatenate((pivots, others))


def _echelon(rows: Ints, prefer: Ints, prime: int) -> tuple[Ints, Ints]:
    """The same, one row after the other; changes `rows`."""
    used, pivots = [], []
    for at in range(len(rows)):
        open_ = np.flatnonzero(rows[at])
        if not len(open_):
            continue
        pivot = int(open_[prefer[open_].argmax()])
        rows[at] = rows[at] * pow(int(rows[at, pivot]), -1, prime) % prime
        factors = rows[:, pivot].copy()
        factors[at] = 0
        touched = np.flatnonzero(factors)
        rows[touched] = modulo(rows[touched] - factors[touched, None] * rows[at], prime)
        used.append(at)
        pivots.append(pivot)
    return rows[used], np.array(pivots, np.int64)
