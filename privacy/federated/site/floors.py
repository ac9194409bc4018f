"""What keeps a site's records out of a computation: too few people, a label that few have, more than the job allows.

A reason names the feature, never a count or a label: it may be told to others.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from privacy.federated.design import Design
from privacy.federated.job.job import Job
from privacy.federated.site.mapping import Floor
from privacy.reason import Reason, Texts, reason

TEXTS: Texts = {
    "floor-rows": (
        "too few people take part: the floor of the site, or the least that the job asks for",
        "参与人数过少：低于本机构的下限或作业要求的最低记录数",
    ),
    "floor-cell": ("{feature}: a label that too few people have", "{feature}：有标签所含人数过少"),
    "floor-value": ("{feature}: too few people have a value", "{feature}：有值的人数过少"),
    "floor-most": (
        "more records than the job allows for one site",
        "记录数超过作业允许的单个机构上限",
    ),
    "floor-person": (
        "people have several records, and the job protects one record of each",
        "同一人有多条记录，而作业只保护每人一条记录",
    ),
}


def judge(job: Job, floor: Floor, part: Design, people: NDArray[np.int64]) -> list[Reason]:
    """Why nothing may be computed over these records; empty when it may. `people`, (records,), numbers
    those whose they are."""
    return [reason(TEXTS, code, feature=feature) for code, feature in _found(job, floor, part, people)]


def _found(job: Job, floor: Floor, part: Design, people: NDArray[np.int64]) -> Iterator[tuple[str, str]]:
    different = how_many(people)
    if different < floor.rows or len(people) < job.minimum.rows:
        yield "floor-rows", ""
    if len(people) > job.maximum.rows:
        yield "floor-most", ""
    if job.privacy is not None and different < len(people):
        yield "floor-person", ""
    for column in part.columns:
        if column.levels is None:
            if 0 < how_many(people[~np.isnan(part.column(column.name))]) < floor.cell:
                yield "floor-value", column.name
        else:
            counts = of_labels(part.column(column.name), column.levels, people)
            if ((counts > 0) & (counts < floor.cell)).any():
                yield "floor-cell", column.name


def how_many(people: NDArray[np.int64]) -> int:
    """How many different people these records are of."""
    return int(np.count_nonzero(np.bincount(people)))


def of_labels(values: NDArray[np.float64], levels: int, people: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many people have each label, (levels,)."""
    known = ~np.isnan(values)
    has = np.zeros((int(people.max(initial=-1)) + 1, levels), dtype=bool)
    has[people[known], values[known].astype(np.int64)] = True
    counts: NDArray[np.int64] = has.sum(axis=0)
    return counts
