"""Bundles: the evidence of one host as the content of a file, gzip'ed."""

from __future__ import annotations

import base64
import gzip
import secrets
import zlib
from collections.abc import Iterator
from pathlib import Path

from secops.hosts.evidence import MAGIC, Evidence, Item

_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20


def encode(evidence: Evidence) -> bytes:
    """The stream that `evidence.decode` reads back as the same sections."""
    nonce = secrets.token_hex(16).encode()
    uid = b"-" if evidence.uid is None else b"%d" % evidence.uid
    return b"%s%s %s base64\n" % (MAGIC, nonce, uid) + b"".join(
        b"%s %s %s %d\n%s\n" % (nonce, name, status, len(body), body) for name, status, body in _frames(evidence)
    )


def _frames(evidence: Evidence) -> Iterator[tuple[bytes, bytes, bytes]]:
    """(section, status, content in base64) of each frame."""
    if evidence.carrier == "root":
        yield b"image", b"done", b""
    for name, section in evidence.sections.items():
        for item in section.items:
            yield name.encode(), b"item", base64.b64encode(_payload(item))
        yield name.encode(), b"done", base64.b64encode(_joined(section.status, section.reason))
    yield b"end", b"done", b""


def _payload(item: Item) -> bytes:
    return _joined(item.path, item.status, item.reason) + b"\0" + item.data


def _joined(*texts: str) -> bytes:
    """Texts, NUL between them: none may hold one, or the reader would cut them elsewhere."""
    return b"\0".join(text.replace("\0", "\\x00").encode() for text in texts)


def pack(stream: bytes) -> bytes:
    """A stream as a bundle's content; the same stream always gives the same bytes."""
    return gzip.compress(stream, compresslevel=6, mtime=0)


def unpack(path: Path, limit: int) -> tuple[bytes, str]:
    """At most `limit` bytes of a bundle's stream, and why it ends early (empty if it does not).

    Raises `OSError` as reading does, and for gzip'ed content whose checksum is wrong.
    """
    out = bytearray()
    with path.open("rb") as raw:
        packed = raw.peek(2)[:2] == _GZIP
        with gzip.GzipFile(fileobj=raw) if packed else raw as file:
            try:
                while chunk := file.read(_CHUNK):
                    out += chunk
                    if len(out) > limit:
                        return bytes(out[:limit]), f"the bundle is larger than {limit >> 20} MiB"
            except EOFError:
                return bytes(out), "the bundle is cut off"
            except zlib.error as error:
                raise gzip.BadGzipFile(str(error)) from error
    return bytes(out), ""
