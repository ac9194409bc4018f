"""The commands of `citywall ledger` that prove and verify."""

from __future__ import annotations

from pathlib import Path

import click

from privacy.cli._options import FILE, exchange_option, key_options, maybe_exchange_option, signer
from secops.core.command import Command
from secops.core.i18n import N_, _

_output_option = click.option("-o", "--output", type=FILE, required=True, metavar="FILE", help=N_("Where it goes."))
_any_exchange_option = click.option(
    "--exchange", "folder", type=FILE, envvar="CITYWALL_EXCHANGE", metavar="DIR",
    help=N_("Its ledger, unless another is given, and the keys of its roster."),
)  # fmt: skip


@click.command(
    "prove",
    cls=Command,
    help=N_("""A proof for somebody who has no ledger: that entry NUMBER is in it (a receipt), or that it
still begins with what was signed at an earlier head.

`citywall ledger verify` verifies both, anywhere.

Examples:
  citywall ledger prove 17 -o entry-17.receipt
  citywall ledger prove --from kept.head -o consistency.json

Exit code: 0 written, 2 wrong usage, 4 the ledger does not begin so, 5 internal error.
"""),
)
@click.argument("number", type=click.IntRange(0), required=False, metavar="[NUMBER]")
@click.option(
    "--from", "start", type=FILE, metavar="HEAD", help=N_("An earlier head, or a witness's signature on one.")
)
@_output_option
@exchange_option
def prove(number: int | None, start: Path | None, output: Path, folder: Path) -> None:
    from privacy.ledger.handed import read_head
    from privacy.ledger.head import Consistency, Cosignature, Receipt
    from privacy.release.exchange import Exchange
    from secops.core.render import write_whole

    if (number is None) == (start is None):
        raise click.UsageError(_("Give the number of an entry, or an earlier head with --from."))
    ledger = Exchange.open(folder).ledger
    proof: Receipt | Consistency
    if start:
        old = read_head(start)
        proof = ledger.grown_from(old.head if isinstance(old, Cosignature) else old)
    else:
        proof = ledger.receipt(number or 0)
    write_whole(output, proof.raw() + b"\n")


@click.command(
    "verify",
    cls=Command,
    help=N_("""Verify the ledger of the exchange, or an export or folder LEDGER, by what was handed out.

Without LEDGER and --exchange, heads, receipts and proofs are verified by themselves.
`citywall ledger standalone` gives a program that does it without Citywall.

Examples:
  citywall ledger verify --exchange exchange --head kept.head
  citywall ledger verify ledger.jsonl --key BASE64 --receipt entry-17.receipt
  citywall ledger verify --consistency consistency.json --key BASE64

Exit code: 0 all is as it was promised, 1 it is not: each fault is told, 2 wrong usage,
4 the roster is false, 5 it cannot be read.
"""),
)
@click.argument("source", type=FILE, required=False, metavar="[LEDGER]")
@_any_exchange_option
@click.option("--key", "keys", multiple=True, metavar="BASE64", help=N_("A public key that may sign heads."))
@click.option("--witness", "witnesses", multiple=True, metavar="BASE64", help=N_("A witness, who must have signed."))
@click.option("--head", "heads", type=FILE, multiple=True, metavar="FILE", help=N_("A head, or a witness's signature."))
@click.option("--receipt", "receipts", type=FILE, multiple=True, metavar="FILE", help=N_("A receipt of an entry."))
@click.option(
    "--consistency", "consistencies", type=FILE, multiple=True, metavar="FILE", help=N_("A proof by `prove --from`.")
)
def verify(
    source: Path | None, folder: Path | None, keys: tuple[str, ...], witnesses: tuple[str, ...],
    heads: tuple[Path, ...], receipts: tuple[Path, ...], consistencies: tuple[Path, ...],
) -> int:  # fmt: skip
    from privacy.cli import _verifying
    from privacy.release.exchange import Exchange

    given = _verifying.Given(keys, witnesses, heads, receipts, consistencies)
    return _verifying.verify(source, Exchange.open(folder) if folder else None, given)


@click.command(
    "witness",
    cls=Command,
    help=N_("""Verify the whole ledger by the heads that you have kept, then sign its last one.

You must be enrolled as a witness. The signature stays with the ledger; keep the copy in FILE,
and give it the next time as --head. On another machine, give an EXPORT and --keeper: send the
keeper a copy of FILE, to be taken in by `citywall ledger attach`.

Examples:
  citywall ledger witness --head mine.head --key witness.key -o mine.head
  citywall ledger witness ledger.jsonl --keeper BASE64 --head mine.head \\
      --key witness.key -o mine.head

Exit code: 0 signed, 2 wrong usage, 4 refused, as the ledger or the key is at fault,
5 internal error.
"""),
)
@click.argument("export", type=FILE, required=False, metavar="[EXPORT]")
@click.option("--keeper", "keepers", multiple=True, metavar="BASE64",
              help=N_("With EXPORT: a public key that may sign heads."))  # fmt: skip
@click.option("--head", "heads", type=FILE, multiple=True, metavar="FILE", help=N_("What you have kept."))
@_output_option
@key_options
@maybe_exchange_option
def witness(
    export: Path | None, keepers: tuple[str, ...], heads: tuple[Path, ...], output: Path, key: Path, source: str,
    folder: Path | None,
) -> None:  # fmt: skip
    from privacy.cli._verifying import cosign, cosign_export
    from privacy.release.exchange import Exchange
    from secops.core.render import check_place, write_whole
    from secops.core.say import say

    check_place(output)
    if export:
        signed = cosign_export(export, keepers, heads, signer(key, source))
    elif folder is None:
        raise click.UsageError(_("Of which exchange? Give --exchange."))
    else:
        signed = cosign(Exchange.open(folder), heads, signer(key, source))
    write_whole(output, signed.raw() + b"\n")
    say(_("Signed: {n} entries, {root}").format(n=signed.head.size, root=signed.head.root), indent=2)


@click.command(
    "attach",
    cls=Command,
    help=N_("""Take in what a witness signed on another machine: FILE, from `citywall ledger witness`.

Example:
  citywall ledger attach audit.head

Exit code: 0 taken in, 2 wrong usage, 4 refused: no head of this ledger, or no witness's,
5 internal error.
"""),
)
@click.argument("path", type=FILE, metavar="FILE")
@exchange_option
def attach(path: Path, folder: Path) -> None:
    from privacy.cli._verifying import attach
    from privacy.release.exchange import Exchange
    from secops.core.say import say

    taken = attach(Exchange.open(folder), path)
    say(_("Taken in: {n} entries, {root}").format(n=taken.head.size, root=taken.head.root), indent=2)


@click.command(
    "standalone",
    cls=Command,
    help=N_("""Write the verifier that needs Python 3.9 and nothing else to FILE.

Example:
  citywall ledger standalone verify.py

Exit code: 0 written, 2 wrong usage, 5 internal error.
"""),
)
@click.argument("output", type=FILE, metavar="FILE")
def standalone(output: Path) -> None:
    from importlib.resources import files

    from secops.core.render import write_whole

    write_whole(output, files("privacy.ledger").joinpath("verify_standalone.py").read_bytes())


COMMANDS = (prove, verify, witness, attach, standalone)
