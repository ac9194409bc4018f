"""Descent on a sum of clipped slopes, to which noise can be added: one record changes the sum by at most `clip`.

Nothing of the data is asked but these sums: terms are scaled by public numbers, and how many records there are is
declared. There is no loss curve, and there are no standard errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from privacy.federated.ask import Ask, State
from privacy.federated.design import Design, Floats
from privacy.federated.methods.learner import Learned, Learner
from privacy.federated.methods.sums import ROUNDING, enough, unknown
from privacy.federated.methods.terms import Scaling
from secops.core.errors import UsageError


@dataclass(frozen=True)
class Clipped(Learned):
    """Full-batch descent on clipped slopes (a `Method`); `clip` is the sensitivity to one record more or less.

    `step` is the unit that sites count, and noise is made, in. `records` is how many are expected over all sites, by
    which sums are divided. `decay` pulls towards 0. `scaling` is by public knowledge (means and spreads of a textbook);
    without it, by the declared ranges, which serve less well the wider they are. Raises UsageError for bad options.
    """

    learner: Learner
    rows: int
    rounds: int
    records: int
    clip: float
    step: float
    rate: float = 1.0
    decay: float = 0.0
    seed: int = 0
    scaling: Scaling | None = None

    def __post_init__(self) -> None:
        if min(self.clip, self.step, self.rate) <= 0 or min(self.records, self.rows) < 1 or self.decay < 0:
            raise UsageError("clip, step, rate and numbers of records are above 0, and a decay is 0 or more")

    def start(self) -> State:
        scaling = self.scaling or Scaling.declared(self.learner.problem.terms)
        weights = self.learner.network.start(self.seed)
        return {"round": np.array(0.0), "mean": scaling.mean, "sd": scaling.sd, "weights": weights}

    def ask(self, state: State) -> Ask | None:
        done = int(state["round"])
        return self.asked("slopes", done + 1, self.parameters(state)) if done < self.rounds else None

    def asked(self, stage: str, number: int, given: Mapping[str, Floats]) -> Ask:
        """The round as a site works it out for itself. Raises RefusedError if the job has no such round."""
        if stage != "slopes" or not 1 <= number <= self.rounds:
            raise unknown()
        self.check(given)
        bound = np.full(self.learner.network.size, self.rows * self.clip * ROUNDING)
        return Ask(stage, number, bound, np.full(len(bound), self.step), given)

    def at_site(self, ask: Ask, data: Design) -> Floats:
        train = enough(data, self.rows).part(held=False)
        terms, y = self.learner.examples(train, Scaling.of(ask.given))
        passed = self.learner.network.run(ask.given["weights"], terms, y)
        return passed.total(np.minimum(1.0, self.clip / np.maximum(passed.lengths(), self.clip)))

    def take(self, state: State, total: Floats, sites: int) -> State:  # noqa: ARG002  records are declared
        weights = state["weights"] - self.rate * (total / self.records + self.decay * state["weights"])
        return {**state, "weights": weights, "round": state["round"] + 1}
