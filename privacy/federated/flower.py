"""Flower, pinned and behind this one module: its records and messages, a grid in one process, its strategies' steps.

Flower is told not to call home before it is imported. What is used of its inner parts (`TaskIdentity`, a strategy's
`m_t`, `v_t`, `current_arrays`) is looked at by tests/privacy/federated/test_flower.py.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

os.environ["FLWR_TELEMETRY_ENABLED"] = "0"
os.environ["FLWR_DISABLE_UPDATE_CHECK"] = "1"

from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAdam, FedAvg, FedProx
from flwr.supercore.logger import FLOWER_LOGGER
from flwr.supercore.run import Run
from flwr.supercore.task_identity import TaskIdentity

from privacy.federated.ask import State
from privacy.federated.design import Floats

#: What a node does with the bytes that it is sent.
Handler = Callable[[bytes], bytes]

_RECORD, _FIELD, _KIND = "citywall", "bytes", "query.citywall"

#: Flower's run and task, of which there is one in a process.
_ONE = 1
TaskIdentity.run_id = TaskIdentity.task_id = _ONE
TaskIdentity.node_id = 0

FLOWER_LOGGER.setLevel(logging.ERROR)  # what happens is told by whoever runs a job


class LocalGrid(Grid):
    """A grid whose nodes are in this process: what is sent to a node its handler answers at once."""

    def __init__(self, handlers: Mapping[int, Handler]) -> None:
        self._handlers, self._run = dict(handlers), Run.create_empty(_ONE)
        self._replies: dict[str, Message] = {}

    def set_run(self, run: Run) -> None:
        self._run = run

    @property
    def run(self) -> Run:
        return self._run

    def create_message(
        self, content: RecordDict, message_type: str, dst_node_id: int, group_id: str, ttl: float | None = None
    ) -> Message:
        return Message(content, dst_node_id, message_type, ttl=ttl, group_id=group_id)

    def get_node_ids(self) -> Iterable[int]:
        return list(self._handlers)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        identities = []
        for message in messages:
            identity = f"{len(self._replies)}"
            self._replies[identity] = self._answered(message)
            identities.append(identity)
        return identities

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        return [self._replies.pop(identity) for identity in message_ids if identity in self._replies]

    def send_and_receive(
        self,
        messages: Iterable[Message],
        *,
        timeout: float | None = None,  # noqa: ARG002  nobody waits for what is in this process
    ) -> Iterable[Message]:
        return self.pull_messages(self.push_messages(messages))

    def _answered(self, message: Message) -> Message:
        handler = self._handlers[message.metadata.dst_node_id]
        return Message(_record(handler(_bytes(message))), reply_to=message)


def exchange(grid: Grid, nodes: Mapping[str, int], group: str) -> Callable[[Mapping[str, bytes]], dict[str, bytes]]:
    """What a hub asks with: orders by site as messages over a grid, answers by site."""
    sites = {node: site for site, node in nodes.items()}

    def ask(orders: Mapping[str, bytes]) -> dict[str, bytes]:
        messages = [grid.create_message(_record(raw), _KIND, nodes[site], group) for site, raw in orders.items()]
        replies = [reply for reply in grid.send_and_receive(messages) if not reply.has_error()]
        return {sites[reply.metadata.src_node_id]: _bytes(reply) for reply in replies}

    return ask


def _record(raw: bytes) -> RecordDict:
    return RecordDict({_RECORD: ConfigRecord({_FIELD: raw})})


def _bytes(message: Message) -> bytes:
    """The bytes that a message carries; none where it carries something else."""
    record = message.content.config_records.get(_RECORD)
    found = record.get(_FIELD) if record else None
    return found if isinstance(found, bytes) else b""


@dataclass(frozen=True)
class Server:
    """What a hub makes of the average movement of its sites: a step of one of Flower's strategies.

    `rate` is FedAdam's; its other numbers are Flower's own.
    """

    name: Literal["fedavg", "fedprox", "fedadam"]
    rate: float = 0.1

    def start(self, weights: Floats) -> State:
        """What is kept between rounds: FedAdam's running means of the movement and of its square."""
        if self.name != "fedadam":
            return {}
        return {"adam_first": np.zeros_like(weights), "adam_second": np.zeros_like(weights)}

    def step(self, state: State, moved: Floats, number: int) -> State:
        """The state's changes after sites moved so far on average, in that round of training, from 1."""
        before = state["weights"]
        strategy = self._strategy(state)
        arrays, _metrics = strategy.aggregate_train(number, [_trained(before + moved)])
        if arrays is None:
            raise AssertionError("a strategy gave nothing for a reply")
        after = {"weights": arrays["weights"].numpy()}
        if isinstance(strategy, FedAdam):
            after |= {"adam_first": _only(strategy.m_t), "adam_second": _only(strategy.v_t)}
        return after

    def _strategy(self, state: State) -> FedAvg:
        """The strategy as it stood after the round before."""
        if self.name == "fedavg":
            return FedAvg()
        if self.name == "fedprox":
            return FedProx()
        adam = FedAdam(eta=self.rate)
        adam.current_arrays = {"weights": state["weights"]}
        adam.m_t, adam.v_t = {"weights": state["adam_first"]}, {"weights": state["adam_second"]}
        return adam


def _trained(weights: Floats) -> Message:
    """The one reply that stands for all sites: their average, which is all that anyone sees."""
    arrays = ArrayRecord({"weights": Array(weights)})
    content = RecordDict({"arrays": arrays, "metrics": MetricRecord({"num-examples": 1})})
    sent = Message(RecordDict(), _ONE, "train")
    return Message(content, reply_to=sent)


def _only(arrays: Mapping[str, Floats] | None) -> Floats:
    return (arrays or {})["weights"]
