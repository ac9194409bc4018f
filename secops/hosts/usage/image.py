"""The text logs of a mounted image, reduced as `AUTH_LOGS` reduces them on a live host."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from typing import IO, Any
from zoneinfo import ZoneInfo

from secops.hosts.evidence import Item, Status
from secops.hosts.image import Image
from secops.hosts.section import PASSWD_LIMIT, Command
from secops.hosts.usage.lines import OWN, REDUCED, TIME, UNWANTED, WANTED
from secops.hosts.usage.sections import ENDS, LOGFILE, LOGS, MAX_BYTES, PACKED, SIGNS, SUDO_LOG, SUDOERS

#: How files of an ending are unpacked; Python has nothing for `zst`.
_OPENERS: dict[bytes, Callable[[IO[bytes]], Any]] = {b"gz": gzip.open, b"bz2": bz2.open, b"xz": lzma.open}
_PACKED = (*_OPENERS, b"zst")
#: What unpacking raises where a file is broken or cut off.
FAULTS = (OSError, EOFError, zlib.error, lzma.LZMAError)

_BOMB = 16 * MAX_BYTES  # bytes that one packed file may unpack to
_LONGEST = 1 << 20  # bytes of a line that are looked at together

_TIME = re.compile(f"{TIME} ".encode())
_WANTED, _UNWANTED = re.compile(WANTED.encode()), re.compile(UNWANTED.encode())
_LOGFILE, _PLAIN = re.compile(LOGFILE.encode()), re.compile(rb"[A-Za-z0-9._/-]+")


_OWN, _AS_OTHERS = re.compile(OWN[0].encode()), OWN[1].encode()
_REDUCED = [(re.compile(ere.encode()), replacement.encode()) for ere, replacement in REDUCED]


@dataclass(frozen=True, order=True)
class File:
    """A log: when it was last written, and its bytes."""

    mtime: int
    size: int
    path: bytes

    @property
    def ending(self) -> bytes:
        return self.path.rpartition(b".")[2]

    @property
    def packed(self) -> bool:
        return self.ending in _PACKED


def auth_logs(image: Image, section: Command) -> Item:
    """The same lines as the script gives. An image has no clock: it is as old as the newest of its logs."""
    own, known, left, denied = _sudo_log(image), _known(image), MAX_BYTES, False
    try:
        lines = [b"now\t%d\t%b" % (_last_sign(image), zone(image))]
        files = newest(image, *(log.encode() for log in LOGS), own, alone=tuple(sign.encode() for sign in SIGNS))
    except PermissionError:
        return Item("", status=Status.DENIED, reason="needs more privilege")
    for file in files:
        if file.path.decode() in SIGNS:
            lines.append(b"alive\t%d" % file.mtime)
            continue
        read, size = _plan(file, left)
        reduced = _Reduced(known)
        if read != b"unread":
            try:
                _read(image, file, left, reduced, joined=file.path.startswith(own))
                left -= size
            except OSError as error:
                read, denied = b"unread", denied or isinstance(error, PermissionError)
        lines += [b"log\t%d\t%b\t%b" % (file.mtime, read, file.path), *reduced.lines()]
    data = b"".join(line + b"\n" for line in lines)
    if len(data) > section.limit:
        return Item("", data[: section.limit], Status.TRUNCATED, f"larger than {section.limit} bytes")
    return Item("", data, Status.DENIED if denied else Status.OK, "needs more privilege" if denied else "")


def _plan(file: File, left: int) -> tuple[bytes, int]:
    """How much of a file is read, and what it counts for."""
    size = file.size * PACKED if file.packed else file.size
    if left <= 0 or (file.packed and (size > left or file.ending not in _OPENERS)):
        return b"unread", size
    return (b"cut" if size > left else b"whole"), size


def newest(image: Image, *logs: bytes, alone: tuple[bytes, ...] = ()) -> list[File]:
    """Logs with what rotation made of them, and files `alone`: the newest first.

    Names that no rotation gives are passed over. Raises `PermissionError` when a folder is closed.
    """
    paths = [*alone]
    for name in logs:
        paths += [name, *image.glob(name + b"[.-][0-9]*")]
    files = []
    for path in filter(_PLAIN.fullmatch, dict.fromkeys(paths)):
        try:
            with image.at(path) as fd:
                status = os.fstat(fd)
        except PermissionError:
            raise
        except OSError:  # it is not there, or a link that leads nowhere
            continue
        if stat.S_ISREG(status.st_mode):
            files.append(File(int(status.st_mtime), status.st_size, path))
    return sorted(files, reverse=True)


def _last_sign(image: Image) -> int:
    """When the newest file of /var/log was written, of whatever kind: a journal can tell more than a text log."""
    last = 0
    for path in (*image.glob(b"/var/log/*"), *image.glob(b"/var/log/journal/*/*.journal")):
        with suppress(OSError):
            found, _ = image.status(path)
            last = max(last, int(found.st_mtime) if stat.S_ISREG(found.st_mode) else 0)
    return last


def _read(image: Image, file: File, left: int, reduced: _Reduced, *, joined: bool) -> None:
    """Feed a file's lines: of a plain one the last `left` bytes. Raises `OSError` when it cannot be opened."""
    with image.at(file.path) as fd, open(f"/proc/self/fd/{fd}", "rb") as raw:
        try:
            if file.ending in _OPENERS:
                with _OPENERS[file.ending](raw) as unpacked:
                    lines = _lines(unpacked, _BOMB)
                    reduced.take(_joined(lines) if joined else lines)
                    reduced.broken = bool(unpacked.read(1))
                return
            raw.seek(max(0, file.size - left))
            lines = _lines(raw, left)
            if file.size > left:
                next(lines, None)  # a part of one
            reduced.take(_joined(lines) if joined else lines)
        except FAULTS:
            reduced.broken = True


