"""FedAvg, FedProx and FedAdam: sites train for a few steps of their own, and the hub moves by the average of theirs.

A site's vector is how far its parameters moved, clipped to a length and weighted by its records, then its loss before
training so weighted, then the weight: its part of all sites' records, which the first round has counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacy.federated.ask import Ask, State, unknown
from privacy.federated.design import Design, Floats
from privacy.federated.methods.learner import Learned, Learner
from privacy.federated.methods.server import Server
from privacy.federated.methods.sums import enough, request
from privacy.federated.methods.terms import Scaling
from secops.core.errors import RefusedError, UsageError
from secops.core.i18n import _

#: Steps from 0 to a bound: 127 sites' sums stay below 2^31, so that 4 bytes a parameter are enough.
_STEPS = 2.0**24

#: A mean loss is told up to here.
_MOST_LOSS = 16.0


@dataclass(frozen=True)
class Local:
    """A site's own training: so many steps on batches (0: on all records), and what holds it back.

    `clip` is the most that parameters move in one round, as a Euclidean length. `proximal` pulls towards where the
    round began (FedProx; 0 for FedAvg), `decay` towards 0, intercepts too.
    """

    steps: int = 1
    batch: int = 0
    rate: float = 0.1
    clip: float = 10.0
    proximal: float = 0.0
    decay: float = 0.0

    def __post_init__(self) -> None:
        positive = self.steps >= 1 and self.rate > 0 and self.clip > 0
        if not positive or min(self.batch, self.proximal, self.decay) < 0 or not np.isfinite(self.clip):
            raise UsageError(_("steps, rate and clip are above 0; batch, proximal and decay are 0 or more"))


@dataclass(frozen=True)
class Descent(Learned):
    """Federated descent (a `Method`): moments, which scale terms alike everywhere, then `rounds` of training.

    `seed` fixes first parameters and batches, so that a job gives the same numbers again.
    """

    learner: Learner
    local: Local
    server: Server
    rows: int
    rounds: int
    seed: int = 0

    def start(self) -> State:
        weights = self.learner.network.start(self.seed)
        return {"round": np.array(0.0), "weights": weights, **self.server.start(weights)}

    def ask(self, state: State) -> Ask | None:
        done = int(state["round"])
        if not done:
            return self.asked("moments", 1, {})
        given = {name: state[name] for name in ("mean", "sd", "weights", "records")}
        return self.asked("train", done + 1, given) if done <= self.rounds else None

    def asked(self, stage: str, number: int, given: Mapping[str, Floats]) -> Ask:
        """The round as a site works it out for itself. Raises RefusedError if the job has no such round."""
        if (stage, number) == ("moments", 1) and not given:
            return request(stage, number, self.problem.moment_entries(), self.rows, given)
        if stage != "train" or not 1 < number <= self.rounds + 1:
            raise unknown()
        self.check({name: array for name, array in given.items() if name != "records"})
        if "records" not in given or given["records"].shape or not 1 <= given["records"] < np.inf:
            raise unknown()
        bound = np.append(np.full(self.learner.network.size, self.local.clip), [_MOST_LOSS, 1.0])
        return Ask(stage, number, bound, bound / _STEPS, given)

    def at_site(self, ask: Ask, data: Design) -> Floats:
        train = enough(data, self.rows).part(held=False)
        if ask.stage == "moments":
            return self.learner.problem.moment_sums(train)
        terms, y = self.learner.examples(train, Scaling.of(ask.given))
        if not len(y):
            return np.zeros(ask.size)
        loss = self.learner.network.run(ask.given["weights"], terms, y).loss.mean()
        with np.errstate(over="ignore", invalid="ignore"):  # what runs away is refused
            moved = self._clipped(self.trained(ask.given["weights"], terms, y, ask.round) - ask.given["weights"])
        return np.concatenate([moved, [min(float(loss), _MOST_LOSS), 1.0]]) * min(
            1.0, len(y) / float(ask.given["records"])
        )

    def take(self, state: State, total: Floats, sites: int) -> State:
        done = int(state["round"])
        new = {"round": np.array(done + 1.0)}
        if not done:
            moments = self.learner.problem.moments(total, self.rows, sites, self.learner.family)
            return {**state, **moments, **new}
        loss, weight = total[-2:]
        if weight <= 0:
            raise RefusedError(_("no site has a record to learn from"))
        moved = self.server.step(state, total[:-2] / weight, done)
        return {**state, **moved, **new, "loss": np.array(loss / weight)}

    def trained(self, weights: Floats, terms: Floats, y: Floats, number: int) -> Floats:
        """The parameters after a site's own training in that round."""
        network, local, start = self.learner.network, self.local, weights
        for batch in self._batches(len(y), number):
            slope = network.run(weights, terms[batch], y[batch]).slope()
            weights = weights - local.rate * (slope + local.proximal * (weights - start) + local.decay * weights)
        return weights

    def _batches(self, records: int, number: int) -> Iterator[NDArray[np.intp]]:
        """The batches of a round: records in a random order that begins anew when they are used up."""
        size = min(self.local.batch or records, records)
        draws = np.random.default_rng([self.seed, number])
        order = np.empty(0, dtype=np.intp)
        for _step in range(self.local.steps):
            if len(order) < size:
                order = draws.permutation(records)
            yield order[:size]
            order = order[size:]

    def _clipped(self, moved: Floats) -> Floats:
        length = float(np.linalg.norm(moved))
        if not np.isfinite(length):
            raise RefusedError(_("training at this site does not stay finite"), hint=_("use a smaller rate"))
        return moved * min(1.0, self.local.clip / length) if length > 0 else moved
