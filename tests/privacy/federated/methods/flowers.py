"""Flower's own strategies on arrays, to compare the hub's steps with."""

import os
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

os.environ.setdefault("FLWR_TELEMETRY_ENABLED", "0")
os.environ.setdefault("FLWR_DISABLE_UPDATE_CHECK", "1")

from flwr.app import ArrayRecord, MetricRecord, RecordDict
from flwr.serverapp.strategy import FedAdam, FedAvg

#: (round from 1, each site's parameters and records) → the hub's new parameters.
Step = Callable[[int, list[tuple[np.ndarray, int]]], np.ndarray]


class _Whole:
    """Takes all replies, whatever their envelope."""

    def _check_and_log_replies(self, replies, **_options):
        return list(replies), []


class _Average(_Whole, FedAvg):
    pass


class _Adam(_Whole, FedAdam):
    pass


def stepped(name: str, weights: np.ndarray) -> Step:
    """The steps of a strategy from these parameters on; of FedAdam with rates 0.05, 0.8, 0.95 and 0.01."""
    strategy = _Average() if name == "FedAvg" else _Adam(eta=0.05, beta_1=0.8, beta_2=0.95, tau=1e-2)
    at = [weights]

    def step(number: int, sites: list[tuple[np.ndarray, int]]) -> np.ndarray:
        strategy.current_arrays = {"0": at[0]}
        arrays, _ = strategy.aggregate_train(number, [_reply(*site) for site in sites])
        at[0] = arrays.to_numpy_ndarrays()[0]
        return at[0]

    return step


def _reply(weights: np.ndarray, records: int) -> SimpleNamespace:
    content = {"arrays": ArrayRecord([weights]), "metrics": MetricRecord({"num-examples": records})}
    return SimpleNamespace(content=RecordDict(content))
