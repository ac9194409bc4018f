"""Sites and a hub with real keys, and a run of the whole protocol in which sites drop out where they are told to."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import NamedTuple

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from privacy.federated.secagg.hub import Hub, Total
from privacy.federated.secagg.site import Site
from privacy.federated.secagg.terms import Member, Terms
from privacy.federated.secagg.turn import Numbers
from privacy.parties import signed
from privacy.parties.keys import Signer

JOB = "sha256:" + "7" * 64
ASK = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64

#: More than the values of any test.
LIMIT = 1000


@cache
def signer(name: str) -> Signer:
    return Signer(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest()))


def names(count: int) -> list[str]:
    return [f"site-{n:03}" for n in range(count)]


def terms(count: int = 5, threshold: int = 4, **changed: object) -> Terms:
    members = tuple(Member(name, signer(name).public_key) for name in names(count))
    given = {"job": JOB, "members": members, "threshold": threshold, "colluding": 0, "first": 1, "rounds": 3}
    return signed.made(Terms, **{**given, **changed})


class Cast(NamedTuple):
    """A set-up that has ended."""

    hub: Hub
    sites: Mapping[str, Site]


def joined(
    agreed: Terms,
    sites: Mapping[str, Site] | None = None,
    *,
    no_keys: Collection[str] = (),
    no_shares: Collection[str] = (),
    may_change: bool = False,
) -> Cast:
    """The set-up; sites drop out before they give keys, or before they give shares."""
    sites = sites or {name: Site(agreed, name, signer(name), may_change=may_change) for name in agreed.sites}
    hub = Hub(agreed)
    keys = hub.keys({name: site.keys() for name, site in sites.items() if name not in no_keys})
    dealt = {name: sites[name].deal(keys) for name in keys if name not in no_shares}
    for name, sealed in hub.shares(dealt).items():
        sites[name].accept(sealed)
    return Cast(hub, sites)


def summed(
    cast: Cast,
    number: int,
    values: Mapping[str, Numbers],
    *,
    ask: str = ASK,
    limit: int = LIMIT,
    silent: Collection[str] = (),
    unsigned: Collection[str] = (),
    untold: Collection[str] = (),
) -> Total:
    """One round; sites drop out before they send their vector, sign, or tell their shares."""
    size = len(next(iter(values.values())))
    around = cast.hub.round(number, ask, size, limit)
    for name in cast.hub.sites:
        if name not in silent:
            around.add(name, cast.sites[name].mask(number, ask, values[name], limit))
    survivors = around.survivors()
    signing = [name for name in survivors if name not in unsigned]
    signatures = around.signatures({name: cast.sites[name].agree(number, survivors) for name in signing})
    telling = [name for name in signing if name not in untold]
    return around.unmask({name: cast.sites[name].reveal(number, signatures) for name in telling})


def vectors(agreed: Terms, size: int = 6, *, limit: int = LIMIT, seed: int = 0) -> dict[str, Numbers]:
    random = np.random.default_rng(seed)
    return {name: random.integers(-limit, limit, size, endpoint=True) for name in agreed.sites}


def plain(values: Mapping[str, Numbers], sites: Iterable[str]) -> Numbers:
    """The sum that is to come out."""
    return np.sum([values[site] for site in sites], axis=0)
