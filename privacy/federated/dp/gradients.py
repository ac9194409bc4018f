"""What each person adds to a sum of gradients: whole numbers, no longer together than the clip, and nobody else's.

Two things make the noise enough for a person, and both hold exactly, not up to rounding:

- Added or removed, a person changes the sum by their own vector alone. So nothing is computed over several people but
  the sum of whole numbers: a library that adds floats in blocks gives others' last bits another value when one person
  is missing. All else goes element by element.
- That vector is at most `FINE` steps long. It is cut to the clip, then cut to whole steps towards 0. In floats its
  squared length could come out above FINE² by FINE² × 10⁻¹⁵; being whole, and that less than 1, it cannot.
"""

from __future__ import annotations

import numpy as np

from privacy.federated.design import Floats
from privacy.federated.dp.randomness import Ints

#: Steps in a clip: the longest that one person's vector is. Finer ones would only need larger noise in steps.
FINE = 1 << 12


def clipped_sum(gradients: Floats, person: Floats, clip: float) -> Ints:
    """(size,) in steps of clip / FINE: over all people, the sum of their records' gradients, cut to the clip.

    `gradients` is (size, records), `person` (records,). A person whose gradients are not finite adds nothing.
    """
    people = _by_person(gradients, person)
    with np.errstate(all="ignore"):
        length = np.sqrt(sum((row * row for row in people), start=np.zeros(people.shape[1])))
        scale = np.minimum(FINE / clip, FINE / length)
        whole = np.trunc(people * np.where(np.isfinite(length), scale, 0.0))
    whole[:, ~np.isfinite(length)] = 0
    total: Ints = whole.astype(np.int64).sum(axis=1)
    return total


def _by_person(gradients: Floats, person: Floats) -> Floats:
    """(size, people): added up in the order of the records, each person's for themselves."""
    who, place = np.unique(person, return_inverse=True)
    return np.stack([np.bincount(place, row, minlength=len(who)) for row in gradients])
