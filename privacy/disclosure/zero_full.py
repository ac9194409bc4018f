"""Empty cells, and cells that hold their whole group: both tell something of everyone in it (class disclosure).

Why redact zeros: a zero says of each person of the group that they do not have the property. Redacted like the small
cells, they cannot be told from them. Where zeros are by nature (no men give birth), a policy may show them.
Why redact full cells: "all 40 in this street have it" needs no small number to tell of a person.
The same holds where all of a cell contribute alike: the mean is then what each one has, and a sum of 0 is 0 for each.
A group is a line of the table: all cells that differ in one dimension alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import numpy as np

if TYPE_CHECKING:
    from privacy.disclosure.result import Array, Ints


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is done with empty cells, and with cells that hold `full_percent` of their line or more."""

    zero: Literal["show", "redact", "refuse"] = "redact"
    full: Literal["show", "redact", "refuse"] = "redact"
    #: Why 100: below it nobody is certain. Lower it where "almost all" already harms.
    full_percent: Annotated[int, msgspec.Meta(ge=51, le=100)] = 100


def empty(people: Ints) -> Array:
    """bool per cell: whether nobody is in it."""
    found: Array = people == 0
    return found


def full(people: Ints, rule: Rule) -> Array:
    """bool per cell of `people`, which has the table's shape: whether it holds a line of two or more cells."""
    found = np.zeros(people.shape, dtype=bool)
    for axis, length in enumerate(people.shape):
        if length > 1:
            line = people.sum(axis=axis, keepdims=True)
            found |= (people > 0) & (people * 100 >= line * rule.full_percent)
    return found


def alike(people: Ints, absolute: Array, largest: Array) -> Array:
    """bool per cell: whether all people in it contribute the same, but for the sign."""
    found: Array = (people > 0) & (largest[:, 0] * people <= absolute * (1 + 1e-9))
    return found
