"""How good a model is on records, by sums: of all sites together, or the same measures of a site's own vector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from privacy.federated.ask import Ask, State
from privacy.federated.design import Design, Floats
from privacy.federated.methods.sums import Entries, counts, enough, joined, off, request, unknown
from privacy.federated.methods.terms import Problem

T_co = TypeVar("T_co", covariant=True)


class Predictor(Protocol):
    """Something fitted that tells, by parameters, what it expects of records."""

    @property
    def problem(self) -> Problem:
        """What it predicts from what."""

    def score(self, parameters: Mapping[str, Floats], data: Design) -> Floats:
        """The expected target of records, (records,); NaN where a value is missing that must not be."""

    def check(self, parameters: Mapping[str, Floats]) -> None:
        """See that a hub gives what `score` needs. Raises RefusedError."""


class Measure(Protocol[T_co]):
    """Measures that sums over records of (truth, score) give."""

    @property
    def entries(self) -> Entries:
        """The entries of its vector."""

    def sums(self, truth: Floats, score: Floats) -> Floats:
        """The sums over records that have both."""

    def read(self, total: Floats, wrong: Floats) -> T_co:
        """The measures. `wrong` is how far each entry of the total may be off."""


@dataclass(frozen=True)
class Evaluation(Generic[T_co]):
    """A model measured on test records in one round, or with `held=False` on those it was trained with (a `Method`)."""

    predictor: Predictor
    parameters: State
    measure: Measure[T_co]
    rows: int
    held: bool = True

    def start(self) -> State:
        return {}

    def ask(self, state: State) -> Ask | None:
        return None if "total" in state else self.asked("evaluate", 1, self.parameters)

    def asked(self, stage: str, number: int, given: Mapping[str, Floats]) -> Ask:
        """The round as a site works it out for itself. Raises RefusedError if the job has no such round."""
        if (stage, number) != ("evaluate", 1):
            raise unknown()
        self.predictor.check(given)
        return request(stage, number, self._entries, self.rows, given)

    def at_site(self, ask: Ask, data: Design) -> Floats:
        tested = enough(data, self.rows).part(held=self.held)
        truth = tested.column(self.predictor.problem.target.name)
        score = self.predictor.score(ask.given, tested)
        both = ~np.isnan(truth) & ~np.isnan(score)
        return np.append(float((~both).sum()), self.measure.sums(truth[both], score[both]))

    def take(self, state: State, total: Floats, sites: int) -> State:
        return {**state, "total": total, "sites": np.array(float(sites))}

    def left_out(self, state: State) -> int:
        """How many records have no target, or lack a value that must not be missing."""
        return int(state["total"][0])

    def measured(self, state: State) -> T_co:
        """The measures over all sites."""
        return self.of_vector(state["total"], int(state["sites"]))

    def of_vector(self, vector: Floats, sites: int = 1) -> T_co:
        """The measures of the sum of so many sites' vectors: of a site's own, for itself."""
        return self.measure.read(vector[1:], off(self._entries, self.rows, sites)[1:])

    @property
    def _entries(self) -> Entries:
        return joined(counts(1), self.measure.entries)
