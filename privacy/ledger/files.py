"""The folder of a ledger: what its files are, read in place, and extended so that a crash leaves the old or the new.

    ledger.json         what the log is called, and its hash; written once
    entries.jsonl       one entry a line, in canonical JSON
    ends                where each entry's line ends, 8 bytes each, little-endian
    nodes-00 …          roots of complete subtrees, 32 bytes each, one file a level; level 0 are the leaves
    heads.jsonl         the signed heads; the last whole line decides what is in the log
    cosignatures.jsonl  what witnesses signed

Whatever lies past the last head was never in the log: readers pass over it, the next writer drops it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

from secops.core.errors import CitywallError, RefusedError
from secops.core.folder import sync_folder, writing
from secops.core.i18n import _, because

#: Longest line of `heads.jsonl` and `cosignatures.jsonl`, in bytes: names in them are limited.
LONGEST_HEAD = 8192

#: A file, how many of its bytes stay, and what comes behind them.
Part = tuple[Path, int, bytes]

_END, _NODE = 8, 32


def damaged(place: Path) -> CitywallError:
    """The error for a file that does not hold what the ledger wrote."""
    hint = _("Keep the folder as it is, and verify it; go on from a copy that verifies.")
    return CitywallError(_("the ledger is damaged"), where=str(place), hint=hint)


class Files:
    """The files of one folder. Sizes are those of the head that the caller goes by."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries, self.ends = folder / "entries.jsonl", folder / "ends"
        self.heads, self.cosignatures = folder / "heads.jsonl", folder / "cosignatures.jsonl"

    def nodes(self, level: int) -> Path:
        """The file of a level."""
        return self.folder / f"nodes-{level:02}"

    def node(self, level: int, index: int) -> bytes:
        """A stored node. Raises `CitywallError` when it is not there."""
        return _read(self.nodes(level), index * _NODE, _NODE)

    def end(self, size: int) -> int:
        """Bytes of the first `size` entries."""
        return int.from_bytes(_read(self.ends, (size - 1) * _END, _END), "little") if size else 0

    def lines(self, start: int, stop: int) -> Iterator[bytes]:
        """Entries start..stop as they were written, without their ends of line. Raises `CitywallError`."""
        if start >= stop:
            return
        with reading(self.entries) as file:
            file.seek(self.end(start))
            for _index in range(start, stop):
                line = file.readline()
                if not line.endswith(b"\n"):
                    raise damaged(self.entries)
                yield line[:-1]

    def extend_tree(self, size: int, lines: Sequence[bytes], levels: Sequence[Sequence[bytes]]) -> None:
        """Put entries and the nodes that they complete behind the first `size` entries, on the disk."""
        entries = self.entries, self.end(size), b"".join(line + b"\n" for line in lines)
        extend(entries, *self._derived(size, lines, levels))

    def holds(self, size: int, lines: Sequence[bytes], levels: Sequence[Sequence[bytes]]) -> bool:
        """Whether that is what is stored behind the first `size` entries. Raises `CitywallError` when there is less."""
        derived = self._derived(size, lines, levels)
        return all(_read(path, at, len(content)) == content for path, at, content in derived)

    def _derived(self, size: int, lines: Sequence[bytes], levels: Sequence[Sequence[bytes]]) -> Iterator[Part]:
        """What is worked out from entries behind the first `size`: which file, from where on, what."""
        ends = accumulate((len(line) + 1 for line in lines), initial=self.end(size))
        yield self.ends, size * _END, b"".join(end.to_bytes(_END, "little") for end in list(ends)[1:])
        for level, nodes in enumerate(levels):
            yield self.nodes(level), (size >> level) * _NODE, b"".join(nodes)


def reading(path: Path) -> BinaryIO:
    """A file of the ledger, open for reading. Raises `CitywallError`."""
    try:
        return path.open("rb")
    except OSError as error:
        raise CitywallError(_("cannot be read: {reason}").format(reason=because(error)), where=str(path)) from error


def whole_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file, without their ends of line; what a crash left behind the last is passed over."""
    with reading(path) as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line[:-1]


def last_line(path: Path) -> tuple[bytes, int]:
    """The last whole line of such a file, and where it ends; nothing and 0 when there is none."""
    with reading(path) as file:
        length = file.seek(0, os.SEEK_END)
        start = file.seek(max(0, length - 2 * LONGEST_HEAD))
        tail = file.read()
    whole = tail[: tail.rfind(b"\n") + 1]
    return whole[:-1].rpartition(b"\n")[2], start + len(whole) if whole else 0


@contextmanager
def appending(place: Path) -> Iterator[None]:
    """What goes wrong while the ledger is written, as an error for people. A full disk refuses what was to be done."""
    with writing(place):
        try:
            yield
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            hint = _("Free some space on the disk of the ledger, then try again.")
            raise RefusedError(_("the disk is full; nothing was appended"), where=str(place), hint=hint) from error


def extend(*parts: Part) -> None:
    """Write each content behind the first bytes of its file, and wait for the disk.

    What was behind them is dropped. All are written before the first wait: the disk then waits about once.
    Raises `RefusedError` when the disk is full, `CitywallError`.
    """
    new = {path.parent for path, _at, _content in parts if not path.exists()}
    with ExitStack() as stack:
        files = [(part[0], stack.enter_context(_extended(*part))) for part in parts]
        for path, file in files:
            with appending(path):
                os.fdatasync(file.fileno())
        for folder in new:
            with appending(folder):
                sync_folder(folder)


@contextmanager
def _extended(path: Path, at: int, content: bytes) -> Iterator[BinaryIO]:
    """A file with this content behind its first `at` bytes; without it again when the block fails."""
    with appending(path), open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb", buffering=0) as file:
        if file.seek(0, os.SEEK_END) < at:
            raise damaged(path)
        try:
            file.truncate(at)
            file.seek(at)
            _write(file, content)
            yield file
        except BaseException:
            with suppress(OSError):
                file.truncate(at)
            raise


def _write(file: BinaryIO, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]


def _read(path: Path, at: int, count: int) -> bytes:
    with reading(path) as file:
        file.seek(at)
        found = file.read(count)
    if len(found) != count:
        raise damaged(path)
    return found
