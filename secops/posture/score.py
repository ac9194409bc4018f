"""The score of a host, and its coverage. Pure; the formula is explained in docs/score.md.

score = 100 · weight(passed) / weight(passed + failed + undecided), rounded down.

An undecided rule (unknown, error) stands in the denominator only, as a failed one does: not seeing something can
lower a score and never raises it. A waived finding counts as passed in the score, as failed in the one without waivers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from secops.core.finding import RuleVerdict, Severity, Verdict
from secops.core.report import Coverage

#: How much a rule of each severity weighs. Info says something; it judges nothing.
WEIGHTS = {Severity.CRITICAL: 20, Severity.HIGH: 8, Severity.MEDIUM: 3, Severity.LOW: 1, Severity.INFO: 0}

DECIDED = frozenset({Verdict.PASS, Verdict.FAIL, Verdict.WAIVED})


def score(
    verdicts: Iterable[RuleVerdict], severities: Mapping[str, Severity], *, waived_passes: bool = True
) -> int | None:
    """0 to 100 for one host's verdicts; None when no rule with a weight applies."""
    passing = {Verdict.PASS, Verdict.WAIVED} if waived_passes else {Verdict.PASS}
    gained = possible = 0
    for verdict in verdicts:
        if verdict.status is not Verdict.NOT_APPLICABLE:
            weight = WEIGHTS[severities[verdict.rule]]
            possible += weight
            gained += weight if verdict.status in passing else 0
    return 100 * gained // possible if possible else None


def count(verdicts: Iterable[RuleVerdict]) -> dict[Verdict, int]:
    """How many verdicts of each kind."""
    found = Counter(verdict.status for verdict in verdicts)
    return {status: found.get(status, 0) for status in Verdict}


def coverage(counts: Mapping[Verdict, int]) -> Coverage:
    """Decided and applicable of all; a rule whose applicability is unknown counts as applicable."""
    total = sum(counts.values())
    return Coverage(sum(counts[status] for status in DECIDED), total - counts[Verdict.NOT_APPLICABLE], total)
