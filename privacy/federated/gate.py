"""A site's gate: what a hub asks is held against the job, and what is computed leaves masked, or not at all.

Everything that protects the site is here, outside of methods: its own policy and floors, declared ranges, the shape and
size of every number, noise, masks, and that each step of each round is answered once. A method gives a vector; what the
hub gets is that vector in whole steps, with its share of noise, under masks. The same gate serves a job in this process
and at a site elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import TypeVar

import numpy as np

from privacy.federated import building, wire
from privacy.federated.ask import Ask
from privacy.federated.design import Column, Design
from privacy.federated.dp import budget
from privacy.federated.dp.plan import Noise, share
from privacy.federated.job.job import Job
from privacy.federated.journal import Entry, Journal
from privacy.federated.secagg.site import Site as Masked
from privacy.federated.secagg.terms import Member, Terms
from privacy.federated.secagg.turn import Numbers
from privacy.federated.site import data
from privacy.federated.site.mapping import Site
from privacy.parties.keys import Signer
from privacy.parties.signed import made
from secops.core.errors import CitywallError, RefusedError
from secops.core.i18n import _

Records = Callable[[], data.Records]

T = TypeVar("T")


class _FaultError(Exception):
    """Why there is no result, as far as the hub may know."""

    def __init__(self, fault: wire.Fault, code: str = "") -> None:
        super().__init__(fault)
        self.refused = wire.Refused(fault, code)


@dataclass(frozen=True)
class Places:
    """Where a site keeps the journals of its jobs, and the budget of its records."""

    journals: Path
    budget: Path


class Gate:
    """One job at one site, in memory: restarted, it has dropped out of the set-up that it was in.

    `records` reads what takes part, once. `why` has what was refused in words, for the site's own eyes.
    """

    def __init__(
        self, job: Job, site: Site, signer: Signer, members: Sequence[Member], records: Records, places: Places
    ) -> None:
        """Raises `UsageError` and `RefusedError` where the journal cannot be kept."""
        self._job, self._site, self._signer, self._members = job, site, signer, tuple(members)
        self._method, self._read, self._places = building.method(job), records, places
        self._digest, self._noise = job.digest, building.noise(job)
        self._journal = Journal(places.journals, self._digest)
        self._data: Design | None = None
        self._masked: Masked | None = None
        self._setup = 0
        self.why: list[str] = []

    def answer(self, raw: bytes) -> bytes:
        """The answer to a message. It never raises; what a hub is not to know stays here."""
        try:
            return wire.encode(self._answer(raw))
        except _FaultError as error:
            return wire.encode(error.refused)
        except Exception as error:
            self.why.append(type(error).__name__)
            return wire.encode(wire.Refused("internal"))

    def close(self) -> None:
        """End: the masks are gone, and another process may serve the job."""
        self._masked = None
        self._journal.close()

    def _answer(self, raw: bytes) -> wire.Answer:
        order = self._guarded("message", lambda: wire.order(raw))
        if order.job != self._digest:
            raise _FaultError("order")
        if self._job.aggregation.by == "plain" and not isinstance(order, wire.Compute):
            raise _FaultError("order")
        if not isinstance(order, wire.Keys) and order.setup != self._setup:
            raise _FaultError("order")
        match order:
            case wire.Keys():
                return self._keys(order)
            case wire.Compute():
                return self._compute(order)
            case wire.Agree():
                return self._agree(order)
            case _:
                return self._step(order)

    def _keys(self, order: wire.Keys) -> wire.Answer:
        """A new set-up. The site looks at its records, and pays for the noise, before it says anything."""
        if order.setup <= self._last_setup():
            raise _FaultError("answered")
        self._take_part()
        self._pay()
        terms = self._guarded("masks", lambda: self._terms(order))
        before = self._journal.signed()
        self._write(Entry("keys", order.setup))
        masked = Masked(terms, self._site.site, self._signer, may_change=self._may_change, before=before)
        self._masked, self._setup = masked, order.setup
        return wire.Done(self._guarded("masks", masked.keys))

    def _step(self, order: wire.Deal | wire.Accept | wire.Reveal) -> wire.Answer:
        """A step that secure aggregation itself answers once, in the memory of this process."""
        masked = self._masks()
        match order:
            case wire.Deal():
                return wire.Done(parts=self._guarded("masks", lambda: masked.deal(order.keys)))
            case wire.Accept():
                self._guarded("masks", lambda: masked.accept(order.sealed))
                return wire.Done()
            case wire.Reveal():
                return wire.Done(self._guarded("masks", lambda: masked.reveal(order.number, order.signatures)))

    def _compute(self, order: wire.Compute) -> wire.Answer:
        """The vector of a round: one whose survivors were signed is over for good."""
        about = order.digest
        if any(entry.step == "agree" and entry.number == order.number for entry in self._journal.entries):
            raise _FaultError("answered")
        ask = self._guarded("method", lambda: self._method.asked(order.stage, order.round, wire.unpacked(order.given)))
        if self._job.aggregation.by == "plain":
            return self._plain(order, ask, about)
        masked = self._masks()
        values = self._guarded("method", lambda: self._values(ask))
        self._write(Entry("compute", order.setup, order.number, about))
        return wire.Done(
            self._guarded("masks", lambda: masked.mask(order.number, about, values, limit(ask, self._noise)))
        )

    def _plain(self, order: wire.Compute, ask: Ask, about: str) -> wire.Answer:
        """A vector without masks, where the site's policy allows that: the same question has the same answer."""
        self._take_part()
        values = self._guarded("method", lambda: self._values(ask))
        entry = Entry("compute", 0, order.number, about)
        asked = [one.about for one in self._journal.entries if one.number == order.number]
        if not asked:
            self._write(entry)
        elif asked != [about]:
            raise _FaultError("answered")
        return wire.Done(values.astype("<i8").tobytes())

    def _agree(self, order: wire.Agree) -> wire.Answer:
        masked = self._masks()
        self._write(Entry("agree", order.setup, order.number, survivors=order.survivors))
        return wire.Done(text=self._guarded("masks", lambda: masked.agree(order.number, order.survivors)))

    def _values(self, ask: Ask) -> Numbers:
        """The method's vector in whole steps, with this site's share of noise. Raises `RefusedError`."""
        vector = self._method.at_site(ask, self._take_part())
        if vector.shape != (ask.size,) or not np.isfinite(vector).all() or (np.abs(vector) > ask.bound).any():
            raise RefusedError(
                _("the vector of {stage} has another shape or size than declared").format(stage=ask.stage)
            )
        values: Numbers = np.rint(vector / ask.step).astype(np.int64)
        return values if self._noise is None else values + share(self._noise)

    def _take_part(self) -> Design:
        """The records, read once. The first reason against it is told by its code."""
        if self._data is None:
            found = self._guarded("records", self._read)
            for reason in data.refusals(self._job, self._site, found):
                self.why.append(str(reason))
                raise _FaultError("policy" if reason.code.startswith("site-") else "floor", reason.code)
            self._data = _with_people(found) if self._job.privacy else found.design
        return self._data

    def _pay(self) -> None:
        """Debit the site's budget with all rounds of the job, once for a run."""
        noise = self._noise
        if noise is None:
            return
        path = self._places.budget
        run = next((entry.about for entry in self._journal.entries if entry.step == "run"), None)
        if run is None:
            run = f"sha256:{token_hex(32)}"
            self._write(Entry("run", 0, about=run))
            self._guarded("budget", lambda: budget.debit(path, run, self._digest, noise, datetime.now(UTC)))
        elif not budget.paid(self._guarded("budget", lambda: budget.read(path)), run, noise):
            raise _FaultError("budget")

    def _terms(self, order: wire.Keys) -> Terms:
        return terms(self._job, self._members, order.first, order.rounds, order.bits)

    @property
    def _may_change(self) -> bool:
        return self._site.policy.survivors_may_change or building.is_descent(self._job)

    def _last_setup(self) -> int:
        return max((entry.setup for entry in self._journal.entries), default=0)

    def _masks(self) -> Masked:
        if self._masked is None:
            raise _FaultError("order")
        return self._masked

    def _write(self, entry: Entry) -> None:
        self._guarded("answered", lambda: self._journal.write(entry))

    def _guarded(self, fault: wire.Fault, step: Callable[[], T]) -> T:
        """What a step gives; why it does not stays here, but for the kind of fault."""
        try:
            return step()
        except CitywallError as error:
            self.why.append(error.what)
            raise _FaultError(fault) from None


def limit(ask: Ask, noise: Noise | None) -> int:
    """The largest whole number of a round that any site may send."""
    return ask.largest() + (noise.reach if noise else 0)


def terms(job: Job, members: Sequence[Member], first: int, rounds: int, bits: int) -> Terms:
    """The terms of a set-up of masks, the same at the hub and at every site. Raises `UsageError`."""
    least, colluding = job.minimum.sites, job.aggregation.colluding
    return made(
        Terms, job=job.digest, members=tuple(sorted(members, key=lambda member: member.id)), threshold=least,
        colluding=colluding, first=first, rounds=rounds, bits=bits,
    )  # fmt: skip


def _with_people(records: data.Records) -> Design:
    """The records with a column of whose each is."""
    people = records.people.astype(np.float64)
    column = Column(building.PERSON, 0.0, float(people.max(initial=0.0)) + 1)
    values = np.column_stack([records.design.values, people])
    return Design((*records.design.columns, column), values, records.design.held)
