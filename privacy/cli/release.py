"""`citywall release`: what leaves, after checks and approvals."""

from __future__ import annotations

from pathlib import Path

import click

from privacy.cli._options import (
    FILE,
    desk,
    desk_options,
    exchange_option,
    format_option,
    keeper_option,
    key_options,
    maybe_exchange_option,
    moment,
    passphrase_option,
    signer,
)
from secops.core.command import Command, Group
from secops.core.i18n import N_, _

#: What an objection may say; a test holds them together with the documents'.
BECAUSE = ("purpose", "detail", "known", "unclear", "data")

#: Days for which an approval counts, unless told.
_MONTH = 30


@click.group(
    "release",
    cls=Group,
    help=N_("""Let results leave: requested, checked, approved by those whom the policy names, published.

Examples:
  citywall release check request.yml
  citywall release request request.yml --key institute.key
  citywall release show r0001
  citywall release approve r0001 --key li-wei.key
  citywall release publish r0001
"""),
)
def command() -> None:
    pass


@command.command(
    "check",
    cls=Command,
    help=N_("""Check without recording anything: a request.yml by the exchange, or the result file
of a job by a policy. Given the number of a request, finish its check, and record it.

A result file without --exchange is judged as the first release of its data.

Examples:
  citywall release check request.yml
  citywall release check result.npz --policy policy.yml
  citywall release check r0001

Exit code: 0 may leave, 2 wrong usage or a file that is wrong, 4 may not, 5 internal error.
"""),
)
@click.argument("what", metavar="FILE|NUMBER")
@click.option("--policy", type=FILE, metavar="FILE", help=N_("Judge by this; else by the contract's."))
@click.option("--result", type=FILE, metavar="FILE", help=N_("The result that the request is for."))
@maybe_exchange_option
@keeper_option
def check(what: str, policy: Path | None, result: Path | None, folder: Path | None, keeper: str) -> int:
    from privacy.cli import _checking
    from privacy.release.documents import is_number

    if is_number(what):
        if folder is None:
            raise click.UsageError(_("Of which exchange? Give --exchange."))
        from privacy.cli._shown import show_release
        from privacy.release import requests

        with desk(folder, keeper) as at:
            release = requests.check(at, what)
            return show_release(release, at.exchange, "text")
    return _checking.dry(Path(what), policy, result, folder)


@command.command(
    "request",
    cls=Command,
    help=N_("""Ask for a release, and have it checked. REQUEST is a request.yml, signed with --key; or
what was signed elsewhere by the same command with -o, which needs no exchange.

Examples:
  citywall release request request.yml --key institute.key
  citywall release request request.yml --key institute.key -o request.json
  citywall release request request.json

Exit code: 0 checked, 2 wrong usage or a file that is wrong, 4 refused or changes wanted, 5 internal error.
"""),
)
@click.argument("request", type=FILE, metavar="REQUEST")
@click.option("--result", type=FILE, metavar="FILE", help=N_("The result file of a job that is to leave."))
@click.option("--key", type=FILE, metavar="FILE", help=N_("The private key of who acts."))
@passphrase_option
@click.option("-o", "--output", type=FILE, metavar="FILE", help=N_("Only sign, and write it here."))
@maybe_exchange_option
@keeper_option
def request(
    request: Path, result: Path | None, key: Path | None, source: str, output: Path | None,
    folder: Path | None, keeper: str,
) -> int | None:  # fmt: skip
    from privacy.cli._checking import signed_request
    from privacy.parties.signed import dump
    from secops.core.progress import Progress
    from secops.core.render import write_whole

    signed = signed_request(request, result, key, source)
    if output:
        write_whole(output, dump(signed))
        return None
    if folder is None:
        raise click.UsageError(_("Of which exchange? Give --exchange."))
    from privacy.cli._shown import show_release
    from privacy.release import requests

    with desk(folder, keeper) as at:
        with Progress() as progress:
            progress.step(_("checking"))
            release = requests.submit(at, signed, result)
        return show_release(release, at.exchange, "text")


@command.command(
    "list",
    cls=Command,
    help=N_("""All requests, and how far they have come.

Examples:
  citywall release list
  citywall release list --format json

Exit code: 0 listed, 2 wrong usage, 4 the roster is false, 5 internal error.
"""),
)
@exchange_option
@format_option
def list_(folder: Path, fmt: str) -> None:
    from privacy.cli._shown import show_releases
    from privacy.release.exchange import Exchange

    show_releases(Exchange.open(folder), fmt)


