"""What a hub asks the sites for: a vector each, of which only the sum over the sites is seen.

Every method is a sequence of such sums. A method is pure: it knows of no network, file, mask or key, and what it keeps
between rounds (`State`) can be written down, so that a job can be taken up again after any round.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from privacy.federated.design import Design, Floats
from secops.core.errors import RefusedError
from secops.core.i18n import _

#: What a method keeps between rounds: names → arrays (a number is an array of no dimension). No text, no objects.
State = Mapping[str, Floats]


@dataclass(frozen=True)
class Ask:
    """One round: every entry x of a site's vector keeps |x| <= bound, whatever its records, and counts in steps.

    `bound` and `step` are (n,), finite and above 0; a site sends round(x / step), so that a sum over sites is off by at
    most sites × step / 2. `given` is what the hub tells the sites: coefficients, means.
    """

    stage: str
    round: int
    bound: Floats
    step: Floats
    given: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.bound)

    def largest(self) -> int:
        """The largest whole number that a site may send."""
        return int(np.ceil(self.bound / self.step).max(initial=0))


def unknown() -> RefusedError:
    """The refusal of a round that the job does not have, with what the hub gives: whatever the records are."""
    return RefusedError(_("the hub asks for a round, or gives numbers, that this job does not have"))


class Method(Protocol):
    """A method: what it asks next, what a site answers, what it makes of the sum."""

    def start(self) -> State:
        """The state before the first round."""

    def ask(self, state: State) -> Ask | None:
        """The next round, or None when it is done."""

    def asked(self, stage: str, number: int, given: Mapping[str, Floats]) -> Ask:
        """The round that a hub may ask for with what it gives: bounds and steps are the method's, never the hub's.

        Raises `RefusedError` for a stage or round that the method does not have, and where what is given has other
        names or shapes than it has to, or is not finite.
        """

    def at_site(self, ask: Ask, data: Design) -> Floats:
        """One site's vector, (n,), within the bound for any data within the columns' ranges. Pure."""

    def take(self, state: State, total: Floats, sites: int) -> State:
        """The state after the sum of that many sites' vectors. Raises RefusedError where no right number comes out."""
