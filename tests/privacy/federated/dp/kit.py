"""Randomness that repeats, and sums over sites as a hub sees them."""

from collections.abc import Sequence

import numpy as np

from privacy.federated.design import Design
from privacy.federated.dp.descent import NoisyDescent
from privacy.federated.dp.plan import Noise, Wanted, share
from privacy.federated.dp.randomness import Source


def repeated(seed: int) -> Source:
    """Good random bytes, the same for the same seed."""
    return np.random.default_rng(seed).bytes


def wanted(**other: object) -> Wanted:
    """A small job's, but for what is given."""
    fields = {
        "epsilon": 1.0, "delta": 1e-4, "rounds": 20, "sites": 4, "threshold": 3, "colluding": 0, "change": 1 << 12,
        "size": 15,
    }  # fmt: skip
    return Wanted(**(fields | other))  # type: ignore[arg-type]


def trained(method: NoisyDescent, sites: Sequence[Design], noise: Noise | None, source: Source) -> np.ndarray:
    """The model that all rounds give, with what the gate does in between: whole steps, and each site's noise."""
    state = method.start()
    while (ask := method.ask(state)) is not None:
        total = np.zeros(ask.size, np.int64)
        for data in sites:
            total += np.round(method.at_site(ask, data) / ask.step).astype(np.int64)
            total += share(noise, source) if noise else 0
        state = method.take(state, total * ask.step, len(sites))
    return method.model(state)
