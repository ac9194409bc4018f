"""Archives of tar, read once from front to end: as POSIX, GNU and old programs write them.

tarfile is not used since it keeps every member, and takes headers of any size into memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from secops.core.i18n import _
from secops.patches.feeds.format import PackingError
from secops.patches.feeds.unpacking import Readable

_BLOCK = 512

#: Bytes of an extended header, which is held in memory: it has a name, a few numbers and attributes.
_MAX_HEADER = 1 << 20

#: Types of members: files, links (hard, symbolic), devices and fifos, folders; headers of the member that follows.
FILES, LINKS, FOLDERS = "0\0007", "12", "5"
_LONG_NAME, _LONG_TARGET, _POSIX, _POSIX_GLOBAL = "L", "K", "x", "g"


@dataclass
class Member:
    """A member. `read` gives its content until the next one is asked for; it raises EOFError when that is cut off."""

    name: str
    kind: str
    left: int
    stream: Readable

    def read(self, size: int, /) -> bytes:
        data = self.stream.read(min(size, self.left))
        if not data and size and self.left:
            raise EOFError
        self.left -= len(data)
        return data


def is_tar(head: bytes) -> bool:
    """Whether a document begins with the header of a member."""
    return len(head) >= _BLOCK and _checked(head[:_BLOCK])


def members(stream: Readable, where: str) -> Iterator[Member]:
    """All members in order. Raises `PackingError` when the archive is damaged or has no end."""
    name, size = "", -1
    while header := _header(stream, where):
        kind = chr(header[156])
        length = _number(header[124:136], where)
        if kind in (_LONG_NAME, _LONG_TARGET, _POSIX, _POSIX_GLOBAL):
            content = _extended(stream, length, where)
            if kind == _LONG_NAME:
                name = _text(content)
            elif kind == _POSIX:
                name, size = _records(content, name, size, where)
            continue
        member = Member(name or _name(header), kind, length if size < 0 else size, stream)
        padding = -member.left % _BLOCK
        yield member
        _skip(stream, member.left + padding, where)
        name, size = "", -1
    _nothing_follows(stream, where)


def _header(stream: Readable, where: str) -> bytes:
    """The next header; nothing at the end, which is a block of zeros."""
    block = stream.read(_BLOCK)
    if len(block) < _BLOCK:
        raise PackingError(_("is cut off"), where=where)
    if not any(block):
        return b""
    if not _checked(block):
        raise PackingError(_("is damaged"), where=where)
    return block


def _checked(header: bytes) -> bool:
    """Whether the sum of its bytes is what it says; the field of the sum itself counts as spaces."""
    try:
        said = int(header[148:156].strip(b" \0"), 8)
    except ValueError:
        return False
    return said == sum(header) - sum(header[148:156]) + 8 * ord(" ")


def _number(field: bytes, where: str) -> int:
    """Octal digits, or GNU's binary form for what they cannot hold."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:])
    try:
        number = int(field.strip(b" \0") or b"0", 8)
    except ValueError:
        number = -1
    if number < 0:
        raise PackingError(_("is damaged"), where=where)
    return number


def _name(header: bytes) -> str:
    prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else ""
    name = _text(header[:100])
    return f"{prefix}/{name}" if prefix else name


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _extended(stream: Readable, length: int, where: str) -> bytes:
    if length > _MAX_HEADER:
        raise PackingError(_("has a header of more than {n} KiB").format(n=_MAX_HEADER >> 10), where=where)
    content = stream.read(length)
    _skip(stream, -length % _BLOCK, where)
    return content


def _records(content: bytes, name: str, size: int, where: str) -> tuple[str, int]:
    """The name and the size that a POSIX header gives: records of `length key=value`."""
    while content and content[0]:
        length, _space, rest = content.partition(b" ")
        if not length.isdigit() or len(length) > 7 or not len(length) < int(length) <= len(content):
            raise PackingError(_("is damaged"), where=where)
        key, _equals, value = rest[: int(length) - len(length) - 1].removesuffix(b"\n").partition(b"=")
        if key == b"path":
            name = _text(value)
        elif key == b"size" and value.isdigit() and len(value) < 20:
            size = int(value)
        content = content[int(length) :]
    return name, size


def _skip(stream: Readable, count: int, where: str) -> None:
    while count:
        data = stream.read(min(count, 1 << 16))
        if not data:
            raise PackingError(_("is cut off"), where=where)
        count -= len(data)


def _nothing_follows(stream: Readable, where: str) -> None:
    """To the very end, where a compressed stream has its checksum."""
    while data := stream.read(1 << 16):
        if any(data):
            raise PackingError(_("goes on after its end"), where=where)
