"""`citywall party`: who takes part, with which key, as what, and until when."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from privacy.cli._options import FILE, desk, desk_options, exchange_option, key_options, moment, signer
from secops.core.command import Command, Group
from secops.core.i18n import N_, _

if TYPE_CHECKING:
    from privacy.parties.roster import Party, Roster

#: Kinds of parties; a test holds them together with the roster's.
KINDS = ("owner", "checker", "researcher", "site", "hub", "witness", "authority")

#: Days for which a party is enrolled, unless told.
_YEAR = 365

_until_option = click.option("--until", metavar="YYYY-MM-DD", help=N_("Last day; else a year from now."))


@click.group(
    "party",
    cls=Group,
    help=N_("""Who takes part, with which key, as what, and until when.

Each party makes its own key and hands out a card; the authority enrols it.

Examples:
  citywall party card li-wei --name "Li Wei" --key li-wei.key -o li-wei.card
  citywall party enrol li-wei.card --as checker --key bureau.key
  citywall party list
"""),
)
def command() -> None:
    pass


@command.command(
    "card",
    cls=Command,
    help=N_("""Make a card for a party ID, to be enrolled with; and its key, where FILE is not there yet.

The key never leaves its file, which is encrypted. The card holds its public half.

Example:
  citywall party card li-wei --name "Li Wei" --key li-wei.key -o li-wei.card

Exit code: 0 made, 2 wrong usage, 5 internal error.
"""),
)
@click.argument("party", metavar="ID")
@click.option("--name", required=True, metavar="TEXT", help=N_("Name of the person or institution."))
@key_options
@click.option("-o", "--output", type=FILE, required=True, metavar="FILE", help=N_("Where the card goes."))
def card(party: str, name: str, key: Path, source: str, output: Path) -> None:
    from privacy.canonical import time_text
    from privacy.parties import keyfile, passphrase
    from privacy.parties.keys import Signer
    from privacy.parties.roster import Card
    from privacy.parties.signed import dump, made, sign
    from secops.core.render import check_place, write_whole
    from secops.core.say import say

    check_place(output)
    is_new = not key.exists()
    holder = Signer.new() if is_new else signer(key, source)
    document = made(Card, id=party, name=name, public_key=holder.public_key, issued=time_text(datetime.now(UTC)))
    if is_new:
        keyfile.save(holder, key, passphrase.obtain(source, new=True, whose=key.name))
    write_whole(output, dump(sign(document, holder)))
    say(_("{party}: {key_id}").format(party=party, key_id=holder.key_id))


@command.command(
    "enrol",
    cls=Command,
    help=N_("""Enrol the party of a card. The key is that of an authority.

Compare the key id with the party itself, by telephone or in person: who can exchange the card
on its way becomes that party.

Example:
  citywall party enrol li-wei.card --as checker --key bureau.key

Exit code: 0 enrolled, 2 wrong usage, 4 refused, 5 internal error.
"""),
)
@click.argument("card", type=FILE, metavar="CARD")
@click.option("--as", "kinds", type=click.Choice(KINDS), multiple=True, required=True, help=N_("What it is."))
@_until_option
@key_options
@desk_options
def enrol(
    card: Path, kinds: tuple[str, ...], until: str | None, key: Path, source: str, folder: Path, keeper: str
) -> None:
    from privacy.parties import changes
    from privacy.parties.roster import Card
    from privacy.parties.signed import read

    signed, end = read(card, Card), moment(until, days=_YEAR)
    authority = signer(key, source)
    with desk(folder, keeper) as at:
        old = at.latest
        at.issue(changes.enrol(old, signed, kinds, now=at.now, until=end, valid=_valid(old, end)), authority)
        _tell(at.latest, signed.body.id)


@command.command(
    "renew",
    cls=Command,
    help=N_("""Let party ID take part until another day; with a card, by the new key on it.

What was signed with an old key before, and approvals that wait, count no longer after a new key.

