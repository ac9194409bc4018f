"""`citywall waive`: accept findings, with a name, a reason and an end."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import click

from secops.core.command import Group, did_you_mean
from secops.core.errors import UsageError
from secops.core.i18n import N_, _

if TYPE_CHECKING:
    from secops.core.store import Store
    from secops.core.waiver import Waiver


@click.group(
    "waive",
    cls=Group,
    help=N_("""Accept findings for a time. From the next scan on they count as waived,
not as open, and say who approved it; after the end they are open again.

Examples:
  citywall waive add sudo-nopasswd-all --host web1 --key user_name=deploy \\
      --reason "robot, ticket 4711" --approver "Li Wei" --expires 90d
  citywall waive list
  citywall waive remove w-3f9a62c1
"""),
)
def command() -> None:
    pass


@command.command(
    "add",
    help=N_("""Waive the findings of RULE (an id or a glob) on the hosts of a glob.

Example:
  citywall waive add ssh-root-login --host 'lab-*' --reason "a lab" \\
      --approver "Li Wei" --expires 2027-03-31
"""),
)
@click.argument("rule")
@click.option("--host", required=True, metavar="GLOB", help=N_("Hosts, as the report names them; quote '*'."))
@click.option(
    "--key", "keys", multiple=True, metavar="COL=VALUE", help=N_("Only findings with this value in their key.")
)
@click.option(
    "--rules",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help=N_("Where RULE is, when it is one of your own."),
)
@click.option("--reason", required=True, metavar="TEXT", help=N_("Why the risk is accepted."))
@click.option("--approver", required=True, metavar="NAME", help=N_("Who answers for it."))
@click.option("--expires", required=True, metavar="DATE|Nd", help=N_("Last day (UTC), at most 366 days ahead."))
def add(
    rule: str, host: str, folders: tuple[Path, ...], keys: tuple[str, ...], reason: str, approver: str, expires: str
) -> None:
    from secops.core.inert import printable
    from secops.core.store import Store
    from secops.core.waiver import Waiver

    today = datetime.now(UTC).date()
    waiver = Waiver(
        id=f"w-{token_hex(4)}",
        rule=rule,
        host=host,
        key=_key(keys),
        reason=reason,
        approver=approver,
        created=today,
        expires=_day(expires, today),
    )
    _refuse_unknown(waiver, folders)
    store = Store.open()
    store.add_waiver(waiver)
    click.echo(waiver.id)
    click.echo(printable(_reach(store, waiver)), err=True)


def _refuse_unknown(waiver: Waiver, folders: tuple[Path, ...]) -> None:
    """A waiver that could never match: no rule of that name, or no such column in the key of any that it names."""
    from fnmatch import fnmatchcase

    from secops.cli._judging import select_rules
    from secops.cli.rules import no_such_rule

    rules = select_rules(folders, ())
    keys = [found.key for name, found in rules.rules.items() if fnmatchcase(name, waiver.rule)]
    if not keys:
        raise no_such_rule(waiver.rule, rules)
    known = list(dict.fromkeys(column for key in keys for column in key))
    for column in waiver.key:
        if column not in known:
            hint = did_you_mean(column, known) or _("Choose from {names}.").format(names=", ".join(known))
            raise UsageError(_("findings of this rule have no such key"), where=f"--key {column}", hint=hint)


def _key(pairs: tuple[str, ...]) -> dict[str, str]:
    key: dict[str, str] = {}
    for pair in pairs:
        column, equals, value = pair.partition("=")
        if not column or not equals or column in key:
            hint = _("Give each column once, as COL=VALUE.")
            raise UsageError(_("{pair!r} names no value of a column").format(pair=pair), where="--key", hint=hint)
        key[column] = value
    return key


def _day(text: str, today: date) -> date:
    """`2027-03-31`, or `90d` from today."""
    try:
        if days := re.fullmatch(r"([0-9]{1,4})d", text):
            return today + timedelta(days=int(days[1]))
        return date.fromisoformat(text)
    except ValueError as error:
        hint = _("Give a date as 2027-03-31, or days from today as 90d.")
        raise UsageError(_("{text!r} is no date").format(text=text), where="--expires", hint=hint) from error


def _reach(store: Store, waiver: Waiver) -> str:
    """How many findings of the last run the waiver is about: a typing error shows at once."""
    from secops.posture.waivers import matcher

    if not store.list_runs(1):
        return _("It counts from the next scan on.")
    count = sum(map(matcher(waiver), store.load_report("last").findings))
    if not count:
        return _("It matches no finding of the last run. It counts from the next scan on.")
    return _("It matches {count} of the last run's findings. It counts from the next scan on.").format(count=count)


@command.command("list", help=N_("Every waiver, expired ones too.\n\nExample:\n  citywall waive list --format json"))
@click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_waivers(fmt: str) -> None:
    from secops.core.document import show_document
    from secops.core.rows import show
    from secops.core.store import Store

    waivers = Store.open().waivers()
    if fmt == "json":
        show_document(waivers)
    elif waivers:
        today = datetime.now(UTC).date()
        columns = (_("id"), _("rule"), _("host"), _("key"), _("until"), _("approver"), _("reason"))
        show(columns, [_row(waiver, today) for waiver in waivers], fmt)
    else:
        click.echo(_("There are no waivers."), err=True)


def _row(waiver: Waiver, today: date) -> list[str]:
    key = " ".join(f"{column}={value}" for column, value in waiver.key.items())
    until = _("{day} expired").format(day=waiver.expires) if waiver.expires < today else str(waiver.expires)
    return [waiver.id, waiver.rule, waiver.host, key, until, waiver.approver, waiver.reason]


@command.command(
    "remove",
    help=N_(
        "End a waiver now; its findings are open again in the next scan.\n\n"
        "Example:\n  citywall waive remove w-3f9a62c1"
    ),
)
@click.argument("waiver_id", metavar="ID")
def remove(waiver_id: str) -> None:
    from secops.core.store import Store

    Store.open().remove_waiver(waiver_id)
