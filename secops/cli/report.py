"""`citywall report`: an earlier run's report, once more."""

from __future__ import annotations

from pathlib import Path

import click

from secops.core.command import Command
from secops.core.i18n import N_


@click.command(
    "report",
    cls=Command,
    help=N_("""Print the report of RUN again, or of the last one, in the language it was made in
(--lang is for messages only).

RUN is an id of `citywall history`, the beginning of one, `last`, or `last~1`
(the one before it).

Examples:
  citywall report
  citywall report last~1 --format json -o report.json
"""),
)
@click.argument("run", default="last", metavar="[RUN]")
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help=N_("Write the report to a file."))
@click.option("--verbose", "-v", is_flag=True, help=N_("Every finding in full."))
def command(run: str, fmt: str, output: Path | None, verbose: bool) -> None:
    from secops.core.render import emit
    from secops.core.store import Store

    report = Store.open().load_report(run)
    emit(report, fmt, report.run.lang, output, verbose=verbose)
