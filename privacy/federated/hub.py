"""The hub of a job: it asks all sites, adds up what they send, and goes on with the sum alone.

It holds no data and no key of a site. What it needs of the outside is an `Exchange`: orders by site in, answers by site
out; a site that does not answer is not among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Literal

import msgspec
import numpy as np

from privacy.federated import building, wire
from privacy.federated.ask import Ask, Method, State
from privacy.federated.design import Floats
from privacy.federated.job.job import Job
from privacy.federated.secagg import hub as secagg
from privacy.federated.secagg.terms import Member, Terms
from secops.core.errors import RefusedError
from secops.core.i18n import _

#: Orders by site → answers by site.
Exchange = Callable[[Mapping[str, bytes]], Mapping[str, bytes]]

#: Sums that fit need only 4 bytes a number.
_NARROW = 1 << 31


class Round(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A round that is done: over which sites the sum is."""

    number: int
    stage: str
    sites: tuple[str, ...]
    loss: float | None


@dataclass
class Standing:
    """Where a job stands between rounds: all that it needs to be taken up again."""

    state: State
    number: int = 0
    rounds: list[Round] = field(default_factory=list)


@dataclass
class _Masks:
    """The set-up of masks in use, under its name, up to the round that it ends with."""

    hub: secagg.Hub
    name: str
    last: int
    bits: int


