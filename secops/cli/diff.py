"""`citywall diff`: what two runs tell apart."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from secops.core.command import Command
from secops.core.errors import Exit
from secops.core.i18n import N_, _

if TYPE_CHECKING:
    from secops.core.finding import Finding
    from secops.posture.compare import Diff

#: Rows of a section that a person is shown; JSON has all.
_ROWS = 20


@click.command(
    "diff",
    cls=Command,
    help=N_("""Tell what is new, fixed and still open from run BEFORE to run AFTER
(else: from the run before the last to the last).

A finding that is gone because it could no longer be judged is not called fixed.
A run is an id of `citywall history`, the beginning of one, `last`, or `last~1`.

Examples:
  citywall diff
  citywall diff 20261122T170102Z last --fail-on medium

Exit code: 0 nothing new, 1 newly open findings at or above --fail-on, 2 wrong
usage, 5 internal error.
"""),
)
@click.argument("before", default="last~1", metavar="[BEFORE]")
@click.argument("after", default="last", metavar="[AFTER]")
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--fail-on",
    type=click.Choice(["critical", "high", "medium", "low", "info", "never"]),
    default="high",
    show_default=True,
    help=N_("Exit 1 when a newly open finding is at least this severe."),
)
def command(before: str, after: str, fmt: str, fail_on: str) -> int:
    from secops.core.document import show_document
    from secops.core.finding import Severity
    from secops.core.render.view import host_names
    from secops.core.store import Store
    from secops.posture.compare import diff

    store = Store.open()
    first, second = store.load_report(before), store.load_report(after)
    result = diff(first, second)
    if fmt == "json":
        show_document(result)
    else:
        _show(result, {**host_names(first), **host_names(second)})
    if fail_on == "never" or all(f.severity.rank > Severity(fail_on).rank for f in result.newly_open()):
        return int(Exit.CLEAN)
    return int(Exit.FINDINGS)


def _show(result: Diff, names: Mapping[str, str]) -> None:
    from secops.core.render.reasons import reason
    from secops.core.say import say

    say(f"{result.before} → {result.after}")
    for note in result.notes:
        say(note)
    lost = [(item.finding, reason(item.reason)) for item in result.no_longer_decided]
    _section(_("New"), _told(result.new), names)
    _section(_("Open again: the waiver no longer holds"), _told(result.reopened), names)
    _section(_("No longer decided: not known to be fixed"), lost, names)
    _section(_("Fixed"), _told(result.fixed), names)
    _section(_("Newly waived"), _told(result.newly_waived), names)
    _section(_("Still open"), _told(result.still_open), names)


def _told(findings: Sequence[Finding]) -> list[tuple[Finding, str]]:
    """Findings with what is to be said of them."""
    waived = _("waived")
    return [(f, f"{f.message} ({waived}: {f.waiver})" if f.waiver else f.message) for f in findings]


def _section(title: str, told: Sequence[tuple[Finding, str]], names: Mapping[str, str]) -> None:
    from secops.core.columns import one_line
    from secops.core.render.words import severity
    from secops.core.rows import show
    from secops.core.say import say

    say(f"\n{title} ({len(told)})")
    if told:
        between = "\n" if sys.stdout.isatty() else "  "  # a row is one line where programs read it
        rows = [
            (severity(f.severity), f"{one_line(f'{f.rule} · {names[f.host]}')}{between}{one_line(text)}")
            for f, text in told[:_ROWS]
        ]
        show((_("severity"), _("what")), rows, "text")
    if len(told) > _ROWS:
        say(_("… and {count} more: --format json has all.").format(count=len(told) - _ROWS))
