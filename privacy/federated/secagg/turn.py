"""One round at one site: it masks, signs who survived, and tells one share of each peer, in this order and once."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from privacy.federated.secagg import masks
from privacy.federated.secagg.keying import Own
from privacy.federated.secagg.round import Round
from privacy.federated.secagg.sealing import Shares
from privacy.parties.keys import Signer
from secops.core.errors import RefusedError
from secops.core.i18n import _
from secops.core.inert import printable

Numbers = NDArray[np.int64]


class Turn:
    """The site's part in one round. What it holds of its own is gone when it has masked, all of it when it has told."""

    def __init__(self, around: Round, site: str, signer: Signer, shares: Mapping[str, Shares]) -> None:
        self._round, self._site, self._signer = around, site, signer
        self._shares: Mapping[str, Shares] = shares
        self._survivors: tuple[str, ...] | None = None

    def agree(self, survivors: Sequence[str]) -> str:
        """Sign the list of those whose vectors are in the sum. Raises `RefusedError` for one that may not be signed."""
        if self._survivors is not None:
            raise RefusedError(_("a list of survivors was signed in this round already"))
        setup = self._round.setup
        setup.terms.check_survivors(survivors, setup.sites)
        if self._site not in survivors:
            raise RefusedError(_("the hub counts this site as dropped in this round"))
        self._survivors = tuple(survivors)
        return b64encode(self._signer.sign(self._round.statement(survivors))).decode()

    def reveal(self, signatures: Mapping[str, str]) -> bytes:
        """A share for each participant, in their order: of a survivor's seed, of another's key. Raises `RefusedError`.

        Only when enough survivors signed the very list that this site has signed, and once.
        """
        if self._survivors is None or not self._shares:
            raise RefusedError(_("shares are told once, after a list of survivors was signed"))
        self._check(signatures, self._survivors)
        shares, self._shares = self._shares, {}
        told = (
            shares[site].seed if site in self._survivors else shares[site].mask_key for site in self._round.setup.sites
        )
        return b"".join(told)

    def _check(self, signatures: Mapping[str, str], survivors: tuple[str, ...]) -> None:
        """Raise `RefusedError` unless enough survivors signed, and all that are said to have."""
        threshold = self._round.setup.terms.threshold
        if len(signatures) < threshold:
            what = _("{n} survivors signed the list, {threshold} are needed")
            raise RefusedError(what.format(n=len(signatures), threshold=threshold))
        statement = self._round.statement(survivors)
        for site, signature in signatures.items():
            if site not in survivors or not self._round.signed_by(site, statement, signature):
                hint = _("The hub may be showing different lists to different sites.")
                what = _("it has not signed the list of survivors that was shown")
                raise RefusedError(what, where=printable(site), hint=hint)


def masked(around: Round, site: str, own: Own, values: Numbers) -> bytes:
    """The vector of a site with its own mask and those with all other participants, as it is sent.

    A 1 stands behind it: where the masks cancel, the sum ends with the number of survivors.
    """
    total = np.ones(len(values) + 1, around.setup.terms.word)
    total[:-1] = values
    masks.add(total, around.own_mask(site, own.seed))
    for peer in around.setup.sites:
        if peer != site:
            masks.add(total, around.pair_mask(site, own.mask_key, peer), negative=site > peer)
    return total.tobytes()


def check_values(values: Numbers, limit: int) -> None:
    """Raise `RefusedError` unless this is a row of whole numbers, none beyond the limit."""
    if values.dtype != np.int64 or values.ndim != 1 or not len(values):
        raise RefusedError(_("what is to be added up is not a row of whole numbers"))
    if int(values.max()) > limit or int(values.min()) < -limit:
        raise RefusedError(_("a number is beyond the bound that this round has"))
