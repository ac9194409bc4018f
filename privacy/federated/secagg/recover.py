"""How the hub puts the secrets of a round together from the shares that survivors told, and checks each of them.

A secret counts when it is what its site committed itself to, so that no wrong share ever makes a wrong sum. Where one
share more than needed was told, one site may tell wrong ones: the secrets fit as soon as it is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from privacy.federated.secagg import keying, shamir
from privacy.federated.secagg.round import Round
from secops.core.errors import RefusedError
from secops.core.i18n import _


class Recovered(NamedTuple):
    """For each participant the seed of its own mask if it survived, else its key of the masks with others.

    `doubted` is the site whose shares did not fit those of all others.
    """

    secrets: Mapping[str, bytes]
    doubted: str | None


def recovered(around: Round, survivors: Sequence[str], told: Mapping[str, bytes]) -> Recovered:
    """The secrets of all participants; `told` has their shares in order, from enough sites. Raises `RefusedError`."""
    misfits = []
    for doubted, chosen in _choices(sorted(told), around.setup.terms.threshold):
        secrets = _combined(around, {site: told[site] for site in chosen})
        misfit = next((site for site, secret in secrets.items() if not _fits(around, site, secret, survivors)), None)
        if misfit is None:
            return Recovered(secrets, doubted)
        misfits.append(misfit)
    hint = _("It gave out wrong shares, or another site told a wrong one.")
    raise RefusedError(_("the shares of its secret do not fit its keys"), where=misfits[0], hint=hint)


def _choices(sites: list[str], threshold: int) -> Iterator[tuple[str | None, list[str]]]:
    """Sites whose shares to take: the first ones, then, if there are more than needed, all but one of those."""
    yield None, sites[:threshold]
    if len(sites) > threshold:
        for doubted in sites[:threshold]:
            yield doubted, [site for site in sites[: threshold + 1] if site != doubted]


def _combined(around: Round, told: Mapping[str, bytes]) -> dict[str, bytes]:
    """The secrets by the shares of just enough sites; no bytes for shares that have none."""
    weighed = shamir.weights([around.setup.terms.place(site) for site in told])
    return {
        site: _combine(weighed, [row[shamir.SHARE * at : shamir.SHARE * (at + 1)] for row in told.values()])
        for at, site in enumerate(around.setup.sites)
    }


def _combine(weighed: Sequence[int], shares: Sequence[bytes]) -> bytes:
    try:
        return shamir.combine(weighed, shares)
    except ValueError:
        return b""


def _fits(around: Round, site: str, secret: bytes, survivors: Sequence[str]) -> bool:
    """Whether it is the secret that the site showed the public side of."""
    keys = around.setup.keys(site)
    if site in survivors:
        return keying.commitment(secret, around.setup.terms.job, site) == keys.seed(around.turn)
    return len(secret) == shamir.SECRET and _public(secret) == keys.mask_key(around.turn)


def _public(secret: bytes) -> bytes:
    return keying.public_key(X25519PrivateKey.from_private_bytes(secret))
