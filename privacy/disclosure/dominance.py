"""Sums that few contributors make up: the second largest could work out the largest.

(n,k): unsafe where the n largest make up k percent or more. p %: unsafe where all but the two largest are less than
p percent of the largest, since the second largest takes its own part off and is left with the largest within p %.
Why n = 2, k = 90, p = 10: the defaults of ACRO, used in statistical offices for business figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np

if TYPE_CHECKING:
    from privacy.disclosure.result import Array


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Both hold at once. Contributions count by their absolute value, so that losses do not hide gains."""

    n: Annotated[int, msgspec.Meta(ge=1, le=10)] = 2
    k_percent: Annotated[int, msgspec.Meta(ge=50, le=100)] = 90
    p_percent: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10

    @property
    def columns(self) -> int:
        """How many of the largest contributions the checks look at."""
        return max(self.n, 2)


def unsafe(absolute: Array, largest: Array, rule: Rule) -> Array:
    """bool per cell. `absolute` (cells,), `largest` (cells, m), m at least `rule.columns`."""
    top = largest[:, : rule.n].sum(axis=1)
    others = absolute - largest[:, 0] - largest[:, 1]
    # what is left after taking off floats may be a little wrong either way: a cell on the edge is unsafe
    slack = np.abs(absolute) * 1e-12
    concentrated = (absolute > 0) & (top * 100 + slack >= absolute * rule.k_percent)
    estimable = (absolute > 0) & (others * 100 - slack < largest[:, 0] * rule.p_percent)
    found: Array = concentrated | estimable
    return found