@command.command(
    "show",
    cls=Command,
    help=N_("""What request NUMBER asks for, how far it has come, and why. For those who approve,
--content prints what would leave, byte for byte: on the secure side only.

Examples:
  citywall release show r0001
  citywall release show r0001 --content

Exit code: 0 may leave or has left, 2 wrong usage, 4 may not leave as it is, 5 internal error.
"""),
)
@click.argument("number", metavar="NUMBER")
@click.option("--content", is_flag=True, help=N_("Print what would leave."))
@exchange_option
@format_option
def show(number: str, content: bool, folder: Path, fmt: str) -> int:
    from privacy.cli._shown import show_content, show_release
    from privacy.release.exchange import Exchange

    exchange = Exchange.open(folder)
    release = exchange.verified().release(number)
    if content:
        return show_content(release, exchange)
    return show_release(release, exchange, fmt)


@command.command(
    "approve",
    cls=Command,
    help=N_("""Approve request NUMBER: a signature over exactly what was checked. Look at it first.

The key is that of a party whom the policy lets approve, and who has not asked itself.

Examples:
  citywall release show r0001 --content
  citywall release approve r0001 --key li-wei.key

Exit code: 0 recorded, 2 wrong usage, 4 refused, 5 internal error.
"""),
)
@click.argument("number", metavar="NUMBER")
@click.option("--until", metavar="YYYY-MM-DD", help=N_("Last day that it counts; else 30 days from now."))
@key_options
@desk_options
def approve(number: str, until: str | None, key: Path, source: str, folder: Path, keeper: str) -> int:
    from privacy.cli._shown import show_release
    from privacy.release import approvals

    end, checker = moment(until, days=_MONTH), signer(key, source)
    with desk(folder, keeper) as at:
        release = approvals.approve(at, number, approvals.approval(at, number, checker, end))
        show_release(release, at.exchange, "text")
    return 0


@command.command(
    "object",
    cls=Command,
    help=N_("""Object to request NUMBER: changes are wanted, or with --refuse it is refused.

Reasons come from a list, since free text could tell what is in the data:
  purpose  the purpose does not need this
  detail   fewer or larger cells
  known    people could be recognised
  unclear  say more clearly what it is for
  data     the data is at fault, or withdrawn

Example:
  citywall release object r0001 --because detail --key li-wei.key

Exit code: 0 recorded, 2 wrong usage, 4 refused, 5 internal error.
"""),
)
@click.argument("number", metavar="NUMBER")
@click.option("--because", type=click.Choice(BECAUSE), required=True, help=N_("A reason of the list."))
@click.option("--refuse", is_flag=True, help=N_("No change would help."))
@key_options
@desk_options
def object_(number: str, because: str, refuse: bool, key: Path, source: str, folder: Path, keeper: str) -> int:
    from privacy.cli._shown import show_release
    from privacy.release import approvals

    checker = signer(key, source)
    with desk(folder, keeper) as at:
        outcome = "refused" if refuse else "changes"
        objection = approvals.objection(at, number, checker, outcome, because)
        show_release(approvals.object_to(at, number, objection), at.exchange, "text")
    return 0


@command.command(
    "publish",
    cls=Command,
    help=N_("""Let approved request NUMBER leave: into the folder out/REQUESTER of the exchange.

It is checked once more, against all that has left since. Cut short, it has left whole or
not at all; the same command again finishes it, and publishes nothing twice.

Example:
  citywall release publish r0001

Exit code: 0 published, 2 wrong usage, 4 refused, 5 internal error.
"""),
)
@click.argument("number", metavar="NUMBER")
@desk_options
def publish(number: str, folder: Path, keeper: str) -> None:
    from privacy.release import requests
    from secops.core.progress import Progress
    from secops.core.say import say

    with desk(folder, keeper) as at:
        with Progress() as progress:
            progress.step(_("checking"))
            place = requests.leave(at, number)
        published = at.state.release(number).published
    say(_("{number} is published: {place}, entry {entry} of the ledger").format(
        number=number, place=place, entry=published))  # fmt: skip
