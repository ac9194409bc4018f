"""A report as its readers want it: findings by rule, hosts worst first, what was not seen. No words, no layout."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from secops.core.finding import Finding, Severity, Verdict
from secops.core.report import Coverage, HostReport, Report

#: Characters of a reason that a verdict repeats (see the table `collection`).
REASON_LIMIT = 300

UNDECIDED = (Verdict.UNKNOWN, Verdict.ERROR)

Names = Mapping[str, str]  # host → what people call it

_MACHINE_ID = re.compile(r"([0-9a-f]{32})(@.*)?", re.DOTALL)


class Group(msgspec.Struct, frozen=True):
    """The findings of one rule, at least one."""

    rule: str
    findings: list[Finding]

    @property
    def severity(self) -> Severity:
        return min((finding.severity for finding in self.findings), key=lambda severity: severity.rank)

    @property
    def hosts(self) -> list[str]:
        return unique(finding.host for finding in self.findings)

    @property
    def first_seen(self) -> str:
        """The earliest day, ISO 8601; empty when none is known."""
        return min((finding.first_seen[:10] for finding in self.findings if finding.first_seen), default="")


class Gap(msgspec.Struct, frozen=True):
    """One reason why something was not seen: the tables it is about, and the hosts and rules it leaves undecided."""

    reason: str
    tables: list[str]
    hosts: list[str]
    rules: list[str]


class Fault(msgspec.Struct, frozen=True):
    """A rule that could not be evaluated."""

    rule: str
    reason: str
    hosts: list[str]


def unique(values: Iterable[str]) -> list[str]:
    """Values once each, in the order they came."""
    return list(dict.fromkeys(values))


def groups(report: Report, status: Verdict) -> list[Group]:
    """Findings of one status by rule, worst first; within a severity in the report's order of risk."""
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for finding in report.findings:
        if finding.status is status:
            by_rule[finding.rule].append(finding)
    return sorted((Group(rule, found) for rule, found in by_rule.items()), key=lambda group: group.severity.rank)


def coverage(report: Report) -> Coverage:
    """Of all hosts together. Hosts that were not reached count nowhere: say them beside it."""
    seen = [host.coverage for host in report.hosts]
    return Coverage(sum(c.decided for c in seen), sum(c.applicable for c in seen), sum(c.total for c in seen))


def undecided(host: HostReport) -> int:
    return host.coverage.applicable - host.coverage.decided


def is_whole(report: Report) -> bool:
    """Whether every host was reached and everything that applies to it was decided, at least one rule each.

    Only then may a report without findings be called clean.
    """
    hosts = all(not h.unreachable and h.coverage.applicable > 0 and not undecided(h) for h in report.hosts)
    return bool(report.hosts) and hosts and not any(verdict.status in UNDECIDED for verdict in report.verdicts)


def worst_hosts(report: Report) -> list[HostReport]:
    """Hosts not reached first, then those without a score, then by score and coverage."""
    return sorted(
        report.hosts,
        key=lambda h: (not h.unreachable, h.score is not None, h.score or 0, h.coverage.percent, h.host),
    )


def gaps(report: Report) -> list[Gap]:
    """What was not seen, by reason; first what leaves most undecided."""
    tables: dict[str, list[str]] = defaultdict(list)
    hosts: dict[str, list[str]] = defaultdict(list)
    rules: dict[str, list[str]] = defaultdict(list)
    known: dict[str, dict[str, str]] = defaultdict(dict)
    for host in report.hosts:
        for table, reason in host.not_seen.items():
            known[host.host][reason[:REASON_LIMIT]] = reason
            tables[reason].append(table)
            hosts[reason].append(host.host)
    weight: Counter[str] = Counter()
    for verdict in report.verdicts:
        if verdict.status is Verdict.UNKNOWN:
            # a verdict says `table: reason`; the table is named once, with all that the same reason hides
            reason = known[verdict.host].get(verdict.reason.partition(": ")[2], verdict.reason)
            hosts[reason].append(verdict.host)
            rules[reason].append(verdict.rule)
            weight[reason] += 1
    found = [Gap(reason, unique(tables[reason]), unique(on), unique(rules[reason])) for reason, on in hosts.items()]
    return sorted(found, key=lambda gap: -weight[gap.reason])


def faults(report: Report) -> list[Fault]:
    """Rules in error, with the hosts they are in error on."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for verdict in report.verdicts:
        if verdict.status is Verdict.ERROR:
            found[verdict.rule, verdict.reason].append(verdict.host)
    return [Fault(rule, reason, unique(hosts)) for (rule, reason), hosts in found.items()]


def host_names(report: Report) -> Names:
    """Each host as people call it: where its identity is a machine-id, its own name, told apart from equal ones."""
    names = {finding.host: finding.host for finding in report.findings}
    names |= {verdict.host: verdict.host for verdict in report.verdicts}
    for host in report.hosts:
        names[host.host] = host.name if host.name and _MACHINE_ID.fullmatch(host.host) else host.host
    often = Counter(names.values())
    return {host: name if often[name] == 1 else f"{name} ({_short(host)})" for host, name in names.items()}


def _short(host: str) -> str:
    """An identity in brief: eight digits of a machine-id, and how a second host with the same one was reached."""
    found = _MACHINE_ID.fullmatch(host)
    return f"{found[1][:8]}{found[2] or ''}" if found else host
