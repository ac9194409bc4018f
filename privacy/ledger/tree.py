"""The Merkle tree of RFC 6962: how entries become one root, and the proofs that bind an entry or an older root to it.

Leaves and inner nodes are hashed apart (0x00 and 0x01 in front), so that neither passes for the other. What is stored
are the roots of complete subtrees only: node `index` of a level covers the leaves from index·2^level on, 2^level many.
They never change once written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from privacy.canonical import hasher

#: (level, index) → the root of that complete subtree.
Nodes = Callable[[int, int], bytes]


class Hashing:
    """Leaves and nodes hashed by one algorithm: sha256 or sm3. Every hash has 32 bytes."""

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm
        self._hash = hasher(algorithm)

    def leaf(self, entry: bytes) -> bytes:
        return self._hash(b"\x00" + entry)

    def node(self, left: bytes, right: bytes) -> bytes:
        return self._hash(b"\x01" + left + right)

    def fold(self, peaks: Sequence[bytes]) -> bytes:
        """The root over complete subtrees of falling size, left to right; of none: the hash of nothing."""
        if not peaks:
            return self._hash(b"")
        root = peaks[-1]
        for peak in reversed(peaks[:-1]):
            root = self.node(peak, root)
        return root


class Frontier:
    """A tree that grows leaf by leaf and keeps only the complete subtrees at its right edge."""

    def __init__(self, hashing: Hashing) -> None:
        self.size = 0
        self._hashing = hashing
        self._peaks: list[bytes] = []

    def add(self, entry: bytes) -> None:
        """Append an entry, given as its bytes."""
        node, size = self._hashing.leaf(entry), self.size
        while size & 1:
            node = self._hashing.node(self._peaks.pop(), node)
            size >>= 1
        self._peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        return self._hashing.fold(self._peaks)


class Tree:
    """A tree read through its nodes; each answer reads O(log n) of them."""

    def __init__(self, hashing: Hashing, nodes: Nodes) -> None:
        self._hashing, self._nodes = hashing, nodes

    def root(self, size: int) -> bytes:
        """The root over the first `size` leaves."""
        return self._over(0, size)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """What the root of `size` leaves is worked out from, beside leaf `index` (PATH of the RFC), leaf first."""
        if not 0 <= index < size:
            raise ValueError("no such leaf")
        low, high, path = 0, size, []
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                path.append(self._over(middle, high))
                high = middle
            else:
                path.append(self._over(low, middle))
                low = middle
        return path[::-1]

    def consistency(self, old: int, new: int) -> list[bytes]:
        """What both roots are worked out from (PROOF of the RFC). Empty for equal sizes and for an empty old tree."""
        if not 0 <= old <= new:
            raise ValueError("no such older tree")
        low, high, path = 0, new, []
        while old not in (0, high):
            middle = low + _split(high - low)
            if old <= middle:
                path.append(self._over(middle, high))
                high = middle
            else:
                path.append(self._over(low, middle))
                low = middle
        return ([self._over(low, high)] if low else []) + path[::-1]

    def grow(self, size: int, leaves: list[bytes]) -> list[list[bytes]]:
        """The nodes that appending leaf hashes to `size` leaves completes, one list a level."""
        levels, first = [leaves], size
        while True:
            row = levels[-1]
            if first & 1:  # a left sibling has waited for this row
                row = [self._nodes(len(levels) - 1, first - 1), *row]
            above = [self._hashing.node(left, right) for left, right in list(pairwise(row))[::2]]
            if not above:
                return levels
            levels.append(above)
            first >>= 1

    def _over(self, start: int, stop: int) -> bytes:
        """The root over leaves start..stop, where start is a multiple of a power of two not below their number."""
        peaks = []
        while start < stop:
            level = (stop - start).bit_length() - 1
            peaks.append(self._nodes(level, start >> level))
            start += 1 << level
        return self._hashing.fold(peaks)


def verify_inclusion(hashing: Hashing, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof binds a leaf hash at `index` to the root of `size` leaves."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for other in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = hashing.node(other, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = hashing.node(found, other)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(
    hashing: Hashing, old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """Whether the proof shows that the tree of `new` leaves begins with the tree of `old` leaves."""
    if not 0 <= old <= new:
        return False
    if old in (0, new):
        known = hashing.fold([]) if old == 0 else new_root
        return not proof and old_root == known
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = path[0]
    for other in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = hashing.node(other, first), hashing.node(other, second)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            second = hashing.node(second, other)
        place, last = place >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def _split(count: int) -> int:
    """The largest power of two below a number of leaves, itself above one."""
    return 1 << ((count - 1).bit_length() - 1)
