"""The honest comparison, for simulations alone: each site's own model, the federated one, and one of all records.

All are measured on the same records, those that were held back, at each site and together. Only somebody who has all
sites' records in one place can do this, which is what a federation is there to avoid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from privacy.federated import building
from privacy.federated.ask import Method, State
from privacy.federated.design import Design, Floats
from privacy.federated.job import methods as named
from privacy.federated.job.job import Job
from privacy.federated.methods.classified import Classified
from privacy.federated.methods.course import Fit
from privacy.federated.methods.descent import Descent
from privacy.federated.methods.errors import Errors
from privacy.federated.methods.families import FAMILIES
from privacy.federated.methods.newton import Newton
from privacy.federated.methods.sums import off
from privacy.federated.report.outcome import Outcome
from privacy.federated.report.predict import parameters, scores
from secops.core.errors import RefusedError, UsageError
from secops.core.i18n import _

Measured = Classified | Errors

#: The rounds of Newton's method for noisy jobs, whose sites and pooled records are fitted without noise.
_ROUNDS = 25


@dataclass(frozen=True)
class Compared:
    """A model measured at each site, and on all sites' records `together`.

    `kind` and `site` say what it was fitted on. `refused`: why there is no such model; then nothing is measured.
    """

    kind: Literal["local", "federated", "pooled"]
    site: str | None
    refused: str | None
    sites: dict[str, Measured]
    together: Measured | None


def compare(job: Job, designs: Mapping[str, Design], outcome: Outcome) -> tuple[Compared, ...]:
    """Local models by site, then the federated one that `outcome` has, then the pooled one.

    `designs` are what takes part at each site. Models of a noisy job are compared with some without noise: with the
    regression of the same family. Raises `UsageError` for jobs that fit nothing, or hold nothing back.
    """
    federated = parameters(job, outcome)
    if not any(design.held.any() for design in designs.values()):
        raise UsageError(_("no record is held back: nothing can be measured"))
    pooled = _pooled(list(designs.values()))
    found = [_fitted(job, "local", site, design, designs) for site, design in designs.items()]
    found.append(_measured(job, Compared("federated", None, None, {}, None), federated, designs))
    return (*found, _fitted(job, "pooled", None, pooled, designs))


def run(method: Method, sites: Sequence[Design]) -> State:
    """A method to its end over records that are all here: plain sums, in the steps that sites count in."""
    state = method.start()
    while ask := method.ask(state):
        total = sum((np.rint(method.at_site(ask, site) / ask.step) for site in sites), np.zeros(ask.size))
        state = method.take(state, total * ask.step, len(sites))
    return state


def _fitted(
    job: Job, kind: Literal["local", "pooled"], site: str | None, data: Design, designs: Mapping[str, Design]
) -> Compared:
    """The model of these records alone, with the method, ridge and rounds of the job."""
    fit = _fit(job, len(data.values))
    try:
        model = fit.parameters(_still(fit, run(fit, [data])))
    except RefusedError as error:
        return Compared(kind, site, error.what, {}, None)
    return _measured(job, Compared(kind, site, None, {}, None), model, designs, fit)


def _measured(
    job: Job, compared: Compared, model: State, designs: Mapping[str, Design], fit: Fit | None = None
) -> Compared:
    """The measures of a model of this fit; without one, of the model that the job itself gave."""
    sites = {site: _measure(job, model, [design], fit) for site, design in designs.items()}
    return replace(compared, sites=sites, together=_measure(job, model, list(designs.values()), fit))


def _measure(job: Job, model: State, designs: Sequence[Design], fit: Fit | None) -> Any:
    measure = building.measure(job)
    tested = [design.part(held=True) for design in designs]
    truth = np.concatenate([design.column(building.target(job).name) for design in tested])
    score = np.concatenate([_scores(job, model, design, fit) for design in tested])
    both = ~np.isnan(truth) & ~np.isnan(score)
    sums = measure.sums(truth[both], score[both])
    return measure.read(sums, off(measure.entries, max(1, len(truth)), 1))


def _scores(job: Job, model: State, design: Design, fit: Fit | None) -> Floats:
    return scores(job, model, design) if fit is None else fit.score(model, design)


def _fit(job: Job, rows: int) -> Fit:
    """The job's fit for a site of so many records; for a noisy job, regression as it would be without noise."""
    most = max(job.maximum.rows, rows)
    if isinstance(job.method, named.Gradient):
        target = building.target(job)
        family = FAMILIES["logistic" if target.levels else "linear"](target)
        return Newton(building.problem(job), family, most, 0.0, _ROUNDS)
    fit = building.fit(job)
    return replace(fit, rows=most) if isinstance(fit, Newton | Descent) else fit


def _still(fit: Fit, state: State) -> State:
    """The state at the end, if it is one of Newton's that the coefficients came to stand still in."""
    if isinstance(fit, Newton) and not state["still"]:
        raise RefusedError(_("the coefficients did not come to stand still"))
    return state


def _pooled(designs: Sequence[Design]) -> Design:
    values = np.concatenate([design.values for design in designs])
    return Design(designs[0].columns, values, np.concatenate([design.held for design in designs]))
