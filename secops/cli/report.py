"""`citywall report`: an earlier run's report, once more."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(
    "report",
    help="""Print the report of RUN again, or of the last one, in the language it was made in.

RUN is an id of `citywall history`, the beginning of one, `last`, or `last~1`
(the one before it).

\b
Examples:
  citywall report
  citywall report last~1 --format json -o report.json
""",
)
@click.argument("run", default="last", metavar="[RUN]")
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the report to a file.")
@click.option("--verbose", "-v", is_flag=True, help="Every finding in full.")
def command(run: str, fmt: str, output: Path | None, verbose: bool) -> None:
    from secops.core.render import emit
    from secops.core.store import Store

    report = Store.open().load_report(run)
    emit(report, fmt, report.run.lang, output, verbose=verbose)
