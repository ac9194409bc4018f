"""The log itself: made, appended to by one writer at a time, read by anyone without a lock."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, Self, TypeVar

import msgspec

from privacy import canonical
from privacy.ledger.files import Files, appending, damaged, extend, last_line, reading, whole_lines
from privacy.ledger.head import About, Consistency, Cosignature, Document, Head, Receipt, Signer, named, signed
from privacy.ledger.tree import Hashing, Tree
from secops.core.errors import CitywallError, RefusedError, UsageError
from secops.core.folder import locked, must_be_new, sync_folder
from secops.core.i18n import _
from secops.core.render import write_whole

#: Most bytes of one entry. What is larger is put elsewhere, and its digest here.
LARGEST_ENTRY = 1 << 20

_Kind = TypeVar("_Kind", bound=Document)


def utc_now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """A folder with the log. Made by `create` and `open`; appending and co-signing need a signer."""

    def __init__(self, folder: Path, about: About, signer: Signer | None, clock: Callable[[], datetime]) -> None:
        self.folder, self.about = folder, about
        self.files = Files(folder)
        self._hashing = Hashing(about.algorithm)
        self._tree = Tree(self._hashing, self.files.node)
        self._signer, self._clock = signer, clock

    @classmethod
    def create(
        cls, folder: Path, origin: str, algorithm: str, signer: Signer, *, clock: Callable[[], datetime] = utc_now
    ) -> Self:
        """Make an empty ledger with a first head, whole or not at all. `origin` names it in the world.

        Raises `UsageError` when the folder is in use or the names are of no use, `RefusedError` when the disk is full,
        `CitywallError`.
        """
        about = named(origin, algorithm)
        must_be_new(folder)
        partial = folder.with_name(f".{folder.name[:40]}.{token_hex(8)}.partial")
        try:
            with appending(folder):
                folder.parent.mkdir(parents=True, exist_ok=True)
                partial.mkdir(mode=0o700)
                cls(partial, about, signer, clock)._begin()
                os.rename(partial, folder)
                sync_folder(folder.parent)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return cls(folder, about, signer, clock)

    @classmethod
    def open(cls, folder: Path, signer: Signer | None = None, *, clock: Callable[[], datetime] = utc_now) -> Self:
        """A ledger that is there. Raises `UsageError` for a folder that is none, `CitywallError` for a damaged one."""
        place = folder / "ledger.json"
        if not place.is_file():
            raise UsageError(
                _("is no ledger"), where=str(folder), hint=_("Give the folder that the ledger was made in.")
            )
        with reading(place) as file:
            raw = file.read()
        return cls(folder, _read(About, raw, place), signer, clock)

    def head(self) -> Head:
        """The last signed head: what is in the log."""
        return self._last()[0]

    def heads(self) -> Iterator[Head]:
        """All heads, oldest first."""
        return (_read(Head, line, self.files.heads) for line in whole_lines(self.files.heads))

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[dict[str, Any]]:
        """Entries start..stop, as far as there are any."""
        size = self.head().size
        for line in self.files.lines(start, size if stop is None else min(stop, size)):
            try:
                yield msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.DecodeError:
                raise damaged(self.files.entries) from None

    def append(self, entries: Sequence[Mapping[str, Any]]) -> Head:
        """Append a batch and sign the new head. When this returns, both are on the disk; else neither is in the log.

        Raises `ValueError` for an entry that is none, `RefusedError` when the clock has gone back or the disk is full,
        `CitywallError`.
        """
        lines = [_line(entry) for entry in entries]
        if not lines:
            raise ValueError("nothing to append")
        with self._writing():
            last, end = self._last()
            levels = self._tree.grow(last.size, [self._hashing.leaf(line) for line in lines])
            head = self._next(last, levels)
            self.files.extend_tree(last.size, lines, levels)
            extend((self.files.heads, end, head.raw() + b"\n"))
        return head

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The proof that entry `index` is in the tree of the first `size` entries."""
        return self._tree_of(size).inclusion(index, size)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the first `new` entries begin with the first `old` ones."""
        return self._tree_of(new).consistency(old, new)

    def receipt(self, index: int) -> Receipt:
        """The proof by the last head that an entry is in the log. Raises `UsageError` when there is no such entry."""
        head = self.head()
        if not 0 <= index < head.size:
            hint = _("The entries are numbered from 0 to {last}.").format(last=head.size - 1)
            raise UsageError(_("there is no entry {index}").format(index=index), where=str(self.folder), hint=hint)
        proof = [part.hex() for part in self.inclusion(index, head.size)]
        return Receipt(next(self.entries(index, index + 1)), index, proof, head)

    def grown_from(self, old: Head) -> Consistency:
        """The proof that this log begins with that of an earlier head. Raises `RefusedError` when it does not."""
        new, hint = self.head(), _("Keep that head: it and the ledger's own show that two logs were signed.")
        if (old.origin, old.algorithm) != (new.origin, new.algorithm):
            raise RefusedError(_("the head is none of this ledger's"), where=str(self.folder))
        if old.size > new.size or self._tree.root(old.size) != old.root_hash:
            what = _("the ledger does not begin with the {size} entries signed at {time}")
            raise RefusedError(what.format(size=old.size, time=old.time), where=str(self.folder), hint=hint)
        return Consistency(old, new, [part.hex() for part in self.consistency(old.size, new.size)])

    def export(self, path: Path) -> None:
        """Write the whole log as one file that can be verified elsewhere. Raises `UsageError`, `CitywallError`."""
        write_whole(path, (b'{"%s":%s}\n' % (kind.encode(), raw) for kind, raw in self.records()))

    def records(self) -> Iterator[tuple[str, bytes]]:
        """The log as an export has it: what it is called, then every head behind its entries. Kinds, and raw values."""
        witnessed: dict[int, list[bytes]] = {}
        for cosignature in self.cosignatures():
            witnessed.setdefault(cosignature.head.size, []).append(cosignature.raw())
        yield "ledger", self.about.raw()
        size = 0
        for head in self.heads():
            yield from (("entry", line) for line in self.files.lines(size, head.size))
            yield "head", head.raw()
            yield from (("cosignature", raw) for raw in witnessed.get(head.size, ()))
            size = head.size

    def cosign(self, head: Head, witness: Signer) -> Cosignature:
        """A witness's signature on a head of this log, kept beside it. The witness has verified the log himself."""
        cosignature = cosigned(head, witness, self._clock(), str(self.folder))
        self.attach(cosignature)
        return cosignature

    def attach(self, cosignature: Cosignature) -> None:
        """Keep what a witness signed elsewhere. Raises `RefusedError` when its head is none of this log's."""
        place, line = self.files.cosignatures, cosignature.raw()
        with self._writing():
            if cosignature.head.raw() not in whole_lines(self.files.heads):
                raise RefusedError(_("the head is none of this ledger's"), where=str(self.folder))
            if not place.exists():
                extend((place, 0, line + b"\n"))
            elif line not in whole_lines(place):
                extend((place, last_line(place)[1], line + b"\n"))

    def cosignatures(self) -> Iterator[Cosignature]:
        """What witnesses signed, in the order in which it came."""
        place = self.files.cosignatures
        lines = whole_lines(place) if place.exists() else iter(())
        return (_read(Cosignature, line, place) for line in lines)

    def _begin(self) -> None:
        """Fill a new folder."""
        time = canonical.time_text(self._clock())
        head = self._sign(0, self._hashing.fold([]), time)
        extend((self.files.entries, 0, b""), (self.files.ends, 0, b""), (self.files.heads, 0, head.raw() + b"\n"))
        write_whole(self.folder / "ledger.json", self.about.raw() + b"\n")

    def _next(self, last: Head, levels: Sequence[Sequence[bytes]]) -> Head:
        """The head after `last`, with these nodes more. Raises `RefusedError` when the clock has gone back."""
        if self._tree.root(last.size) != last.root_hash:  # to go on would be to sign a fork
            raise damaged(self.folder)
        time = canonical.time_text(self._clock())
        if time < last.time:
            raise _clock_back(time, last.time, str(self.folder))

        def nodes(level: int, index: int) -> bytes:
            old = last.size >> level
            return self.files.node(level, index) if index < old else levels[level][index - old]

        size = last.size + len(levels[0])
        return self._sign(size, Tree(self._hashing, nodes).root(size), time)

    def _sign(self, size: int, root: bytes, time: str) -> Head:
        if self._signer is None:
            raise UsageError(_("no key to sign with"), where=str(self.folder))
        root_text = f"{self.about.algorithm}:{root.hex()}"
        return signed(Head(self.about.origin, size, root_text, time, self._signer.key_id), self._signer)

    def _last(self) -> tuple[Head, int]:
        """The last head, and where its line ends."""
        line, end = last_line(self.files.heads)
        head = _read(Head, line, self.files.heads)
        if (head.origin, head.algorithm) != (self.about.origin, self.about.algorithm):
            raise damaged(self.files.heads)
        return head, end

    def _tree_of(self, size: int) -> Tree:
        if size > self.head().size:
            raise ValueError("the log is shorter")
        return self._tree

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Be the only writer for a block; waits for the one that is."""
        with locked(self.folder) as held:
            if not held:
                raise CitywallError(_("cannot be locked"), where=str(self.folder))
            yield


def cosigned(head: Head, witness: Signer, now: datetime, where: str) -> Cosignature:
    """A witness's signature on a head. Raises `RefusedError` when the clock says that the head is not signed yet."""
    time = canonical.time_text(now)
    if time < head.time:
        raise _clock_back(time, head.time, where)
    return signed(Cosignature(head, time, witness.key_id), witness)


def _clock_back(now: str, then: str, where: str) -> RefusedError:
    what = _("the clock says {now}, the last head was signed at {then}").format(now=now, then=then)
    return RefusedError(what, where=where, hint=_("Set the clock right, then try again."))


def _line(entry: Mapping[str, Any]) -> bytes:
    """An entry's bytes. Raises `ValueError` for what is none; its value is not told."""
    line = canonical.encode(dict(entry))
    if len(line) > LARGEST_ENTRY:
        raise ValueError("an entry is too large")
    if not isinstance(entry.get("type"), str):
        raise ValueError("an entry without its type")
    canonical.parse_time(entry.get("time", ""))
    return line


def _read(kind: type[_Kind], line: bytes, place: Path) -> _Kind:
    """A document of the ledger's own. Raises `CitywallError` when it is none."""
    try:
        return kind.read(line)
    except ValueError:
        raise damaged(place) from None
