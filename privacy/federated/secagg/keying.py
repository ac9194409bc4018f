"""The keys that a site makes for a set-up, signed with its enrolled key, and how those of all sites are checked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from privacy import canonical
from privacy.federated.secagg.terms import Terms
from privacy.parties import signed
from privacy.parties.signed import Digest, Name
from secops.core.errors import CitywallError, RefusedError
from secops.core.i18n import _
from secops.core.inert import printable

#: Bytes of a public key of X25519, of a seed and of what a site commits to it by.
KEY = 32

#: The prime of the field of curve25519: a key from there on is a smaller one written in a second way.
_P = 2**255 - 19


class Keys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a site makes public: keys of X25519, one for the shares sent to it, one for its masks of each round.

    `seeds` has for each round the hash of the seed of its own mask: so the hub can tell whether it got the right one.
    """

    CONTEXT: ClassVar[str] = "citywall-secagg/1"

    terms: Digest
    site: Name
    share_key: bytes
    mask_keys: bytes
    seeds: bytes

    def mask_key(self, turn: int) -> bytes:
        """Of the round with this number in the set-up, from 0."""
        return _part(self.mask_keys, turn)

    def seed(self, turn: int) -> bytes:
        return _part(self.seeds, turn)

    def all(self) -> list[bytes]:
        """Each public key."""
        return [self.share_key, *(self.mask_key(turn) for turn in range(len(self.mask_keys) // KEY))]


@dataclass(frozen=True)
class Group:
    """The sites of which the keys are known and checked, sorted, and the digest of all that they signed."""

    keys: Mapping[str, Keys]
    digest: str


@dataclass(frozen=True, slots=True, repr=False)
class Own:
    """The two secrets of a site for a round: the key of its masks with others, and the seed of its own mask."""

    mask_key: X25519PrivateKey
    seed: bytes


class Secrets:
    """What a site never shows: the private keys that belong to its `Keys`. Those of a round are taken out for it."""

    __slots__ = ("rounds", "share")

    def __init__(self, rounds: int) -> None:
        self.share = X25519PrivateKey.generate()
        self.rounds = {turn: Own(X25519PrivateKey.generate(), secrets.token_bytes(KEY)) for turn in range(rounds)}

    def public(self, terms: Terms, site: str) -> Keys:
        """What belongs to them."""
        owned = self.rounds.values()
        return Keys(
            _digest(terms),
            site,
            public_key(self.share),
            b"".join(public_key(own.mask_key) for own in owned),
            b"".join(commitment(own.seed, terms.job, site) for own in owned),
        )

    def __reduce__(self) -> str:
        raise TypeError("a private key is not serialised")


@lru_cache(maxsize=8)
def _digest(terms: Terms) -> str:
    """What was agreed upon, by its digest: it is asked for with the keys of every site."""
    return signed.digest(terms)


def commitment(seed: bytes, job: str, site: str) -> bytes:
    """What a site is bound to by showing it: seeds are random, so that it tells nothing about them."""
    return hashlib.sha256(b"citywall-secagg-seed/1\n" + canonical.encode([job, site]) + seed).digest()


def read(raw: bytes, site: str, terms: Terms) -> Keys:
    """The keys that a site signed for these terms. Raises `RefusedError` that names it."""
    where = printable(site)
    try:
        document = signed.parse(raw, Keys, where)
    except CitywallError as error:
        raise RefusedError(_("its keys for the masks cannot be read"), where=where) from error
    fault = _fault(document, site, terms)
    if fault:
        raise RefusedError(fault, where=where, hint=_("Somebody may be playing this site: ask it in person."))
    return document.body


def group(messages: Mapping[str, bytes], terms: Terms) -> Group:
    """The sites that sent these, each checked. Raises `RefusedError`."""
    return enough({site: read(messages[site], site, terms) for site in sorted(messages)}, terms)


def enough(found: Mapping[str, Keys], terms: Terms) -> Group:
    """These sites, sorted, if they are enough and no key stands twice. Raises `RefusedError`."""
    if len(found) < terms.threshold:
        what = _("{n} sites gave keys, {threshold} are needed").format(n=len(found), threshold=terms.threshold)
        raise RefusedError(what)
    seen: set[bytes] = set()
    for site, keys in found.items():
        own = keys.all()
        if len(set(own)) < len(own) or not seen.isdisjoint(own):
            raise RefusedError(_("one of its keys stands twice, or is another site's"), where=site)
        seen.update(own)
    return Group(found, canonical.digest([signed.digest(keys) for keys in found.values()]))


def _fault(document: signed.Signed[Keys], site: str, terms: Terms) -> str | None:
    """Why these keys do not count."""
    body, member = document.body, terms.member(site)
    if member is None:
        return _("it is not in the roster of the job")
    if body.site != site or body.terms != _digest(terms):
        return _("its keys are for another site, job or round")
    if not document.is_by(member.public_key):
        return _("its keys are not signed with its enrolled key")
    sizes = (len(body.share_key), len(body.mask_keys), len(body.seeds))
    if sizes != (KEY, KEY * terms.rounds, KEY * terms.rounds):
        return _("its keys do not fit the number of rounds")
    if any(int.from_bytes(key, "little") >= _P for key in body.all()):
        return _("one of its keys is written in a second way")
    return None


def public_key(private: X25519PrivateKey) -> bytes:
    """The 32 bytes of the public key."""
    return private.public_key().public_bytes_raw()


def _part(row: bytes, turn: int) -> bytes:
    return row[KEY * turn : KEY * (turn + 1)]
