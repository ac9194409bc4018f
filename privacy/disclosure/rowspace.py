"""What exact releases of one variable tell together: the span of their cells, as rows over the atoms.

Kept reduced: each row has a pivot atom, where it is 1 and all other rows are 0. A sum over some atoms is determined by
the releases when the row with ones there is in the span.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacy.disclosure.modular import Ints, echelon, reduced

_BLOCK = 64  # rows that are added at once


@dataclass(frozen=True, eq=False, repr=False)
class RowSpace:
    """`rows` is (rank, atoms), values modulo `prime`; `pivots` the pivot atom of each row."""

    prime: int
    rows: Ints
    pivots: Ints

    @classmethod
    def nothing(cls, prime: int, atoms: int) -> RowSpace:
        """The span of no release."""
        return cls(prime, np.zeros((0, atoms), np.int64), np.zeros(0, np.int64))

    def split(self, parents: Ints, sizes: Ints) -> RowSpace:
        """The same over finer atoms: `parents` tells of which atom each is a part. The largest part stays the pivot."""
        if len(parents) == self.rows.shape[1] and (parents == np.arange(len(parents))).all():
            return self
        heir = np.zeros(self.rows.shape[1], np.int64)
        order = np.argsort(sizes, kind="stable")
        heir[parents[order]] = order
        return RowSpace(self.prime, self.rows[:, parents], heir[self.pivots])

    def insert(self, cells: Ints, sizes: Ints) -> RowSpace:
        """With the cells of a release: `cells` is the cell of each atom, -1 for none."""
        space = self
        for at in range(0, int(cells.max(initial=-1)) + 1, _BLOCK):
            block = (cells == np.arange(at, at + _BLOCK)[:, None]).astype(np.int64)
            space = space._join(*echelon(space.unknown(block[block.any(axis=1)]), sizes, self.prime))
        return space

    def unknown(self, rows: Ints) -> Ints:
        """What is left of `rows` once all that is in the span is taken off: zeros for a row in it."""
        return reduced(rows, self.rows, self.pivots, self.prime)

    def _join(self, rows: Ints, pivots: Ints) -> RowSpace:
        if not len(pivots):
            return self
        old = reduced(self.rows, rows, pivots, self.prime)
        return RowSpace(self.prime, np.vstack((old, rows)), np.concatenate((self.pivots, pivots)))

    def newer(self, older: RowSpace) -> Ints:
        """Pivot atoms of which any row of this span that is not in the `older` one has at least one.

        This one must come from the older one by `insert`: what is not in the old span breaks an equation that held
        there for one of the new pivots, so has that pivot, or an old one of the same equation.
        """
        new = self.pivots[len(older.pivots) :]
        return np.concatenate((older.pivots[older.rows[:, new].any(axis=1)], new))

    def turn(self, wanted: NDArray[np.bool_], prefer: Ints) -> RowSpace:
        """The same span with a `wanted` atom as the pivot of each row that has one; those that `prefer` puts highest.

        The rows that keep another pivot then span all that the releases tell of the other atoms alone. `prefer` is
        higher for each wanted atom than for all others.
        """
        others = np.flatnonzero(~wanted[self.pivots])
        out = others[self.rows[others][:, wanted].any(axis=1)]  # the rest is 0 at wanted atoms, and stays so
        kept = np.delete(np.arange(len(self.rows)), out)
        space = RowSpace(self.prime, self.rows[kept], self.pivots[kept])
        return space._join(*echelon(self.rows[out], prefer, self.prime))
