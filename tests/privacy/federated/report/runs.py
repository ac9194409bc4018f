"""Jobs over made-up records of three sites, run to their end by plain sums: what a hub holds then."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from privacy.federated import building
from privacy.federated.ask import Method
from privacy.federated.design import Column, Design, within
from privacy.federated.hub import Round, Standing
from privacy.federated.job.job import Job
from privacy.federated.report import making
from privacy.federated.report.outcome import Outcome
from tests.privacy.federated import kit
from tests.privacy.federated.methods.running import summed

SITES = ("east", "north", "west")

JOB = """\
id: clinic-2026
title: {en: Clinic visits, zh: 门诊}
contract: clinic
purpose: risk
parties:
  roster: sha256:0000000000000000000000000000000000000000000000000000000000000000
  researcher: institute
  hub: hub
  sites: [east, north, west]
features:
  age: {type: integer, unit: year, minimum: 18, maximum: 100}
  grade: {type: text, labels: [low, middle, high]}
  pressure: {type: number, unit: mmHg, minimum: 60, maximum: 260, missing: mean}
  ill: {type: boolean}
target: ill
split: {by: hash, percent: 30, seed: 1}
method: {name: logistic}
rounds: 12
minimum: {sites: 3, rows: 20}
maximum: {rows: 1000}
outputs: [coefficients, evaluation]
"""

NOISY = (
    JOB.replace(", missing: mean", "")
    .replace(", evaluation", "")
    .replace("{name: logistic}", "{name: gradient, records: 300}\nprivacy: {epsilon: 1, delta: '0.0001', clip: '0.4'}")
)

PRESSURE = JOB.replace(", missing: mean", "").replace("target: ill", "target: pressure")

STATISTICS = """\
{name: statistics, quantiles: [50], bins: 20, tables: [[grade, ill]], correlations: true,
  survival: [{time: age, event: ill, steps: 10, group: grade}]}"""

STATISTICS_JOB = (
    JOB.replace("{name: logistic}", STATISTICS)
    .replace("target: ill\n", "")
    .replace(", missing: mean", "")
    .replace("[coefficients, evaluation]", "[statistics]")
)


@dataclass(frozen=True)
class Done:
    """A job that is done: `sites` are the records of each."""

    job: Job
    sites: dict[str, Design]
    method: Method
    standing: Standing

    @property
    def outcome(self) -> Outcome:
        return making.outcome(self.job, self.method, self.standing, building.noise(self.job))


def records(columns: tuple[Column, ...], seed: int, rows: int = 150) -> Design:
    """Made-up records, of which a third are held back; some lack the pressure."""
    draws = np.random.default_rng(seed)
    age, grade = draws.integers(18, 100, rows), draws.integers(0, 3, rows)
    pressure = np.clip(draws.normal(100 + age / 2, 15, rows), 60, 260)
    eta = 0.04 * (age - 60) + 0.5 * (grade == 2) + 0.02 * (pressure - 130)
    ill = draws.uniform(size=rows) < 1 / (1 + np.exp(-eta))
    values = {"age": age, "grade": grade, "pressure": pressure, "ill": ill, "(person)": np.arange(rows)}
    table = np.column_stack([values[column.name] for column in columns]).astype(float)
    places = [column.name for column in columns]
    table[draws.uniform(size=rows) < 0.05, places.index("pressure")] = np.nan
    return within(columns, table, draws.uniform(size=rows) < 0.3)[0]


def done(folder: Path, text: str = JOB) -> Done:
    """The job of this text, run over made-up records."""
    job = kit.job(folder, text)
    columns = job.columns()
    if job.privacy:
        columns = (*columns, Column(building.PERSON, 0, 1_000_000))
    sites = {site: records(columns, seed) for seed, site in enumerate(SITES)}
    if job.target == "pressure" or job.target is None or job.privacy:
        sites = {site: _whole(design) for site, design in sites.items()}
    return ran(job, sites)


def ran(job: Job, sites: dict[str, Design]) -> Done:
    """The job, run over these records."""
    method = building.method(job)
    standing = Standing(method.start())
    while ask := method.ask(standing.state):
        total = summed(ask, [method.at_site(ask, design) for design in sites.values()])
        state = method.take(standing.state, total, len(sites))
        loss = float(state["loss"]) if "loss" in state else None
        standing.rounds.append(Round(standing.number + 1, ask.stage, SITES, loss))
        standing = Standing(state, standing.number + 1, standing.rounds)
    return Done(job, sites, method, standing)


def _whole(design: Design) -> Design:
    kept = ~np.isnan(design.values).any(axis=1)
    return Design(design.columns, design.values[kept], design.held[kept])
