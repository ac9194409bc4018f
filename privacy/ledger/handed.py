"""What a party was handed out and keeps: heads, witnesses' signatures on them, receipts, proofs of growth; in files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from privacy.ledger.head import Consistency, Cosignature, Head, Keys, Receipt, verify_growth, verify_signature
from privacy.ledger.log import LARGEST_ENTRY
from privacy.ledger.verify import Fault, compare
from secops.core.errors import UsageError
from secops.core.i18n import _, because

#: Bytes of one document: an entry, and a proof of at most 64 hashes.
_LARGEST = LARGEST_ENTRY + (1 << 16)

_Kind = TypeVar("_Kind")


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """All that a party holds a ledger against. A witness's signature is worth its head, and itself when it is known."""

    heads: Sequence[Head | Cosignature] = ()
    receipts: Sequence[Receipt] = ()
    consistencies: Sequence[Consistency] = ()

    @property
    def known(self) -> list[Head]:
        """All heads but those of receipts."""
        given = [one.head if isinstance(one, Cosignature) else one for one in self.heads]
        return [*given, *(head for growth in self.consistencies for head in (growth.old, growth.new))]

    def faults(self, keys: Keys, witnesses: Keys) -> Iterator[Fault]:
        """What is wrong with it by itself. `keys` sign heads; signatures of others than `witnesses` are passed over."""
        yield from compare(self.known, self.receipts, keys)
        for one in self.heads:
            if isinstance(one, Cosignature) and one.key in witnesses and not verify_signature(one, witnesses):
                what = _("a witness did not sign the head of {size} entries").format(size=one.head.size)
                yield Fault("cosignature", what)
        for growth in self.consistencies:
            if not verify_growth(growth, keys):
                what = _("the proof from {old} to {new} entries proves nothing")
                yield Fault("consistency", what.format(old=growth.old.size, new=growth.new.size))


def read_head(path: Path) -> Head | Cosignature:
    """A head, or a witness's signature on one. Raises `UsageError`."""
    readers: tuple[Callable[[bytes], Head | Cosignature], ...] = (Head.read, Cosignature.read)
    return _read(path, readers, _("is no head of a ledger, and no witness's signature on one"))


def read_receipt(path: Path) -> Receipt:
    """A receipt. Raises `UsageError`."""
    return _read(path, (Receipt.read,), _("is no receipt of a ledger's"))


def read_consistency(path: Path) -> Consistency:
    """A proof of growth. Raises `UsageError`."""
    return _read(path, (Consistency.read,), _("is no proof of a ledger's growth"))


def _read(path: Path, readers: Sequence[Callable[[bytes], _Kind]], otherwise: str) -> _Kind:
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST)
    except OSError as error:
        raise UsageError(_("cannot be read: {reason}").format(reason=because(error)), where=str(path)) from error
    for reader in readers:
        try:
            return reader(raw)
        except ValueError:
            continue
    raise UsageError(otherwise, where=str(path))
