"""Verdicts and findings: the one shape in which Citywall says that something is wrong."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Any

import msgspec


class Severity(StrEnum):
    """Risk in practice: what an attacker gains, and how near they are."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for critical, growing with harmlessness."""
        return list(Severity).index(self)


class Verdict(StrEnum):
    """One rule on one host. `unknown` and `error` are undecided: they are never read as `pass`."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    WAIVED = "waived"
    UNKNOWN = "unknown"
    ERROR = "error"
    NOT_APPLICABLE = "not_applicable"


class RuleVerdict(msgspec.Struct, frozen=True):
    """A verdict with its reason (why unknown, why error; empty for a plain pass)."""

    rule: str
    host: str
    status: Verdict
    reason: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One violation. `key` are the values that identify it, `evidence` all columns the rule's query gave."""

    rule: str
    host: str
    status: Verdict  # fail or waived
    severity: Severity
    title: str
    message: str
    key: dict[str, Any]
    evidence: dict[str, Any]
    why: str = ""
    fix: str = ""
    commands: str = ""
    refs: dict[str, list[str]] = {}
    first_seen: str = ""
    waiver: str = ""

    @property
    def identity(self) -> str:
        """Stable over runs: host, rule and key columns; never a line number."""
        return identity(self.host, self.rule, self.key)


def identity(host: str, rule: str, key: dict[str, Any]) -> str:
    """The finding's identity as 32 hex digits."""
    content = msgspec.json.encode([host, rule, key], order="deterministic")
    return hashlib.sha256(content).hexdigest()[:32]
