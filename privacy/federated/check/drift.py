"""Whether the sites' records are of one kind: each site's profile against those of all others together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from privacy.federated.check.findings import Finding, finding, percent
from privacy.federated.check.profile import PARTS, Profile, Summary
from privacy.federated.job.features import labels_of
from privacy.federated.job.job import Job
from secops.core.errors import UsageError
from secops.core.finding import Severity
from secops.core.i18n import _

#: From which difference of shares on it is told, and from which on it is severe.
_MISSING = (0.3, 0.7)
_VALUES = (0.3, 0.6)

#: How far shares of few people are apart by chance: Kolmogorov and Smirnov's bound for one case in a hundred.
_CHANCE = 1.63


def judge(job: Job, profiles: Sequence[Profile]) -> list[Finding]:
    """How sites differ from the others, the worst first. Raises `UsageError` for profiles that are not of this job."""
    sites = [profile.site for profile in profiles]
    if len(set(sites)) < len(sites) or not set(sites) <= set(job.parties.sites):
        raise UsageError(_("a profile is of no site of the job, or there are two of one"))
    for profile in profiles:
        if profile.job != job.digest or not _fits(job, profile):
            raise UsageError(_("the profile is of another job"), where=profile.site)
    found = [
        each
        for place in range(len(job.features))
        for number, profile in enumerate(profiles)
        for each in _feature(job, place, profile, [*profiles[:number], *profiles[number + 1 :]])
    ]
    return sorted(found, key=lambda each: each.severity.rank)


def _fits(job: Job, profile: Profile) -> bool:
    """Whether it has the features of the job, and the parts of each."""
    if [summary.feature for summary in profile.features] != list(job.features):
        return False
    sizes = [len(labels_of(feature)) or PARTS for feature in job.features.values()]
    return [len(summary.cells) for summary in profile.features] == sizes


def _feature(job: Job, place: int, profile: Profile, others: Sequence[Profile]) -> Iterator[Finding]:
    here, there = profile.features[place], [other.features[place] for other in others]
    lacking, elsewhere = _lacking([profile], [here]), _lacking(others, there)
    if lacking is not None and elsewhere is not None:
        yield from _missing(profile.site, here.feature, lacking, elsewhere)
    if not here.present or not any(summary.present for summary in there):
        return
    if here.constant and not all(summary.constant for summary in there):
        yield finding("drift-constant", Severity.HIGH, profile.site, here.feature)
    yield from _values(profile.site, here, there, ordered=not labels_of(job.features[here.feature]))


def _lacking(profiles: Sequence[Profile], summaries: Sequence[Summary]) -> float | None:
    """The share of people without a value that can be used; None where there is nobody."""
    people = sum(profile.people for profile in profiles)
    return sum(s.missing + s.outside + s.unknown for s in summaries) / people if people else None


def _missing(site: str, feature: str, here: float, there: float) -> Iterator[Finding]:
    if here - there >= _MISSING[0]:
        severity = Severity.HIGH if here - there >= _MISSING[1] else Severity.MEDIUM
        yield finding("drift-missing", severity, site, feature, percent=percent(here), others=percent(there))


def _values(site: str, here: Summary, there: Sequence[Summary], *, ordered: bool) -> Iterator[Finding]:
    """A number's cumulative shares, or the shares of labels, that differ more than they do by chance."""
    cells, others = here.cells, [sum(column) for column in zip(*(summary.cells for summary in there), strict=True)]
    if not sum(cells) or not sum(others):
        return
    distance = max(abs(a - b) for a, b in zip(_shares(cells, ordered), _shares(others, ordered), strict=True))
    chance = _CHANCE * (1 / sum(cells) + 1 / sum(others)) ** 0.5
    if distance >= max(_VALUES[0], chance):
        severity = Severity.HIGH if distance >= _VALUES[1] else Severity.MEDIUM
        yield finding("drift-values", severity, site, here.feature, percent=percent(distance))


def _shares(cells: Sequence[int], ordered: bool) -> list[float]:
    counts = accumulate(cells) if ordered else iter(cells)
    return [count / sum(cells) for count in counts]
