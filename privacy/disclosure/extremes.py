"""Minimum, maximum, and quantiles so near the edge that few people lie beyond: they are values of single people.

Why 8 beyond on either side: a quantile is a limit between two groups, and each must have as many people as any cell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np

if TYPE_CHECKING:
    from privacy.disclosure.result import Array, Ints


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A quantile is shown where at least `beyond` people lie on either side of it."""

    beyond: Annotated[int, msgspec.Meta(ge=3, le=1000)] = 8


def unsafe(people: Ints, probabilities: tuple[float, ...], rule: Rule) -> Array:
    """(cells, probabilities) bool: whether fewer than `beyond` people lie below or above the quantile."""
    side = np.array([min(p, 1 - p) for p in probabilities])
    # 0.1 * 80 must count as 8: floats come out a little below
    found: Array = np.floor(people[:, None] * side[None, :] + 1e-9) < rule.beyond
    return found
