"""The indexes of apk of a mounted image: what the script does on a host, without running anything."""

from __future__ import annotations

import gzip
import os
import re
import tarfile
from collections.abc import Iterator
from io import RawIOBase
from typing import IO

from secops.hosts.apk.sections import DATABASES, FOLDERS
from secops.hosts.evidence import Item, Status
from secops.hosts.image import Image
from secops.hosts.section import Command

Record = tuple[bytes, ...]

_NAME = re.compile(rb"APKINDEX\.[A-Za-z0-9.]*\.tar\.gz")
_CONTROL = re.compile(rb"[\x01-\x1f\x7f]")
_TIME = re.compile(rb"[0-9]{1,11}")
_PIECE = 1 << 20  # bytes that are unpacked at a time
_LONGEST = 8 << 20  # bytes of one entry
_MOST = 512 << 20  # bytes that an index may unpack to


def indexes(image: Image, section: Command) -> Item:
    """The same records as the script gives."""
    try:
        databases = [path for name in DATABASES for path in image.glob(name.encode())]
        folders = [path for name in FOLDERS for path in image.glob(name.encode()) if _is_folder(image, path)]
        if not databases or not folders:
            return Item("", status=Status.ABSENT, reason="the tool for it is not installed")
        database = image.read(databases[-1], 64 << 20) or b""
        found = [folders[0] + b"/" + name for name in image.names(folders[0]) if _NAME.fullmatch(name)]
    except PermissionError:
        return Item("", status=Status.DENIED, reason="needs more privilege")
    except OSError as error:
        return Item("", status=Status.FAILED, reason=str(error))
    wanted = frozenset(line[2:] for line in database.split(b"\n") if line.startswith(b"P:"))
    out = b"".join(b"\t".join(record) + b"\n" for path in found for record in _index(image, path, wanted))
    if len(out) > section.limit:
        return Item("", out[: section.limit], Status.TRUNCATED, f"larger than {section.limit} bytes")
    return Item("", out + b"end\n")


def _is_folder(image: Image, path: bytes) -> bool:
    try:
        image.names(path)
    except (NotADirectoryError, FileNotFoundError):
        return False
    return True


def _index(image: Image, path: bytes, wanted: frozenset[bytes]) -> Iterator[Record]:
    name = path.rpartition(b"/")[2]
    try:
        with image.opened(path) as raw:
            yield b"index", b"%d" % int(os.fstat(raw.fileno()).st_mtime), name
            yield from _entries(raw, wanted)
    except PermissionError:
        yield b"unread", name
    except OSError:
        return


def _entries(raw: IO[bytes], wanted: frozenset[bytes]) -> Iterator[Record]:
    made, whole, empty = 0, True, True
    try:
        for entry in _paragraphs(raw):
            values = {line[:2]: _CONTROL.sub(b" ", line[2:]) for line in entry.split(b"\n")}
            name, version = values.get(b"P:"), values.get(b"V:")
            made = max(made, *(int(time) for time in [values.get(b"t:", b"")] if _TIME.fullmatch(time)), 0)
            empty = False
            if not name or not version:
                whole = False
            elif name in wanted:
                yield b"p", name, version, values.get(b"o:", b"")
    except Exception:  # whatever an unpacker says of a file that is broken, or has no end
        whole = False
    if made:
        yield b"made", b"%d" % made
    if not whole or empty:
        yield (b"broken",)


class _Bounded(RawIOBase):
    """A file that has no more than `_MOST` bytes; then it raises `EOFError`."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file, self._left = file, _MOST

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise EOFError("too long")
        return data


def _paragraphs(raw: IO[bytes]) -> Iterator[bytes]:
    """Entries of the file in an archive. Raises what unpacking does, and `EOFError` for one that has no end."""
    with gzip.open(raw) as plain, tarfile.open(fileobj=_Bounded(plain), mode="r|", ignore_zeros=True) as archive:
        member = next((one for one in archive if one.name == "APKINDEX"), None)
        file = archive.extractfile(member) if member else None
        if file is None:
            raise EOFError("no index in it")
        rest = b""
        while piece := file.read(_PIECE):
            *entries, rest = (rest + piece).split(b"\n\n")
            if len(rest) > _LONGEST:
                raise EOFError("too long")
            yield from filter(None, (entry.strip(b"\n") for entry in entries))
        if rest.strip(b"\n"):
            yield rest.strip(b"\n")
