"""The report of a run: one document (`citywall.report/1`) that every renderer, the store and the exit code read."""

from __future__ import annotations

import msgspec

from secops.core.finding import Finding, RuleVerdict, Severity, Verdict

SCHEMA = "citywall.report/1"


class Rules(msgspec.Struct, frozen=True):
    """Which rules judged: how many, and the digest of their content."""

    count: int
    digest: str


class FeedUse(msgspec.Struct, frozen=True):
    """A feed of patches that a run stood on: `as_of` is its own date, `age_days` its age then, where it has one."""

    name: str
    as_of: str | None
    age_days: int | None
    stale: bool


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run. Times are UTC, ISO 8601 with seconds."""

    id: str
    started: str
    finished: str
    version: str
    lang: str
    rules: Rules
    feeds: list[FeedUse] = []
    profile: str = ""


class Os(msgspec.Struct, frozen=True):
    """The operating system; empty strings where it was not seen."""

    id: str = ""
    version: str = ""
    name: str = ""


class Coverage(msgspec.Struct, frozen=True):
    """`decided` of the `applicable` rules gave pass, fail or waived; `total` counts all rules."""

    decided: int
    applicable: int
    total: int

    @property
    def percent(self) -> int:
        """Decided of applicable, rounded down: 100 only when every one is decided; 0 when none applies."""
        return 100 * self.decided // self.applicable if self.applicable else 0


class HostReport(msgspec.Struct, frozen=True, kw_only=True):
    """One host: who, how it was seen, and what came out. `unreachable` holds the error when nothing was seen at all.

    `score` is 0 to 100 (docs/score.md) or None when no rule applies; `score_without_waivers` counts waived as failed.
    `not_seen` lists tables that were not whole, with the reason.
    """

    host: str
    name: str = ""
    carrier: str = ""
    label: str = ""
    as_root: bool = False
    os: Os = Os()
    score: int | None = None
    score_without_waivers: int | None = None
    coverage: Coverage = Coverage(0, 0, 0)
    counts: dict[Verdict, int] = {}
    not_seen: dict[str, str] = {}
    unreachable: str = ""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole document. Findings are in order of risk, worst first."""

    schema: str = SCHEMA
    run: Run
    hosts: list[HostReport]
    findings: list[Finding]
    verdicts: list[RuleVerdict]
    notes: list[str] = []

    def worst(self) -> Severity | None:
        """The worst severity among findings that no waiver covers."""
        open_ones = [finding.severity for finding in self.findings if finding.status is Verdict.FAIL]
        return min(open_ones, key=lambda severity: severity.rank, default=None)
