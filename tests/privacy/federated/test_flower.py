"""What is used of Flower, at the version that is pinned; nothing of it calls home."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib.metadata import version

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAdam, FedAvg, Strategy

from privacy.federated.flower import LocalGrid, Server, exchange

NODES = {"east": 1, "west": 2}


def grid() -> LocalGrid:
    """A grid of two nodes that turn bytes around; the second also says who it is."""
    return LocalGrid({1: lambda raw: raw[::-1], 2: lambda raw: b"west:" + raw[::-1]})


def test_the_version_is_the_one_that_was_looked_at() -> None:
    assert version("flwr") == "1.41.0"


def test_the_signatures_that_are_used_are_there() -> None:
    assert list(inspect.signature(Grid.create_message).parameters) == [
        "self", "content", "message_type", "dst_node_id", "group_id", "ttl",
    ]  # fmt: skip
    assert list(inspect.signature(Grid.send_and_receive).parameters) == ["self", "messages", "timeout"]
    assert list(inspect.signature(Strategy.aggregate_train).parameters) == ["self", "server_round", "replies"]
    assert {"m_t", "v_t", "current_arrays"} <= vars(FedAdam()).keys()


def test_orders_go_to_their_sites_and_answers_come_back() -> None:
    ask = exchange(grid(), NODES, "job")
    assert ask({"west": b"abc", "east": b"xyz"}) == {"west": b"west:cba", "east": b"zyx"}
    assert ask({"east": b"\x00\xff"}) == {"east": b"\xff\x00"}


def test_what_flower_sends_itself_comes_back_as_no_bytes() -> None:
    """A message without our record: a handler sees nothing, and gives nothing away."""
    seen = []
    alone = LocalGrid({1: lambda raw: seen.append(raw) or b""})
    message = alone.create_message(RecordDict({"other": ConfigRecord({"bytes": b"x"})}), "query.other", 1, "job")
    assert [reply.metadata.src_node_id for reply in alone.send_and_receive([message])] == [1]
    assert seen == [b""]


def test_a_reply_is_given_once() -> None:
    one = grid()
    identities = list(one.push_messages([one.create_message(RecordDict(), "query.x", 1, "job")]))
    assert len(list(one.pull_messages(identities))) == 1
    assert list(one.pull_messages(identities)) == []


@pytest.mark.parametrize(
    ("server", "strategy"), [(Server("fedavg"), FedAvg()), (Server("fedadam", 0.05), FedAdam(eta=0.05))]
)
def test_steps_are_those_of_a_strategy_that_sees_every_site(server: Server, strategy: FedAvg) -> None:
    """Ours is made anew each round, from the state, and sees the weighted mean alone."""
    draws = np.random.default_rng(3)
    weights = draws.normal(size=5)
    state = {"weights": weights, **server.start(weights)}
    for number in range(1, 6):
        sites = [(state["weights"] + draws.normal(size=5), float(n)) for n in (10, 30, 60)]
        replies = [_reply(trained, records) for trained, records in sites]
        if isinstance(strategy, FedAdam):
            strategy.current_arrays = {"weights": state["weights"]}
        expected, _metrics = strategy.aggregate_train(number, replies)
        moved = sum(records * (trained - state["weights"]) for trained, records in sites) / 100
        state = {**state, **server.step(state, moved, number)}
        assert expected is not None
        np.testing.assert_allclose(state["weights"], expected["weights"].numpy(), rtol=0, atol=1e-12)


def _reply(weights: np.ndarray, records: float) -> Message:
    content = RecordDict(
        {"arrays": ArrayRecord({"weights": Array(weights)}), "metrics": MetricRecord({"num-examples": records})}
    )
    return Message(content, reply_to=Message(RecordDict(), 1, "train"))


def test_nothing_is_sent_or_written_on_import(tmp_path) -> None:
    """In a process without a network of any kind, and with a home of its own."""
    code = (
        "import socket\n"
        "def refuse(*a, **k): raise AssertionError('the network was asked for')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "import os, privacy.federated.flower as f\n"
        "f.exchange(f.LocalGrid({1: lambda raw: raw}), {'a': 1}, 'job')({'a': b'x'})\n"
        "assert os.environ['FLWR_TELEMETRY_ENABLED'] == '0' and os.environ['FLWR_DISABLE_UPDATE_CHECK'] == '1'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
