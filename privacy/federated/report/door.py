"""What a job gave as results for the disclosure door: what `citywall release check` judges before anything leaves.

Records count as people here: of whose they are no sum tells. Numbers of people are those of the sums over sites; what
has no such number (a job with differential privacy counts nobody) has the least that the job allows in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from privacy.disclosure.result import Counts, Dimension, Model, Population, Raw, Regression
from privacy.federated.job.job import Job
from privacy.federated.report.outcome import (
    Counted,
    Descended,
    Described,
    Followed,
    Outcome,
    Protected,
    Regressed,
    Spread,
)

#: A network is none of the families that may leave by default.
_NETWORK = "network"


def results(job: Job, outcome: Outcome, dataset: str, version: str) -> dict[str, Raw[Any]]:
    """Results by name, of this registered version of a data set.

    Means, spreads and correlations are none: the door judges sums by the largest that people add, which no sum tells.
    """
    population = Population(dataset=dataset, version=version)
    match outcome.result:
        case Regressed():
            return {"coefficients": Raw(_regression(outcome.result, population))}
        case Descended():
            return {"model": Raw(_model(job, outcome, outcome.result, population))}
        case Protected():
            return {"model": Raw(_protected(job, outcome.result, population))}
        case Described():
            return {name: Raw(table) for name, table in _tables(outcome.result, population)}


def without(outcome: Outcome) -> tuple[str, ...]:
    """The statistics of which the door can judge nothing, by the kinds that outcomes give them."""
    parts = outcome.result.parts if isinstance(outcome.result, Described) else ()
    kinds = [str(p.__struct_config__.tag) for p in parts if not isinstance(p, Counted | Spread | Followed)]
    return tuple(dict.fromkeys(kinds))


def _regression(found: Regressed, population: Population) -> Regression:
    return Regression(
        population=population,
        family=found.family,
        terms=tuple(row.term for row in found.coefficients),
        coefficients=np.array([row.value for row in found.coefficients]),
        errors=np.array([row.error for row in found.coefficients]),
        people=found.records,
        support=np.array([row.support for row in found.coefficients], dtype=np.int64),
    )


def _model(job: Job, outcome: Outcome, found: Descended, population: Population) -> Model:
    """Its groups: the two classes of the target, and the least that any site has."""
    classes = [] if found.ones is None else [found.ones, found.records - found.ones]
    return Model(
        population=population,
        family=_NETWORK if found.hidden else found.family,
        parameters={name: np.array(values) for name, values in outcome.parameters.items()},
        people=found.records,
        groups=np.array([*classes, min(job.minimum.rows, found.records)], dtype=np.int64),
    )


def _protected(job: Job, found: Protected, population: Population) -> Model:
    return Model(
        population=population,
        family=found.family,
        parameters={name: np.array([value]) for name, value in found.coefficients.items()},
        people=job.minimum.rows * job.minimum.sites,
        groups=np.array([job.minimum.rows], dtype=np.int64),
    )


def _tables(found: Described, population: Population) -> Iterator[tuple[str, Counts]]:
    """Each table of counts, by names that files may have: names of columns are the job's own, and may be anything."""
    for place, part in enumerate(found.parts, 1):
        if isinstance(part, Counted):
            sides = [_side(name, labels) for name, labels in zip(part.columns, part.labels, strict=True)]
            yield f"table-{place}", _counts(sides, part.counts, population)
        elif isinstance(part, Spread):
            edges = [f"{edge:.6g}" for edge in part.bins.edges]
            side = _side(part.bins.column, tuple(f"{low} to {high}" for low, high in pairwise(edges)))
            yield f"bins-{place}", _counts([side], part.bins.counts, population)
        elif isinstance(part, Followed):
            for curve in part.survived.curves:
                side = _side(part.time, tuple(f"{step.time:.6g}" for step in curve.steps))
                name = f"survival-{place}" if curve.group is None else f"survival-{place}-{curve.group}"
                yield name, _counts([side], tuple(step.events for step in curve.steps), population)


def _side(name: str, labels: tuple[str, ...]) -> Dimension:
    return Dimension(name=name, labels=labels)


def _counts(sides: list[Dimension], counts: tuple[int, ...], population: Population) -> Counts:
    return Counts(population=population, dimensions=tuple(sides), counts=np.array(counts, dtype=np.int64))
