"""The report for people, at a terminal or in a file: what matters first, and always what could not be judged.

The order: one headline; findings by rule, worst first, with the fix; waived findings; coverage; what Citywall does not
look at; what to do next. Colour says severity and nothing else. Commands are never wrapped; all else fits the width.
"""

from __future__ import annotations

import sys
from collections import Counter
from io import StringIO
from typing import TYPE_CHECKING

from secops.core.columns import cell_len, fit, pad
from secops.core.finding import Severity, Verdict
from secops.core.i18n import _, ngettext
from secops.core.render import Page, stdout_page, words
from secops.core.render.coverage import write_coverage
from secops.core.render.findings import STYLES, write_findings, write_waived
from secops.core.render.sheet import Sheet
from secops.core.render.view import Names, coverage, groups, host_names, is_whole, undecided, worst_hosts

if TYPE_CHECKING:
    from rich.console import Console

    from secops.core.report import Report


def render(report: Report, page: Page) -> str:
    """The report as text, with terminal colours when the page has them."""
    sheet = Sheet(page.width)
    names = host_names(report)
    _title(sheet, report)
    _headline(sheet, report, names)
    write_findings(sheet, groups(report, Verdict.FAIL), names, verbose=page.verbose)
    write_waived(sheet, groups(report, Verdict.WAIVED), names)
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
    when = run.started.replace("T", " ")[:16]
    rules = ngettext("{n} rule", "{n} rules", run.rules.count).format(n=run.rules.count)
    profile = [_("profile {name}").format(name=run.profile)] if run.profile else []
    sheet.text(" · ".join([f"Citywall {run.version}", f"{when} UTC", rules, *profile, run.id]))
    sheet.blank()


def _headline(sheet: Sheet, report: Report, names: Names) -> None:
    """Hosts, worst finding, score and coverage in one sentence; below it, what to know before trusting it."""
    worst = report.worst()
    seen = coverage(report)
    if worst:
        text = _("{who}: worst finding {severity}, {score}, {decided} of {applicable} decided.")
    elif is_whole(report):
        text = _("{who}: no open findings, {score}, {decided} of {applicable} decided.")
    elif seen.decided:
        text = _("{who}: not shown to be clean. No open findings, but only {decided} of {applicable} decided; {score}.")
    else:
        text = _("{who}: nothing was judged. This says nothing about security.")
    text = text.format(
        who=_who(report, names),
        severity=words.severity(worst) if worst else "",
        score=_score(report, names),
        decided=seen.decided,
        applicable=seen.applicable,
    )
    sheet.text(text, style="bold")
    _counts(sheet, report)
    for line in _reservations(report):
        sheet.text(line, indent=2)


def _who(report: Report, names: Names) -> str:
    n = len(report.hosts)
    return names[report.hosts[0].host] if n == 1 else ngettext("{n} host", "{n} hosts", n).format(n=n)


def _score(report: Report, names: Names) -> str:
    """The score of the one host, or of the worst that has one; and what it would be if waivers did not count."""
    scored = [host for host in worst_hosts(report) if host.score is not None]
    if not scored:
        return _("no score")
    host = scored[0]
    amount = _("{score} of 100").format(score=host.score)
    if host.score_without_waivers not in (None, host.score):
        amount = _("{score} of 100, {bare} without waivers").format(score=host.score, bare=host.score_without_waivers)
    if len(report.hosts) == 1:
        return _("score {amount}").format(amount=amount)
    return _("lowest score {amount} ({host})").format(amount=amount, host=fit(names[host.host], 40))


def _counts(sheet: Sheet, report: Report) -> None:
    """Open findings by severity, and how many are waived."""
    found = Counter(finding.severity for finding in report.findings if finding.status is Verdict.FAIL)
    counts = [(f"{words.severity(value)} {found[value]}", STYLES[value]) for value in Severity if found[value]]
    waived = sum(finding.status is Verdict.WAIVED for finding in report.findings)
    if waived:
        counts.append((f"{words.verdict(Verdict.WAIVED)} {waived}", ""))
    if counts:
        sheet.parts(("  ", ""), counts[0], *(part for count in counts[1:] for part in ((" · ", ""), count)))


def _reservations(report: Report) -> list[str]:
    if is_whole(report):
        return [_("Every rule that applies was decided.")]
    lines = []
    n = sum(map(undecided, report.hosts))
    if n:
        lines.append(_("Undecided: {n}; none of them counts as passed.").format(n=n))
    n = sum(bool(host.unreachable) for host in report.hosts)
    if n:
        text = ngettext(
            "{n} host was not reached: nothing is known of it.",
            "{n} hosts were not reached: nothing is known of them.",
            n,
        )
        lines.append(text.format(n=n))
    n = sum(not host.unreachable and not host.coverage.applicable for host in report.hosts)
    if n:
        lines.append(ngettext("No rule applied to {n} host.", "No rule applied to {n} hosts.", n).format(n=n))
    return lines


def _not_looked_at(sheet: Sheet, report: Report) -> None:
    """The limits of every run, said aloud; then the age of what this one knew, and its notes."""
    sheet.heading(_("Not looked at"))
    never = (
        _(
            "Windows hosts, network devices, cloud consoles, databases, middleware and applications: "
            "Citywall judges Linux hosts only."
        ),
        _(
            "Accounts that a host takes from a directory (LDAP, AD, NIS), and files on network file systems: "
            "only what the host itself holds is judged."
        ),
    )
    feeds = [
        ngettext(
            "Feed {name} is of {day}, {n} day old: nothing that came out later is known.",
            "Feed {name} is of {day}, {n} days old: nothing that came out later is known.",
            feed.age_days or 0,
        ).format(name=feed.name, day=feed.as_of, n=feed.age_days)
        if feed.as_of
        else _("Feed {name} bears no date: how old it is, is not known.").format(name=feed.name)
        for feed in report.run.feeds
    ]
    for text in never:
        sheet.text(text, indent=4, lead="  -")
    if feeds or report.notes:
        sheet.heading(_("Notes"))
    for text in (*feeds, *report.notes):
        sheet.text(text, indent=4, lead="  -")


def _next(sheet: Sheet, report: Report) -> None:
    """One or two commands that lead on from here."""
    found = groups(report, Verdict.FAIL)
    if found:
        steps = [
            (f"citywall rules show {found[0].rule}", _("what this rule asks")),
            ("citywall waive add --help", _("accept it until a day")),
        ]
    elif is_whole(report):
        steps = [("citywall history", _("how it was before"))]
    else:
        steps = [("citywall scan --help", _("how to see more: --sudo, or as root"))]
    sheet.blank()
    sheet.blank()
    width = max(cell_len(command) for command, _meaning in steps) + 2
    for at, (command, meaning) in enumerate(steps):
        explained = f"{pad(command, width)}{meaning}"
        fits = cell_len(explained) <= sheet.width - 8
        sheet.parts((pad("" if at else _("Next"), 8), "bold"), (explained if fits else command, ""))
