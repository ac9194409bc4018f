"""Sums over records: how large a site's sum can be, how finely it counts, and methods that need one round of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from privacy.federated.ask import Ask, State, unknown
from privacy.federated.design import Design, Floats
from secops.core.errors import RefusedError, UsageError
from secops.core.i18n import _

#: The most records of one site that a job may name: sums of so many 64-bit floats still keep to their bound.
MOST_ROWS = 1_000_000_000

#: Steps from 0 to a bound: so many that the sums of 255 sites stay below 2^63. Sums are far below their bound as a
#: rule, and then a float holds their steps exactly.
_FINE = 2.0**55

#: What rounding may add to a sum of floats, of its bound.
ROUNDING = 1 + 2.0**-20

#: An entry that is 0 for every record still needs a bound.
_LEAST = 2.0**-60

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Entries:
    """`each` is the most, as an absolute value, that one record adds to an entry, (n,); `whole` entries are counts."""

    each: Floats
    whole: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.each)


def counts(size: int) -> Entries:
    """Entries to which a record adds 0 or 1."""
    return Entries(np.ones(size), np.ones(size, dtype=bool))


def reals(each: Floats) -> Entries:
    """Entries to which a record adds at most so much, (n,)."""
    return Entries(np.maximum(np.asarray(each, dtype=float).ravel(), _LEAST), np.zeros(np.size(each), dtype=bool))


def joined(*entries: Entries) -> Entries:
    """Entries one after the other."""
    return Entries(np.concatenate([e.each for e in entries]), np.concatenate([e.whole for e in entries]))


def request(stage: str, number: int, entries: Entries, rows: int, given: Mapping[str, Floats]) -> Ask:
    """The round that asks for these sums from sites of at most `rows` records each. Raises UsageError for bad rows."""
    if not 1 <= rows <= MOST_ROWS:
        raise UsageError(_("a site may have 1 to {most} records, not {rows}").format(most=MOST_ROWS, rows=rows))
    bound = rows * entries.each * np.where(entries.whole, 1.0, ROUNDING)
    return Ask(stage, number, bound, np.where(entries.whole, 1.0, bound / _FINE), given)


def enough(data: Design, rows: int) -> Design:
    """The records, if they are no more than a site may have. Raises RefusedError."""
    if len(data.values) > rows:
        raise RefusedError(_("this site has more records than the job allows for one site"))
    return data


def off(entries: Entries, rows: int, sites: int) -> Floats:
    """How far a sum over sites may be from the true one, by counting in steps, (n,). Counts are exact."""
    return np.where(entries.whole, 0.0, sites * rows * entries.each * ROUNDING / _FINE)


class Part(Protocol[T_co]):
    """One statistic: what it sums over records, and what it makes of the totals."""

    @property
    def entries(self) -> Entries:
        """The entries of its vector."""

    def sums(self, data: Design) -> Floats:
        """The sums over a site's records, (n,)."""

    def read(self, total: Floats, wrong: Floats) -> T_co:
        """The result. `wrong` is how far each entry of the total may be off."""


@dataclass(frozen=True)
class Statistics(Generic[T_co]):
    """Statistics of all records, test records too, in one round (a `Method`)."""

    parts: Sequence[Part[T_co]]
    rows: int

    def start(self) -> State:
        return {}

    def ask(self, state: State) -> Ask | None:
        return None if "total" in state else self.asked("statistics", 1, {})

    def asked(self, stage: str, number: int, given: Mapping[str, Floats]) -> Ask:
        """The round as a site works it out for itself. Raises RefusedError if the job has no such round."""
        if (stage, number) != ("statistics", 1) or given:
            raise unknown()
        return request(stage, number, self._entries(), self.rows, given)

    def at_site(self, ask: Ask, data: Design) -> Floats:  # noqa: ARG002  what is asked is the job's alone
        return np.concatenate([part.sums(enough(data, self.rows)) for part in self.parts])

    def take(self, state: State, total: Floats, sites: int) -> State:
        return {**state, "total": total, "sites": np.array(float(sites))}

    def results(self, state: State) -> list[T_co]:
        """What each part makes of its sums, in their order."""
        wrong = off(self._entries(), self.rows, int(state["sites"]))
        ends = np.cumsum([len(part.entries) for part in self.parts])[:-1]
        shares = zip(self.parts, np.split(state["total"], ends), np.split(wrong, ends), strict=True)
        return [part.read(total, error) for part, total, error in shares]

    def _entries(self) -> Entries:
        return joined(*(part.entries for part in self.parts))


def counted(places: NDArray[np.intp], size: int) -> Floats:
    """How often each of the places 0 … size - 1 occurs, (size,)."""
    return np.bincount(places, minlength=size).astype(float)
