"""The findings of the text report: one block a rule, critical and high in full, the others in brief (with the fix)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from secops.core.columns import cell_len, cut, flow
from secops.core.finding import Finding, Severity
from secops.core.i18n import _, ngettext
from secops.core.inert import printable
from secops.core.render import words
from secops.core.render.sheet import Sheet
from secops.core.render.view import Group, Names, unique

STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "",
}
_FULL = (Severity.CRITICAL, Severity.HIGH)

#: Findings shown of a rule, in full and in brief; references shown of a framework; columns of a host's name.
_SHOWN_FULL, _SHOWN_BRIEF, _REFERENCES, _HOST_COLUMN = 5, 2, 4, 28

#: Columns before the text of Why, Fix and References, and before commands.
_LABEL, _COMMAND = 8, 10


def write_findings(sheet: Sheet, found: Sequence[Group], names: Names, *, verbose: bool) -> None:
    """Open findings, worst first."""
    if found:
        sheet.heading(_("Findings"))
    for at, group in enumerate(found):
        if at:
            sheet.blank()
        _group(sheet, group, names, verbose=verbose)


def write_waived(sheet: Sheet, found: Sequence[Group], names: Names) -> None:
    """Accepted findings: what, where, by whom and until when."""
    if found:
        sheet.heading(_("Waived: accepted, not fixed"))
    for group in found:
        sheet.text(flow(group.findings[0].title), indent=_severity_column(), **_severity_lead(group))
        for finding in group.findings:
            place = [names[finding.host]] if len(names) > 1 else []
            sheet.text(_(": ").join([*place, cut(finding.message)]), indent=4)
            sheet.text(finding.waiver or _("waived, nothing is said by whom"), indent=6)


def _group(sheet: Sheet, group: Group, names: Names, *, verbose: bool) -> None:
    full = verbose or group.severity in _FULL
    shown = group.findings if verbose else group.findings[: _SHOWN_FULL if full else _SHOWN_BRIEF]
    sheet.text(flow(group.findings[0].title), indent=_severity_column(), style="bold", **_severity_lead(group))
    sheet.text(_facts(group), indent=2)
    _places(sheet, shown, names)
    rest = len(group.findings) - len(shown)
    if rest:
        sheet.text(_("… and {n} more").format(n=rest), indent=4)
    if (full or group.severity is Severity.MEDIUM) and group.findings[0].why:
        _labelled(sheet, _("Why"), group.findings[0].why)
    for at, fix in enumerate(unique(finding.fix for finding in shown if finding.fix)):
        _labelled(sheet, "" if at else _("Fix"), fix)
    _commands(sheet, shown, names)
    if full:
        _references(sheet, group.findings[0].refs, everything=verbose)


def _severity_lead(group: Group) -> dict[str, str]:
    return {"lead": words.severity(group.severity).upper(), "lead_style": STYLES[group.severity]}


def _severity_column() -> int:
    return max(cell_len(words.severity(severity)) for severity in Severity) + 2


def _facts(group: Group) -> str:
    """Which rule, how often, on how many hosts, since when."""
    n, hosts = len(group.findings), len(group.hosts)
    count = ngettext("{n} finding", "{n} findings", n).format(n=n)
    if hosts > 1:
        count = _("{findings} on {n} hosts").format(findings=count, n=hosts)
    since = [_("first seen {day}").format(day=group.first_seen)] if group.first_seen else []
    return " · ".join([group.rule, count, *since])


def _places(sheet: Sheet, findings: Sequence[Finding], names: Names) -> None:
    """Each finding's message, after its host unless the report knows one host only."""
    indent = 4
    if len(names) > 1:
        indent += 2 + min(max(cell_len(printable(names[finding.host])) for finding in findings), _HOST_COLUMN)
    before = ""
    for finding in findings:
        lead = f"    {names[finding.host]}" if len(names) > 1 and finding.host != before else ""
        sheet.text(cut(finding.message), indent=indent, lead=lead)
        before = finding.host


def _labelled(sheet: Sheet, label: str, text: str) -> None:
    sheet.text(flow(text), indent=_LABEL, lead=f"  {label}")


def _commands(sheet: Sheet, findings: Sequence[Finding], names: Names) -> None:
    """The commands of these findings: each list of commands once, under the hosts it is for."""
    by_host: dict[str, list[str]] = {finding.host: [] for finding in findings}
    for finding in findings:
        if finding.commands:
            by_host[finding.host].append(finding.commands)
    hosts_of: dict[tuple[str, ...], list[str]] = {}
    for host, blocks in by_host.items():
        hosts_of.setdefault(tuple(unique(blocks)), []).append(host)
    for commands, hosts in hosts_of.items():
        if commands and len(hosts_of) > 1:
            sheet.text(_("on {hosts}:").format(hosts=words.listed([names[host] for host in hosts])), indent=_LABEL)
        for block in commands:
            sheet.verbatim(block, indent=_COMMAND)
            if printable(block) != block:
                sheet.text(_("(a name in it is shown escaped: copy it from --format json)"), indent=_LABEL)


def _references(sheet: Sheet, refs: Mapping[str, Sequence[str]], *, everything: bool) -> None:
    shown = [
        f"{words.framework(name)} {words.listed(values, len(values) if everything else _REFERENCES)}".strip()
        for name, values in refs.items()
        if values
    ]
    if shown:
        _labelled(sheet, _("Refs"), " · ".join(shown))
