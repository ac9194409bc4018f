"""The rpm database of an image: SQLite around header blobs, read without rpm.

A header blob is two big-endian counts (index entries, data bytes), the entries (tag, type, offset, count) and the
data they point into. The file comes from a host that may be hostile: nothing in it is trusted to be short or sound.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from secops.hosts.evidence import readable
from secops.hosts.sqlite_file import SqliteError, read_table

#: rpm itself refuses headers with more entries; one with a name, a version and a release takes so many bytes.
_MAX_ENTRIES, _MIN_BLOB = 1 << 16, 64

_COUNTS, _ENTRY = struct.Struct(">II"), struct.Struct(">IIII")
_INT32, _STRING, _I18N = 4, 6, 9

#: Tag → field of `Header`.
_NAME, _VERSION, _RELEASE = 1000, 1001, 1002
_TEXT = {_NAME: "name", _VERSION: "version", _RELEASE: "release", 1011: "vendor", 1022: "arch",
         1044: "source_rpm", 5096: "modularity"}  # fmt: skip
_NUMBER = {1003: "epoch", 1008: "install_time"}
_FIELDS = _TEXT | _NUMBER


class RpmdbError(ValueError):
    """The database, or one header of it, cannot be decoded."""


@dataclass(frozen=True)
class Header:
    """What we keep of one installed package; text that the header does not have is empty."""

    name: str
    version: str
    release: str
    epoch: int = 0
    arch: str = ""
    source_rpm: str = ""
    vendor: str = ""
    modularity: str = ""
    install_time: int | None = None  # seconds since the epoch

    @property
    def evr(self) -> str:
        """`[epoch:]version-release`; an epoch of 0 is the same as none."""
        return f"{self.epoch}:{self.version}-{self.release}" if self.epoch else f"{self.version}-{self.release}"


def read_blobs(data: bytes, log: bytes = b"") -> Iterator[bytes]:
    """The header blobs of an `rpmdb.sqlite` and its write-ahead log. Raises `RpmdbError` where they make no sense."""
    try:
        for (blob,) in read_table(data, "Packages", ("blob",), log, least=_MIN_BLOB):
            if not isinstance(blob, bytes):
                raise RpmdbError("a row of Packages is not a header")
            yield blob
    except SqliteError as error:
        raise RpmdbError(str(error)) from error


def parse_header(blob: bytes) -> Header:
    """Decode one header blob. Raises `RpmdbError` when it is not one or lacks its name, version or release."""
    found = _find(blob)
    return _header({tag: _value(blob, tag, kind, start) for tag, (kind, start) in found.items()})


def _find(blob: bytes) -> dict[int, tuple[int, int]]:
    """(type, where its data starts) of each tag we want; of a tag that occurs twice the later one holds."""
    return {tag: (kind, start) for tag, (kind, start, _) in index(blob).items() if tag in _TEXT or tag in _NUMBER}


def index(blob: bytes) -> dict[int, tuple[int, int, int]]:
    """(type, where its data starts, count) by tag. Raises `RpmdbError` when it is no header."""
    if len(blob) < _COUNTS.size:
        raise RpmdbError("the header is too short")
    entries, length = _COUNTS.unpack_from(blob)
    start = _COUNTS.size + entries * _ENTRY.size
    if entries > _MAX_ENTRIES or start + length != len(blob):
        raise RpmdbError("the header's counts do not fit its size")
    found = _ENTRY.iter_unpack(blob[_COUNTS.size : start])
    return {tag: (kind, start + offset, count) for tag, kind, offset, count in found}


def _value(blob: bytes, tag: int, kind: int, start: int) -> str | int:
    if tag in _NUMBER:
        if kind != _INT32 or start + 4 > len(blob):
            raise RpmdbError(f"tag {tag} is not a number")
        return int.from_bytes(blob[start : start + 4], "big")
    stop = blob.find(b"\0", start)
    if kind not in (_STRING, _I18N) or stop < 0:
        raise RpmdbError(f"tag {tag} is not text")
    return readable(blob[start:stop])


def _header(values: dict[int, Any]) -> Header:
    if not all(values.get(tag) for tag in (_NAME, _VERSION, _RELEASE)):
        raise RpmdbError("the header has no name, version or release")
    return Header(**{_FIELDS[tag]: value for tag, value in values.items()})
