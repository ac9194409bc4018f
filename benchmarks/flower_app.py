"""The same training as a Flower app on Flower's own simulation engine (Ray): `python flower_app.py JOB SITES DATA`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ |= {"FLWR_TELEMETRY_ENABLED": "0", "FLWR_DISABLE_UPDATE_CHECK": "1", "RAY_USAGE_STATS_ENABLED": "0"}

import numpy as np
from flwr.app import Array, ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg
from flwr.simulation import run_simulation

from privacy.federated import building, local
from privacy.federated.job import job as jobs
from privacy.federated.methods.terms import Scaling
from privacy.federated.site import data

_JOB = jobs.load(Path(sys.argv[1]))
_SITES, _DATA = Path(sys.argv[2]), Path(sys.argv[3])

client, server = ClientApp(), ServerApp()


@client.train()
def train(message: Message, context: Context) -> Message:
    """The steps of a site, on records that it reads itself, without gate or masks."""
    name = _JOB.parties.sites[int(context.node_config["partition-id"])]
    sites = local.sites(_JOB, _SITES)
    records = data.take_part(_JOB, data.read(_JOB, sites[name], _DATA), sites[name])
    fit = building.fit(_JOB)
    ranges = fit.problem.terms.ranges
    declared = Scaling(ranges.middle, ranges.half)
    terms, y = fit.learner.examples(records.design.part(held=False), declared)
    weights = message.content["arrays"]["weights"].numpy()
    after = fit.trained(weights, terms, y, 2)
    content = {"arrays": ArrayRecord({"weights": Array(after)}), "metrics": MetricRecord({"num-examples": len(y)})}
    return Message(RecordDict(content), reply_to=message)


@server.main()
def main(grid: Grid, context: Context) -> None:  # noqa: ARG001  Flower gives it
    """FedAvg over all sites."""
    size = building.fit(_JOB).learner.network.size
    n = len(_JOB.parties.sites)
    strategy = FedAvg(fraction_evaluate=0.0, min_train_nodes=n, min_available_nodes=n)
    strategy.start(grid, ArrayRecord({"weights": Array(np.zeros(size))}), num_rounds=_JOB.rounds)


if __name__ == "__main__":
    run_simulation(server, client, len(_JOB.parties.sites), backend_config={"client_resources": {"num_cpus": 1}})
