"""The model card of a job that is done: what it is for, of what and how it was made, how good it is, and its limits.

It is in the language in use, and of sums alone; so whoever may have the outcome may have the card.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec

from privacy.federated.job.features import BooleanFeature, Feature, IntegerFeature, NumberFeature, labels_of
from privacy.federated.job.job import HashSplit, Job, SiteSplit
from privacy.federated.job.methods import name_of
from privacy.federated.report import outcome as told
from privacy.federated.report import results, terminal
from privacy.federated.report.axes import number
from privacy.federated.report.limits import not_for, not_from
from privacy.federated.report.outcome import Outcome, Protected
from privacy.federated.report.page import Block, Items, Page, Section, Table
from privacy.federated.secagg.terms import tolerates
from secops.core.i18n import _, language


def card(job: Job, outcome: Outcome) -> Page:
    """The card, for `page.markdown` or `page.html`."""
    sections = [
        Section(_("Purpose"), tuple(_purpose(job))),
        Section(_("Parties"), tuple(_parties(job, outcome))),
        Section(_("Records and features"), tuple(_features(job))),
        Section(_("Method"), tuple(_method(job, outcome))),
        Section(_("Aggregation"), tuple(_aggregation(job, outcome))),
        Section(_("Privacy"), tuple(_privacy(job, outcome))),
        *results.sections(outcome),
        Section(_("What it must not be used for"), (Items(tuple(not_for(job, outcome))),)),
        Section(_("What it does not protect from"), (Items(tuple(not_from(job))),)),
        Section(_("Digests"), (Table((_("what"), _("digest")), tuple(_digests(job, outcome))),)),
    ]
    title = _("Model card: {title}").format(title=job.title.get(language()))
    return Page(title, tuple(sections))


def _purpose(job: Job) -> Iterator[Block]:
    yield _("Job {id}, for the purpose {purpose} under the contract {contract}.").format(
        id=job.id, purpose=job.purpose, contract=job.contract
    )
    if job.target:
        yield _("It tells {target} from the features below.").format(target=job.target)


def _parties(job: Job, outcome: Outcome) -> Iterator[Block]:
    yield Table(
        (_("role"), _("party")),
        (
            (_("researcher"), job.parties.researcher),
            (_("hub"), job.parties.hub),
            (_("sites of the job"), ", ".join(job.parties.sites)),
            (_("sites in the result"), ", ".join(outcome.sites)),
        ),
    )
    yield _("Every sum is over {least} or more sites, and every site has {rows} or more records.").format(
        least=job.minimum.sites, rows=job.minimum.rows
    )


def _features(job: Job) -> Iterator[Block]:
    heads = (_("feature"), _("type"), _("unit"), _("range or labels"), _("without a value"))
    yield Table(heads, tuple(_feature(name, feature) for name, feature in job.features.items()))
    yield _("A value outside of its range counts as none.")
    if isinstance(job.split, HashSplit):
        what = _("{percent} % of the people of each site are held back for the test, by a hash with the seed {seed}.")
        yield what.format(percent=job.split.percent, seed=job.split.seed)
    elif isinstance(job.split, SiteSplit):
        yield _("Each site says which of its records are held back for the test.")
    else:
        yield _("No records are held back.")


def _feature(name: str, feature: Feature) -> tuple[str, ...]:
    words = {
        "drop": _("the record takes no part"),
        "mean": _("counts as the mean of all sites"),
        "keep": _("is left as it is"),
    }
    kinds = {NumberFeature: _("decimal number"), IntegerFeature: _("whole number"), BooleanFeature: _("yes or no")}
    if isinstance(feature, NumberFeature | IntegerFeature):
        values, unit = f"{feature.minimum} … {feature.maximum}", feature.unit or ""
    else:
        values, unit = ", ".join(labels_of(feature)), ""
    return name, kinds.get(type(feature), _("one of labels")), unit, values, words[feature.missing]


def _method(job: Job, outcome: Outcome) -> Iterator[Block]:
    options = msgspec.to_builtins(job.method)
    given = ", ".join(f"{key} {_option(value)}" for key, value in options.items() if key != "name")
    yield _("Method: {method}.").format(method=name_of(job.method))
    if given:
        yield _("Options: {options}.").format(options=given)
    yield _("Rounds: {n}, of at most {most}.").format(n=len(outcome.rounds), most=_most(job, outcome))
    if course := terminal.course(outcome):
        yield course
    if changed := {ran.sites for ran in outcome.rounds} - {outcome.sites}:
        yield _("Rounds whose sums were not over all of these sites: {n}.").format(
            n=sum(ran.sites in changed for ran in outcome.rounds)
        )


def _option(value: object) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_option, value)) + "]"
    if isinstance(value, dict):
        return "(" + ", ".join(f"{key} {_option(part)}" for key, part in value.items()) + ")"
    return str(value)


def _most(job: Job, outcome: Outcome) -> int:
    """The rounds of the fit, and those that stand before and after."""
    extra = sum(ran.stage in ("moments", "evaluate") for ran in outcome.rounds)
    return 1 if isinstance(outcome.result, told.Described) else job.rounds + extra


def _aggregation(job: Job, outcome: Outcome) -> Iterator[Block]:
    if job.aggregation.by == "plain":
        yield _("The hub saw the numbers of each site, which every site's policy allowed.")
    else:
        yield _("The hub saw sums over sites alone, by secure aggregation with pairwise masks.")
        withstands = str(tolerates(len(job.parties.sites), job.minimum.sites))
        yield _("What that withstands: {what}.").format(what=withstands)
    yield _("Sums are counted in steps: each may be off by {part} of the most that it can be.").format(
        part=number(outcome.rounding.part)
    )
    if outcome.rounding.coefficients is not None:
        yield _("By that, coefficients of standardised features are off by {off} at most.").format(
            off=number(outcome.rounding.coefficients)
        )


def _privacy(job: Job, outcome: Outcome) -> Iterator[Block]:
    found = outcome.result
    if not isinstance(found, Protected) or job.privacy is None:
        yield _("No differential privacy: nothing bounds what the result tells of one person.")
        return
    yield _("Differential privacy of each person: epsilon {epsilon} at delta {delta}, over all rounds.").format(
        epsilon=number(found.epsilon), delta=number(found.delta)
    )
    what = _("Each site added noise of variance {variance} (in steps squared); every sum has that of {n} or more.")
    yield what.format(variance=found.variance, n=found.honest)
    yield _("There are no standard errors, intervals or p-values: noisy sums have none of the usual ones.")


def _digests(job: Job, outcome: Outcome) -> Iterator[tuple[str, str]]:
    yield _("job"), outcome.job
    yield _("roster"), job.parties.roster
    yield _("outcome"), "sha256:" + hashlib.sha256(told.dump(outcome)).hexdigest()
