"""The outcome of a job that is done, made of what its hub holds: the method, and where the job stands."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice

import msgspec
import numpy as np

from privacy.federated.ask import Method, State
from privacy.federated.building import confidence, label, parts
from privacy.federated.design import Floats
from privacy.federated.dp.descent import NoisyDescent
from privacy.federated.dp.plan import Noise
from privacy.federated.dp.scaling import CONSTANT
from privacy.federated.hub import Standing
from privacy.federated.job import methods as named
from privacy.federated.job.features import labels_of
from privacy.federated.job.job import Job
from privacy.federated.methods.classified import Classified
from privacy.federated.methods.course import Course
from privacy.federated.methods.descent import Descent
from privacy.federated.methods.errors import Errors
from privacy.federated.methods.inference import Coefficient, regression
from privacy.federated.methods.moments import Correlations, Moments
from privacy.federated.methods.newton import Newton
from privacy.federated.methods.search import unpacked
from privacy.federated.methods.sums import Part, Statistics
from privacy.federated.methods.survival import Survival
from privacy.federated.methods.tables import Histogram, Labels, Table
from privacy.federated.report import outcome as told
from privacy.federated.report.outcome import Outcome
from secops.core.errors import CitywallError, RefusedError, UsageError
from secops.core.i18n import _

#: The term that every model has, as outcomes name it.
INTERCEPT = "(intercept)"


def outcome(job: Job, method: Method, standing: Standing, noise: Noise | None = None) -> Outcome:
    """What a job gave. `noise` is that of a job with differential privacy.

    Raises `RefusedError` where the job is not done, or gave no number that is right.
    """
    if not standing.rounds or method.ask(standing.state) is not None:
        raise RefusedError(_("the job is not done"))
    fitted = method.fit if isinstance(method, Course) else method
    return Outcome(
        id=job.id,
        job=job.digest,
        method=named.name_of(job.method),
        sites=tuple(sorted({site for ran in standing.rounds for site in ran.sites})),
        rounds=tuple(told.Ran(number=r.number, stage=r.stage, sites=r.sites, loss=r.loss) for r in standing.rounds),
        rounding=_rounding(fitted, standing),
        confidence=confidence(job),
        result=_result(job, fitted, standing, noise),
        parameters={name: tuple(values.tolist()) for name, values in _parameters(fitted, standing).items()},
        steps=tuple(_steps(fitted, standing)),
        evaluation=_evaluated(method, standing),
    )


def _result(
    job: Job, fitted: Method, standing: Standing, noise: Noise | None
) -> told.Regressed | told.Descended | told.Protected | told.Described:
    if isinstance(fitted, Statistics) and isinstance(job.method, named.Statistics):
        return told.Described(parts=tuple(_statistics(job, job.method, fitted, standing)))
    if isinstance(fitted, Newton):
        return _regressed(job, fitted, standing)
    if isinstance(fitted, Descent):
        return _descended(job, fitted, standing)
    if isinstance(fitted, NoisyDescent) and noise is not None:
        return _protected(job, fitted, standing, noise)
    raise UsageError(_("this method is none of the job"))


def _regressed(job: Job, newton: Newton, standing: Standing) -> told.Regressed:
    found = regression(newton, standing.state, confidence(job) / 100)
    return told.Regressed(
        family=found.family,
        records=found.records,
        freedom=found.freedom,
        ridge=found.ridge,
        deviance=found.deviance,
        null_deviance=found.null_deviance,
        dispersion=found.dispersion,
        coefficients=tuple(_coefficient(job, row) for row in found.coefficients),
        covariance=found.covariance,
    )


def _coefficient(job: Job, row: Coefficient) -> Coefficient:
    """With the labels of the job, and no ratio that is infinite."""
    ratio = row.ratio if row.ratio is not None and math.isfinite(row.ratio) else None
    ends = row.ratio_interval if row.ratio_interval and math.isfinite(row.ratio_interval.upper) else None
    return msgspec.structs.replace(row, term=label(job, row.term), ratio=ratio, ratio_interval=ends)


def _descended(job: Job, descent: Descent, standing: Standing) -> told.Descended:
    state, family, hidden = standing.state, descent.learner.family, descent.learner.hidden
    records, share = int(state["records"]), float(state["target"])
    own: dict[str, float] = {}
    if not hidden:
        *slopes, level = (family.unit * state["weights"]).tolist()
        each = (np.array(slopes) / state["sd"]).tolist()
        named_terms = zip(descent.problem.terms.names, each, strict=True)
        intercept = family.base + level - float(np.array(each) @ state["mean"])
        own = {INTERCEPT: intercept, **{label(job, term): value for term, value in named_terms}}
    ones = round(records * share) if descent.problem.target.levels else None
    return told.Descended(family=family.name, records=records, ones=ones, hidden=hidden, coefficients=own)


def _protected(job: Job, descent: NoisyDescent, standing: Standing, noise: Noise) -> told.Protected:
    found = descent.scaling.terms(descent.model(standing.state))
    middle, half = 0.0, 1.0
    if descent.kind == "linear":  # the sums are of the target as -1 … 1
        target = descent.target
        middle, half = (target.upper + target.lower) / 2, (target.upper - target.lower) / 2
    own = {INTERCEPT: middle + half * found.pop(CONSTANT)}
    own |= {label(job, term): half * value for term, value in found.items()}
    return told.Protected(
        family=descent.kind,
        coefficients=own,
        epsilon=noise.epsilon,
        delta=noise.wanted.delta,
        rho=noise.cost,
        variance=noise.variance,
        honest=noise.honest,
    )


def _statistics(
    job: Job, wanted: named.Statistics, method: Statistics[object], standing: Standing
) -> list[told.Statistic]:
    found = zip(parts(job, wanted), method.results(standing.state), strict=True)
    return [_statistic(job, part, result) for part, result in found]


def _statistic(job: Job, part: Part[object], result: object) -> told.Statistic:
    values = msgspec.to_builtins(result)
    match part:
        case Labels():
            table = msgspec.convert(values, Table)
            labels = tuple(labels_of(job.features[name]) for name in table.columns)
            return told.Counted(columns=table.columns, labels=labels, counts=table.counts, missing=table.missing)
        case Moments():
            return msgspec.convert({"kind": "numbers", "columns": values}, told.Summed)
        case Histogram():
            return msgspec.convert({"kind": "distribution", "bins": values}, told.Spread)
        case Correlations():
            return msgspec.convert({"kind": "correlations", "pairs": values}, told.Correlated)
        case Survival():
            group = part.group.name if part.group else None
            names: dict[str, object] = {"time": part.time.name, "event": part.event.name, "group": group}
            names["labels"] = labels_of(job.features[group]) if group else ()
            return msgspec.convert({"kind": "survival", **names, "survived": values}, told.Followed)
        case _:
            raise CitywallError(_("a statistic that no outcome can hold"))


def _parameters(fitted: Method, standing: Standing) -> dict[str, Floats]:
    if isinstance(fitted, Newton | Descent):
        return dict(fitted.parameters(standing.state))
    return {"model": fitted.model(standing.state)} if isinstance(fitted, NoisyDescent) else {}


def _steps(fitted: Method, standing: Standing) -> Iterator[float]:
    if isinstance(fitted, NoisyDescent):
        for column in fitted.scaling.columns:
            yield from [1.0] * (column.levels - 1) if column.levels else [(column.upper - column.lower) / 4]
    elif isinstance(fitted, Newton | Descent):
        problem = fitted.problem if isinstance(fitted, Newton) else fitted.learner.problem
        sds = iter(standing.state["sd"].tolist())
        for column in problem.features:
            own = list(islice(sds, column.levels - 1 if column.levels else 1))
            yield from [1.0] * len(own) if column.levels else own


def _rounding(fitted: Method, standing: Standing) -> told.Rounding:
    """By the last round of the fit, asked for at what it came to."""
    state = dict(standing.state)
    state.pop("total", None)
    if "round" in state:  # back to where one more round was due
        state |= {"round": state["round"] - 1, "still": np.array(0.0)}
    if (ask := fitted.ask(state)) is None:
        raise CitywallError(_("a method that was done before its last round"))
    part = float(np.where(ask.step == 1, 0.0, ask.step / ask.bound).max()) / 2  # counts in steps of 1 are exact
    if not isinstance(fitted, Newton):
        return told.Rounding(part=part)
    sites = [ran.sites for ran in standing.rounds if ran.stage == ask.stage][-1]
    return told.Rounding(part=part, coefficients=_moved(fitted, state, len(sites) * ask.step / 2))


def _moved(newton: Newton, state: State, wrong: Floats) -> float:
    """How far the optimum of slopes that are off by so much may lie, in coefficients of scaled terms."""
    inverse = np.linalg.inv(newton.search.penalised(state["curvature"]))
    return float((np.abs(inverse) @ unpacked(wrong, newton.size).slope).max())


def _evaluated(method: Method, standing: Standing) -> told.Evaluated | None:
    if not isinstance(method, Course):
        return None
    found = method.measured(standing.state)
    left_out = method.left_out(standing.state)
    if isinstance(found, Classified):
        return told.Evaluated(left_out=left_out, classified=found)
    if isinstance(found, Errors):
        return told.Evaluated(left_out=left_out, errors=found)
    raise CitywallError(_("a measure that no outcome can hold"))
