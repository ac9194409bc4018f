"""The documents of a file or a folder, whatever they are packed in. Streamed: nothing is unpacked to disk.

What a file is, its content says: plain, compressed (gzip, bzip2, xz, zstd), an archive (zip, tar, compressed tar) of
such. Names are for messages alone, and nothing outside a folder or archive is ever looked at: links are left out.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, NoReturn
from zipfile import BadZipFile, ZipFile, ZipInfo

from secops.core.columns import one_line
from secops.core.i18n import _, because
from secops.patches.feeds import tape
from secops.patches.feeds.format import PackingError
from secops.patches.feeds.unpacking import (
    MAX_DOCUMENT,
    Budget,
    Readable,
    check_ratio,
    decompressed,
    document,
    packing,
    unpacked,
)
from secops.patches.statement import Reject

#: Bytes of the list of members at the end of a zip, of which each takes about ten times as much memory.
MAX_DIRECTORY = 32 << 20

_SHOWN = 200  # characters of a member's name
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")

#: How to be told of what is no document: links, devices, hidden and empty files.
LeaveOut = Callable[[Reject], None]


def documents(path: Path, leave_out: LeaveOut = lambda _reject: None) -> Iterator[tuple[str, BinaryIO]]:
    """Every document below `path`, in the order of names or of the archive: where it stands, and its content.

    A stream is good until the next one is asked for. Raises `PackingError`, also from within a stream, for what cannot
    be read whole: cut off, damaged, encrypted, beyond the limits, empty.
    """
    budget, count = Budget(), 0
    for file in _files(path, leave_out):
        with _opened(file, follow=file is path) as stream:
            for found in _Packed(budget, leave_out, path.is_dir()).documents(stream, _shown(str(file))):
                count += 1
                yield found
    if not count:
        raise PackingError(_("holds no document"), where=_shown(str(path)))


def _files(path: Path, leave_out: LeaveOut) -> Iterator[Path]:
    """The file itself; of a folder, the regular files in it and below."""
    if not path.is_dir():
        yield path
        return
    for folder, folders, files in os.walk(path, onerror=_unreadable):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        for name in sorted([*files, *links, *(name for name in folders if name.startswith("."))]):
            if reason := _not_taken(place := Path(folder, name)):
                leave_out(Reject(_shown(str(place)), reason))
            else:
                yield place
        folders[:] = sorted(name for name in folders if not name.startswith("."))


def _not_taken(path: Path) -> str:
    """Why a file of a folder is no document; nothing when it may be one."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return "a link, which is not followed"
    if path.name.startswith("."):
        return "a hidden file or folder"
    return "" if stat.S_ISREG(mode) else "not a regular file"


def _unreadable(error: OSError) -> NoReturn:
    raise PackingError(_("cannot be read: {reason}").format(reason=because(error)), where=_shown(str(error.filename)))


def _opened(path: Path, *, follow: bool) -> io.BufferedReader:
    try:
        flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
        file = open(os.open(path, flags), "rb")  # noqa: SIM115 - the caller closes it
    except OSError as error:
        error.filename = str(path)
        _unreadable(error)
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    raise PackingError(_("not a regular file"), where=_shown(str(path)))


