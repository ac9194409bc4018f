"""`citywall patches`: feeds that say what is flawed, and what of it is installed."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from secops.core.command import Command, Group
from secops.core.i18n import N_, _

if TYPE_CHECKING:
    from secops.patches.listing import By
    from secops.patches.shelf import Shelf

_FILE = click.Path(path_type=Path)
_OLDEST = datetime(2000, 1, 1)
_format_option = click.option(
    "--format", "fmt", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True
)


@click.group(
    "patches",
    cls=Group,
    help=N_("""Tell which known flaws the installed packages have, offline, from feeds in files.

First import feeds, then scan, then list. docs/patches.md says which feeds there are and
where they come from.

Examples:
  citywall patches feeds import almalinux-9.zip kev.json
  citywall scan
  citywall patches list
"""),
)
def command() -> None:
    pass


@command.group(
    "feeds",
    cls=Group,
    help=N_("""Import, show and remove the feeds that tell of flaws.

Examples:
  citywall patches feeds status
  citywall patches feeds remove kev
"""),
)
def feeds() -> None:
    pass


def _shelf() -> Shelf:
    from secops.core import config
    from secops.patches.shelf import Shelf

    return Shelf(config.feeds_dir())


@feeds.command(
    "import",
    cls=Command,
    help=N_("""Import feeds from files or folders; what each is, its content tells.

Formats: OSV (zip or JSON), Debian's tracker, CSAF and VEX, CVRF, OVAL, secdb,
CISA KEV, EPSS, and a CSV for vendors without any of these (docs/feeds-csv.md).
A feed of the same name is replaced, at the end and at once.

Examples:
  citywall patches feeds import almalinux-9.zip epss.csv.gz
  citywall patches feeds import --name kylin --max-age 30 kylin-v10-sp3.csv

Exit code: 0 imported, 2 wrong usage or no feed that can be read, 5 internal error. Nothing
is changed unless all was imported.
"""),
)
@click.argument("files", nargs=-1, required=True, type=_FILE, metavar="FILE...")
@click.option("--name", default="", metavar="NAME", help=N_("Call the feed so (with one FILE)."))
@click.option(
    "--as-of", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help=N_("Its date, where it bears none.")
)
@click.option("--max-age", type=click.IntRange(0, 3650), metavar="DAYS",
              help=N_("Older than that it counts as stale; as it was before, at first 7."))  # fmt: skip
@click.option("--whole", is_flag=True, help=N_("It has all advisories of its publisher, though they are few."))
def import_(files: tuple[Path, ...], name: str, as_of: datetime | None, max_age: int | None, whole: bool) -> None:
    from secops.cli._feeds import check_name, show_imported
    from secops.core.progress import Progress
    from secops.patches.importing import import_feeds

    if name:
        check_name(name, files)
    if as_of and not _OLDEST <= as_of <= datetime.now() + timedelta(days=1):
        raise click.UsageError(_("--as-of is no day on which a feed can have been made."))
    shelf = _shelf()
    before = {feed.name: feed for feed in shelf.feeds()}
    with Progress() as progress:
        found = import_feeds(
            shelf,
            files,
            name=name,
            as_of=as_of.date() if as_of else None,
            max_age=max_age,
            whole=whole,
            tell=lambda path: progress.step(_("importing {file}").format(file=path.name)),
        )
    show_imported(shelf, found, before)


@feeds.command(
    "status",
    cls=Command,
    help=N_("""List the imported feeds with their age, or what of feed NAME was not understood.

Examples:
  citywall patches feeds status
  citywall patches feeds status osv-almalinux-9

Exit code: 0 all are fresh, 1 one is stale, 2 wrong usage, 3 there is none, 5 internal error.
"""),
)
@click.argument("name", required=False, metavar="NAME")
@_format_option
def status(name: str | None, fmt: str) -> int:
    from secops.cli._feeds import show_feeds, show_rejects

    return show_rejects(_shelf(), name, fmt) if name else show_feeds(_shelf(), fmt)


@feeds.command(
    "remove",
    cls=Command,
    help=N_("""Remove feeds. Runs that stood on them stay as they are.

Example:
  citywall patches feeds remove kev
"""),
)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def remove(names: tuple[str, ...]) -> None:
    shelf = _shelf()
    with shelf.changing():
        shelf.remove(names)


@command.command(
    "list",
    cls=Command,
    help=N_("""List known flaws of a run, what matters first: by upgrade, by flaw or by host.

Exploited flaws (KEV) come first, then what is probably exploited soon (EPSS), then by
severity; among equals what others can reach, then what runs as root.

Examples:
  citywall patches list
  citywall patches list --by flaw --host web1
  citywall patches list --format vex -o flaws.cdx.json

Exit code: 0 nothing is open, 1 something is, 2 wrong usage, 3 nothing was found but not all
hosts could be judged, or feeds are out of date, 5 internal error.
"""),
)
@click.option("--by", type=click.Choice(["upgrade", "flaw", "host"]), default="upgrade", show_default=True,
              help=N_("One row for each of these."))  # fmt: skip
@click.option("--host", "hosts", multiple=True, metavar="HOST", help=N_("Only this host."))
@click.option("--all", "everything", is_flag=True, help=N_("Also flaws that do not concern the host."))
@click.option("--most", type=click.IntRange(1), metavar="N", help=N_("Only the first N rows."))
@click.option(
    "--run", "run_id", default="last", show_default=True, metavar="RUN", help=N_("A run of `citywall history`.")
)
@click.option("--format", "fmt", type=click.Choice(["text", "json", "csv", "vex"]), default="text", show_default=True,
              help=N_("vex: CycloneDX, as JSON."))  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help=N_("Write there (vex)."))
def list_(
    by: By, hosts: tuple[str, ...], everything: bool, most: int | None, run_id: str, fmt: str, output: Path | None
) -> int:
    from secops.cli._flaws import show_list, show_vex
    from secops.cli._run import Tables

    if output and fmt != "vex":
        raise click.UsageError(_("-o goes with --format vex; redirect standard output for the others."))
    run = Tables(run_id)
    if fmt == "vex":
        return show_vex(run, hosts, output)
    return show_list(run, by, hosts, fmt, everything=everything, most=most)
