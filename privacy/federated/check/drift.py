"""Whether the sites' records are of one kind: each site's profile against those of the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

import numpy as np

from privacy.federated.check.findings import Finding, finding, percent
from privacy.federated.check.profile import PARTS, Profile, Summary
from privacy.federated.design import Floats
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
        for place, feature in enumerate(job.features.values())
        for each in _feature([_Seen(p, p.features[place]) for p in profiles], ordered=not labels_of(feature))
    ]
    return sorted(found, key=lambda each: each.severity.rank)


class _Seen(NamedTuple):
    """One feature at one site."""

    profile: Profile
    feature: Summary

    @property
    def lacking(self) -> float:
        """The share of people without a value that can be used."""
        feature = self.feature
        return (feature.missing + feature.outside + feature.unknown) / self.profile.people

    def finding(self, code: str, severity: Severity, **values: object) -> Finding:
        return finding(code, severity, self.profile.site, self.feature.feature, **values)


def _fits(job: Job, profile: Profile) -> bool:
    """Whether it has the features of the job, and the parts of each."""
    if [summary.feature for summary in profile.features] != list(job.features):
        return False
    sizes = [len(labels_of(feature)) or PARTS for feature in job.features.values()]
    return [len(summary.cells) for summary in profile.features] == sizes


def _feature(sites: Sequence[_Seen], *, ordered: bool) -> Iterator[Finding]:
    yield from _missing([each for each in sites if each.profile.people])
    known = [each for each in sites if sum(each.feature.cells)]
    if len(known) < 2:
        return
    constant = [each.feature.constant for each in known]
    for each in known:
        if each.feature.constant and not all(constant):
            yield each.finding("drift-constant", Severity.HIGH)
    yield from _values(known, ordered=ordered)


def _missing(sites: Sequence[_Seen]) -> Iterator[Finding]:
    shares = [each.lacking for each in sites]
    for number, each in enumerate(sites if len(sites) > 1 else ()):
        others = median([*shares[:number], *shares[number + 1 :]])
        if each.lacking - others >= _MISSING[0]:
            severity = Severity.HIGH if each.lacking - others >= _MISSING[1] else Severity.MEDIUM
            yield each.finding("drift-missing", severity, percent=percent(each.lacking), others=percent(others))


def _values(sites: Sequence[_Seen], *, ordered: bool) -> Iterator[Finding]:
    """A site is told when it is unlike more than half of the others: else the others would be, whom one has led off."""
    cells = np.array([each.feature.cells for each in sites], dtype=float)
    shares = cells / cells.sum(axis=1, keepdims=True)
    shares = shares.cumsum(axis=1) if ordered else shares
    distances = np.abs(shares[:, None] - shares[None]).max(axis=2)
    unlike = distances >= np.maximum(_VALUES[0], _by_chance(cells, [each.feature.present for each in sites]))
    for number, each in enumerate(sites):
        if 2 * unlike[number].sum() > len(sites) - 1:
            distance = float(np.median(np.delete(distances[number], number)))
            severity = Severity.HIGH if distance >= _VALUES[1] else Severity.MEDIUM
            yield each.finding("drift-values", severity, percent=percent(distance))


def _by_chance(cells: Floats, present: Sequence[int]) -> Floats:
    """How far apart shares may be of people of one kind, (sites, sites), and by what counts below the floor hide."""
    told = cells.sum(axis=1)
    hidden = 1 - np.minimum(1.0, told / np.maximum(1.0, present))
    return np.asarray(_CHANCE * np.sqrt(1 / told[:, None] + 1 / told[None]) + hidden[:, None] + hidden[None])
