"""Runs a method over sites as a gate and secure sums do: bounds kept, whole numbers of steps, and their sum alone."""

from collections.abc import Sequence

import numpy as np

from privacy.federated.ask import Ask, Method, State
from privacy.federated.design import Column, Design, Floats, within


def run(method: Method, sites: Sequence[Design], most: int = 1000) -> State:
    """The state at the end, or after that many rounds."""
    state = method.start()
    for _ in range(most):
        ask = method.ask(state)
        if ask is None:
            break
        state = method.take(state, summed(ask, [method.at_site(ask, site) for site in sites]), len(sites))
    return state


def summed(ask: Ask, vectors: Sequence[Floats]) -> Floats:
    """The sum of the vectors by whole numbers of steps, modulo 2^64."""
    total = np.zeros(ask.size, dtype=np.uint64)
    for vector in vectors:
        assert vector.shape == (ask.size,)
        assert (np.abs(vector) <= ask.bound).all()
        total += np.rint(vector / ask.step).astype(np.int64).view(np.uint64)
    assert len(vectors) * ask.largest() < 2**63
    return total.view(np.int64) * ask.step


def design(columns: Sequence[Column], values: Sequence[Sequence[float]] | Floats, held: Floats | None = None) -> Design:
    """Records within the ranges of the columns; what is outside is missing."""
    array = np.asarray(values, dtype=float).reshape(-1, len(columns))
    marks = np.zeros(len(array), dtype=bool) if held is None else np.asarray(held, dtype=bool)
    return within(tuple(columns), array, marks)[0]


def split(data: Design, parts: int) -> list[Design]:
    """The records dealt out to so many sites."""
    places = np.arange(len(data.values)) % parts
    return [Design(data.columns, data.values[places == p], data.held[places == p]) for p in range(parts)]
