"""Six sites, of which four are needed, and the one that may be on the hub's side: site-005."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection, Iterable, Mapping

from privacy.federated.secagg.round import Round, Setup
from privacy.federated.secagg.site import Site
from tests.privacy.federated.secagg.kit import ASK, LIMIT, Cast, joined, signer, terms, vectors
from tests.privacy.federated.secagg.watch import Watch

AGREED = terms(6, 4, colluding=1, rounds=3)
A, B, C, D, E, LIAR = AGREED.sites
VALUES = vectors(AGREED)
ALL = AGREED.sites


def all_keys() -> tuple[dict[str, Site], dict[str, bytes]]:
    sites = {name: Site(AGREED, name, signer(name)) for name in ALL}
    return sites, {name: site.keys() for name, site in sites.items()}


def masked(*, may_change: bool = False, ask: Mapping[str, str] | None = None) -> Cast:
    """All sent their vectors of round 1."""
    return sent(joined(AGREED, may_change=may_change), ask or {})


def sent(cast: Cast, ask: Mapping[str, str]) -> Cast:
    for name in ALL:
        cast.sites[name].mask(1, ask.get(name, ASK), VALUES[name], LIMIT)
    return cast


def overheard(liars: Collection[str] = (LIAR,)) -> tuple[Cast, Watch]:
    """All sent their vectors of round 1, and the hub knows all that these sites know."""
    cast = joined(AGREED, may_change=True)
    watch = Watch(cast, AGREED.rounds, AGREED.threshold, liars)
    return sent(cast, {}), watch


def by_liar(cast: Cast, survivors: Iterable[str], number: int = 1, ask: str = ASK, liar: str = LIAR) -> str:
    """Signed by a site on the hub's side: it signs whatever the hub wants."""
    return signed_by(liar, Round(setup_of(cast), number, ask), survivors)


def signed_by(site: str, around: Round, survivors: Iterable[str]) -> str:
    """Any list, signed in any round."""
    return b64encode(signer(site).sign(around.statement(tuple(survivors)))).decode()


def setup_of(cast: Cast) -> Setup:
    assert cast.hub._setup
    return cast.hub._setup
