"""Compressed streams, read bit by bit and within limits: gzip, bzip2, xz and zstd, told by their first bytes."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from gzip import GzipFile
from typing import BinaryIO, Protocol, cast
from zipfile import BadZipFile

import zstandard

from secops.core.i18n import _, because
from secops.patches.feeds.format import HEAD, PackingError

#: Bytes of one document.
MAX_DOCUMENT = 4 << 30

#: Bytes that are unpacked in all, of one file or folder.
MAX_TOTAL = 32 << 30

#: How many times its own size something may unpack to, once it gave FREE bytes. Feeds have 10 to 100 (JSON that says
#: one thing thousands of times, under zstd); a bomb of deflate has 1032, one of another kind far more.
MAX_RATIO = 500
FREE = 64 << 20

#: Bytes of memory that xz may ask for, and that zstd may look back: what both use at their highest usual levels.
_MEMORY, _WINDOW = 256 << 20, 128 << 20

_MAGIC = {b"\x1f\x8b\x08": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz", b"\x28\xb5\x2f\xfd": "zstd"}

#: Compressed bytes at a time. zstd cannot be told how much to give; a block of 4 bytes may give 128 KiB.
_STEP, _ZSTD_STEP = 64 << 10, 1 << 10


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int, /) -> bytes: ...


class Budget:
    """The bytes that may still be unpacked."""

    def __init__(self) -> None:
        self.left = MAX_TOTAL


class Guarded(io.RawIOBase):
    """A stream whose bytes are counted by `meter` as they come, and of which every failure is a `PackingError`."""

    def __init__(self, read: Callable[[int], bytes], where: str, meter: Callable[[int], None]) -> None:
        self._source, self._where, self._meter = read, where, meter

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the stub says Buffer, which has no length
        filled = 0
        while filled < len(buffer):
            data = self._next(len(buffer) - filled)
            if not data:
                break
            self._meter(len(data))
            buffer[filled : filled + len(data)] = data
            filled += len(data)
        return filled

    def _next(self, size: int) -> bytes:
        try:
            return self._source(size)
        except EOFError as error:
            raise PackingError(_("is cut off"), where=self._where) from error
        except NotImplementedError as error:  # zipfile's word for methods and ciphers that it does not know
            raise PackingError(_("is packed in a way that is not known here"), where=self._where) from error
        except (zlib.error, lzma.LZMAError, zstandard.ZstdError, BadZipFile) as error:
            raise PackingError(_("is damaged"), where=self._where) from error
        except OSError as error:
            what = _("cannot be read: {reason}").format(reason=because(error)) if error.errno else _("is damaged")
            raise PackingError(what, where=self._where) from error


def document(stream: Readable, where: str) -> io.BufferedReader:
    """A stream that is one document, of limited size."""
    given = 0

    def meter(count: int) -> None:
        nonlocal given
        given += count
        if given > MAX_DOCUMENT:
            raise PackingError(_("is larger than {n} GiB").format(n=MAX_DOCUMENT >> 30), where=where)

    return io.BufferedReader(Guarded(stream.read, where, meter), HEAD)


def unpacked(read: Callable[[int], bytes], where: str, budget: Budget, packed: Callable[[], int]) -> io.BufferedReader:
    """What comes out of `read`, that takes it from `packed()` bytes so far, within the budget and the ratio."""
    given = 0

    def meter(count: int) -> None:
        nonlocal given
        given += count
        budget.left -= count
        check_ratio(given, packed(), where)
        if budget.left < 0:
            raise PackingError(_("unpacks to more than {n} GiB in all").format(n=MAX_TOTAL >> 30), where=where)

    return io.BufferedReader(Guarded(read, where, meter), HEAD)


def check_ratio(given: int, packed: int, where: str) -> None:
    """Raises `PackingError` when so many bytes out of so few are a bomb."""
    if given > FREE and given > MAX_RATIO * packed:
        raise PackingError(_("unpacks to more than {n} times its size: a bomb").format(n=MAX_RATIO), where=where)


def packing(stream: io.BufferedReader) -> str:
    """gzip, bzip2, xz, zstd; "" for what is not compressed."""
    head = stream.peek(8)
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), "")


def decompressed(stream: Readable, name: str, where: str, budget: Budget) -> io.BufferedReader:
    """The content of a stream that is compressed by `name`."""
    source = _Counted(stream)
    opened: Readable = GzipFile(fileobj=cast(BinaryIO, source)) if name == "gzip" else _Frames(source, name)
    return unpacked(opened.read, where, budget, lambda: source.count)


class _Counted:
    """A stream that knows how much was read of it."""

    def __init__(self, stream: Readable) -> None:
        self._stream, self.count = stream, 0

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(size)
        self.count += len(data)
        return data


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Zstd:
    """One frame of zstd, with the interface that bz2 and lzma have."""

    needs_input = True

    def __init__(self) -> None:
        self._frame = zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()

    @property
    def eof(self) -> bool:
        return self._frame.eof

    @property
    def unused_data(self) -> bytes:
        return self._frame.unused_data

    def decompress(self, data: bytes, _max_length: int) -> bytes:
        return self._frame.decompress(data)


_FRAMES: dict[str, tuple[Callable[[], _Decompressor], int]] = {
    "bzip2": (bz2.BZ2Decompressor, _STEP),
    "xz": (lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY), _STEP),
    "zstd": (_Zstd, _ZSTD_STEP),
}


class _Frames:
    """Frames, one after the other, as bzip2, xz and zstd write them. `read` raises EOFError inside of one."""

    def __init__(self, source: _Counted, name: str) -> None:
        self._source = source
        self._new, self._step = _FRAMES[name]
        self._frame = self._new()
        self._given = io.BytesIO()

    def read(self, size: int, /) -> bytes:
        while not (data := self._given.read(size)):
            if not self._frame.eof:
                self._go_on()
            elif not self._next_frame():
                return b""
        return data

    def _go_on(self) -> None:
        packed = self._source.read(self._step) if self._frame.needs_input else b""
        if not packed and self._frame.needs_input:
            raise EOFError
        self._take(packed)

    def _take(self, packed: bytes) -> None:
        self._given = io.BytesIO(self._frame.decompress(packed, self._step))

    def _next_frame(self) -> bool:
        """Whether there is one; zeros between frames are padding."""
        rest = self._frame.unused_data.lstrip(b"\0")
        while not rest and (more := self._source.read(self._step)):
            rest = more.lstrip(b"\0")
        if rest:
            self._frame = self._new()
            self._take(rest)
        return bool(rest)
