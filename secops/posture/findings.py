"""Violating rows become findings: texts filled in, the fix chosen for the host's distribution. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from secops.core.finding import Finding, Verdict
from secops.core.inert import NEWLINE, shell_word
from secops.posture.evaluate import Outcome
from secops.posture.lint import PLACEHOLDER
from secops.posture.rule import Rule


def findings(
    outcomes: Iterable[Outcome], rules: Mapping[str, Rule], families: Mapping[str, str | None], lang: str
) -> list[Finding]:
    """One finding per violating row and identity, worst first. `families` maps hosts to distribution families."""
    found: dict[str, Finding] = {}
    for outcome in outcomes:
        for row in sorted(outcome.rows, key=repr):  # DuckDB promises no order
            finding = _finding(rules[outcome.rule], row, families.get(row["host"]), lang)
            found.setdefault(finding.identity, finding)  # rows that differ only outside the key are one finding
    return sorted(found.values(), key=lambda f: (f.severity.rank, f.rule, f.host, str(f.key)))


def _finding(rule: Rule, row: Mapping[str, Any], family: str | None, lang: str) -> Finding:
    return Finding(
        rule=rule.id,
        host=row["host"],
        status=Verdict.FAIL,
        severity=rule.severity,
        title=rule.title.get(lang),
        message=fill(rule.message.get(lang), row, lang),
        key={name: row[name] for name in rule.key},
        evidence={name: value for name, value in row.items() if name != "host"},
        why=rule.why.get(lang),
        fix=fill(rule.fix.get(lang), row, lang),
        commands=commands(rule, row, family, lang),
        refs=rule.refs,
    )


def fill(text: str, row: Mapping[str, Any], lang: str) -> str:
    """`{column}` replaced by the row's value; nothing else in the text or in the value means anything."""
    return PLACEHOLDER.sub(lambda match: _shown(row.get(match[1]), lang), text)


def _shown(value: Any, lang: str) -> str:
    if value is None:
        return "?"
    if isinstance(value, bool):
        yes, no = ("是", "否") if lang == "zh" else ("yes", "no")
        return yes if value else no
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def commands(rule: Rule, row: Mapping[str, Any], family: str | None, lang: str) -> str:
    """The fix's commands for the host's family, each value quoted for the shell; empty when there are none for it.

    A line of which empty lists leave nothing is left out.
    """
    lines = rule.fix.shell(family or "", lang).split("\n")
    told = [(line, PLACEHOLDER.sub(lambda match: _quoted(row.get(match[1])), line)) for line in lines]
    filled = "\n".join(text for line, text in told if text.strip() or not line.strip())
    return f"{NEWLINE}\n{filled}" if "${nl:?}" in filled else filled


def _quoted(value: Any) -> str:
    """The value as one word of a shell; a list as one word for each of its values. Never more than one line."""
    values = [str(one) for one in value] if isinstance(value, list) else [_shown(value, "en")]
    return " ".join(map(shell_word, values))
