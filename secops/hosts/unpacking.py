"""Packed files of a mounted image, unpacked piece by piece."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from io import BufferedReader, RawIOBase
from typing import IO, Any

_PIECE = 1 << 10  # packed bytes of zstd that are unpacked at once: at most 32 MiB come of them


def _plain(file: IO[bytes]) -> IO[bytes]:
    return file


def _lz4(file: IO[bytes]) -> Any:
    from lz4 import frame

    return frame.open(file)


def _zst(file: IO[bytes]) -> Any:
    return BufferedReader(_Zst(file))


class _Zst(RawIOBase):
    """A file of zstd frames. The library's own reader takes one that is cut off for a whole one."""

    def __init__(self, file: IO[bytes]) -> None:
        from zstandard import ZstdDecompressor

        self._file, self._left = file, b""
        self._begin = ZstdDecompressor(max_window_size=1 << 27).decompressobj
        self._frame = self._begin()
        self._inside = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left and (packed := self._file.read(_PIECE)):
            while packed:
                self._left += self._frame.decompress(packed)
                self._inside, packed = not self._frame.eof, self._frame.unused_data
                if not self._inside:
                    self._frame = self._begin()
        if not self._left and self._inside:
            raise EOFError("cut off")
        given = self._left[: len(buffer)]
        buffer[: len(given)] = given
        self._left = self._left[len(given) :]
        return len(given)


_OPENERS: dict[bytes, Callable[[IO[bytes]], Any]] = {
    b".gz": gzip.open, b".bz2": bz2.open, b".xz": lzma.open, b".lzma": lzma.open, b".lz4": _lz4, b".zst": _zst,
}  # fmt: skip


def opener(name: bytes) -> Callable[[IO[bytes]], Any]:
    """What unpacks an open file of this name, by its ending; one of another ending is taken as it is."""
    return _OPENERS.get(name[name.rfind(b".") :], _plain)
