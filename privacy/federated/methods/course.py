"""A fit and then its measures on test records, as one method: a job's whole course of sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from privacy.federated.ask import Ask, Method, State
from privacy.federated.design import Design, Floats
from privacy.federated.methods.evaluate import Evaluation, Measure, Predictor

_STAGE = "evaluate"
_OWN = "evaluate."


class Fit(Method, Predictor, Protocol):
    """A method that fits something which can predict."""

    def parameters(self, state: State) -> State:
        """What `score` needs of a state."""


@dataclass(frozen=True)
class Course:
    """First all rounds of `fit`, then one that measures it on the records that were held back (a `Method`)."""

    fit: Fit
    measure: Measure[Any]
    rows: int

    def start(self) -> State:
        return self.fit.start()

    def ask(self, state: State) -> Ask | None:
        if asked := self.fit.ask(state):
            return asked
        return self.evaluation(state).ask(_own(state))

    def asked(self, stage: str, number: int, given: Mapping[str, Floats]) -> Ask:
        if stage != _STAGE:
            return self.fit.asked(stage, number, given)
        return Evaluation(self.fit, given, self.measure, self.rows).asked(stage, number, given)

    def at_site(self, ask: Ask, data: Design) -> Floats:
        if ask.stage != _STAGE:
            return self.fit.at_site(ask, data)
        return Evaluation(self.fit, ask.given, self.measure, self.rows).at_site(ask, data)

    def take(self, state: State, total: Floats, sites: int) -> State:
        if self.fit.ask(state) is not None:
            return self.fit.take(state, total, sites)
        taken = self.evaluation(state).take(_own(state), total, sites)
        return {**state, **{_OWN + name: value for name, value in taken.items()}}

    def evaluation(self, state: State) -> Evaluation[Any]:
        """The measuring of what was fitted."""
        return Evaluation(self.fit, self.fit.parameters(state), self.measure, self.rows)

    def measured(self, state: State) -> Any:
        """The measures over all sites, once all is done."""
        return self.evaluation(state).measured(_own(state))

    def left_out(self, state: State) -> int:
        """How many of the test records could not be measured on."""
        return self.evaluation(state).left_out(_own(state))


def _own(state: State) -> State:
    return {name.removeprefix(_OWN): value for name, value in state.items() if name.startswith(_OWN)}
