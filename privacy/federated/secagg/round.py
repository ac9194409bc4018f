"""What hub and sites must see alike in a round: who is in it, the keys of all masks, what survivors sign.

All of it is bound to the digest of the set-up (the keys of all sites, and who sent shares) and of what is asked. Sites
that were shown other keys, other participants or another question than the rest have masks that do not cancel: the hub
gets noise, and nothing of theirs.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from privacy import canonical
from privacy.federated.secagg import masks
from privacy.federated.secagg.keying import Group, Keys
from privacy.federated.secagg.terms import Terms
from privacy.parties import keys, signed
from privacy.parties.signed import Digest, Name
from secops.core.errors import RefusedError
from secops.core.i18n import _


class Survivors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What each survivor signs before anything is told: whose vectors are in the sum, and of which question."""

    CONTEXT: ClassVar[str] = "citywall-secagg-survivors/1"

    setup: Digest
    round: int
    ask: Digest
    sites: tuple[Name, ...]


@dataclass(frozen=True)
class Setup:
    """A set-up as it ended: `sites` are those that gave keys and shares, sorted."""

    terms: Terms
    group: Group
    sites: tuple[str, ...]
    digest: str

    def keys(self, site: str) -> Keys:
        return self.group.keys[site]


def ended(terms: Terms, group: Group, sites: Sequence[str]) -> Setup:
    """The set-up of which these sites gave shares. Raises `RefusedError` where they are too few."""
    there = tuple(sorted(sites))
    terms.check_survivors(there, list(group.keys))
    return Setup(terms, group, there, canonical.digest([group.digest, list(there)]))


@dataclass(frozen=True)
class Round:
    """One sum of a set-up. `ask` is the digest of all that the hub asks of the sites."""

    setup: Setup
    number: int
    ask: str

    @property
    def turn(self) -> int:
        """Its number in the set-up, from 0."""
        return self.number - self.setup.terms.first

    def own_mask(self, site: str, seed: bytes) -> bytes:
        """The key of the mask that a site alone knows, until survivors tell its seed."""
        return masks.key(seed, self.setup.terms.job, "self", **self._bound(), site=site)

    def pair_mask(self, site: str, private: X25519PrivateKey, peer: str) -> bytes:
        """The key of the mask of two sites, by the private key of one. The first of them adds, the other takes away."""
        try:
            secret = masks.shared(private, self.setup.keys(peer).mask_key(self.turn))
        except ValueError as error:
            raise RefusedError(_("its key shares no secret"), where=peer) from error
        return masks.key(secret, self.setup.terms.job, "mask", **self._bound(), sites=sorted((site, peer)))

    def statement(self, survivors: Sequence[str]) -> bytes:
        """What each survivor signs."""
        said = Survivors(self.setup.digest, self.number, self.ask, tuple(survivors))
        return f"{said.CONTEXT}\n".encode() + canonical.encode(signed.as_value(said))

    def signed_by(self, site: str, statement: bytes, signature: str) -> bool:
        """Whether a site signed this; the signature is base64."""
        member = self.setup.terms.member(site)
        try:
            raw = b64decode(signature, validate=True)
        except ValueError:
            return False
        return member is not None and keys.verify(member.public_key, statement, raw)

    def _bound(self) -> dict[str, object]:
        return {"setup": self.setup.digest, "round": self.number, "ask": self.ask}
