"""`citywall privilege`: who can become root, by which path, and which single change takes the most of it away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from secops.cli._fleet import Account, run_option
from secops.core.command import Group
from secops.core.errors import Exit
from secops.core.i18n import N_, _

if TYPE_CHECKING:
    from secops.cli._fleet import Fleet

_FILE = click.Path(path_type=Path)
_format_option = click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text", show_default=True)
_picture_option = click.option("--picture", type=_FILE, metavar="FILE", help=N_("Draw it too: one HTML file."))

#: Choke points that are listed, unless it is told otherwise.
_MOST = 10


@click.group(
    "privilege",
    cls=Group,
    help=N_("""Tell who can become root, by which path, and what to change first.

The verbs ask the tables of a run: `citywall scan` first. Private keys are known of the
hosts of that run alone, so give it all of them (--inventory).

Examples:
  citywall privilege paths
  citywall privilege review
"""),
)
def command() -> None:
    pass


@command.command(
    "paths",
    help=N_("""List who can become root, or another account, with the shortest path to it.

With both --from and --to: that path step by step, and the changes each of which cuts
every path between the two. Who is root of a host can become every account of it.

Examples:
  citywall privilege paths
  citywall privilege paths --from ops@web1 --to root@db1
  citywall privilege paths --to root@db1 --format json

Exit code: 0 there is no path, 1 there is one, 2 wrong usage, 3 none was found but not
all was seen, 5 internal error.
"""),
)
@click.option("--from", "start", type=Account(), metavar="USER@HOST", help=N_("Paths of this account."))
@click.option("--to", "target", type=Account(), metavar="USER@HOST", help=N_("Paths to this account."))
@click.option("--certain", is_flag=True, help=N_("Leave out what hangs on what is not known."))
@run_option
@_format_option
@_picture_option
def paths(
    start: tuple[str, str] | None, target: tuple[str, str] | None, certain: bool, run_id: str, fmt: str,
    picture: Path | None,
) -> int:  # fmt: skip
    from secops.cli._fleet import Fleet
    from secops.cli._paths import show_list, show_one
    from secops.cli._picture import check, draw_paths
    from secops.privilege.fleet.search import Search

    check(picture)
    fleet = Fleet.of(run_id)
    one = fleet.account(start) if start else None
    other = fleet.account(target) if target else None
    search = Search(fleet.graph, possible=not certain)
    if one and other:
        path = search.between(one, other)
        found = [path] if path else []
        cuts = search.cuts(path) if path else []
        show_one(fleet.graph, path, cuts, (one, other), fmt)
    else:
        found = sorted(
            search.of(one) if one else search.to(other) if other else search.to_roots(),
            key=lambda path: (path.start.host, path.start.user, len(path.steps)),
        )
        cuts = []
        show_list(fleet.graph, found, fmt)
    if picture:
        draw_paths(fleet.graph, picture, found, cuts)
    return _code(fleet, found=bool(found))


@command.command(
    "who",
    help=N_("""Tell of one account what it can become, by which ways, and who can become it.

Of many ways that every account has, text shows a few; JSON has all.

Example:
  citywall privilege who ops@web1
"""),
)
@click.argument("account", type=Account(), metavar="USER@HOST")
@click.option("--all", "every", is_flag=True, help=N_("Show each way that every account has."))
@run_option
@_format_option
def who(account: tuple[str, str], every: bool, run_id: str, fmt: str) -> int:
    from secops.cli._fleet import Fleet
    from secops.cli._paths import show_who
    from secops.privilege.fleet.search import Search

    fleet = Fleet.of(run_id)
    one, search = fleet.account(account), Search(fleet.graph)
    show_who(fleet.graph, one, list(search.of(one)), list(search.to(one)), fmt, every=every)
    fleet.warn()
    return Exit.CLEAN


@command.command(
    "review",
    help=N_("""List the single changes that take the most away: choke points, each with what to do.

A pair is an account and a host whose root it can become; a change cuts a pair when every
path between the two goes through what is changed.

Examples:
  citywall privilege review
  citywall privilege review --most 3 --picture review.html
  citywall privilege review --accounts users.xlsx --roles portal.yml

Exit code: 0 nobody but root can become root, 1 somebody can, 2 wrong usage, 3 nobody was
found but not all was seen, 5 internal error. With --accounts: 0 no issue, 1 issues, 3 not
all could be judged.
"""),
)
@click.option("--most", type=click.IntRange(1, 1000), default=_MOST, show_default=True, metavar="N",
              help=N_("Changes to list."))  # fmt: skip
@click.option("--possible", is_flag=True, help=N_("Count also what hangs on what is not known."))
@run_option
@_format_option
@_picture_option
@click.option(
    "--accounts", type=_FILE, metavar="FILE", help=N_("Review an application's accounts instead: its CSV or XLSX.")
)
@click.option(
    "--roles", multiple=True, type=_FILE, metavar="FILE", help=N_("How that file reads, and who may hold which role.")
)
@click.option("--staff", type=_FILE, metavar="FILE", help=N_("Who works here, as CSV or XLSX."))
def review(
    most: int, possible: bool, run_id: str, fmt: str, picture: Path | None, accounts: Path | None,
    roles: tuple[Path, ...], staff: Path | None,
) -> int:  # fmt: skip
    from secops.cli._fleet import Fleet

    if bool(accounts) != bool(roles) or (staff and not accounts):
        raise click.UsageError(
            _("Give --accounts and --roles together (docs/roles.md); hosts: `citywall scan --roles`.")
        )
    if accounts:
        _refuse("picture", "possible", "most", "run_id")
        from secops.cli._applications import review_accounts

        return review_accounts(accounts, roles, staff, fmt)
    from secops.cli._picture import check, draw_review
    from secops.cli._review import show_review
    from secops.privilege.fleet.choke import ChokePoints

    check(picture)
    fleet = Fleet.of(run_id)
    points = ChokePoints(fleet.graph, fleet.graph.network(possible=possible))
    ranked = points.ranked(most)
    show_review(fleet.graph, points, ranked, fmt)
    if picture:
        draw_review(fleet.graph, picture, ranked, possible=possible)
    return _code(fleet, found=points.pairs > 0)


def _code(fleet: Fleet, *, found: bool) -> int:
    """Nothing found is clean only where all was seen."""
    fleet.warn()
    return Exit.FINDINGS if found else Exit.INCOMPLETE if fleet.unseen else Exit.CLEAN


def _refuse(*names: str) -> None:
    """An option that does not go with --accounts is refused, not passed over."""
    ctx = click.get_current_context()
    for param in ctx.command.params:
        if param.name in names and ctx.get_parameter_source(param.name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(_("{option} does not go with --accounts.").format(option=param.opts[-1]))
