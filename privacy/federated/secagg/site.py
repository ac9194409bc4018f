"""A site of secure aggregation, from its keys to the last round. It lives in memory alone: restarted, it has dropped.

The order of calls is that of the protocol, each is answered once, and nothing that is refused tells anything:
`keys`, `deal`, `accept`, then for each round `mask`, `agree`, `reveal`. Who runs sites must see to it that for one job
and round only one `Site` ever answers (the gate's journal); the class cannot know of another process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from privacy.federated.secagg import keying, sealing, shamir, turn
from privacy.federated.secagg.keying import Group, Secrets
from privacy.federated.secagg.round import Round, Setup, ended
from privacy.federated.secagg.terms import Terms
from privacy.federated.secagg.turn import Numbers, Turn
from privacy.parties import signed
from privacy.parties.keys import Signer
from secops.core.errors import RefusedError, UsageError
from secops.core.i18n import _


class Site:
    """One site in one set-up.

    `may_change` is the site's policy: whether those who survive may be others than in the rounds before. Two sums over
    sets that differ by one site are that site's vector. `before` are the survivors of an earlier set-up of this job.
    """

    def __init__(
        self, terms: Terms, me: str, signer: Signer, *, may_change: bool = False, before: Sequence[str] | None = None
    ) -> None:
        member = terms.member(me)
        if member is None or member.public_key != signer.public_key:
            raise UsageError(_("the key is not that of this site in the roster of the job"), where=me)
        self._terms, self._me, self._signer, self.may_change = terms, me, signer, may_change
        self._before = None if before is None else tuple(before)
        self._secrets = Secrets(terms.rounds)
        self._keys = self._secrets.public(terms, me)
        self._held: dict[str, bytearray] = {}
        self._group: Group | None = None
        self._setup: Setup | None = None
        self._turn: Turn | None = None
        self._round = terms.first
        self._next = "keys"

    def keys(self) -> bytes:
        """The keys of this site for all rounds, signed."""
        self._step("keys", "deal")
        return signed.dump(signed.sign(self._keys, self._signer))

    def deal(self, keys: Mapping[str, bytes]) -> dict[str, bytes]:
        """Given the keys of all sites: the shares of this site's secrets, sealed for each other one.

        Raises `RefusedError` for keys that are not signed by who is in the roster, or too few: then the set-up is over.
        """
        self._step("deal", "accept")
        group = keying.group(keys, self._terms)
        if group.keys.get(self._me) != self._keys:
            raise RefusedError(_("the keys of this site were left out, or changed"))
        self._group = group
        rows = self._shares()
        self._held[self._me] = bytearray(rows[self._terms.place(self._me) - 1])
        return {
            peer: sealing.seal(
                rows[self._terms.place(peer) - 1], self._secrets.share, group, self._terms, (self._me, peer)
            )
            for peer in group.keys
            if peer != self._me
        }

    def accept(self, sealed: Mapping[str, bytes]) -> tuple[str, ...]:
        """Given what others sealed for this site: who takes part. Raises `RefusedError`: then the set-up is over."""
        self._step("accept", "rounds")
        group = self._group
        if group is None or self._me in sealed or not sealed.keys() <= group.keys.keys():
            raise RefusedError(_("shares came from a site that gave no keys"))
        setup = ended(self._terms, group, [self._me, *sealed])
        for peer, message in sealed.items():
            self._held[peer] = sealing.unseal(message, self._secrets.share, group, self._terms, (peer, self._me))
        del self._secrets.share  # what was sealed for this site cannot be opened again, by anybody
        self._setup = setup
        return setup.sites

    def mask(self, number: int, ask: str, values: Numbers, limit: int) -> bytes:
        """The masked vector of a round. Every site's numbers are at most `limit`; `ask` digests all that is asked.

        Raises `RefusedError`, before anything is sent, for a round that is over or was begun, for numbers beyond the
        limit, and where the sum could overflow.
        """
        setup = self._ready(number)
        self._terms.check_room(limit)
        turn.check_values(values, limit)
        around = Round(setup, number, ask)
        shares = {peer: sealing.shares_of(held, around.turn) for peer, held in self._held.items()}
        own = self._secrets.rounds[around.turn]
        self._forget(number)
        sent = turn.masked(around, self._me, own, values)
        self._turn = Turn(around, self._me, self._signer, shares)
        return sent

    def agree(self, number: int, survivors: Sequence[str]) -> str:
        """The signature over the list of survivors of this round. Raises `RefusedError`."""
        now = self._current(number)
        if self._before not in (None, tuple(survivors)) and not self.may_change:
            hint = _("Sums over sets that differ by one site give that site away. Start the job again.")
            raise RefusedError(_("other sites survive than before, which this site does not allow"), hint=hint)
        signature = now.agree(survivors)
        self._before = tuple(survivors)
        return signature

    def reveal(self, number: int, signatures: Mapping[str, str]) -> bytes:
        """The shares that let the hub unmask the sum of this round. Raises `RefusedError`."""
        return self._current(number).reveal(signatures)

    @property
    def survivors(self) -> tuple[str, ...] | None:
        """The last list that this site signed, also in an earlier set-up: `before` for the next one."""
        return self._before

    def _step(self, here: str, then: str) -> None:
        """Go on, once; where a step fails, there is no second try."""
        if self._next != here:
            raise RefusedError(_("this step of the set-up is not the next one"), where=self._me)
        self._next = then

    def _shares(self) -> list[bytes]:
        """For each member, in their order, its shares of both secrets of each round."""
        rows = [bytearray() for _member in self._terms.members]
        for own in self._secrets.rounds.values():
            for secret in (own.mask_key.private_bytes_raw(), own.seed):
                for row, share in zip(rows, shamir.split(secret, self._terms.threshold, len(rows)), strict=True):
                    row += share
        return [bytes(row) for row in rows]

    def _ready(self, number: int) -> Setup:
        """The set-up, if this round may begin."""
        if self._setup is None:
            raise RefusedError(_("this site has no part in the set-up"), where=self._me)
        if not self._round <= number <= self._terms.last:
            raise RefusedError(_("round {n} is over, or not of this set-up").format(n=number))
        return self._setup

    def _current(self, number: int) -> Turn:
        if self._turn is None or number != self._round - 1:
            raise RefusedError(_("round {n} is over, or not of this set-up").format(n=number))
        return self._turn

    def _forget(self, number: int) -> None:
        """Nothing of this round and those before can be had again."""
        for at in range(self._round, number + 1):
            place = at - self._terms.first
            del self._secrets.rounds[place]
            for held in self._held.values():
                sealing.forget(held, place)
        self._round, self._turn = number + 1, None

    def __reduce__(self) -> str:
        raise TypeError("a site's secrets are not serialised")