class Hub:
    """A job at its hub. `faults` says of each site that gave no answer why, as far as it told."""

    def __init__(self, job: Job, members: Sequence[Member], exchange: Exchange) -> None:
        self.job, self._members, self._exchange = job, tuple(members), exchange
        self.method: Method = building.method(job)
        self._digest, self._noise = job.digest, building.noise(job)
        self._masks: _Masks | None = None
        self.faults: dict[str, str] = {}

    def begin(self) -> Standing:
        """Before the first round."""
        return Standing(self.method.start())

    def step(self, standing: Standing) -> Standing | None:
        """One round more; None when the job is done. Raises `RefusedError` where there is no right sum."""
        ask = self.method.ask(standing.state)
        if ask is None:
            return None
        number, among = standing.number + 1, self._among(standing)
        add = self._plain if self.job.aggregation.by == "plain" else self._masked
        sites, total = add(ask, number, among)
        state = self.method.take(standing.state, total * ask.step, len(sites))
        loss = float(state["loss"]) if "loss" in state else None
        return Standing(state, number, [*standing.rounds, Round(number, ask.stage, sites, loss)])

    def _among(self, standing: Standing) -> tuple[str, ...]:
        """Who is asked: those of the round before, where sites sign no list that is another."""
        if building.is_descent(self.job) or not standing.rounds:
            return self.job.parties.sites
        return standing.rounds[-1].sites

    def _plain(self, ask: Ask, number: int, among: Sequence[str]) -> tuple[tuple[str, ...], Floats]:
        """The sum of what sites sent as it is."""
        vectors: dict[str, Floats] = {}
        for site, done in self._all(among, self._compute(ask, number, "")).items():
            try:
                vectors[site] = _plain_vector(done.content, ask)
            except RefusedError as error:
                self.faults[site] = error.what
        if refusing := [site for site in among if self.faults.get(site) == "policy: site-aggregation"]:
            raise RefusedError(_("not every site allows plain sums"), where=", ".join(refusing))
        if len(vectors) < self.job.minimum.sites:
            what = _("{n} sites are left, {threshold} are needed")
            raise RefusedError(what.format(n=len(vectors), threshold=self.job.minimum.sites))
        return tuple(sorted(vectors)), np.sum(list(vectors.values()), axis=0)

    def _masked(self, ask: Ask, number: int, among: Sequence[str]) -> tuple[tuple[str, ...], Floats]:
        """The sum by secure aggregation. A set-up in which a round failed is not used again."""
        masks, self._masks = self._ready(ask, number, among), None
        order = self._compute(ask, number, masks.name)
        total = masks.hub.round(number, order.digest, ask.size, building.limit(ask, self._noise))
        for site, done in self._all([site for site in masks.hub.sites if site in among], order).items():
            try:
                total.add(site, done.content)
            except RefusedError as error:
                self.faults[site] = error.what
        there = total.survivors()
        signed = self._all(there, wire.Agree(job=order.job, setup=masks.name, number=number, survivors=there))
        signatures = total.signatures({site: done.text for site, done in signed.items()})
        reveal = wire.Reveal(job=order.job, setup=masks.name, number=number, signatures=signatures)
        told = self._all(there, reveal)
        summed = total.unmask({site: done.content for site, done in told.items()})
        if summed.doubted:
            self.faults[summed.doubted] = _("it told shares that did not fit; the sum did not need them")
        self._masks = masks
        return summed.sites, summed.values.astype(np.float64)

    def _compute(self, ask: Ask, number: int, setup: str) -> wire.Compute:
        given = wire.packed(ask.given)
        return wire.Compute(job=self._digest, setup=setup, number=number, stage=ask.stage, round=ask.round, given=given)

    def _ready(self, ask: Ask, number: int, among: Sequence[str]) -> _Masks:
        """The set-up that this round is in: the one in use, or a new one."""
        bits: Literal[32, 64] = 32 if len(self._members) * building.limit(ask, self._noise) < _NARROW else 64
        if self._masks and self._masks.bits == bits and number <= self._masks.last:
            return self._masks
        terms = building.terms(self.job, self._members, number, building.rounds_left(self.job, number), bits)
        masks = _Masks(secagg.Hub(terms), token_hex(16), terms.last, bits)
        try:
            self._set_up(masks, terms, among)
        finally:
            self.faults = {**masks.hub.left_out, **self.faults}
        return masks

    def _set_up(self, masks: _Masks, terms: Terms, among: Sequence[str]) -> None:
        """A set-up of masks for the rounds that are left, or the one round where the next one counts otherwise."""
        job, name, hub = self._digest, masks.name, masks.hub
        first, rounds, bits = terms.first, terms.rounds, terms.bits
        keys = self._all(among, wire.Keys(job=job, setup=name, first=first, rounds=rounds, bits=bits))
        shown = hub.keys({site: done.content for site, done in keys.items()})
        dealt = self._all(shown, wire.Deal(job=job, setup=name, keys=shown))
        passed = hub.shares({site: done.parts for site, done in dealt.items()})
        self._each({site: wire.Accept(job=job, setup=name, sealed=sealed) for site, sealed in passed.items()})

    def _all(self, sites: Sequence[str] | Mapping[str, object], order: wire.Order) -> dict[str, wire.Done]:
        return self._each(dict.fromkeys(sites, order))

    def _each(self, orders: Mapping[str, wire.Order]) -> dict[str, wire.Done]:
        """What sites made of their orders; who made nothing of it is left out, with the reason in `faults`."""
        distinct = {id(order): order for order in orders.values()}  # what goes to all is written once
        written = {key: wire.encode(order) for key, order in distinct.items()}
        answers = self._exchange({site: written[id(order)] for site, order in orders.items()})
        found = {}
        for site in orders:
            answer = self._read(answers.get(site))
            if isinstance(answer, wire.Done):
                found[site] = answer
            else:
                self.faults[site] = answer
        return found

    def _read(self, raw: bytes | None) -> wire.Done | str:
        if raw is None:
            return _("it did not answer")
        try:
            answer = wire.answer(raw)
        except RefusedError as error:
            return error.what
        return answer if isinstance(answer, wire.Done) else ": ".join(filter(None, (answer.fault, answer.code)))


def _plain_vector(sent: bytes, ask: Ask) -> Floats:
    """What a site sent as it is. Raises `RefusedError`."""
    if len(sent) != 8 * ask.size:
        raise RefusedError(_("its vector has another length than was asked for"))
    vector, most = np.frombuffer(sent, "<i8"), building.limit(ask, None)
    if (vector > most).any() or (vector < -most).any():
        raise RefusedError(_("it sent more than was declared"))
    return vector.astype(np.float64)
