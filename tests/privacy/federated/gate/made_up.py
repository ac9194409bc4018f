"""Jobs of four sites, and made-up people for them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from privacy.data.table import Survey
from privacy.federated.design import Column, Design
from privacy.federated.job import job as jobs
from privacy.federated.job.job import Job
from privacy.federated.site.data import Records
from secops.core.content import convert

A, B, C, D = NAMES = ("site-0", "site-1", "site-2", "site-3")

STATISTICS = {"name": "statistics"}
NEWTON = {"name": "logistic", "ridge": 1}
FEDAVG = {"name": "fedavg", "steps": 2, "rate": "0.5"}
NOISY = {"name": "gradient", "records": 240}
PRIVACY = {"epsilon": 1, "delta": "0.0001", "clip": "0.4"}

_FEATURES = {
    "heat": {"type": "number", "minimum": 34, "maximum": 43},
    "age": {"type": "number", "minimum": 0, "maximum": 100},
    "sex": {"type": "text", "labels": ["female", "male", "other"]},
    "sick": {"type": "boolean"},
}


def job(method: Mapping[str, object] = NEWTON, **changed: object) -> Job:
    """A job of four sites, of which three are needed and one may lie, but for what is given."""
    given: dict[str, object] = {
        "id": "made-up", "title": {"en": "Made up", "zh": "虚构"}, "contract": "c", "purpose": "p",
        "parties": {"roster": f"sha256:{'0' * 64}", "researcher": "institute", "hub": "hub", "sites": list(NAMES)},
        "features": _FEATURES, "target": None if method["name"] == "statistics" else "sick", "method": dict(method),
        "rounds": 3, "minimum": {"sites": 3, "rows": 5}, "maximum": {"rows": 1000}, "outputs": ["coefficients"],
    }  # fmt: skip
    made = convert({**given, **changed}, Job)
    assert not list(jobs.faults(made))
    return made


def people(columns: tuple[Column, ...], seed: int, rows: int = 60) -> Records:
    """So many made-up people, a third of them held back: the older and the hotter, the more often sick."""
    draws = np.random.default_rng(seed)
    values = np.column_stack(
        [draws.integers(0, c.levels, rows) if c.levels else draws.uniform(c.lower, c.upper, rows) for c in columns]
    ).astype(float)
    names = [column.name for column in columns]
    if {"age", "heat", "sick"} <= {*names}:
        score = (values[:, names.index("age")] - 50) / 25 + values[:, names.index("heat")] - 38.5
        values[:, names.index("sick")] = draws.uniform(size=rows) < 1 / (1 + np.exp(-score / 2))
    return records(columns, values)


def records(columns: tuple[Column, ...], values: np.ndarray) -> Records:
    """These records, each another person's, every third held back."""
    held = np.arange(len(values)) % 3 == 2
    return Records(
        Design(columns, values, held), np.arange(len(values)), Survey(records=len(values), missing={}, outside={})
    )
