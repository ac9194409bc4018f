"""Options that the verbs share: the exchange, the key of who acts, and where passphrases come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from secops.core.i18n import N_, _

if TYPE_CHECKING:
    from privacy.parties.keys import Signer
    from privacy.release.exchange import Desk

FILE = click.Path(path_type=Path)

exchange_option = click.option(
    "--exchange", "folder", type=FILE, required=True, envvar="CITYWALL_EXCHANGE", metavar="DIR",
    help=N_("The exchange; else CITYWALL_EXCHANGE names it."),
)  # fmt: skip

format_option = click.option("--format", "fmt", type=click.Choice(["text", "json"]), default="text", show_default=True)

output_option = click.option("-o", "--output", type=FILE, metavar="FILE", help=N_("Write it here."))

#: For commands that do something without an exchange too.
maybe_exchange_option = click.option(
    "--exchange", "folder", type=FILE, envvar="CITYWALL_EXCHANGE", metavar="DIR",
    help=N_("The exchange; else CITYWALL_EXCHANGE names it."),
)  # fmt: skip

_key = click.option("--key", type=FILE, required=True, metavar="FILE", help=N_("The private key of who acts."))
passphrase_option = click.option(
    "--passphrase", "source", default="prompt", envvar="CITYWALL_PASSPHRASE_FROM", metavar="SOURCE",
    help=N_("Of that key: prompt, file:PATH or env:NAME."),
)  # fmt: skip
keeper_option = click.option(
    "--keeper-passphrase", "keeper", default="prompt", envvar="CITYWALL_KEEPER_PASSPHRASE_FROM", metavar="SOURCE",
    help=N_("Of the exchange's own key: prompt, file:PATH or env:NAME."),
)  # fmt: skip


def key_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--key` and its passphrase: what a party signs with."""
    return _key(passphrase_option(command))


def desk_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--exchange`, and the passphrase of the key that signs its ledger."""
    return exchange_option(keeper_option(command))


def signer(key: Path, source: str) -> Signer:
    """The key of who acts. Raises `UsageError`."""
    from privacy.parties import keyfile, passphrase

    keyfile.named(key)  # before anybody types a passphrase
    return keyfile.load(key, passphrase.obtain(source, whose=key.name))


@contextmanager
def desk(folder: Path, keeper: str) -> Iterator[Desk]:
    """The exchange for a command that changes it."""
    from privacy.release.exchange import Exchange
    from secops.core.say import complain

    exchange = Exchange.open(folder)
    with exchange.writing(signer(exchange.keeper_key, keeper)) as found:
        yield found
        if found.owed:
            complain(_("Recorded; what is handed out follows with the next command: {why}").format(why=found.owed))


def moment(text: str | None, *, days: int) -> datetime:
    """The end of a day (UTC) given as YYYY-MM-DD, or of the day in so many days. Raises `click.UsageError`."""
    today = datetime.now(UTC).date()
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date() if text else today + timedelta(days=days)
    except ValueError:
        raise click.UsageError(_("{text!r} is no day such as 2027-01-31.").format(text=text)) from None
    if day < today:
        raise click.UsageError(_("{day} is over.").format(day=day))
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
