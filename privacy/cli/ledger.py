"""`citywall ledger`: the log that an exchange keeps, its proofs, and the life of a data set by it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from privacy.cli import _proofs
from privacy.cli._options import FILE, exchange_option, format_option, keeper_option, key_options, moment
from secops.core.command import Command, Group
from secops.core.i18n import N_, _

#: Days for which a new exchange's roster and keeper are valid, unless told.
_YEAR = 365

_rows_option = click.option(
    "--format", "fmt", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True
)


@click.group(
    "ledger",
    cls=Group,
    help=N_("""The ledger of an exchange: an append-only log, which nobody can change unnoticed.

What happened to shared data is in it; heads, receipts and proofs of it are handed out, and
whoever keeps one can show later what was in it (docs/ledger.md).

Examples:
  citywall ledger create exchange --origin exchange.city \\
      --card bureau.card --key bureau.key
  citywall ledger trace visits -o visits.html
  citywall ledger verify --head kept.head
"""),
)
def command() -> None:
    pass


@command.command(
    "create",
    cls=Command,
    help=N_("""Make an exchange in DIR: its roster with the authority of the card, its ledger, its key.

Tell all parties the key id of the authority, and the public key of the keeper, who signs the
ledger. Its private key stays in DIR, encrypted.

Example:
  citywall ledger create exchange --origin exchange.city \\
      --card bureau.card --key bureau.key

Exit code: 0 made, 2 wrong usage, 4 refused, 5 internal error.
"""),
)
@click.argument("folder", type=FILE, metavar="DIR")
@click.option("--origin", required=True, metavar="NAME", help=N_("What its ledger is called, everywhere."))
@click.option("--card", type=FILE, required=True, metavar="FILE", help=N_("The authority's card (`party card`)."))
@click.option("--hash", "algorithm", type=click.Choice(["sha256", "sm3"]), default="sha256", show_default=True,
              help=N_("What entries are hashed by."))  # fmt: skip
@click.option("--until", metavar="YYYY-MM-DD", help=N_("Last day of the first roster; else a year from now."))
@key_options
@keeper_option
def create(
    folder: Path, origin: str, card: Path, algorithm: Literal["sha256", "sm3"], until: str | None,
    key: Path, source: str, keeper: str,
) -> None:  # fmt: skip
    from privacy.cli._founding import found
    from secops.core.folder import must_be_new

    must_be_new(folder)
    found(folder, origin, algorithm, card, key, source, keeper, moment(until, days=_YEAR))


@command.command(
    "log",
    cls=Command,
    help=N_("""What is in the ledger: number, time, what happened, and who did it.

Examples:
  citywall ledger log --limit 20
  citywall ledger log --dataset visits --type release --format csv

Exit code: 0 listed, 2 wrong usage, 5 internal error or a damaged ledger.
"""),
)
@click.option("--dataset", default="", metavar="NAME", help=N_("Only what is about this data set."))
@click.option("--type", "kind", default="", metavar="TYPE", help=N_("Only these, such as request, release, roster."))
@click.option("--limit", type=click.IntRange(1), metavar="N", help=N_("Only the last N."))
@_rows_option
@exchange_option
def log(dataset: str, kind: str, limit: int | None, fmt: str, folder: Path) -> None:
    from privacy.cli._told import show_log
    from privacy.release.exchange import Exchange

    show_log(Exchange.open(folder), dataset, kind, limit, fmt)


@command.command(
    "head",
    cls=Command,
    help=N_("""The last signed head: how many entries there are, and the hash over all of them.

Keep heads away from the ledger. One that you have shows later whether it was rewound or
forked.

Example:
  citywall ledger head -o 2026-11-30.head

Exit code: 0 shown, 2 wrong usage, 4 the roster is false, 5 internal error.
"""),
)
@click.option("-o", "--output", type=FILE, metavar="FILE", help=N_("Write it there, to be kept."))
@exchange_option
def head(output: Path | None, folder: Path) -> None:
    from privacy.cli._told import show_head
    from privacy.release.exchange import Exchange
    from secops.core.render import write_whole

    exchange = Exchange.open(folder)
    last = exchange.ledger.head()
    if output:
        write_whole(output, last.raw() + b"\n")
    show_head(exchange, last)


@command.command(
    "export",
    cls=Command,
    help=N_("""Write the whole ledger to FILE, to be verified elsewhere.

Give it only to those who may read all of it. Others verify their receipts.

Example:
  citywall ledger export ledger.jsonl

Exit code: 0 written, 2 wrong usage, 5 internal error or a damaged ledger.
"""),
)
@click.argument("output", type=FILE, metavar="FILE")
@exchange_option
def export(output: Path, folder: Path) -> None:
    from privacy.release.exchange import Exchange

    Exchange.open(folder).ledger.export(output)


@command.command(
    "trace",
    cls=Command,
    help=N_("""The whole life of a data set (溯源): registered, shared, asked for, released, to whom.

Each signature behind it is verified again by the roster of its time. What the keys of the
parties went through is told too. `citywall ledger verify` says whether the ledger was changed.

Examples:
  citywall ledger trace visits
  citywall ledger trace visits --version 2026-06 -o visits.html

Exit code: 0 all signatures count, 1 one does not, 2 wrong usage, 4 the roster is false,
5 internal error or a damaged ledger.
"""),
)
@click.argument("dataset", metavar="DATASET")
@click.option("--version", default="", metavar="VERSION", help=N_("Only this version."))
@click.option("-o", "--output", type=FILE, metavar="FILE", help=N_("Also draw it: one HTML file."))
@format_option
@exchange_option
def trace(dataset: str, version: str, output: Path | None, fmt: str, folder: Path) -> int:
    from privacy.cli._told import show_trace
    from privacy.release.exchange import Exchange
    from privacy.release.picture import page
    from privacy.release.trace import trace
    from secops.core.render import check_place, write_whole

    if output:
        check_place(output)
    rows = trace(Exchange.open(folder), dataset, version)
    if output:
        title = _("The life of {dataset}").format(dataset=f"{dataset} {version}".strip())
        write_whole(output, page(rows, title).encode())
    return show_trace(rows, fmt)


for _proof in _proofs.COMMANDS:
    command.add_command(_proof)
