"""Cells with few people: redact first, then round what is left.

Why 8: OpenSAFELY hides 7 and below. It once hid 5 and below and rounded to 5: every 5 shown then was a 6 or a 7.
From 8 on, each number shown stands for five possible counts. ACRO takes 10, DataSHIELD 3: below 3 a member of a cell
sees what the other one is, so that no policy may go there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import numpy as np

if TYPE_CHECKING:
    from privacy.disclosure.result import Array, Ints


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Cells with 1 to `below` - 1 people are unsafe; what is shown is rounded to multiples of `base` (1: exact)."""

    below: Annotated[int, msgspec.Meta(ge=3, le=1000)] = 8
    #: Why 5: two releases that differ by one person mostly show the same number.
    base: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 5
    act: Literal["redact", "refuse"] = "redact"

    def fits(self) -> bool:
        """Whether the smallest number shown stands for `base` possible counts, like all others."""
        return bool(round_to(np.array([self.below - 1]), self.base)[0] < round_to(np.array([self.below]), self.base)[0])


def unsafe(people: Ints, rule: Rule) -> Array:
    """bool per cell: whether it has few people, but some."""
    return (people > 0) & (people < rule.below)


def round_to(counts: Ints, base: int) -> Ints:
    """The nearest multiple of `base`; halves go up."""
    return counts if base == 1 else (counts + base // 2) // base * base
