"""The hub of secure aggregation: it passes on keys and sealed shares, adds up masked vectors, and unmasks the sum.

An honest hub. What a lying one gets to see is the business of `Site`; here it is that the sum is that of exactly the
sites that are listed, or there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from privacy.federated.secagg import keying, masks, sealing, shamir
from privacy.federated.secagg.keying import Keys
from privacy.federated.secagg.recover import recovered
from privacy.federated.secagg.round import Round, Setup, ended
from privacy.federated.secagg.terms import Terms
from privacy.federated.secagg.turn import Numbers
from secops.core.errors import RefusedError
from secops.core.i18n import _


@dataclass(frozen=True)
class Total:
    """The sum over exactly these sites, (n,). `doubted` told shares that did not fit, and were not needed."""

    sites: tuple[str, ...]
    values: Numbers
    doubted: str | None = None


class Hub:
    """One set-up, and the rounds that it is for. `left_out` says of each site that is no part of it why."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._group: keying.Group | None = None
        self._setup: Setup | None = None
        self.left_out: dict[str, str] = {site: _("it sent no keys") for site in terms.sites}

    def keys(self, messages: Mapping[str, bytes]) -> dict[str, bytes]:
        """The keys of the sites that count, for each of them. Raises `RefusedError` where they are too few."""
        found: dict[str, Keys] = {}
        for site in sorted(messages):
            try:
                found[site] = keying.read(messages[site], site, self._terms)
            except RefusedError as error:
                self.left_out[site] = error.what
        self._group = keying.enough(found, self._terms)
        self.left_out |= dict.fromkeys(found, _("it sent no shares"))
        return {site: messages[site] for site in found}

    def shares(self, messages: Mapping[str, Mapping[str, bytes]]) -> dict[str, dict[str, bytes]]:
        """Given what each sender sealed for each receiver: what each receiver gets from whom.

        Raises `RefusedError` where they are too few. Who did not send to all others is left out.
        """
        if self._group is None:
            raise RefusedError(_("this step of the set-up is not the next one"))
        senders = [site for site in self._group.keys if self._whole(site, messages.get(site, {}))]
        self._setup = ended(self._terms, self._group, senders)
        for site in senders:
            del self.left_out[site]
        return {to: {by: messages[by][to] for by in senders if by != to} for to in senders}

    def round(self, number: int, ask: str, size: int, limit: int) -> Sum:
        """A sum of `size` numbers, at most `limit` each; `ask` digests all that is asked. Raises `RefusedError`."""
        if self._setup is None:
            raise RefusedError(_("this step of the set-up is not the next one"))
        if not self._terms.first <= number <= self._terms.last:
            raise RefusedError(_("round {n} is over, or not of this set-up").format(n=number))
        self._terms.check_room(limit)
        return Sum(Round(self._setup, number, ask), size, limit)

    @property
    def sites(self) -> tuple[str, ...]:
        """Who takes part, once the set-up has ended."""
        return self._setup.sites if self._setup else ()

    def _whole(self, site: str, sent: Mapping[str, bytes]) -> bool:
        """Whether a site sent a message to each other that gave keys."""
        others = set(self._group.keys if self._group else ()) - {site}
        return sent.keys() == others and all(len(m) == sealing.sealed_size(self._terms) for m in sent.values())


class Sum:
    """One round at the hub: `add` for each vector, then `survivors`, `signatures`, `unmask`."""

    def __init__(self, around: Round, size: int, limit: int) -> None:
        self._round, self._limit = around, limit
        self._total = np.zeros(size + 1, around.setup.terms.word)
        self._added: set[str] = set()
        self._survivors: tuple[str, ...] | None = None

    def add(self, site: str, sent: bytes) -> None:
        """One site's masked vector. Raises `RefusedError` for one that is late, comes twice or has another length."""
        if self._survivors is not None or site in self._added or site not in self._round.setup.sites:
            raise RefusedError(_("it is late, or sent a second vector, or is no part of the set-up"), where=site)
        if len(sent) != self._total.nbytes:
            raise RefusedError(_("its vector has another length than was asked for"), where=site)
        self._total += np.frombuffer(sent, self._total.dtype)
        self._added.add(site)

    def survivors(self) -> tuple[str, ...]:
        """Whose vectors are in the sum, for all of them to sign; from here on none is added. Raises `RefusedError`."""
        there = tuple(sorted(self._added))
        self._round.setup.terms.check_survivors(there, self._round.setup.sites)
        self._survivors = there
        return there

    def signatures(self, messages: Mapping[str, str]) -> dict[str, str]:
        """As many as a survivor has to see before it tells anything. Raises `RefusedError` where they are too few."""
        there = self._survivors or ()
        statement = self._round.statement(there)
        good = [s for s, by in messages.items() if s in there and self._round.signed_by(s, statement, by)]
        self._enough(len(good), _("{n} survivors signed the list, {threshold} are needed"))
        return {site: messages[site] for site in sorted(good)[: self._round.setup.terms.threshold]}

    def unmask(self, messages: Mapping[str, bytes]) -> Total:
        """The sum, by the shares that survivors told. Raises `RefusedError` where they are too few, or do not fit."""
        setup, there = self._round.setup, self._survivors or ()
        size = shamir.SHARE * len(setup.sites)
        told = {s: sent for s, sent in messages.items() if s in there and len(sent) == size}
        self._enough(len(told), _("{n} survivors told their shares, {threshold} are needed"))
        found = recovered(self._round, there, told)
        total = self._total.copy()
        for site, secret in found.secrets.items():
            self._take_away(total, site, secret)
        return Total(there, self._signed(total), found.doubted)

    def _take_away(self, total: masks.Words, site: str, secret: bytes) -> None:
        """The masks that a site alone put on the sum: its own if it survived, else those that others have with it."""
        around, there = self._round, self._survivors or ()
        if site in there:
            masks.add(total, around.own_mask(site, secret), negative=True)
            return
        private = X25519PrivateKey.from_private_bytes(secret)
        for peer in there:
            masks.add(total, around.pair_mask(site, private, peer), negative=peer < site)

    def _signed(self, total: masks.Words) -> Numbers:
        """As numbers below and above 0. Raises `RefusedError` for a sum that these sites cannot have."""
        count = len(self._survivors or ())
        values = total[:-1].view(f"<i{total.itemsize}").astype(np.int64)
        if total[-1] != count or np.any(values > self._limit * count) or np.any(values < -self._limit * count):
            hint = _("A site masked something else than was asked, or was shown something else.")
            raise RefusedError(_("the masks do not cancel: there is no sum"), hint=hint)
        return values

    def _enough(self, count: int, what: str) -> None:
        threshold = self._round.setup.terms.threshold
        if count < threshold:
            raise RefusedError(what.format(n=count, threshold=threshold))
