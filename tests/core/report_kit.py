"""Small reports for tests: runs a minute apart, rules and hosts by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from secops.core.finding import Finding, RuleVerdict, Severity, Verdict
from secops.core.report import Coverage, HostReport, Report, Rules, Run

RULES = ("r1", "r2")
HOSTS = ("h1", "h2")

#: (rule, host) → verdict and reason, where it is not what the findings say.
Verdicts = Mapping[tuple[str, str], tuple[Verdict, str]]


def run_id(number: int) -> str:
    return f"{_moment(number):%Y%m%dT%H%M%SZ}-{number:04x}"


def started(number: int) -> str:
    return f"{_moment(number):%Y-%m-%dT%H:%M:%SZ}"


def _moment(number: int) -> datetime:
    return datetime(2026, 11, 22, tzinfo=UTC) + timedelta(minutes=number)


def finding(rule: str = "r1", host: str = "h1", **fields: Any) -> Finding:
    """An open finding of high severity with the key {user: root}."""
    defaults: dict[str, Any] = {
        "status": Verdict.FAIL, "severity": Severity.HIGH, "title": f"title of {rule}", "message": f"message of {rule}",
        "key": {"user": "root"}, "evidence": {"user": "root", "line": 3},
    }  # fmt: skip
    return Finding(rule=rule, host=host, **{**defaults, **fields})


def report(
    number: int,
    findings: Iterable[Finding] = (),
    *,
    hosts: Iterable[str] = HOSTS,
    but: Verdicts | None = None,
    without: Iterable[tuple[str, str]] = (),
    digest: str = "d1",
    unreachable: Mapping[str, str] | None = None,
) -> Report:
    """Run `number`: every rule on every host passes or fails as the findings say, but for `but` and `without`."""
    found = list(findings)
    broken = {(item.rule, item.host) for item in found}
    verdicts = []
    for pair in ((rule, host) for host in hosts for rule in RULES):
        status, reason = (but or {}).get(pair, (Verdict.FAIL if pair in broken else Verdict.PASS, ""))
        if pair not in set(without):
            verdicts.append(RuleVerdict(*pair, status, reason))
    return Report(
        run=Run(
            id=run_id(number), started=started(number), finished=started(number), version="0.1.0", lang="en",
            rules=Rules(len(RULES), digest),
        ),
        hosts=[
            *(HostReport(host=host, label=f"ssh {host}", score=50, coverage=Coverage(1, 2, 2)) for host in hosts),
            *(HostReport(host=name, label=name, unreachable=why) for name, why in (unreachable or {}).items()),
        ],
        findings=found,
        verdicts=verdicts,
    )  # fmt: skip
