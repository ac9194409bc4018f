"""Waivers applied to findings. Pure: the day comes in, what is worth saying goes out as notes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from fnmatch import translate
from typing import Any

import msgspec

from secops.core.finding import Finding, RuleVerdict, Verdict
from secops.core.i18n import _, ngettext
from secops.core.waiver import Waiver

__all__ = ["Waiver", "apply", "apply_to_verdicts", "matcher"]

#: Waivers that a note names; it counts the rest.
_NAMED = 5


def matcher(waiver: Waiver) -> Callable[[Finding], bool]:
    """A function that tells whether the waiver is about a finding, expired or not."""
    rule, host = (re.compile(translate(glob)).match for glob in (waiver.rule, waiver.host))

    def matches(finding: Finding) -> bool:
        if not rule(finding.rule) or not host(finding.host):
            return False
        return all(name in finding.key and as_text(finding.key[name]) == want for name, want in waiver.key.items())

    return matches


def as_text(value: Any) -> str:
    """A key column's value as a waiver writes it: text as it is, the rest as JSON (22, true, null, ["a"])."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def apply(findings: Iterable[Finding], waivers: Sequence[Waiver], today: date) -> tuple[list[Finding], list[str]]:
    """Findings with their status by the waivers of today, in the same order, and notes.

    Of several waivers the one that holds longest counts. What an expired one alone covered is open again.
    """
    matchers = [(waiver, matcher(waiver)) for waiver in sorted(waivers, key=lambda w: (w.expires, w.id), reverse=True)]
    used: set[str] = set()
    reopened: Counter[str] = Counter()
    judged = []
    for finding in findings:
        matching = [waiver for waiver, matches in matchers if matches(finding)]
        used.update(waiver.id for waiver in matching)
        longest = next(iter(matching), None)
        if longest and longest.expires >= today:
            judged.append(msgspec.structs.replace(finding, status=Verdict.WAIVED, waiver=describe(longest)))
        else:
            judged.append(msgspec.structs.replace(finding, status=Verdict.FAIL, waiver=""))
            reopened.update([longest.id] if longest else [])
    return judged, _notes(waivers, used, reopened)


def describe(waiver: Waiver) -> str:
    """What a waived finding says of its waiver."""
    return _("{id}, approved by {approver}, until {expires}").format(
        id=waiver.id, approver=waiver.approver, expires=waiver.expires
    )


def _notes(waivers: Sequence[Waiver], used: set[str], reopened: Counter[str]) -> list[str]:
    notes = []
    for waiver in waivers:
        if count := reopened[waiver.id]:
            text = ngettext(
                "The waiver {id} ended on {expires}: {count} finding is open again.",
                "The waiver {id} ended on {expires}: {count} findings are open again.",
                count,
            )
            notes.append(text.format(id=waiver.id, expires=waiver.expires, count=count))
    idle = [waiver.id for waiver in waivers if waiver.id not in used]
    if idle:
        names = ", ".join(idle[:_NAMED]) + " …" * (len(idle) > _NAMED)
        text = ngettext(
            "{count} waiver matches nothing here: {names}", "{count} waivers match nothing here: {names}", len(idle)
        )
        notes.append(text.format(count=len(idle), names=names))
    return notes


def apply_to_verdicts(verdicts: Iterable[RuleVerdict], findings: Iterable[Finding]) -> list[RuleVerdict]:
    """Verdicts after waiving: a failed rule is `waived` on a host only when all of its findings there are."""
    all_waived: dict[tuple[str, str], bool] = {}
    for finding in findings:
        at = finding.rule, finding.host
        all_waived[at] = all_waived.get(at, True) and finding.status is Verdict.WAIVED
    judged = []
    for verdict in verdicts:
        if verdict.status in (Verdict.FAIL, Verdict.WAIVED):
            waived = all_waived.get((verdict.rule, verdict.host), False)
            verdict = msgspec.structs.replace(verdict, status=Verdict.WAIVED if waived else Verdict.FAIL)
        judged.append(verdict)
    return judged
