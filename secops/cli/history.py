"""`citywall history`: the runs that were kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from secops.core.command import Command
from secops.core.i18n import N_, _

if TYPE_CHECKING:
    from secops.core.store import StoredRun


@click.command(
    "history",
    cls=Command,
    help=N_("""Earlier runs, the latest first: what was open in each, and how much could be decided.

Examples:
  citywall history
  citywall history --limit 100 --format json
"""),
)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, metavar="N", help=N_("At most N runs."))
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(limit: int, fmt: str) -> None:
    from secops.core.rows import show
    from secops.core.store import Store

    runs = Store.open().list_runs(limit)
    if fmt == "json":
        from secops.core.document import show_document

        show_document(runs)
    elif runs:
        columns = (
            _("run"), _("hosts"), _("crit"), _("high"), _("med"), _("waived"), _("decided"), _("score"),
        )  # fmt: skip
        show(columns, [_row(run) for run in runs], fmt)
    else:
        click.echo(_("No run was kept yet. `citywall scan` makes the first."), err=True)


def _row(run: StoredRun) -> list[str | int | None]:
    from secops.core.finding import Severity

    numbers = run.summary
    seen = numbers.hosts - numbers.unreachable
    return [
        run.id,
        f"{seen}/{numbers.hosts}" if numbers.unreachable else numbers.hosts,
        *(numbers.open[severity] for severity in (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM)),
        numbers.waived,
        f"{100 * numbers.decided // numbers.applicable} %" if numbers.applicable else "-",
        numbers.score,
    ]
