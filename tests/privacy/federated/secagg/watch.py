"""What a lying hub and the sites on its side know: the oracle of the tests against it.

It looks at the bytes of shares, not at what they are said to be, and knows all shares that there are from the sites'
memory. Two honest sites hang together as long as the mask between them is unknown; of sites that hang together the hub
can learn the sum, when it knows the own masks of all, and nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

from privacy.federated.secagg import sealing, shamir
from tests.privacy.federated.secagg.kit import Cast


class Secret(NamedTuple):
    """Whose, for which round of the set-up (from 0), and which of the two."""

    site: str
    turn: int
    kind: str


class Watch:
    """Collects shares that are told; `liars` are the sites that tell the hub everything."""

    def __init__(self, cast: Cast, rounds: int, threshold: int, liars: Collection[str]) -> None:
        self._threshold, self._liars = threshold, set(liars)
        self._honest = [site for site in cast.hub.sites if site not in self._liars]
        self._owner: dict[bytes, tuple[Secret, str]] = {}
        self._holders: dict[Secret, set[str]] = defaultdict(set)
        self._shown = {name: site._held.keys() for name, site in cast.sites.items()}
        for holder in cast.hub.sites:
            for site, held in cast.sites[holder]._held.items():
                for turn in range(rounds):
                    self._enter(holder, site, turn, sealing.shares_of(held, turn))

    def _enter(self, holder: str, site: str, turn: int, shares: sealing.Shares) -> None:
        for kind in ("mask_key", "seed"):
            secret = Secret(site, turn, kind)
            self._owner[getattr(shares, kind)] = secret, holder
            if holder in self._liars:
                self._holders[secret].add(holder)

    def hear(self, told: bytes) -> None:
        """A site told these."""
        for start in range(0, len(told), shamir.SHARE):
            secret, holder = self._owner[told[start : start + shamir.SHARE]]
            self._holders[secret].add(holder)

    def knows(self, site: str, turn: int, kind: str) -> bool:
        """Whether the shares are enough."""
        return len(self._holders[Secret(site, turn, kind)]) >= self._threshold

    def learned(self, turn: int) -> list[set[str]]:
        """The sets of honest sites of which the hub can learn the sum in that round."""
        return [
            together for together in self._together(turn) if all(self.knows(site, turn, "seed") for site in together)
        ]

    def _together(self, turn: int) -> list[set[str]]:
        """The honest sites, parted where no unknown mask is between them."""
        parts: list[set[str]] = []
        for site in self._honest:
            touched = [part for part in parts if any(self._hidden(site, other, turn) for other in part)]
            parts = [part for part in parts if part not in touched] + [{site}.union(*touched)]
        return parts

    def _hidden(self, one: str, other: str, turn: int) -> bool:
        """Whether there is a mask between two honest sites, in what either was shown, that the hub cannot make."""
        shown = other in self._shown[one] or one in self._shown[other]
        return shown and not any(self.knows(site, turn, "mask_key") for site in (one, other))
