"""A site's records in the columns of a job, read once and never written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from privacy.data import table
from privacy.data.columns import MISSING
from privacy.data.schema import Schema, TextField
from privacy.data.table import Source
from privacy.federated.design import Column, Design, Floats, within
from privacy.federated.job.job import HashSplit, Job, SiteSplit
from privacy.federated.site import fields, floors, policy, postgres
from privacy.federated.site.mapping import DatabaseSource, Site, job_faults
from privacy.guard import guarded
from privacy.reason import Reason
from secops.core.errors import RefusedError, UsageError
from secops.core.i18n import _


@dataclass(frozen=True)
class Local:
    """All records of the site in the job's columns and units, before any range or rule of the job.

    `values` is (records, columns): NaN where missing, infinite where the site's own file does not say what it is.
    `people` numbers those whose the records are from 0, -1 where nobody knows; `held`: held back for the test.
    """

    columns: tuple[Column, ...]
    values: Floats
    people: NDArray[np.int64]
    held: NDArray[np.bool_]


@dataclass(frozen=True)
class Records:
    """What takes part in a job. `survey`, for the site alone: of all records, how many lack a value, or have one out of
    its range, by feature.
    """

    design: Design
    people: NDArray[np.int64]
    survey: table.Survey

    def part(self, *, held: bool) -> Records:
        """Those held back for the test, or those to train with."""
        return Records(self.design.part(held=held), self.people[self.design.held == held], self.survey)


def read(job: Job, site: Site, folder: Path) -> Local:
    """All records of a site that fits the job (`mapping.fit`); a relative path of its file is below `folder`.

    Raises `UsageError` for a file or table that cannot be read so. No error tells of a value.
    """
    for place, fault in job_faults(site, job):
        raise UsageError(fault, where=f"{site.site}:{place}")
    return guarded(lambda: _local(job, site, folder), _("the records could not be read: {kind}"))


def take_part(job: Job, local: Local, site: Site) -> Records:
    """The records that take part: each value within its range, none missing that the job cannot do without.
    A record of which nobody knows whose it is takes no part.

    Raises `RefusedError` where the site's policy or floor, or a limit of the job, keeps them from it.
    """
    records = chosen(job, local)
    for reason in refusals(job, site, records):
        raise RefusedError(str(reason), where=site.site)
    return records


def refusals(job: Job, site: Site, records: Records) -> list[Reason]:
    """Why the site does not take part; empty when it does. Floors are of the records that are trained with."""
    trained = records.part(held=False)
    return [*policy.judge(job, site), *floors.judge(job, site.policy.floor, trained.design, trained.people)]


def chosen(job: Job, local: Local) -> Records:
    """The records that take part, before any floor is looked at: they are for the site's own eyes."""
    design, outside = within(local.columns, local.values, local.held)
    needed = np.array([feature.missing == "drop" for feature in job.features.values()], dtype=bool)
    whole = (local.people != MISSING) & ~np.any(np.isnan(design.values[:, needed]), axis=1)
    missing = {c.name: int(n) for c, n in zip(local.columns, np.isnan(local.values).sum(axis=0), strict=True)}
    survey = table.Survey(records=len(whole), missing=missing, outside=outside)
    return Records(Design(design.columns, design.values[whole], design.held[whole]), local.people[whole], survey)


def _local(job: Job, site: Site, folder: Path) -> Local:
    rules = [(site.features[name], feature) for name, feature in job.features.items()]
    known = {rule.column: fields.field(feature, rule) for rule, feature in rules}
    if site.person is not None:
        known[site.person] = TextField()
    if isinstance(job.split, SiteSplit) and site.held is not None:
        known[site.held.column] = fields.coded(site.held.codes)
    encoding = "utf-8" if isinstance(site.source, DatabaseSource) else site.source.encoding
    schema = Schema(fields=known, person=site.person, encoding=encoding)
    read = table.read_apart(_source(site, folder, list(known)), schema, list(known))
    values = np.column_stack([fields.values(feature, rule, read[rule.column]) for rule, feature in rules])
    people = np.arange(len(values)) if site.person is None else _numbered(read[site.person])
    return Local(job.columns(), values, people, _held(job, site, read, values))


def _source(site: Site, folder: Path, columns: Sequence[str]) -> Source:
    if isinstance(site.source, DatabaseSource):
        return postgres.source(site.source.url, site.source.schema, site.source.table, columns)
    return table.file(folder / site.source.path, site.source.header)


def _numbered(people: NDArray[np.int64]) -> NDArray[np.int64]:
    known = people != MISSING
    numbers = np.full(len(people), MISSING, dtype=np.int64)
    numbers[known] = np.unique(people[known], return_inverse=True)[1]
    return numbers


def _held(job: Job, site: Site, read: dict[str, NDArray[Any]], values: Floats) -> NDArray[np.bool_]:
    """Which records are held back, (records,): of a person, all or none."""
    if isinstance(job.split, SiteSplit) and site.held is not None:
        return fields.is_held(site.held, read[site.held.column])
    if isinstance(job.split, HashSplit):
        return hashed(values if site.person is None else read[site.person][:, None], job.split)
    return np.zeros(len(values), dtype=bool)


def hashed(rows: NDArray[Any], split: HashSplit) -> NDArray[np.bool_]:
    """Whether each row, (rows, columns), is among the percentage that is held back: equal rows are alike."""
    same = np.where(np.isnan(rows), np.nan, rows + 0.0) if rows.dtype.kind == "f" else rows  # one NaN, one zero
    same = np.ascontiguousarray(same, dtype=same.dtype.newbyteorder("<"))
    key = split.seed.to_bytes(8, "big")
    digests = b"".join(blake2b(row, digest_size=8, key=key, person=b"citywall-split").digest() for row in same)
    held: NDArray[np.bool_] = np.frombuffer(digests, dtype=">u8") < split.percent * 2**64 // 100
    return held