Examples:
  citywall party renew li-wei --until 2028-12-31 --key bureau.key
  citywall party renew li-wei --card new.card --key bureau.key

Exit code: 0 renewed, 2 wrong usage, 4 refused, 5 internal error.
"""),
)
@click.argument("party", metavar="ID")
@click.option("--card", type=FILE, metavar="CARD", help=N_("A card with its new key."))
@_until_option
@key_options
@desk_options
def renew(party: str, card: Path | None, until: str | None, key: Path, source: str, folder: Path, keeper: str) -> None:
    from privacy.parties import changes
    from privacy.parties.roster import Card
    from privacy.parties.signed import read

    signed, end = read(card, Card) if card else None, moment(until, days=_YEAR)
    authority = signer(key, source)
    with desk(folder, keeper) as at:
        old = at.latest
        new = changes.renew(old, party, now=at.now, until=end, valid=_valid(old, end), card=signed)
        at.issue(new, authority)
        _tell(new, party)


@command.command(
    "revoke",
    cls=Command,
    help=N_("""Nothing counts any more that the key of party ID signs or has signed.

Example:
  citywall party revoke li-wei --reason "key lost" --key bureau.key

Exit code: 0 revoked, 2 wrong usage, 4 refused, 5 internal error.
"""),
)
@click.argument("party", metavar="ID")
@click.option("--reason", required=True, metavar="TEXT", help=N_("Why; all parties may read it."))
@key_options
@desk_options
def revoke(party: str, reason: str, key: Path, source: str, folder: Path, keeper: str) -> None:
    from privacy.parties import changes

    authority = signer(key, source)
    with desk(folder, keeper) as at:
        old = at.latest
        new = changes.revoke(old, party, reason, now=at.now, valid=_valid(old, at.now))
        at.issue(new, authority)
        _tell(new, party)


@command.command(
    "list",
    cls=Command,
    help=N_("""All parties: what they are, until when, and the ids of their keys.

Examples:
  citywall party list
  citywall party list --format json

Exit code: 0 listed, 2 wrong usage, 4 the roster is false or out of date, 5 internal error.
"""),
)
@exchange_option
@click.option("--format", "fmt", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
def list_(folder: Path, fmt: str) -> int:
    from privacy.release.exchange import Exchange
    from secops.core.errors import Exit
    from secops.core.rows import show
    from secops.core.say import complain

    exchange = Exchange.open(folder)
    roster, now = exchange.rosters()[-1], exchange.clock()
    shown = (_("party"), _("kinds"), _("state"), _("until"), _("key"), _("name"))
    columns = shown if fmt == "text" else ("party", "kinds", "state", "until", "key", "name")
    show(columns, [_row(party, now, fmt) for party in roster.parties], fmt)
    if roster.holds(now):
        return Exit.CLEAN
    complain(_("The roster was valid until {time}: an authority must renew a party.").format(time=roster.until))
    return Exit.REFUSED


def _row(party: Party, now: datetime, fmt: str) -> list[str]:
    state = party.state(now)
    words = {"valid": _("valid"), "early": _("not yet"), "expired": _("expired"), "revoked": _("revoked")}
    shown = words[state] if fmt == "text" else state
    # a file for programs gives the public key too: what verifies signatures elsewhere
    key = party.key_id if fmt == "text" else party.public_key
    return [party.id, " ".join(party.kinds), shown, party.until, key, party.name]


def _valid(roster: Roster, end: datetime) -> datetime:
    """How long a new version of the roster holds: as long as the last one, or the party that is changed."""
    from privacy.canonical import parse_time

    return max(parse_time(roster.until), end)


def _tell(roster: Roster, name: str) -> None:
    from secops.core.say import say

    party = roster.party(name)
    if party:
        until = party.revoked.time if party.revoked else party.until
        text = _("{party} ({kinds}): {key_id}, until {until}")
        say(text.format(party=party.id, kinds=", ".join(party.kinds), key_id=party.key_id, until=until))