def _lines(file: IO[bytes], most: int) -> Iterator[bytes]:
    """The lines in the first `most` bytes."""
    while most > 0 and (line := file.readline(min(_LONGEST, most))):
        most -= len(line)
        yield line.removesuffix(b"\n")


def _joined(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of sudo's own file: wrapped ones put together, in the form of other logs."""
    held: list[bytes] = []
    for line in (*lines, b""):
        if held and line.startswith(b"   "):
            held.append(line.lstrip(b" "))
            continue
        if held:
            yield _OWN.sub(_AS_OTHERS, b" ".join(held))
        held = [line]


@dataclass
class _Reduced:
    """What sed and awk make of a log's lines on a live host."""

    known: frozenset[bytes]
    number: int = 0
    times: list[bytes] = field(default_factory=list)
    broken: bool = False
    events: dict[bytes, tuple[int, bytes, bytes]] = field(default_factory=dict)
    hosts: set[bytes] = field(default_factory=set)

    def take(self, lines: Iterable[bytes]) -> None:
        line = b""
        for line in lines:
            self.number += 1
            if self.number <= ENDS:
                self._time(line)
            if _WANTED.search(line) and not _UNWANTED.search(line):
                self._event(_rewritten(line))
        self._time(line)

    def _time(self, line: bytes) -> None:
        if found := _TIME.match(line):
            self.times.append(found[1])

    def _event(self, line: bytes) -> None:
        fields = line.split(b"\t")
        if len(fields) == 6 and fields[2] in self.known:
            time, kind, user, target, address, host = fields
            key = b"\t".join((kind, user, target))
            self.events[key] = (self.events[key][0] if key in self.events else 0) + 1, time, address
            self.hosts |= {host} if host else set()

    def lines(self) -> Iterator[bytes]:
        yield from (b"=\t" + time for time in (self.times[:1] + self.times[-1:]))
        if self.number:
            yield b"lines\t%d" % self.number
        if self.broken:
            yield b"broken"
        for key, (count, time, address) in self.events.items():
            yield b"%b\t%d\t%b\t%b" % (key, count, time, address)
        yield from (b"host\t" + host for host in self.hosts)


def _rewritten(line: bytes) -> bytes:
    """The line as the first rule that matches leaves it; empty when none does."""
    for pattern, replacement in _REDUCED:
        if found := pattern.match(line):
            return found.expand(replacement)
    return b""


def _known(image: Image) -> frozenset[bytes]:
    """Names and numbers of the local accounts, as events name them."""
    fields = [line.split(b":") for line in content(image, b"/etc/passwd", PASSWD_LIMIT).split(b"\n")]
    return frozenset({b"*", *(row[0] for row in fields), *(b"#" + row[2] for row in fields if len(row) > 2)})


def _sudo_log(image: Image) -> bytes:
    """The last file that `Defaults logfile` names, else the usual one."""
    found = SUDO_LOG.encode()
    for pattern in SUDOERS:
        try:
            paths = image.glob(pattern.encode())
        except PermissionError:
            continue
        for path in paths:
            for line in content(image, path, 1 << 20).split(b"\n"):
                if match := _LOGFILE.match(line):
                    found = match[1]
    return SUDO_LOG.encode() if b"/../" in found else found


def zone(image: Image) -> bytes:
    """The image's offset from UTC today, as +0800."""
    try:
        zone = ZoneInfo.from_file(BytesIO(content(image, b"/etc/localtime", 1 << 20)))
        return datetime.now(UTC).astimezone(zone).strftime("%z").encode()
    except Exception:  # whatever is in the file; an hour more or less is no matter
        return b"+0000"


def content(image: Image, path: bytes, limit: int) -> bytes:
    """The start of a file; empty when it cannot be read."""
    try:
        return image.read(path, limit) or b""
    except OSError:
        return b""
