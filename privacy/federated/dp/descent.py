"""Regression from noisy sums: full gradient descent of a fixed number of rounds, people's gradients clipped.

Abadi et al. 2016 without sampling: every round all people are asked, and the noise of the sum protects each. The method
gives the sum; the gate at each site adds its share of the noise (`plan.share`). What comes out of the noisy sums may be
computed with freely: the model is the mean of the coefficients of the last half of the rounds, which evens noise out.
No standard errors: a noisy gradient has none of the usual ones.

Rounds, clip and rate are the job's, or those of `PACES`. These were chosen on made-up people
(benchmarks/noisy_descent.py), never on data at hand: to look at results and choose again tells more than is paid for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite

import numpy as np

from privacy.federated.ask import Ask, State, unknown
from privacy.federated.design import Column, Design, Floats
from privacy.federated.dp.gradients import FINE, clipped_sum
from privacy.federated.dp.plan import Wanted
from privacy.federated.dp.scaling import Scaling
from secops.core.errors import RefusedError, UsageError
from secops.core.i18n import _

#: People at one site that a sum has room for; beyond, it is cut off, which takes nothing from anyone's protection.
MOST_PEOPLE = 1 << 20


@dataclass(frozen=True)
class Pace:
    """`clip`: longest gradient of a person. `rate`: how far a round goes, per person and unit of gradient."""

    rounds: int
    clip: float
    rate: float


@dataclass(frozen=True)
class _Kind:
    """`aim`: the target as the model gives it; `misfit`: how far the model (given by its sums) is above it."""

    aim: Callable[[Column, Floats], Floats]
    misfit: Callable[[Floats, Floats], Floats]


def _probability(sums: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(sums, -500, 500)))


def _centred(target: Column, values: Floats) -> Floats:
    return (values - (target.lower + target.upper) / 2) * (2 / (target.upper - target.lower))


_KINDS: Mapping[str, _Kind] = {
    "logistic": _Kind(lambda _, values: values, lambda sums, aim: _probability(sums) - aim),
    "linear": _Kind(_centred, lambda sums, aim: sums - aim),
}

PACES: Mapping[str, Pace] = {"logistic": Pace(20, 0.4, 32.0), "linear": Pace(40, 0.2, 8.0)}


@dataclass(frozen=True)
class NoisyDescent:
    """`logistic` regression of a label of two values, or `linear` of a number. `unit` is the column of people.

    `people`: about how many take part at all sites, as was known before (a job's minimum): it is no count of the data.
    """

    kind: str
    scaling: Scaling
    target: Column
    unit: str
    people: int
    pace: Pace

    def __post_init__(self) -> None:
        """Raises `UsageError` for what no bound can be given for."""
        if self.kind not in _KINDS or (self.target.levels == 2) != (self.kind == "logistic"):
            raise UsageError(_("logistic regression is of a label of two values, linear of a number"))
        Scaling((self.target,))
        if {self.unit, self.target.name} & {column.name for column in self.scaling.columns}:
            raise UsageError(_("neither the target nor the column of people can be a feature"))
        if not (self.pace.rounds >= 1 and _positive(self.pace.clip) and _positive(self.pace.rate) and self.people >= 1):
            raise UsageError(_("rounds, clip, rate and people must be above 0"))

    def wanted(self, epsilon: float, delta: float, sites: int, threshold: int, colluding: int) -> Wanted:
        """What its noise has to be planned for."""
        return Wanted(epsilon, delta, self.pace.rounds, sites, threshold, colluding, FINE, self.scaling.size)

    def start(self) -> State:
        nothing = np.zeros(self.scaling.size)
        return {"round": np.zeros(()), "coefficients": nothing, "tail": nothing}

    def ask(self, state: State) -> Ask | None:
        done = int(state["round"])
        if done >= self.pace.rounds:
            return None
        return self.asked("gradient", done + 1, {"coefficients": state["coefficients"]})

    def asked(self, stage: str, number: int, given: Mapping[str, Floats]) -> Ask:
        coefficients = given.get("coefficients")
        if stage != "gradient" or not 1 <= number <= self.pace.rounds or len(given) != 1 or coefficients is None:
            raise unknown()
        if coefficients.shape != (self.scaling.size,) or not np.isfinite(coefficients).all():
            raise unknown()
        step = np.full(self.scaling.size, self.pace.clip / FINE)
        return Ask(stage, number, step * FINE * MOST_PEOPLE, step, given)

    def at_site(self, ask: Ask, data: Design) -> Floats:
        """The sum of people's clipped gradients: whole steps. Records without target or person are left out."""
        train = data.part(held=False)
        person, target = train.column(self.unit), train.column(self.target.name)
        entries = self.scaling.entries(train)
        with np.errstate(all="ignore"):  # a hub may ask with coefficients that are no numbers: such gradients are 0
            aim = _KINDS[self.kind].aim(self.target, target)
            misfit = _KINDS[self.kind].misfit(_sums(ask.given["coefficients"], entries), aim)
            gradients = entries * misfit
        kept = ~(np.isnan(person) | np.isnan(target))
        whole = clipped_sum(gradients[:, kept], person[kept], self.pace.clip)
        return np.clip(whole, -FINE * MOST_PEOPLE, FINE * MOST_PEOPLE) * ask.step

    def take(self, state: State, total: Floats, sites: int) -> State:
        if sites < 1 or not np.isfinite(total).all():
            raise RefusedError(_("no site has answered with numbers"))
        done = int(state["round"])
        coefficients = state["coefficients"] - self.pace.rate / self.people * total
        tail = state["tail"] + coefficients if done >= self.pace.rounds // 2 else state["tail"]
        return {"round": np.array(done + 1.0), "coefficients": coefficients, "tail": tail}

    def model(self, state: State) -> Floats:
        """(size,) coefficients for scaled columns, once all rounds are done. Raises `RefusedError` before."""
        if int(state["round"]) < self.pace.rounds:
            raise RefusedError(_("there is no model before all rounds are done"))
        return state["tail"] / (self.pace.rounds - self.pace.rounds // 2)

    def predict(self, model: Floats, data: Design) -> Floats:
        """(records,): the chance of label 1, or the number in the target's unit, within its range."""
        sums = _sums(model, self.scaling.entries(data))
        if self.kind == "logistic":
            return _probability(sums)
        half = (self.target.upper - self.target.lower) / 2
        return np.clip(self.target.lower + half * (1 + sums), self.target.lower, self.target.upper)


def _sums(coefficients: Floats, entries: Floats) -> Floats:
    """(records,): element by element, unlike a product of matrices (see gradients.py)."""
    weighted = (weight * row for weight, row in zip(coefficients, entries, strict=True))
    return sum(weighted, start=np.zeros(entries.shape[1]))


def _positive(number: float) -> bool:
    return isfinite(number) and number > 0
