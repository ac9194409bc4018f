"""Minimum, maximum, and quantiles so near the edge that few people lie beyond: they are values of single people.

Why 8 beyond on either side, and between two: a quantile is a limit between groups, and each must have as many people
as any cell. Many quantiles side by side are the records themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np

if TYPE_CHECKING:
    from privacy.disclosure.result import Array, Ints


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A quantile is shown where at least `beyond` people lie on either side, and between it and the last one shown."""

    beyond: Annotated[int, msgspec.Meta(ge=3, le=1000)] = 8


def unsafe(records: Ints, least: Callable[[Ints], Ints], probabilities: tuple[float, ...], rule: Rule) -> Array:
    """(cells, probabilities) bool: whether too few people lie below, above, or since the last quantile that is shown.

    `records` per cell; `least`: of so many records in each cell, from how many people they are at least.
    """
    found = np.zeros((len(records), len(probabilities)), bool)
    last = np.full(len(records), -1.0)
    for place, probability in enumerate(probabilities):
        for share in (min(probability, 1 - probability), probability - last):
            # 0.1 * 80 must count as 8: floats come out a little below
            found[:, place] |= least(np.floor(records * share + 1e-9).astype(np.int64)) < rule.beyond
        last = np.where(found[:, place], last, probability)
    return found
