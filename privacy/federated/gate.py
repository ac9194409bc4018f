"""A site's gate: what a hub asks is held against the job, and what is computed leaves masked, or not at all.

Everything that protects the site is here, outside of methods: its own policy and floors, declared ranges, the shape and
size of every number, noise, masks, and that each step of each round is answered once: a sum that may have been seen is
never given again, under no number and to no other hub. A method gives a vector; what the hub gets is that vector in
whole steps, with its share of noise, under masks. The same gate serves a job in this process and at a site elsewhere.
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
from privacy.federated.dp.plan import share
from privacy.federated.job.job import Job
from privacy.federated.journal import Entry, Journal
from privacy.federated.secagg.site import Site as Masked
from privacy.federated.secagg.terms import Member
from privacy.federated.secagg.turn import Numbers
from privacy.federated.site import data
from privacy.federated.site.mapping import Site
from privacy.parties.keys import Signer
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
        self._setup = ""
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
        if any(entry.setup == order.setup for entry in self._journal.entries):
            raise _FaultError("answered")
        self._take_part()
        self._pay()
        masked = self._guarded("masks", lambda: self._begun(order))
        self._write(Entry("keys", order.setup))
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
        if self._journal.is_over(order.number, order.asked):
            raise _FaultError("answered")
        ask = self._guarded("method", lambda: self._method.asked(order.stage, order.round, wire.unpacked(order.given)))
        if self._job.aggregation.by == "plain":
            return self._plain(order, ask)
        masked, most = self._masks(), building.limit(ask, self._noise)
        values, about = self._guarded("method", lambda: self._values(ask)), order.digest
        sent = self._guarded("masks", lambda: masked.mask(order.number, about, values, most))
        self._write(_entry(order, about))
        return wire.Done(sent)

    def _plain(self, order: wire.Compute, ask: Ask) -> wire.Answer:
        """A vector without masks, where the site's policy allows that: the same question has the same answer."""
        self._take_part()
        values = self._guarded("method", lambda: self._values(ask))
        entry = _entry(order, order.digest)
        before = self._journal.computed(order.number, order.asked)
        if not before:
            self._write(entry)
        elif before != [entry]:
            raise _FaultError("answered")
        return wire.Done(values.astype("<i8").tobytes())

    def _agree(self, order: wire.Agree) -> wire.Answer:
        """The signature over a list of survivors. A list that is refused was not signed, and does not stand there."""
        masked = self._masks()
        signature = self._guarded("masks", lambda: masked.agree(order.number, order.survivors))
        self._write(Entry("agree", order.setup, order.number, survivors=order.survivors))
        return wire.Done(text=signature)

    def _values(self, ask: Ask) -> Numbers:
        """The method's vector in whole steps, with this site's share of noise. Raises `RefusedError`."""
        vector = np.asarray(self._method.at_site(ask, self._take_part()), dtype=np.float64)
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
        """Debit the site's budget with all rounds of the job, once for a run: also where a crash came in between."""
        noise = self._noise
        if noise is None:
            return
        path, run = self._places.budget, self._run()
        if not path.exists():
            self.why.append(_("there is no privacy budget: `citywall fl budget` founds one"))
            raise _FaultError("budget")
        if not self._guarded("budget", lambda: budget.paid(budget.read(path), run, noise)):
            self._guarded("budget", lambda: budget.debit(path, run, self._digest, noise, datetime.now(UTC)))

    def _run(self) -> str:
        """What the budget knows this job by, as long as its journal is kept."""
        found = next((entry.about for entry in self._journal.entries if entry.step == "run"), None)
        if found is None:
            found = f"sha256:{token_hex(32)}"
            self._write(Entry("run", about=found))
        return found

    def _begun(self, order: wire.Keys) -> Masked:
        agreed = building.terms(self._job, self._members, order.first, order.rounds, order.bits)
        before = self._journal.signed()
        return Masked(agreed, self._site.site, self._signer, may_change=self._may_change, before=before)

    @property
    def _may_change(self) -> bool:
        return self._site.policy.survivors_may_change or building.is_descent(self._job)

    def _masks(self) -> Masked:
        if self._masked is None:
            raise _FaultError("order")
        return self._masked

    def _write(self, entry: Entry) -> None:
        """Write down what will be answered. Where that fails nothing is sent, and the set-up is over."""
        masked, self._masked = self._masked, None
        self._guarded("answered", lambda: self._journal.write(entry))
        self._masked = masked

    def _guarded(self, fault: wire.Fault, step: Callable[[], T]) -> T:
        """What a step gives; why it does not stays here, but for the kind of fault."""
        try:
            return step()
        except CitywallError as error:
            self.why.append(error.what)
            raise _FaultError(fault) from None


def _entry(order: wire.Compute, about: str) -> Entry:
    return Entry("compute", order.setup, order.number, order.asked, about)


def _with_people(records: data.Records) -> Design:
    """The records with a column of whose each is."""
    people = records.people.astype(np.float64)
    column = Column(building.PERSON, 0.0, float(people.max(initial=0.0)) + 1)
    values = np.column_stack([records.design.values, people])
    return Design((*records.design.columns, column), values, records.design.held)
