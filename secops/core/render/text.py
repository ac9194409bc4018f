"""The report for people, at a terminal or in a file: what matters first, and always what could not be judged.

The order: one headline; findings by rule, worst first, with the fix; waived findings; coverage; what Citywall does not
look at; what to do next. Colour says severity and nothing else. Commands are never wrapped; all else fits the width.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING

from secops.core.finding import Finding, Severity, Verdict
from secops.core.i18n import _, ngettext
from secops.core.render import Page, stdout_page, words
from secops.core.render.coverage import write_coverage
from secops.core.render.sheet import Sheet, cell_len, fit, flow
from secops.core.render.view import Group, coverage, groups, host_names, is_whole, undecided, unique, worst_hosts

if TYPE_CHECKING:
    from rich.console import Console

    from secops.core.report import HostReport, Report

STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "",
}

#: Findings shown of a rule, by whether it is told in full; the widest host column; characters shown of one message.
_SHOWN_FULL, _SHOWN_BRIEF, _HOST_COLUMN, _MESSAGE = 5, 2, 28, 500
_FULL = (Severity.CRITICAL, Severity.HIGH)
_REFERENCES = 4


def render(report: Report, page: Page) -> str:
    """The report as text, with terminal colours when the page has them."""
    sheet = Sheet(page.width)
    names = host_names(report)
    _title(sheet, report)
    _headline(sheet, report, names)
    _findings(sheet, groups(report, Verdict.FAIL), names, verbose=page.verbose)
    _waived(sheet, groups(report, Verdict.WAIVED), names)
    write_coverage(sheet, report, names, verbose=page.verbose)
    _not_looked_at(sheet, report)
    _next(sheet, report)
    return _painted(sheet, page)


def console(page: Page | None = None, file: StringIO | None = None) -> Console:
    """A console for standard output (or `file`), which takes no text for markup and colours nothing by guessing."""
    from rich.console import Console

    page = page or stdout_page()
    return Console(
        file=file or sys.stdout,
        width=page.width,
        force_terminal=page.colour,
        markup=False,
        emoji=False,
        highlight=False,
    )


def _painted(sheet: Sheet, page: Page) -> str:
    from rich.text import Text

    paper = StringIO()
    out = console(page, paper)
    for line in sheet.lines:
        text = Text.assemble(*line)
        text.rstrip()
        out.print(text, soft_wrap=True)
    return paper.getvalue()


def _title(sheet: Sheet, report: Report) -> None:
    run = report.run
    when = run.started.replace("T", " ").removesuffix("Z")[:16]
    rules = ngettext("{n} rule", "{n} rules", run.rules.count).format(n=run.rules.count)
    facts = [f"Citywall {run.version}", f"{when} UTC", rules]
    if run.profile:
        facts.append(_("profile {name}").format(name=run.profile))
    sheet.text(" · ".join([*facts, _("run {id}").format(id=run.id)]))
    sheet.blank()


def _headline(sheet: Sheet, report: Report, names: dict[str, str]) -> None:
    """Hosts, the worst finding, the score and the coverage in one sentence; below it, what keeps it from being clean."""
    one = report.hosts[0] if len(report.hosts) == 1 else None
    n = len(report.hosts)
    who = names[one.host] if one else ngettext("{n} host", "{n} hosts", n).format(n=n)
    facts = {"who": who, "score": _score(report, names), "coverage": _coverage(report)}
    worst = report.worst()
    if worst:
        text = _("{who}: worst finding {severity}, {score}, {coverage}.").format(**facts, severity=words.severity(worst))
    elif is_whole(report):
        text = _("{who}: no open findings, {score}, {coverage}.").format(**facts)
    elif coverage(report).decided:
        text = _("{who}: not shown to be clean. No open findings, but only {coverage}; {score}.").format(**facts)
    else:
        text = _("{who}: nothing was judged. This says nothing about security.").format(**facts)
    sheet.text(text, style="bold")
    _counts(sheet, report)
    for line in _reservations(report):
        sheet.text(line, indent=2)


def _score(report: Report, names: dict[str, str]) -> str:
    scored: list[HostReport] = [host for host in worst_hosts(report) if host.score is not None]
    if not scored:
        return _("no score")
    host = scored[0]
    if len(report.hosts) == 1:
        return _("score {score} of 100").format(score=host.score)
    return _("lowest score {score} of 100 ({host})").format(score=host.score, host=fit(names[host.host], 40))


def _coverage(report: Report) -> str:
    seen = coverage(report)
    return _("{decided} of {applicable} decided").format(decided=seen.decided, applicable=seen.applicable)


def _counts(sheet: Sheet, report: Report) -> None:
    """Open findings by severity, and how many are waived."""
    found = Counter(finding.severity for finding in report.findings if finding.status is Verdict.FAIL)
    parts = [(f"{words.severity(severity)} {found[severity]}", STYLES[severity]) for severity in Severity if found[severity]]
    waived = sum(finding.status is Verdict.WAIVED for finding in report.findings)
    if waived:
        parts.append((f"{words.verdict(Verdict.WAIVED)} {waived}", ""))
    if parts:
        dots = [(" · ", "")] * len(parts)
        sheet.parts(("  ", ""), *[part for pair in zip(parts, dots, strict=True) for part in pair][:-1])


def _reservations(report: Report) -> list[str]:
    """What a reader must know before trusting the headline."""
    if is_whole(report):
        return [_("Every rule that applies was decided, on every host.")]
    lines = []
    open_verdicts = sum(map(undecided, report.hosts))
    if open_verdicts:
        text = ngettext(
            "{n} verdict is undecided: undecided is not passed.", "{n} are undecided: undecided is not passed.", open_verdicts
        )
        lines.append(text.format(n=open_verdicts))
    lost = sum(bool(host.unreachable) for host in report.hosts)
    if lost:
        text = ngettext(
            "{n} host was not reached: nothing is known of it.", "{n} hosts were not reached: nothing is known of them.", lost
        )
        lines.append(text.format(n=lost))
    idle = sum(not host.unreachable and not host.coverage.applicable for host in report.hosts)
    if idle:
        text = ngettext("No rule applied to {n} host.", "No rule applied to {n} hosts.", idle)
        lines.append(text.format(n=idle))
    return lines


def _findings(sheet: Sheet, found: Sequence[Group], names: dict[str, str], *, verbose: bool) -> None:
    if not found:
        return
    sheet.heading(_("Findings"))
    for at, group in enumerate(found):
        if at:
            sheet.blank()
        _group(sheet, group, names, verbose=verbose)


def _group(sheet: Sheet, group: Group, names: dict[str, str], *, verbose: bool) -> None:
    """One rule: what is wrong and where; why, the fix with its commands and references where it is told in full."""
    full = verbose or group.severity in _FULL
    shown = group.findings if verbose else group.findings[: _SHOWN_FULL if full else _SHOWN_BRIEF]
    _group_head(sheet, group)
    _places(sheet, shown, names)
    rest = len(group.findings) - len(shown)
    if rest:
        sheet.text(ngettext("… and {n} more", "… and {n} more", rest).format(n=rest), indent=4)
    if full and group.findings[0].why:
        _labelled(sheet, _("Why"), group.findings[0].why)
    for at, fix in enumerate(unique(finding.fix for finding in shown if finding.fix)):
        _labelled(sheet, "" if at else _("Fix"), fix)
    if full:
        _commands(sheet, shown, names)
        _references(sheet, group.findings[0].refs, verbose=verbose)


def _group_head(sheet: Sheet, group: Group) -> None:
    severity = words.severity(group.severity).upper()
    indent = max(cell_len(severity), *(cell_len(words.severity(value)) for value in Severity)) + 2
    sheet.text(flow(group.findings[0].title), indent=indent, lead=severity, lead_style=STYLES[group.severity], style="bold")
    n, hosts = len(group.findings), len(group.hosts)
    facts = [group.rule, ngettext("{n} finding", "{n} findings", n).format(n=n)]
    if len(sheet_hosts := group.hosts) > 1:
        facts[1] = _("{findings} on {hosts}").format(
            findings=facts[1], hosts=ngettext("{n} host", "{n} hosts", hosts).format(n=len(sheet_hosts))
        )
    if group.first_seen:
        facts.append(_("first seen {day}").format(day=group.first_seen))
    sheet.text(" · ".join(facts), indent=2)


def _places(sheet: Sheet, findings: Sequence[Finding], names: dict[str, str]) -> None:
    """Each finding's message, with its host unless the report is about one host alone."""
    indent = 4
    if len(names) > 1:
        indent += 2 + min(max(cell_len(names.get(finding.host, finding.host)) for finding in findings), _HOST_COLUMN)
    before = ""
    for finding in findings:
        host = names.get(finding.host, finding.host)
        lead = f"    {host}" if len(names) > 1 and host != before else ""
        sheet.text(_cut(finding.message), indent=indent, lead=lead)
        before = host


def _cut(message: str) -> str:
    """A message of readable length; the JSON report has all of it."""
    return message if len(message) <= _MESSAGE else message[:_MESSAGE] + "…"


def _labelled(sheet: Sheet, label: str, text: str) -> None:
    sheet.text(flow(text), indent=8, lead=f"  {label}")


def _commands(sheet: Sheet, findings: Sequence[Finding], names: dict[str, str]) -> None:
    """The commands of the findings shown, each list of commands once, under the hosts it is for."""
    by_host: dict[str, list[str]] = {}
    for finding in findings:
        if finding.commands:
            by_host.setdefault(finding.host, []).append(finding.commands)
    hosts_of: dict[tuple[str, ...], list[str]] = {}
    for host, commands in by_host.items():
        hosts_of.setdefault(tuple(unique(commands)), []).append(host)
    for blocks, hosts in hosts_of.items():
        if len(hosts_of) > 1 or len(by_host) < len({finding.host for finding in findings}):
            sheet.text(_("on {hosts}:").format(hosts=_listed([names.get(host, host) for host in hosts])), indent=8)
        for block in blocks:
            sheet.verbatim(block, indent=10)
