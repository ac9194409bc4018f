"""Linear, ridge, logistic and Poisson regression by Newton's method on sums: the same optimum as on pooled records.

Round 1 asks for moments, which scale the terms alike everywhere. Each further round asks, at the coefficients so far,
for the loss, its slope and its curvature; a step that makes the loss worse is halved. Where no optimum exists (a term
that separates the classes, terms that say the same) there is a refusal and no number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from privacy.federated.ask import Ask, State, unknown
from privacy.federated.design import Design, Floats
from privacy.federated.methods.families import Family, Poisson
from privacy.federated.methods.search import Search, begun, unpacked
from privacy.federated.methods.sums import Entries, counts, enough, joined, off, reals, request
from privacy.federated.methods.terms import Problem, Scaling, check_given
from secops.core.errors import UsageError
from secops.core.i18n import _


@dataclass(frozen=True)
class Newton:
    """Regression of a family (a `Method`). `ridge` is on the scaled terms, and not on the intercept.

    It ends when the coefficients stand still, or after `rounds` of slopes and curvatures. Raises UsageError for
    options that do not fit each other.
    """

    problem: Problem
    family: Family
    rows: int
    ridge: float = 0.0
    rounds: int = 25

    def __post_init__(self) -> None:
        if self.ridge < 0 or self.rounds < 1:
            raise UsageError(_("a ridge is 0 or more, and there is at least one round"))
        if self.problem.exposure and not isinstance(self.family, Poisson):
            raise UsageError(_("only a count has an exposure"))

    @property
    def size(self) -> int:
        """The coefficients: the intercept and the terms."""
        return len(self.problem.terms) + 1

    @property
    def search(self) -> Search:
        """The search for them."""
        return Search(self.problem.terms.names, self.family, self.ridge)

    def start(self) -> State:
        return {"round": np.array(0.0)}

    def ask(self, state: State) -> Ask | None:
        done = int(state["round"])
        if not done:
            return self.asked("moments", 1, {})
        if state["still"] or done > self.rounds:
            return None
        return self.asked("newton", done + 1, {name: state[name] for name in ("mean", "sd", "beta")})

    def asked(self, stage: str, number: int, given: Mapping[str, Floats]) -> Ask:
        """The round as a site works it out for itself. Raises RefusedError if the job has no such round."""
        if (stage, number) == ("moments", 1) and not given:
            return request(stage, number, self.problem.moment_entries(), self.rows, given)
        if stage != "newton" or not 1 < number <= self.rounds + 1:
            raise unknown()
        self.check(given)
        return request(stage, number, self._entries(given), self.rows, given)

    def at_site(self, ask: Ask, data: Design) -> Floats:
        train = enough(data, self.rows).part(held=False)
        if ask.stage == "moments":
            return self.problem.moment_sums(train)
        used = self.problem.records(train)
        terms = np.column_stack([np.ones(len(used.target)), Scaling.of(ask.given).apply(used.terms)])
        fit = self.family.fit(self.family.scaled(used.target), terms @ ask.given["beta"] + used.offset)
        curvature = (terms * fit.weight[:, None]).T @ terms
        counted = [float(len(terms)), float(fit.flag.sum()), *used.support]
        return np.concatenate(
            [counted, [fit.loss.sum()], terms.T @ fit.residual, curvature[np.triu_indices(self.size)]]
        )

    def take(self, state: State, total: Floats, sites: int) -> State:
        done = int(state["round"])
        if not done:
            return {**self._first(total, sites), "round": np.array(1.0)}
        wrong = off(self._entries(state), self.rows, sites)
        taken = self.search.on(state, unpacked(total, self.size), unpacked(wrong, self.size))
        return {**taken, "round": np.array(done + 1.0)}

    def score(self, parameters: Mapping[str, Floats], data: Design) -> Floats:
        """The expected target of records, (records,); NaN where a value is missing that must not be."""
        terms = Scaling.of(parameters).apply(self.problem.terms.matrix(data))
        beta = parameters["beta"]
        expected = self.family.mean(beta[0] + terms @ beta[1:] + self.problem.offset(data))
        return np.where(self.problem.complete(data), expected, np.nan)

    def check(self, parameters: Mapping[str, Floats]) -> None:
        """See that a hub gives what `score` needs. Raises RefusedError."""
        check_given(parameters, self.problem.terms, "beta", self.size)

    def parameters(self, state: State) -> State:
        """What `score` needs of a state."""
        beta = state["best"] if state["halvings"] else state["beta"]  # half of the way back has not been looked at yet
        return {"mean": state["mean"], "sd": state["sd"], "beta": beta}

    def _first(self, total: Floats, sites: int) -> State:
        moments = self.problem.moments(total, self.rows, sites, self.family)
        intercept = self.family.start(float(moments["target"]), float(moments["exposure"]))
        return {**moments, **begun(np.append(intercept, np.zeros(self.size - 1)))}

    def _entries(self, given: Mapping[str, Floats]) -> Entries:
        largest = np.append(1.0, Scaling.of(given).largest(self.problem.terms))
        eta = float(np.abs(given["beta"]) @ largest) + self.problem.largest_offset
        loss, residual, weight = self.family.largest(eta)
        curvature = weight * np.outer(largest, largest)[np.triu_indices(self.size)]
        return joined(counts(self.size + 1), reals(np.concatenate([[loss], residual * largest, curvature])))
