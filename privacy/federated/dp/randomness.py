"""Whole numbers and coins that are exactly as likely as they say, out of random bytes."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: So many random bytes. Noise that protects people takes them from the system; tests repeat theirs.
Source = Callable[[int], bytes]

system: Source = os.urandom

#: Whole numbers stay below: what is drawn, and what is counted with.
LARGEST = 1 << 63


def below(source: Source, bound: int, size: int) -> Ints:
    """`size` whole numbers, each of 0 … bound - 1 alike. Raises `ValueError` for a bound of less than 1, or over 2^63.

    As many bits as the bound has, drawn again where they reach it: a remainder would make small numbers likelier.
    """
    if not 1 <= bound <= LARGEST:
        raise ValueError("a bound that is not between 1 and 2^63")
    out = np.zeros(size, np.int64)
    bits = (bound - 1).bit_length()
    places = np.arange(size) if bits else np.arange(0)
    while places.size:
        words = np.frombuffer(source(8 * places.size), "<u8") >> np.uint64(64 - bits)
        fits = words < np.uint64(bound)
        out[places[fits]] = words[fits]
        places = places[~fits]
    return out


def exp_coins(source: Source, over: Ints, under: int) -> Bools:
    """A coin each, true with probability exp(-over / under); `over` is at least 0, `under` at least 1.

    The coin of the remainder, and one of exp(-1) for each whole time that `under` is in `over`, all true.
    """
    whole, rest = np.divmod(over, np.int64(under))
    alive = _small_exp_coins(source, rest, under)
    left = np.where(alive, whole, 0)
    while (places := np.flatnonzero(left)).size:
        kept = _small_exp_coins(source, np.ones(places.size, np.int64), 1)
        left[places] = np.where(kept, left[places] - 1, 0)
        alive[places[~kept]] = False
    return alive


def runs(source: Source, size: int) -> Ints:
    """How many coins of exp(-1) came up true in a row, each."""
    count = np.zeros(size, np.int64)
    places = np.arange(size)
    while places.size:
        places = places[_small_exp_coins(source, np.ones(places.size, np.int64), 1)]
        count[places] += 1
    return count


def _small_exp_coins(source: Source, over: Ints, under: int) -> Bools:
    """As `exp_coins`, for over <= under: algorithm 1 of Canonne, Kamath and Steinke (2020).

    Coins of over / (under × k) for k = 1, 2, … until one is false; the answer is whether that k was odd. To get past
    k costs a chance of at most 1 / k!: the bound of `below` is not met in the life of any machine.
    """
    odd = np.zeros(over.size, np.bool_)
    places, k = np.arange(over.size), 1
    while places.size:
        true = below(source, under * k, places.size) < over[places]
        odd[places[~true]] = k % 2 == 1
        places, k = places[true], k + 1
    return odd
