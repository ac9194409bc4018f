"""The binary records of logins of a mounted image, as `LOGIN_RECORDS` tells them of a live host."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import suppress

from secops.hosts.evidence import Item, Status
from secops.hosts.image import Image
from secops.hosts.section import PASSWD_LIMIT, Command
from secops.hosts.tables.users import NO_LOGIN
from secops.hosts.usage.image import FAULTS, File, content, newest
from secops.hosts.usage.terminal import LASTLOG, MAX_BYTES, WTMP

#: Bytes of wtmp's records, where its time is, bytes of lastlog's records.
_NARROW, _WIDE = (384, 340, 292), (400, 344, 296)

#: ELF's numbers of machines with the wide ones: ARM, RISC-V, LoongArch of 64 bits.
_WIDE_MACHINES = frozenset({183, 243, 258})
_PROGRAMS = (b"/bin/sh", b"/bin/busybox", b"/sbin/init")

_LINE, _USER, _HOST = slice(8, 40), slice(44, 76), slice(76, 332)
_USER_PROCESS, _LAST_TYPE = 7, 9


def login_records(image: Image, section: Command) -> Item:  # noqa: ARG001 - a twin
    """The same lines as the script gives; of lastlog also for accounts with large numbers."""
    size, at, one = _WIDE if _machine(image) in _WIDE_MACHINES else _NARROW
    lines: list[str] = []
    left = MAX_BYTES
    try:
        lines += _lastlog(image, one)
        for file in newest(image, WTMP.encode()):
            if left < size:
                break
            lines += _wtmp(_tail(image, file, left, size), size, at)
            left -= file.size * 10 if file.packed else file.size
    except PermissionError:
        return Item("", _joined(lines), Status.DENIED, "needs more privilege")
    except OSError as error:
        return Item("", _joined(lines), Status.FAILED, error.strerror or "cannot be read")
    return Item("", _joined(lines), Status.OK if lines else Status.EMPTY)


def _joined(lines: list[str]) -> bytes:
    return "".join(line + "\n" for line in lines).encode()


def _machine(image: Image) -> int:
    """ELF's number of the machine that the image is for; 0 when not known."""
    for path in _PROGRAMS:
        with suppress(OSError):
            head = image.read(path, 20) or b""
            if head.startswith(b"\x7fELF") and len(head) == 20:
                return int.from_bytes(head[18:], "little")
    return 0


def _lastlog(image: Image, one: int) -> Iterator[str]:
    """The records of accounts that can log in. The file is mostly holes, and may seem as large as a disk."""
    passwd = content(image, b"/etc/passwd", PASSWD_LIMIT)
    ids = set()
    for row in (line.split(b":") for line in passwd.split(b"\n")):
        shell = row[-1].rpartition(b"/")[2].decode("utf-8", "replace")
        if len(row) == 7 and row[2].isdigit() and len(row[2]) < 11 and shell not in NO_LOGIN:
            ids.add(int(row[2]))
    for file in newest(image, alone=(LASTLOG.encode(),)):
        with image.at(file.path) as fd, open(f"/proc/self/fd/{fd}", "rb") as raw:
            for uid in sorted(ids):
                time = int.from_bytes(os.pread(raw.fileno(), 4, uid * one), "little", signed=True)
                if time > 0:
                    yield f"lastlog\t{uid}\t{time}"


def _tail(image: Image, file: File, left: int, size: int) -> bytes:
    """The newest records of a wtmp file, `left` bytes of them at most; nothing of a packed one that is larger."""
    with image.at(file.path) as fd, open(f"/proc/self/fd/{fd}", "rb") as raw:
        if file.packed:
            with suppress(*FAULTS):
                return gzip.GzipFile(fileobj=raw).read(left) if file.size * 10 <= left else b""
            return b""
        raw.seek(max(0, file.size // size * size - left // size * size) if file.size > left else 0)
        return raw.read(left)


def _wtmp(data: bytes, size: int, at: int) -> Iterator[str]:
    """The last login of each account. Reading ends at the first record that is none."""
    last = {}
    for start in range(0, len(data) - size + 1, size):
        record = data[start : start + size]
        if record[0] > _LAST_TYPE or any(record[1:4]):
            yield "bad"
            break
        if record[0] == _USER_PROCESS:
            last[record[_USER]] = record[at : at + 4][::-1], record[_LINE], record[_HOST]
    for user, (time, line, host) in last.items():
        yield "\t".join(["login", time.hex(), *(text.rstrip(b"\0").hex() for text in (user, line, host))])
