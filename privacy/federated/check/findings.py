"""What is wrong with a site's records for a job, from the site's profile alone."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from privacy.federated.check.profile import Profile, Summary
from privacy.federated.job.job import Job
from privacy.reason import Reason, Texts, reason
from secops.core.finding import Severity

TEXTS: Texts = {
    "empty": ("{feature}: nobody has a value that the job can use", "{feature}：没有任何人有作业可用的值"),
    "missing": ("{feature}: about {percent} % have no value", "{feature}：约 {percent}% 的人缺少该值"),
    "impossible": (
        "{feature}: about {percent} % have a value out of the range of the job; it counts as missing",
        "{feature}：约 {percent}% 的人的值超出作业规定的范围，按缺失处理",
    ),
    "unknown": (
        "{feature}: about {percent} % have a value that site.yml does not explain; it counts as missing",
        "{feature}：约 {percent}% 的人的值在 site.yml 中没有说明，按缺失处理",
    ),
    "unit": (
        "{feature}: the values would be in range in another unit ({units}): does site.yml name the right one?",
        "{feature}：若单位为 {units}，数值才在范围内：site.yml 中的单位是否正确？",
    ),
    "constant": ("{feature}: everyone has the same value", "{feature}：所有人的值都相同"),
    "left-out": ("about {percent} % of the people cannot take part", "约 {percent}% 的人无法参与"),
    "nameless": (
        "of some records nobody knows whose they are; they do not take part",
        "有些记录不知属于何人，不参与计算",
    ),
    "nobody": ("too few people take part to tell how many", "参与人数过少，无法给出数目"),
    "no-test": ("too few people are held back for the test to tell how many", "留作测试的人数过少，无法给出数目"),
    "drift-missing": (
        "{feature}: about {percent} % have no value that can be used here, and {others} % at the other sites",
        "{feature}：本机构约 {percent}% 的人没有可用的值，其他机构为 {others}%",
    ),
    "drift-constant": (
        "{feature}: everyone has the same value here, and not at the other sites",
        "{feature}：本机构所有人的值都相同，其他机构并非如此",
    ),
    "drift-values": (
        "{feature}: the values lie elsewhere than at the other sites (difference of shares {percent} %)",
        "{feature}：数值分布与其他机构不同（占比相差 {percent}%）",
    ),
}

#: From which share on a finding is of each severity.
_MISSING = ((0.5, Severity.HIGH), (0.2, Severity.MEDIUM), (0.05, Severity.LOW))
_WRONG = ((0.5, Severity.HIGH), (0.05, Severity.MEDIUM), (0.0, Severity.LOW))


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is wrong at a site; `feature` is None where it is about people as a whole."""

    reason: Reason
    severity: Severity
    site: str
    feature: str | None


def finding(code: str, severity: Severity, site: str, feature: str | None = None, **values: object) -> Finding:
    """A finding of a code of `TEXTS`; it refuses nothing."""
    return Finding(reason(TEXTS, code, refused=False, feature=feature, **values), severity, site, feature)


def judge(job: Job, profile: Profile) -> list[Finding]:
    """What is wrong at one site, the worst first; within a severity by feature."""
    found = [
        *_people(job, profile),
        *(each for summary in profile.features for each in _feature(job, profile, summary)),
    ]
    return sorted(found, key=lambda each: each.severity.rank)


def _people(job: Job, profile: Profile) -> Iterator[Finding]:
    if not profile.taking:
        yield finding("nobody", Severity.HIGH, profile.site)
    elif severity := _severity(left_out := 1 - profile.taking / profile.people, _MISSING):
        yield finding("left-out", severity, profile.site, percent=percent(left_out))
    if profile.nameless:
        yield finding("nameless", Severity.MEDIUM, profile.site)
    if job.split is not None and not profile.held:
        yield finding("no-test", Severity.MEDIUM, profile.site)


def _feature(job: Job, profile: Profile, summary: Summary) -> Iterator[Finding]:
    site, name = profile.site, summary.feature
    if not summary.present:
        yield finding("empty", Severity.HIGH, site, name)
    if summary.constant:
        yield finding("constant", Severity.HIGH if name == job.target else Severity.MEDIUM, site, name)
    if summary.fits:
        yield finding("unit", Severity.HIGH, site, name, units=", ".join(summary.fits))
    for code, count, steps in (
        ("missing", summary.missing, _MISSING),
        ("impossible", summary.outside, _WRONG),
        ("unknown", summary.unknown, _WRONG),
    ):
        share = count / profile.people if profile.people else 0.0
        if count and (severity := _severity(share, steps)):
            yield finding(code, severity, site, name, percent=percent(share))


def _severity(share: float, steps: tuple[tuple[float, Severity], ...]) -> Severity | None:
    return next((severity for least, severity in steps if share >= least), None)


def percent(share: float) -> int:
    """A share as it is told."""
    return round(100 * share)
