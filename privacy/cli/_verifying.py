"""Ledgers held against what was handed out before, and witnesses who sign that they have done so."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from secops.core.errors import Exit, RefusedError, UsageError
from secops.core.i18n import _, ngettext

if TYPE_CHECKING:
    from privacy.ledger.handed import Handed
    from privacy.ledger.head import Cosignature, Head
    from privacy.ledger.verify import Examined, Fault
    from privacy.parties.keys import Signer
    from privacy.release.exchange import Exchange


class Given(NamedTuple):
    """Files and public keys (base64) on the command line."""

    keys: tuple[str, ...]
    witnesses: tuple[str, ...]
    heads: tuple[Path, ...]
    receipts: tuple[Path, ...]
    consistencies: tuple[Path, ...]

    def handed(self) -> Handed:
        """What is in the files. Raises `UsageError`."""
        from privacy.ledger.handed import Handed, read_consistency, read_head, read_receipt

        return Handed(
            heads=[read_head(path) for path in self.heads],
            receipts=[read_receipt(path) for path in self.receipts],
            consistencies=[read_consistency(path) for path in self.consistencies],
        )


def verify(source: Path | None, exchange: Exchange | None, given: Given) -> int:
    """Verify a ledger by what was handed out, or that alone. Says what was found; the exit code."""
    keys, witnesses = public_keys(given.keys), public_keys(given.witnesses)
    if exchange:
        source = source or exchange.folder / "ledger"
    if exchange and not keys:
        keys, witnesses = exchange.keeper_keys(), witnesses or exchange.witness_keys()
    if not keys:
        raise click.UsageError(_("Whose signatures count? Give --key, or --exchange for the keys of its roster."))
    handed = given.handed()
    if source is None:
        if not (given.heads or given.receipts or given.consistencies):
            raise click.UsageError(_("Verify what? Give a ledger, or what was handed out by one."))
        return _tell(list(dict.fromkeys(handed.faults(keys, witnesses))), None)
    found, faults = _examined(source, handed, keys, witnesses)
    faults += _silent(found, given.witnesses)
    false = list(_roster_faults(exchange)) if exchange and not faults else []
    code = _tell(faults + false, found)
    if not handed.known and not handed.receipts:
        _say_alone()
    return Exit.REFUSED if false else code


def public_keys(texts: Iterable[str]) -> dict[str, bytes]:
    """Public keys by their ids. Raises `UsageError` for a text that is none."""
    from privacy.parties.keys import key_id

    found = {}
    for text in texts:
        try:
            found[key_id(text)] = b64decode(text)
        except ValueError:
            hint = _("`citywall party list --format json` gives those of all parties.")
            raise UsageError(_("is no public key: 32 bytes in base64"), where=text, hint=hint) from None
    return found


def _examined(
    source: Path, handed: Handed, keys: dict[str, bytes], witnesses: dict[str, bytes]
) -> tuple[Examined, list[Fault]]:
    from privacy.ledger.verify import examine
    from secops.core.progress import Progress

    if not source.exists():
        raise UsageError(_("is no ledger and no export"), where=str(source))
    with Progress() as progress:
        progress.step(_("reading {file}").format(file=source.name))
        found = examine(source, handed.known, handed.receipts, keys, witnesses)
    return found, list(dict.fromkeys([*found.faults, *handed.faults(keys, witnesses)]))


def _silent(found: Examined, named: Sequence[str]) -> Iterator[Fault]:
    """Witnesses that were named, and have signed nothing."""
    from privacy.ledger.verify import Fault

    for key in public_keys(named):
        if key not in found.cosigned:
            yield Fault("witness", _("the witness {key} has signed nothing").format(key=key))


def _roster_faults(exchange: Exchange) -> Iterator[Fault]:
    """The rosters, of which the ledger has the digests."""
    from privacy.ledger.verify import Fault

    try:
        exchange.rosters()
    except RefusedError as error:
        yield Fault("roster", str(error))


def _tell(faults: Sequence[Fault], found: Examined | None) -> int:
    from secops.core.say import say

    for fault in faults:
        say(f"{fault.code}: {fault.what}", indent=2)
    if faults:
        say(_("Does not verify. Keep all of it as it is: docs/ledger.md says what to do."))
        return Exit.FINDINGS
    if found is None or found.head is None:
        say(_("Fine: signed, and the proofs lead where they should."))
        return Exit.CLEAN
    head = found.head
    text = _("Fine: {n} entries in {origin}, {root}, signed at {time}")
    say(text.format(n=head.size, origin=head.origin, root=head.root, time=head.time), indent=2)
    for key, size in found.cosigned.items():
        say(_("witness {party}: the head of {n} entries").format(party=key, n=size))
    if others := found.unknown_witnesses:
        text = ngettext("{n} signature of a witness not named: passed over.",
                        "{n} signatures of witnesses not named: passed over.", others)  # fmt: skip
        say(text.format(n=others))
    return Exit.CLEAN


def _say_alone() -> None:
    from secops.core.say import complain

    complain(_("Without a head or receipt from earlier (--head, --receipt) nobody can see whether it was rewound."))


def cosign(exchange: Exchange, heads: tuple[Path, ...], witness: Signer) -> Cosignature:
    """Verify the ledger, then sign its head. Raises `RefusedError` for a key of no witness, and when it is at fault."""
    _must_witness(exchange, witness.key_id)
    ledger = exchange.ledger
    found = _verified(ledger.folder, heads, exchange.keeper_keys(), exchange.witness_keys())
    return ledger.cosign(found, witness)


def cosign_export(source: Path, keys: Sequence[str], heads: tuple[Path, ...], witness: Signer) -> Cosignature:
    """The same of an export, away from the exchange: whoever takes the signature in sees whether it is a witness's."""
    from privacy.ledger.log import cosigned, utc_now

    if not keys:
        raise click.UsageError(_("Whose signatures count? Give --keeper."))
    found = _verified(source, heads, public_keys(keys), {})
    return cosigned(found, witness, utc_now(), str(source))


def attach(exchange: Exchange, path: Path) -> Cosignature:
    """Take in what a witness signed elsewhere. Raises `RefusedError` when it is none of this ledger's witnesses'."""
    from privacy.ledger.handed import read_head
    from privacy.ledger.head import Cosignature, verify_signature

    found = read_head(path)
    if not isinstance(found, Cosignature):
        raise UsageError(_("is a head that no witness has signed"), where=str(path))
    _must_witness(exchange, found.key)
    if not verify_signature(found, exchange.witness_keys()):
        raise RefusedError(_("is not signed by the witness that it names"), where=str(path))
    exchange.ledger.attach(found)
    return found


def _must_witness(exchange: Exchange, key_id: str) -> None:
    from privacy.parties.chain import in_force
    from privacy.release.grounds import acting

    now = exchange.clock()
    acting(in_force(exchange.rosters(), now), key_id, "witness", now)


def _verified(source: Path, heads: tuple[Path, ...], keys: dict[str, bytes], witnesses: dict[str, bytes]) -> Head:
    """The last head of a ledger that is as it was promised. Raises `RefusedError` for any other."""
    found, faults = _examined(source, Given((), (), heads, (), ()).handed(), keys, witnesses)
    if faults or found.head is None:
        told = "; ".join(fault.what for fault in faults)
        raise RefusedError(_("is not signed: {reason}").format(reason=told), where=str(source))
    if not heads:
        _say_alone()
    return found.head