class _Packed:
    """Takes containers apart, all within one budget. `many`: what is empty is one of many, and just left out."""

    def __init__(self, budget: Budget, leave_out: LeaveOut, many: bool) -> None:
        self._budget, self._leave_out, self._many = budget, leave_out, many

    def documents(self, file: io.BufferedReader, where: str) -> Iterator[tuple[str, BinaryIO]]:
        """The documents of a file."""
        if _peek(file, where).startswith(_ZIP):
            yield from self._of_zip(file, where)
            return
        stream = self._content(file, where)
        if tape.is_tar(_peek(stream, where)):
            yield from self._of_tar(stream, where)
        else:
            yield from self._one(stream, where, many=self._many)

    def _content(self, stream: io.BufferedReader, where: str) -> io.BufferedReader:
        """What is in a compressed stream, else the stream itself."""
        if not (name := packing(stream)):
            return stream
        content = decompressed(stream, name, where, self._budget)
        if packing(content):
            raise PackingError(_("is compressed twice"), where=where, hint=_("Unpack it once."))
        return content

    def _one(self, stream: io.BufferedReader, where: str, *, many: bool) -> Iterator[tuple[str, BinaryIO]]:
        if stream.peek(1):
            yield where, document(stream, where)
        elif many:
            self._leave_out(Reject(where, "empty"))
        else:
            raise PackingError(_("is empty"), where=where)

    def _member(self, stream: io.BufferedReader, where: str) -> Iterator[tuple[str, BinaryIO]]:
        """The document that a member of an archive is."""
        content = self._content(stream, where)
        head = _peek(content, where)
        if head.startswith(_ZIP) or tape.is_tar(head):
            raise PackingError(_("is an archive inside an archive"), where=where, hint=_("Unpack the outer one."))
        yield from self._one(content, where, many=True)

    def _of_tar(self, stream: io.BufferedReader, where: str) -> Iterator[tuple[str, BinaryIO]]:
        for member in tape.members(stream, where):
            place = f"{where}: {_shown(member.name)}"
            if member.kind in tape.FILES:
                yield from self._member(document(member, place), place)
            elif member.kind not in tape.FOLDERS:
                link = member.kind in tape.LINKS
                self._leave_out(Reject(place, "a link, which is not followed" if link else "not a regular file"))

    def _of_zip(self, file: io.BufferedReader, where: str) -> Iterator[tuple[str, BinaryIO]]:
        with _zip(file, where) as archive:
            for info in archive.infolist():
                place = f"{where}: {_shown(info.filename)}"
                if stat.S_ISLNK(info.external_attr >> 16):
                    self._leave_out(Reject(place, "a link, which is not followed"))
                elif not info.is_dir():
                    yield from self._member(self._unzipped(archive, info, place), place)

    def _unzipped(self, archive: ZipFile, info: ZipInfo, where: str) -> io.BufferedReader:
        if info.flag_bits & 1:
            raise PackingError(_("is encrypted"), where=where)
        if info.file_size > MAX_DOCUMENT:
            raise PackingError(_("is larger than {n} GiB").format(n=MAX_DOCUMENT >> 30), where=where)
        check_ratio(info.file_size, info.compress_size, where)
        member = _Late(lambda: archive.open(info))
        return unpacked(member.read, where, self._budget, lambda: info.compress_size)


class _Late:
    """A stream that is opened when it is first read: what fails then fails as all reading does."""

    def __init__(self, open_it: Callable[[], Readable]) -> None:
        self._open = open_it

    @cached_property
    def _stream(self) -> Readable:
        return self._open()

    def read(self, size: int, /) -> bytes:
        return self._stream.read(size)


class _Directory(io.BufferedReader):
    """A zip whose list of members is read in one piece, as zipfile does it, only if that piece is not too large."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY:
            raise PackingError(_("has a list of members of more than {n} MiB").format(n=MAX_DIRECTORY >> 20))
        return super().read(size)


def _zip(file: io.BufferedReader, where: str) -> ZipFile:
    try:
        return ZipFile(_Directory(file.raw))
    except PackingError as error:
        raise PackingError(error.what, where=where) from error
    except (BadZipFile, EOFError, ValueError, NotImplementedError, OSError) as error:
        raise PackingError(_("is cut off or damaged"), where=where) from error


def _peek(stream: io.BufferedReader, where: str) -> bytes:
    try:
        return stream.peek(512)
    except OSError as error:
        raise PackingError(_("cannot be read: {reason}").format(reason=because(error)), where=where) from error


def _shown(name: str) -> str:
    name = one_line(name)
    return name if len(name) <= _SHOWN else name[:_SHOWN] + "…"
