"""`citywall data`: data sets that are registered, and the contracts that they are shared by."""

from __future__ import annotations

from pathlib import Path

import click

from privacy.cli._options import FILE, desk, desk_options, exchange_option, format_option, key_options, signer
from secops.core.command import Command, Group
from secops.core.i18n import N_, _


@click.group(
    "data",
    cls=Group,
    help=N_("""Register data sets, and share them by contract (数据共享责任清单).

The data stays where it is. The ledger learns who owns it, and the digest of its file.

Examples:
  citywall data register visits.csv --dataset visits --version 2026-06 \\
      --schema visits.schema.yml --key owner.key
  citywall data share contract.yml --policy policy.yml --key owner.key
  citywall data accept planning-2026 --key institute.key
"""),
)
def command() -> None:
    pass


@command.command(
    "register",
    cls=Command,
    help=N_("""Register FILE (CSV or Parquet) as a version of a data set; the key is its owner's.

What is registered is never changed: corrections are another version. The same file again
tells where it is now.

Example:
  citywall data register visits.csv --dataset visits --version 2026-06 \\
      --schema visits.schema.yml --key owner.key

Exit code: 0 registered, 2 wrong usage or data that cannot be read, 4 refused, 5 internal error.
"""),
)
@click.argument("path", type=FILE, metavar="FILE")
@click.option("--dataset", required=True, metavar="NAME", help=N_("Its name: a-z, 0-9 and . _ -"))
@click.option("--version", required=True, metavar="VERSION", help=N_("Such as 2026-06."))
@click.option("--schema", type=FILE, required=True, metavar="FILE", help=N_("Its fields (docs/queries.md)."))
@click.option("--size-unknown", is_flag=True, help=N_("Nobody outside knows how many records it has."))
@key_options
@desk_options
def register(
    path: Path, dataset: str, version: str, schema: Path, size_unknown: bool,
    key: Path, source: str, folder: Path, keeper: str,
) -> None:  # fmt: skip
    from privacy.data import schema as schemas
    from privacy.release import datasets
    from secops.core.progress import Progress
    from secops.core.say import say

    data = datasets.Data(
        dataset=dataset, version=version, path=path, schema=schemas.load(schema), size_known=not size_unknown
    )
    owner = signer(key, source)
    with desk(folder, keeper) as at, Progress() as progress:
        progress.step(_("reading {file}").format(file=path.name))
        found = datasets.register(at, data, owner)
    for field, count in found.outside.items():
        if count:
            say(_("{field}: {n} values are not in the schema, and count as missing").format(field=field, n=count))
    made = found.registration
    text = _("{dataset} {version} of {owner}: {digest}")
    say(text.format(dataset=made.dataset, version=made.version, owner=made.owner, digest=made.digest))


@command.command(
    "share",
    cls=Command,
    help=N_("""Offer a contract, with the policy that results are held to; the key is the owner's.

Each recipient accepts it with its own key. An earlier contract of the same id ends.

Example:
  citywall data share contract.yml --policy policy.yml --key owner.key

Exit code: 0 offered, 2 wrong usage or a file that is wrong, 4 refused, 5 internal error.
"""),
)
@click.argument("contract", type=FILE, metavar="CONTRACT")
@click.option("--policy", type=FILE, required=True, metavar="FILE", help=N_("What results are held to."))
@key_options
@desk_options
def share(contract: Path, policy: Path, key: Path, source: str, folder: Path, keeper: str) -> None:
    from privacy.disclosure import policy as policies
    from privacy.parties import contract as contracts
    from privacy.release import datasets
    from secops.core.say import say

    offered, held_to = contracts.load(contract), policies.load(policy)
    owner = signer(key, source)
    with desk(folder, keeper) as at:
        terms = datasets.share(at, offered, held_to, owner)
    say(_("{contract}: contract {digest}").format(contract=offered.id, digest=terms.contract))
    say(_("{contract}: policy {digest}").format(contract=offered.id, digest=terms.policy))


@command.command(
    "accept",
    cls=Command,
    help=N_("""Accept contract ID; the key is that of one of its recipients.

Example:
  citywall data accept planning-2026 --key institute.key

Exit code: 0 accepted, 2 wrong usage, 4 refused, 5 internal error.
"""),
)
@click.argument("contract", metavar="ID")
@key_options
@desk_options
def accept(contract: str, key: Path, source: str, folder: Path, keeper: str) -> None:
    from privacy.release import datasets
    from secops.core.say import say

    recipient = signer(key, source)
    with desk(folder, keeper) as at:
        approval = datasets.acceptance(at, contract, recipient)
        datasets.accept(at, contract, approval)
    say(_("{contract}: accepted by {party}").format(contract=contract, party=approval.body.approver))


@command.command(
    "list",
    cls=Command,
    help=N_("""Data sets and contracts of the exchange.

Examples:
  citywall data list
  citywall data list --format json

Exit code: 0 listed, 2 wrong usage, 4 the roster is false, 5 internal error.
"""),
)
@exchange_option
@format_option
def list_(folder: Path, fmt: str) -> None:
    from privacy.cli._shown import show_data
    from privacy.release.exchange import Exchange

    show_data(Exchange.open(folder), fmt)
