"""What a model that a job gave expects of records: a probability or a number each, and what a record lacks for it.

Records are read as a site's are: by a `site.yml`, or as they stand where their columns are those of the job.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from privacy.federated import building
from privacy.federated.ask import State
from privacy.federated.design import Design, Floats, within
from privacy.federated.dp.descent import NoisyDescent
from privacy.federated.job.features import labels_of
from privacy.federated.job.job import Job
from privacy.federated.job.methods import Statistics
from privacy.federated.report.outcome import Outcome
from privacy.federated.site import data
from privacy.federated.site.mapping import FileSource, Policy, Rule, Site
from secops.core.errors import RefusedError, UsageError
from secops.core.i18n import _


@dataclass(frozen=True)
class Predictions:
    """Of records in their order: `values` (records,), NaN where there is none. The rest names features, per record.

    `lacks`: without them there is no prediction. `assumed`: missing too, and taken for the mean of all sites (or for
    the middle of the range, by a model of noisy sums). `outside`: of either, those whose value is not one of the job.
    """

    values: Floats
    lacks: tuple[tuple[str, ...], ...]
    assumed: tuple[tuple[str, ...], ...]
    outside: tuple[tuple[str, ...], ...]


def parameters(job: Job, outcome: Outcome) -> State:
    """What the job's model predicts with. Raises `UsageError` for an outcome of another job, or without a model."""
    if outcome.job != job.digest:
        raise UsageError(_("the outcome is of another job, or of another version of it"))
    if isinstance(job.method, Statistics):
        raise UsageError(_("statistics predict nothing"))
    return {name: np.array(values) for name, values in outcome.parameters.items()}


def scores(job: Job, model: State, design: Design) -> Floats:
    """The chance of label 1, or the number expected, of each record; NaN where a value is missing that must not be.

    Raises `UsageError` for a model of other shapes.
    """
    try:
        return _scores(job, model, design)
    except RefusedError as error:
        raise UsageError(_("the outcome holds no parameters that fit the job")) from error


def predict(job: Job, outcome: Outcome, local: data.Local) -> Predictions:
    """Predictions for records, which need no target."""
    design, _outside = within(local.columns, local.values, local.held)
    values = scores(job, parameters(job, outcome), design)
    missing = {c.name: np.isnan(design.column(c.name)) for c in design.columns}
    outside = {c.name: missing[c.name] & ~np.isnan(local.values[:, at]) for at, c in enumerate(design.columns)}
    needed = {name for name in missing if not _can_be_assumed(job, name)}
    lacks = _names({name: flags for name, flags in missing.items() if name in needed}, len(values))
    assumed = _names({name: flags for name, flags in missing.items() if name not in needed}, len(values))
    lacking = np.array([bool(names) for names in lacks], dtype=bool)
    return Predictions(np.where(lacking, np.nan, values), lacks, assumed, _names(outside, len(values)))


def read(job: Job, path: Path, site: Site | None = None) -> data.Local:
    """The records of a file, in the job's columns but for the target: as `site` maps them, or as they stand.

    Raises `UsageError` for a file that cannot be read so; no error tells of a value.
    """
    features = {name: feature for name, feature in job.features.items() if name != job.target}
    asked = msgspec.structs.replace(job, features=features, target=None, split=None)
    mapped = site or _plain(asked)
    kept = mapped.source if isinstance(mapped.source, FileSource) else FileSource(path=str(path))
    source = msgspec.structs.replace(kept, path=str(path.absolute()))
    return data.read(asked, msgspec.structs.replace(mapped, source=source, person=None), path.parent)


def to_csv(job: Job, found: Predictions) -> str:
    """Predictions as a CSV file: the record's number from 1, its value, and what it lacks."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["record", heading(job), "lacks", "assumed", "outside"])
    for at, value in enumerate(found.values.tolist()):
        told = "" if np.isnan(value) else f"{value:.6g}"
        notes = (" ".join(part[at]) for part in (found.lacks, found.assumed, found.outside))
        writer.writerow([at + 1, told, *notes])
    return text.getvalue()


def heading(job: Job) -> str:
    """What is predicted: `target`, or `target=label` for the chance of a label."""
    labels = labels_of(job.features[job.target]) if job.target else ()
    return f"{job.target}={labels[1]}" if labels else str(job.target)


def _scores(job: Job, model: State, design: Design) -> Floats:
    method = building.method(job)
    if isinstance(method, NoisyDescent):
        if {name: values.shape for name, values in model.items()} != {"model": (method.scaling.size,)}:
            raise RefusedError(_("the outcome holds no parameters that fit the job"))
        return method.predict(model["model"], design)
    fitted = building.fit(job)
    fitted.check(model)
    return fitted.score(model, design)


def _can_be_assumed(job: Job, name: str) -> bool:
    rule = job.features[name].missing
    return rule == "mean" or (rule == "keep" and job.privacy is not None)


def _plain(job: Job) -> Site:
    rules = {name: Rule(column=name, unit=getattr(feature, "unit", None)) for name, feature in job.features.items()}
    policy = Policy(methods=("statistics",))
    return Site(site="here", dataset="here", source=FileSource(path="-"), person=None, features=rules, policy=policy)


def _names(flags: Mapping[str, np.typing.NDArray[np.bool_]], records: int) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(name for name, found in flags.items() if found[at]) for at in range(records))
