"""The coverage of the text report: per host what was decided, and all that was not seen, with the reason."""

from __future__ import annotations

from collections.abc import Sequence

from secops.core.columns import cell_len, cut, pad
from secops.core.finding import Verdict
from secops.core.i18n import _, joined, ngettext
from secops.core.inert import printable
from secops.core.render import words
from secops.core.render.reasons import advice, reason
from secops.core.render.sheet import Sheet
from secops.core.render.view import UNDECIDED, Names, faults, gaps, worst_hosts
from secops.core.report import HostReport, Report

#: Hosts, and reasons, shown of a fleet unless everything is asked for; columns of a host's name.
_HOSTS, _REASONS, _NAME = 20, 12, 30


def write_coverage(sheet: Sheet, report: Report, names: Names, *, verbose: bool) -> None:
    """Hosts worst first; then what was not reached, not seen, and broken."""
    sheet.heading(_("Coverage"))
    hosts = worst_hosts(report)
    if not hosts:
        sheet.text(_("No host was looked at."), indent=2)
    else:
        _table(sheet, hosts if verbose else hosts[:_HOSTS], names)
        _more_hosts(sheet, 0 if verbose else len(hosts) - _HOSTS)
    _not_reached(sheet, [host for host in hosts if host.unreachable], names, verbose=verbose)
    _not_seen(sheet, report, names, verbose=verbose)
    _in_error(sheet, report, names, verbose=verbose)


def _table(sheet: Sheet, hosts: Sequence[HostReport], names: Names) -> None:
    heads = (_("Host"), _("Score"), _("Decided"), _("Undecided"), _("Seen as"))
    rows = [(names[host.host], *_cells(host)) for host in hosts]
    widths = [max(cell_len(printable(row[at])) for row in (heads, *rows)) + 2 for at in range(4)]
    widths[0] = min(widths[0], _NAME)
    for style, row in (("bold", heads), *(("", row) for row in rows)):
        cells = [(pad(printable(cell), width), style) for cell, width in zip(row, widths, strict=False)]
        sheet.parts(("  ", ""), *cells, (row[-1], style))


def _cells(host: HostReport) -> tuple[str, str, str, str]:
    """Score, decided, undecided and how the host was seen."""
    if host.unreachable:
        return "-", "-", _("not reached"), ""
    seen = host.coverage
    decided = _("{decided} of {applicable}").format(decided=seen.decided, applicable=seen.applicable)
    counts = [f"{words.verdict(status)} {host.counts[status]}" for status in UNDECIDED if host.counts.get(status)]
    eyes = _("as root") if host.as_root else _("not as root")
    system = " ".join(filter(None, (host.os.id, host.os.version)))
    facts = [fact for fact in (words.carrier(host.carrier), eyes, system) if fact]
    return "-" if host.score is None else str(host.score), decided, joined(counts), joined(facts)


def _more_hosts(sheet: Sheet, rest: int) -> None:
    if rest > 0:
        sheet.text(ngettext("… and {n} more host", "… and {n} more hosts", rest).format(n=rest), indent=2)


def _not_reached(sheet: Sheet, hosts: Sequence[HostReport], names: Names, *, verbose: bool) -> None:
    if not hosts:
        return
    _subheading(sheet, _("Not reached: nothing is known of these hosts"))
    for host in hosts if verbose else hosts[:_HOSTS]:
        sheet.text(_(": ").join((names[host.host], cut(reason(host.unreachable)))), indent=4)
    _more_hosts(sheet, 0 if verbose else len(hosts) - _HOSTS)


def _not_seen(sheet: Sheet, report: Report, names: Names, *, verbose: bool) -> None:
    """Each reason once: the tables it hides, what would help, and what stays undecided for it."""
    found = gaps(report)
    if not found:
        return
    seen_as_root = {host.host for host in report.hosts if host.as_root}
    _subheading(sheet, _("Not seen"))
    for gap in found if verbose else found[:_REASONS]:
        tables = words.listed(gap.tables, len(gap.tables) if verbose else 6)
        help_ = advice(gap.reason, as_root=seen_as_root.issuperset(gap.hosts))
        said = (tables, cut(reason(gap.reason)), help_)
        sheet.text(_(": ").join(filter(None, said)), indent=4)
        what = ngettext("{n} rule undecided", "{n} rules undecided", len(gap.rules)).format(n=len(gap.rules))
        what += f" ({words.listed(gap.rules, len(gap.rules) if verbose else 6)})"
        where = words.listed([names[host] for host in gap.hosts])
        if gap.rules:
            sheet.text(_("{what} on {hosts}").format(what=what, hosts=where) if len(names) > 1 else what, indent=6)
        elif len(names) > 1:
            sheet.text(_("on {hosts}").format(hosts=where), indent=6)
    _more_reasons(sheet, 0 if verbose else len(found) - _REASONS)


def _in_error(sheet: Sheet, report: Report, names: Names, *, verbose: bool) -> None:
    found = faults(report)
    if not found:
        return
    _subheading(sheet, _("Rules in error: a fault of the rule or of the data it met, not a pass"))
    for fault in found if verbose else found[:_REASONS]:
        where = [words.listed([names[host] for host in fault.hosts])] if len(names) > 1 else []
        said = [fault.rule, *where, cut(reason(fault.reason)) or words.verdict(Verdict.ERROR)]
        sheet.text(_(": ").join(said), indent=4)
    _more_reasons(sheet, 0 if verbose else len(found) - _REASONS)


def _more_reasons(sheet: Sheet, rest: int) -> None:
    if rest > 0:
        sheet.text(_("… and {n} more").format(n=rest), indent=4)


def _subheading(sheet: Sheet, text: str) -> None:
    sheet.blank()
    sheet.text(text, indent=2, style="bold")
