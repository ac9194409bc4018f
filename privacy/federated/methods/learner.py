"""A network on a problem: its scaled terms go in, the expected target comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from privacy.federated.ask import State
from privacy.federated.design import Design, Floats
from privacy.federated.methods.families import Linear, Logistic
from privacy.federated.methods.network import Network
from privacy.federated.methods.terms import Problem, Scaling, check_given
from secops.core.errors import UsageError
from secops.core.i18n import _


@dataclass(frozen=True)
class Learner:
    """A network with hidden layers of these widths, none for a linear model (a `Predictor`).

    Its parameters are `mean`, `sd` and `weights`. Raises UsageError where there is an exposure, or a width below 1.
    """

    problem: Problem
    family: Linear | Logistic
    hidden: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.problem.exposure or any(width < 1 for width in self.hidden):
            raise UsageError(_("a network has layers of at least one unit, and no exposure"))

    @property
    def network(self) -> Network:
        return Network(len(self.problem.terms), self.hidden, labels=isinstance(self.family, Logistic))

    def examples(self, data: Design, scaling: Scaling) -> tuple[Floats, Floats]:
        """Scaled terms (records, terms) and scaled targets (records,) of records to learn from."""
        used = self.problem.records(data)
        return scaling.apply(used.terms), self.family.scaled(used.target)

    def score(self, parameters: Mapping[str, Floats], data: Design) -> Floats:
        """The expected target of records, (records,); NaN where a value is missing that must not be."""
        terms = Scaling.of(parameters).apply(self.problem.terms.matrix(data))
        expected = self.family.mean(self.network.output(parameters["weights"], terms))
        return np.where(self.problem.complete(data), expected, np.nan)

    def check(self, parameters: Mapping[str, Floats]) -> None:
        """See that a hub gives what `score` needs. Raises RefusedError."""
        check_given(parameters, self.problem.terms, "weights", self.network.size)


class Learned:
    """What methods that fit a learner share: they are predictors by the parameters of a state."""

    learner: Learner

    @property
    def problem(self) -> Problem:
        """What is predicted from what."""
        return self.learner.problem

    def score(self, parameters: Mapping[str, Floats], data: Design) -> Floats:
        """As the learner's."""
        return self.learner.score(parameters, data)

    def check(self, parameters: Mapping[str, Floats]) -> None:
        """As the learner's."""
        self.learner.check(parameters)

    def parameters(self, state: State) -> State:
        """What `score` needs of a state."""
        return {name: state[name] for name in ("mean", "sd", "weights")}
