"""Linear models and small networks of tanh layers, in numpy: scores, losses and slopes by backpropagation."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from privacy.federated.design import Floats


@dataclass(frozen=True)
class Pass:
    """Records through a network: loss per record, (records,); per layer its inputs with a 1, and the slopes behind it.

    A record's slope of a layer's weights is the outer product of its inputs and slopes.
    """

    loss: Floats
    inputs: list[Floats]
    slopes: list[Floats]

    def slope(self) -> Floats:
        """The slope of the mean loss, (parameters,)."""
        layers = zip(self.inputs, self.slopes, strict=True)
        return np.concatenate([(inputs.T @ slopes).ravel() for inputs, slopes in layers]) / len(self.loss)


@dataclass(frozen=True)
class Network:
    """A network with one output; without hidden layers, a linear model. `labels`: logistic output and loss.

    Else the loss is half the square. Parameters are one vector, layer by layer, a layer's intercepts last.
    """

    inputs: int
    hidden: tuple[int, ...] = ()
    labels: bool = True

    @property
    def _shapes(self) -> list[tuple[int, int]]:
        widths = (self.inputs, *self.hidden, 1)
        return [(before + 1, after) for before, after in pairwise(widths)]

    @property
    def size(self) -> int:
        """How many parameters there are."""
        return sum(rows * columns for rows, columns in self._shapes)

    def start(self, seed: int) -> Floats:
        """First parameters: 0 of a linear model, else random by the seed (Glorot and Bengio 2010), intercepts 0."""
        draws = np.random.default_rng(seed)
        layers = []
        for rows, columns in self._shapes:
            limit = np.sqrt(6 / (rows - 1 + columns)) if self.hidden else 0.0
            layers.append(
                np.vstack([draws.uniform(-limit, limit, (rows - 1, columns)), np.zeros((1, columns))]).ravel()
            )
        return np.concatenate(layers)

    def output(self, parameters: Floats, terms: Floats) -> Floats:
        """The linear output of records, (records,)."""
        return (self._inputs(parameters, terms)[-1] @ self._layers(parameters)[-1])[:, 0]

    def run(self, parameters: Floats, terms: Floats, y: Floats) -> Pass:
        """Losses and slopes. `y` is 0 or 1 for labels."""
        layers, inputs = self._layers(parameters), self._inputs(parameters, terms)
        output = (inputs[-1] @ layers[-1])[:, 0]
        mean = 0.5 + 0.5 * np.tanh(output / 2) if self.labels else output
        loss = np.logaddexp(0, (1 - 2 * y) * output) if self.labels else (output - y) ** 2 / 2
        slopes = [(mean - y)[:, None]]
        for layer, behind in zip(layers[:0:-1], inputs[:0:-1], strict=True):
            slopes.insert(0, (slopes[0] @ layer[:-1].T) * (1 - behind[:, :-1] ** 2))
        return Pass(loss, inputs, slopes)

    def _layers(self, parameters: Floats) -> list[Floats]:
        ends = np.cumsum([rows * columns for rows, columns in self._shapes])[:-1]
        return [part.reshape(s) for part, s in zip(np.split(parameters, ends), self._shapes, strict=True)]

    def _inputs(self, parameters: Floats, terms: Floats) -> list[Floats]:
        """Each layer's inputs with a last column of ones."""
        found = [_with_ones(terms)]
        for layer in self._layers(parameters)[:-1]:
            found.append(_with_ones(np.tanh(found[-1] @ layer)))
        return found


def _with_ones(values: Floats) -> Floats:
    return np.column_stack([values, np.ones(len(values))])
