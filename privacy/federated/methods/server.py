"""What a hub makes of the average movement of its sites, in the numbers of Flower's FedAvg and FedAdam."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from privacy.federated.ask import State
from privacy.federated.design import Floats


@dataclass(frozen=True)
class Average:
    """FedAvg: to where the sites are on average."""

    def start(self, weights: Floats) -> State:  # noqa: ARG002  nothing is kept between rounds
        """What is kept between rounds."""
        return {}

    def step(self, state: State, moved: Floats, number: int) -> State:  # noqa: ARG002  all rounds are alike
        """The state's changes after sites moved so far on average, in that round of training, from 1."""
        return {"weights": state["weights"] + moved}


@dataclass(frozen=True)
class Adam:
    """FedAdam (Reddi et al. 2021), with the correction of early rounds that Flower 1.41 makes."""

    rate: float = 0.1
    first: float = 0.9
    second: float = 0.99
    tau: float = 1e-3

    def start(self, weights: Floats) -> State:
        """What is kept between rounds: the running means of the movement and of its square."""
        return {"adam_first": np.zeros_like(weights), "adam_second": np.zeros_like(weights)}

    def step(self, state: State, moved: Floats, number: int) -> State:
        """The state's changes after sites moved so far on average, in that round of training, from 1."""
        first = self.first * state["adam_first"] + (1 - self.first) * moved
        second = self.second * state["adam_second"] + (1 - self.second) * moved**2
        rate = self.rate * np.sqrt(1 - self.second ** (number + 1)) / (1 - self.first ** (number + 1))
        weights = state["weights"] + rate * first / (np.sqrt(second) + self.tau)
        return {"weights": weights, "adam_first": first, "adam_second": second}
