"""Atoms: groups of records that no release so far tells apart."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacy.disclosure.modular import Ints

#: Where a table of all pairs (atom, cell) is smaller than this, it is faster than sorting the records.
_TABLE = 1 << 24


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Finer atoms: `of` is the atom of each record; per atom the one that it is a part of, its cell, its records."""

    of: NDArray[np.int32]
    parents: Ints
    cells: Ints
    sizes: Ints


def split(of: NDArray[np.int32], atoms: int, cells: NDArray[np.int32]) -> Split:
    """The atoms of `of` (int32 per record), split by `cells` (int32 per record, -1 for none).

    Where nothing is split the numbers stay. Else they are drawn anew: an atom's number tells nothing of it.
    """
    width = int(cells.max(initial=-1)) + 2
    pairs = of.astype(np.int64) * width + (cells + 1)
    found, place = _numbered(pairs, atoms * width)
    if len(found) == atoms:
        numbers = found // width
    else:
        numbers = np.argsort(np.frombuffer(secrets.token_bytes(8 * len(found)), np.uint64)).astype(np.int64)
    now = numbers[place].astype(np.int32)
    back = np.argsort(numbers)
    return Split(now, (found // width)[back], (found % width - 1)[back], np.bincount(now, minlength=len(found)))


def _numbered(pairs: Ints, top: int) -> tuple[Ints, Ints]:
    """The different values below `top`, ascending, and for each pair the place of its value among them."""
    if top > _TABLE:
        found, place = np.unique(pairs, return_inverse=True)
        return found, place
    there = np.zeros(top, bool)
    there[pairs] = True
    return np.flatnonzero(there), (np.cumsum(there) - 1)[pairs]
