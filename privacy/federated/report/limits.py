"""What a model must not be used for, and what the way it was made does not protect from."""

from __future__ import annotations

from collections.abc import Iterator

from privacy.federated.job.job import Job
from privacy.federated.job.methods import Statistics
from privacy.federated.report.outcome import Outcome, Regressed
from privacy.federated.secagg.terms import tolerates
from secops.core.i18n import _


def not_for(job: Job, outcome: Outcome) -> Iterator[str]:
    """Uses that are none."""
    yield _("Any purpose but {purpose}, which the job names under the contract {contract}.").format(
        purpose=job.purpose, contract=job.contract
    )
    yield _("Finding out whether somebody is among the records, or what a record says.")
    if isinstance(job.method, Statistics):
        yield _("Conclusions about people who are unlike those of these sites.")
        return
    yield _("Decisions about a person that nobody answers for who knows more than the model.")
    yield _("Records with values outside of the ranges above, or of people who are unlike those of these sites.")
    yield _("Causes: a coefficient says what goes together in these records, and not what would change what.")
    if outcome.evaluation is None:
        yield _("Anything for which it matters how good it is: it was not measured on records that were held back.")
    if isinstance(outcome.result, Regressed):
        yield from _regression(job, outcome.result)


def _regression(job: Job, found: Regressed) -> Iterator[str]:
    if found.ridge:
        yield _("Tests of coefficients: the ridge has drawn them towards 0, so that there are no p-values.")
    if any(feature.missing == "mean" for feature in job.features.values()):
        yield _("Fine distinctions by standard errors: means in place of gaps count as values, so they are too small.")


def not_from(job: Job) -> Iterator[str]:
    """What remains possible, with the page that says more."""
    yield _("A site that lies about its records: a sum of false numbers is false.")
    yield _("The result itself: whoever has it knows what these sums tell, and may compare it with others.")
    if job.aggregation.by == "plain":
        yield _("The hub: it saw the numbers of each site.")
    else:
        yield from _masks(job)
    if job.privacy is None:
        yield _("Somebody who knows all records but one: sums may tell the last one (docs/differential-privacy.md).")
    else:
        yield _("What is true of groups: only what is told of one person has a bound (docs/differential-privacy.md).")
        yield _("Small losses: epsilon bounds what is told of a person, and does not make it nothing.")


def _masks(job: Job) -> Iterator[str]:
    colluding = tolerates(len(job.parties.sites), job.minimum.sites).colluding
    yield _("Sites that lie together with the hub, if they are more than {n} (docs/secure-aggregation.md).").format(
        n=colluding
    )
    if not isinstance(job.method, Statistics) and job.privacy is None:
        yield _("The hub sees all rounds: slopes and curvatures over all sites, and so how their features go together.")
