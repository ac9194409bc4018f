"""Five sites of which three are needed, in their first round."""

from __future__ import annotations

from privacy.federated.secagg.hub import Sum
from tests.privacy.federated.secagg.kit import ASK, LIMIT, Cast, joined, terms, vectors

AGREED = terms(5, 3)
A, B, C, D, E = AGREED.sites
VALUES = vectors(AGREED)


def begun() -> tuple[Cast, Sum]:
    """All sent their vectors of round 1."""
    cast = joined(AGREED)
    around = cast.hub.round(1, ASK, 6, LIMIT)
    for name in AGREED.sites:
        around.add(name, cast.sites[name].mask(1, ASK, VALUES[name], LIMIT))
    return cast, around


def told_of(cast: Cast, around: Sum) -> dict[str, bytes]:
    survivors = around.survivors()
    signatures = around.signatures({name: cast.sites[name].agree(1, survivors) for name in survivors})
    return {name: cast.sites[name].reveal(1, signatures) for name in survivors}
