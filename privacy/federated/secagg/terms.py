"""The terms of a set-up of secure aggregation: who takes part with which key, in which rounds, how many are needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Literal, NamedTuple

import msgspec
import numpy as np

from privacy.parties import keys
from privacy.parties.roster import Roster
from privacy.parties.signed import Digest, Name
from secops.core.errors import RefusedError
from secops.core.i18n import _
from secops.core.inert import printable

#: Masks go between all pairs of sites. More need a sparse graph (Bell et al., CCS 2020).
MOST_SITES = 100

#: Rounds of one set-up. Each costs every site a share of two secrets for every other.
MOST_ROUNDS = 1000


class Tolerance(NamedTuple):
    """What a threshold withstands: sites that drop out, and sites that tell the hub all that they know."""

    sites: int
    dropping: int
    colluding: int

    def __str__(self) -> str:
        return _("of {sites} sites {dropping} may drop out, and {colluding} may collude with the hub").format(
            **self._asdict()
        )


def tolerates(sites: int, threshold: int) -> Tolerance:
    """What a threshold t of n sites withstands: n - t may drop out, c may collude where 2t > n + c and c <= t - 2.

    With 2t > n + c no two lists of survivors can both have t signatures, and no secret of which half is to stay hidden
    can be put together: the n - c honest sites sign and answer once, and both would need t - c of them. With c <= t - 2
    the sum has two honest sites at least. Raises `RefusedError` for a threshold that withstands nothing.
    """
    if not 2 <= threshold <= sites or 2 * threshold <= sites:
        what = _("a threshold of {threshold} of {sites} sites protects nobody")
        hint = _("More than half of the sites are needed, and two at least.")
        raise RefusedError(what.format(threshold=threshold, sites=sites), hint=hint)
    return Tolerance(sites, sites - threshold, min(2 * threshold - sites - 1, threshold - 2))


def least_threshold(sites: int, colluding: int) -> int:
    """The smallest threshold that withstands so many colluding sites. Raises `RefusedError` where none does."""
    threshold = max((sites + colluding) // 2 + 1, colluding + 2)
    if colluding < 0 or threshold > sites:
        what = _("no threshold of {sites} sites withstands {colluding} that collude")
        raise RefusedError(what.format(sites=sites, colluding=colluding), hint=_("More sites are needed."))
    return threshold


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A site, and the public key (base64) under which the job's roster has it."""

    id: Name
    public_key: str

    def __post_init__(self) -> None:
        keys.key_id(self.public_key)


def members(roster: Roster, sites: Iterable[str], when: datetime) -> tuple[Member, ...]:
    """These sites as the roster has them, sorted. Raises `RefusedError` for one that may not take part at that time."""
    return tuple(_member(roster, site, when) for site in sorted(sites))


def _member(roster: Roster, site: str, when: datetime) -> Member:
    party = roster.party(site)
    if party is None or "site" not in party.kinds:
        raise RefusedError(_("it is no site of the roster"), where=printable(site))
    if party.state(when) != "valid":
        raise RefusedError(_("its key is revoked, out of date or not yet valid"), where=site)
    return Member(party.id, party.public_key)


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all sites of a set-up must have agreed upon. `members` are sorted by id; sums are modulo 2^`bits`.

    `colluding` is how many sites the threshold must withstand. Read by `signed.made(Terms, …)`, which raises
    `UsageError` for what is not in order.
    """

    CONTEXT: ClassVar[str] = "citywall-secagg-terms/1"

    job: Digest
    members: Annotated[tuple[Member, ...], msgspec.Meta(min_length=2, max_length=MOST_SITES)]
    threshold: int
    colluding: Annotated[int, msgspec.Meta(ge=0)]
    first: Annotated[int, msgspec.Meta(ge=0, le=10**9)]
    rounds: Annotated[int, msgspec.Meta(ge=1, le=MOST_ROUNDS)]
    bits: Literal[32, 64] = 64

    def __post_init__(self) -> None:
        if list(self.sites) != sorted(set(self.sites)):
            raise ValueError("the sites are not sorted, or one stands twice")
        if len({member.public_key for member in self.members}) < len(self.members):
            raise ValueError("a key belongs to two sites")
        if not self.enough(self.threshold) or self.colluding > self.threshold - 2 or self.threshold > len(self.members):
            raise ValueError("the threshold does not withstand so many colluding sites")

    @property
    def sites(self) -> tuple[str, ...]:
        return tuple(member.id for member in self.members)

    @property
    def last(self) -> int:
        """The last round of this set-up."""
        return self.first + self.rounds - 1

    @property
    def word(self) -> np.dtype[np.unsignedinteger]:
        """The type of one entry on the wire: unsigned, the lowest byte first."""
        return np.dtype(f"<u{self.bits // 8}")

    def enough(self, threshold: int) -> bool:
        """Whether a threshold leaves no room for two lists of survivors (`tolerates`)."""
        return 2 * threshold > len(self.members) + self.colluding

    def member(self, site: str) -> Member | None:
        """The site with this id."""
        return next((member for member in self.members if member.id == site), None)

    def place(self, site: str) -> int:
        """Where on the polynomials the shares of a site lie: 1 … n."""
        return self.sites.index(site) + 1

    def check_room(self, limit: int) -> None:
        """Raise `RefusedError` unless the sum of any numbers of all sites, each at most `limit`, stays exact."""
        if limit < 0 or len(self.members) * limit >= 1 << (self.bits - 1):
            what = _("a sum of {sites} sites could overflow {bits} bits")
            what = what.format(sites=len(self.members), bits=self.bits)
            raise RefusedError(what, hint=_("Count in larger steps, or narrow the bounds."))

    def check_survivors(self, sites: Sequence[str], among: Sequence[str]) -> None:
        """Raise `RefusedError` unless these are enough sites, sorted, each once, and all are among those."""
        if list(sites) != sorted(set(sites)) or not set(sites) <= set(among):
            raise RefusedError(_("the list of survivors names unknown sites, or one twice, or is not sorted"))
        if len(sites) < self.threshold:
            what = _("{n} sites are left, {threshold} are needed").format(n=len(sites), threshold=self.threshold)
            raise RefusedError(what)
