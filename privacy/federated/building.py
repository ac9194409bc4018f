"""From a job to its method: what is asked, round by round, and what a site answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from privacy.data.schema import Bound
from privacy.federated.ask import Ask, Method
from privacy.federated.design import Column
from privacy.federated.dp.descent import PACES, NoisyDescent, Pace
from privacy.federated.dp.plan import Noise, plan
from privacy.federated.dp.scaling import Scaling
from privacy.federated.flower import Server
from privacy.federated.job import methods as named
from privacy.federated.job.features import labels_of
from privacy.federated.job.job import Job
from privacy.federated.methods.classified import Classification
from privacy.federated.methods.course import Course, Fit
from privacy.federated.methods.descent import Descent, Local
from privacy.federated.methods.errors import Deviations
from privacy.federated.methods.evaluate import Measure
from privacy.federated.methods.families import FAMILIES, Linear, Logistic
from privacy.federated.methods.learner import Learner
from privacy.federated.methods.moments import Correlations, Moments
from privacy.federated.methods.newton import Newton
from privacy.federated.methods.sums import Part, Statistics
from privacy.federated.methods.survival import Survival
from privacy.federated.methods.tables import Histogram, Labels
from privacy.federated.methods.terms import Problem
from privacy.federated.secagg.terms import MOST_ROUNDS, Member, Terms
from privacy.parties.signed import made
from secops.core.errors import UsageError
from secops.core.i18n import _

#: The column of whose each record is, which a site adds for jobs that protect people.
PERSON = "(person)"

_Descent: TypeAlias = named.FedAvg | named.FedProx | named.FedAdam


def method(job: Job) -> Method:
    """The method of a job, the same at the hub and at every site. Raises `UsageError` for what does not fit."""
    if isinstance(job.method, named.Statistics):
        return Statistics(parts(job, job.method), job.maximum.rows)
    if job.privacy is not None:
        return _noisy(job)
    fitted = fit(job)
    if "evaluation" not in job.outputs:
        return fitted
    return Course(fitted, measure(job), job.maximum.rows)


def fit(job: Job) -> Fit:
    """What a job fits. Raises `UsageError` for a job that fits nothing."""
    if isinstance(job.method, named.Linear | named.Logistic | named.Poisson):
        family = FAMILIES[named.name_of(job.method)](target(job))
        return Newton(problem(job), family, job.maximum.rows, number(job.method.ridge), job.rounds)
    if isinstance(job.method, named.FedAvg):
        return _descent(job, job.method, Server("fedavg"))
    if isinstance(job.method, named.FedProx):
        return _descent(job, job.method, Server("fedprox"), number(job.method.proximal))
    if isinstance(job.method, named.FedAdam):
        return _descent(job, job.method, Server("fedadam", number(job.method.server_rate)))
    raise UsageError(_("{method} fits nothing").format(method=named.name_of(job.method)))


def target(job: Job) -> Column:
    """The column that is learned. Raises `UsageError` where there is none."""
    for column in job.columns():
        if column.name == job.target:
            return column
    raise UsageError(_("{method} needs a target").format(method=named.name_of(job.method)))


def noise(job: Job) -> Noise | None:
    """The noise of a job with differential privacy. Raises `UsageError`, and `RefusedError` for too much of it."""
    if job.privacy is None:
        return None
    epsilon, delta = number(job.privacy.epsilon), number(job.privacy.delta)
    parties, colluding = len(job.parties.sites), job.aggregation.colluding
    return plan(_noisy(job).wanted(epsilon, delta, parties, job.minimum.sites, colluding))


def is_descent(job: Job) -> bool:
    """Whether rounds are of steps that sites take by themselves, or noisy: each over sites of its own."""
    return job.privacy is not None or isinstance(job.method, _Descent)


def rounds_left(job: Job, first: int) -> int:
    """The most rounds of a job from this one on, all of the same width: the first of a descent is of moments."""
    if isinstance(job.method, named.Statistics):
        return 1
    whole = job.rounds if job.privacy else job.rounds + 1 + ("evaluation" in job.outputs)
    is_first = first == 1 and isinstance(job.method, _Descent) and not job.privacy
    return 1 if is_first else min(MOST_ROUNDS, max(1, whole - first + 1))


def terms(job: Job, members: Sequence[Member], first: int, rounds: int, bits: int) -> Terms:
    """The terms of a set-up of masks, the same at the hub and at every site. Raises `UsageError`."""
    if {member.id for member in members} != set(job.parties.sites):
        raise UsageError(_("the keys are not those of the sites of the job"))
    least, colluding = job.minimum.sites, job.aggregation.colluding
    return made(
        Terms, job=job.digest, members=tuple(sorted(members, key=lambda member: member.id)), threshold=least,
        colluding=colluding, first=first, rounds=rounds, bits=bits,
    )  # fmt: skip


def limit(ask: Ask, noise: Noise | None) -> int:
    """The largest whole number of a round that any site may send."""
    return ask.largest() + (noise.reach if noise else 0)


def problem(job: Job) -> Problem:
    """What is learned from what. A feature whose gaps the job leaves as they are keeps its record from the fit."""
    exposure = job.method.exposure if isinstance(job.method, named.Poisson) else None
    columns = {column.name: column for column in job.columns()}
    terms = tuple(column for name, column in columns.items() if name not in (job.target, exposure))
    averaged = frozenset(column.name for column in terms if job.features[column.name].missing == "mean")
    return Problem(terms, target(job), averaged, columns[exposure] if exposure else None)


def parts(job: Job, wanted: named.Statistics) -> list[Part[object]]:
    """The statistics that a job asks for: moments of numbers, counts of labels, then what it names."""
    columns = {column.name: column for column in job.columns()}
    numbers = tuple(column for column in columns.values() if not column.levels)
    found: list[Part[object]] = [Labels((column,)) for column in columns.values() if column.levels]
    if numbers:
        found.append(Moments(numbers))
        shares = tuple(percent / 100 for percent in wanted.quantiles)
        found += [Histogram(column, wanted.bins, shares) for column in numbers if shares]
    if wanted.correlations and len(numbers) > 1:
        found.append(Correlations(numbers, wanted.confidence / 100))
    found += [Labels((columns[one], columns[other])) for one, other in wanted.tables]
    return found + [_survival(columns, curve, wanted.confidence / 100) for curve in wanted.survival]


def number(bound: Bound) -> float:
    """A decimal of a job, which is text in it."""
    return float(bound)


def _survival(columns: dict[str, Column], curve: named.Survival, level: float) -> Survival:
    time = columns[curve.time]
    grid = np.linspace(time.lower, time.upper, curve.steps + 1)[1:]
    group = columns[curve.group] if curve.group else None
    return Survival(time, columns[curve.event], tuple(grid.tolist()), group, level)


def _descent(job: Job, wanted: _Descent, server: Server, proximal: float = 0.0) -> Descent:
    column = target(job)
    learner = Learner(problem(job), Logistic(column) if column.levels else Linear(column), wanted.hidden)
    local = Local(
        wanted.steps, wanted.batch, number(wanted.rate), number(wanted.clip), proximal, number(wanted.decay)
    )  # fmt: skip
    return Descent(learner, local, server, job.maximum.rows, job.rounds, wanted.seed)


def _noisy(job: Job) -> NoisyDescent:
    if not isinstance(job.method, named.Gradient) or job.privacy is None:
        raise UsageError(_("`privacy` and the method `gradient` need each other"))
    aim = target(job)
    kind = "logistic" if aim.levels else "linear"
    rate = PACES[kind].rate if job.method.rate is None else number(job.method.rate)
    pace = Pace(job.rounds, number(job.privacy.clip), rate)
    scaling = Scaling(tuple(column for column in job.columns() if column.name != job.target))
    return NoisyDescent(kind, scaling, aim, PERSON, job.method.records, pace)


def measure(job: Job) -> Measure[object]:
    """How what a job fits is measured."""
    wanted, level = target(job), confidence(job) / 100
    return Classification(level=level) if wanted.levels else Deviations(wanted, level)


def confidence(job: Job) -> int:
    """Of all intervals that a job tells, in percent."""
    return int(getattr(job.method, "confidence", 95))


def label(job: Job, term: str) -> str:
    """A term as people read it: `column=label` with the label's own name."""
    name, equals, place = term.rpartition("=")
    if not equals or name not in job.features:
        return term
    return f"{name}={labels_of(job.features[name])[int(place)]}"
