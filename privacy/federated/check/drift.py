"""Whether the sites' records are of one kind: each site's profile against those of the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import sqrt
from statistics import median

from privacy.federated.check.findings import Finding, finding, percent
from privacy.federated.check.profile import PARTS, Profile, Summary
from privacy.federated.job.features import labels_of
from privacy.federated.job.job import Job
from secops.core.errors import UsageError
from secops.core.finding import Severity
from secops.core.i18n import _

#: From which difference of shares on it is told, and from which on it is severe.
_MISSING = (0.3, 0.7)
_VALUES = (0.4, 0.7)

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
    shares = [_lacking(other, other.features[place]) for other in others if other.people]
    if profile.people and shares:
        yield from _missing(profile.site, here.feature, _lacking(profile, here), median(shares))
    there = [summary for summary in there if sum(summary.cells)]
    if not sum(here.cells) or not there:
        return
    if here.constant and not all(summary.constant for summary in there):
        yield finding("drift-constant", Severity.HIGH, profile.site, here.feature)
    yield from _values(profile.site, here, there, ordered=not labels_of(job.features[here.feature]))


def _lacking(profile: Profile, summary: Summary) -> float:
    """The share of people without a value that can be used."""
    return (summary.missing + summary.outside + summary.unknown) / profile.people


def _missing(site: str, feature: str, here: float, there: float) -> Iterator[Finding]:
    if here - there >= _MISSING[0]:
        severity = Severity.HIGH if here - there >= _MISSING[1] else Severity.MEDIUM
        yield finding("drift-missing", severity, site, feature, percent=percent(here), others=percent(there))


def _values(site: str, here: Summary, there: Sequence[Summary], *, ordered: bool) -> Iterator[Finding]:
    """A site is told when it is unlike more than half of the others: else the others would be, whom one has led off."""
    distances = [_distance(here.cells, other.cells, ordered=ordered) for other in there]
    unlike = sum(far >= max(_VALUES[0], _by_chance(here, other)) for far, other in zip(distances, there, strict=True))
    if 2 * unlike > len(there):
        distance = median(distances)
        severity = Severity.HIGH if distance >= _VALUES[1] else Severity.MEDIUM
        yield finding("drift-values", severity, site, here.feature, percent=percent(distance))


def _distance(here: Sequence[int], there: Sequence[int], *, ordered: bool) -> float:
    """The largest difference of a label's shares, or of a number's cumulative shares."""
    return max(abs(a - b) for a, b in zip(_shares(here, ordered), _shares(there, ordered), strict=True))


def _shares(cells: Sequence[int], ordered: bool) -> list[float]:
    counts = accumulate(cells) if ordered else iter(cells)
    return [count / sum(cells) for count in counts]


def _by_chance(here: Summary, there: Summary) -> float:
    """How far apart shares may be of people of one kind, and by what counts below the floor do not tell."""
    chance = _CHANCE * sqrt(1 / sum(here.cells) + 1 / sum(there.cells))
    return chance + sum(1 - min(1.0, sum(each.cells) / max(each.present, 1)) for each in (here, there))
