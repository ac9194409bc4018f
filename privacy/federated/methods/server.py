"""What a hub makes of the average movement of its sites."""

from __future__ import annotations

from typing import Protocol

from privacy.federated.ask import State
from privacy.federated.design import Floats


class Server(Protocol):
    """A step of the hub (flower.py has those of Flower's strategies)."""

    def start(self, weights: Floats) -> State:
        """What is kept between rounds."""

    def step(self, state: State, moved: Floats, number: int) -> State:
        """The state's changes after sites moved so far on average, in that round of training, from 1."""
