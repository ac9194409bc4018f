"""The sections of dnf of a mounted image: what the scripts do on a host, without running anything."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import IO

from secops.hosts.dnf.index_section import ENDS, FOLDERS, MOST
from secops.hosts.dnf.sections import LOGS
from secops.hosts.evidence import Item, Status
from secops.hosts.image import Image
from secops.hosts.rpmdb import RpmdbError, parse_header, read_blobs
from secops.hosts.section import Command
from secops.hosts.unpacking import opener

Record = tuple[bytes, ...]

_DATABASES = (b"/usr/lib/sysimage/rpm/rpmdb.sqlite", b"/var/lib/rpm/rpmdb.sqlite")
_DATABASE_LIMIT = 512 << 20
_PIECE = 1 << 20  # bytes that are unpacked at a time
_LONGEST = 16 << 20  # bytes of one entry: an advisory names many packages
_BROKEN: Record = (b"broken",)

_CONTROL = re.compile(rb"[\x01-\x1f\x7f]")
_DATA = re.compile(rb"<data [^>]*>")
_TYPE = re.compile(rb"(?:primary|updateinfo|modules)(?:_zck)?")
_FILE = re.compile(rb"[A-Za-z0-9_+][A-Za-z0-9._+-]*")
_LOCATION, _VERSION, _UPDATE = (re.compile(rb"<%b [^>]*>" % name) for name in (b"location", b"version", b"update"))
_END = {"primary": re.compile(rb"</metadata>[ \t\r\n]*\Z"), "updateinfo": re.compile(rb"</updates>[ \t\r\n]*\Z")}
_ARTIFACT = re.compile(rb" +- ")
_UPGRADE = re.compile(rb"(\S+)[ \t]+SUBDEBUG[ \t]+Upgrade:(?:[ \t]|$)")


def indexes(image: Image, section: Command) -> Item:
    """The same records as the script gives."""
    try:
        folders = [path for pattern in FOLDERS for path in image.glob(pattern.encode())]
        if not any(image.glob(os.path.dirname(pattern.partition("*")[0]).encode()) for pattern in FOLDERS):
            return Item("", status=Status.ABSENT, reason="the tool for it is not installed")
        wanted = _installed(image)
    except PermissionError:
        return Item("", status=Status.DENIED, reason="needs more privilege")
    except (OSError, RpmdbError) as error:
        return Item("", status=Status.FAILED, reason=str(error))
    out = bytearray()
    for folder in folders:
        if not _CONTROL.search(folder):
            for record in _folder(image, folder, wanted):
                out += b"\t".join(record) + b"\n"
        if len(out) > section.limit:
            return Item("", bytes(out[: section.limit]), Status.TRUNCATED, f"larger than {section.limit} bytes")
    return Item("", bytes(out) + b"end\n")


def _installed(image: Image) -> frozenset[bytes]:
    """Names of the packages in the image's rpm database; none when it has no database of the form that is read."""
    for path in _DATABASES:
        for found in image.glob(path):
            data = image.read(found, _DATABASE_LIMIT) or b""
            log = next((image.read(one, _DATABASE_LIMIT) or b"" for one in image.glob(path + b"-wal")), b"")
            return frozenset(os.fsencode(parse_header(blob).name) for blob in read_blobs(data, log))
    return frozenset()


def _folder(image: Image, folder: bytes, wanted: frozenset[bytes]) -> Iterator[Record]:
    try:
        with image.opened(folder + b"/repomd.xml") as file:
            yield b"repo", b"%d" % int(os.fstat(file.fileno()).st_mtime), folder
            listed = list(_repomd(file.read(_PIECE)))
    except PermissionError:
        yield b"unread", folder
        return
    except OSError:
        return
    for record in listed:
        yield record
        kind = record[1].decode() if record[0] == b"data" else ""
        if kind in ENDS:
            yield from _file(image, folder + b"/" + record[3], kind, wanted)


def _file(image: Image, path: bytes, kind: str, wanted: frozenset[bytes]) -> Iterator[Record]:
    try:
        with image.opened(path) as raw:
            entries = _Entries(raw, path, ENDS[kind].encode())
            yield from _READERS[kind](entries, wanted)
            if not entries.whole:
                yield _BROKEN
    except OSError:
        yield _BROKEN


class _Entries:
    """What the ends of entries separate. `odd` counts those of another form; `whole` is whether all of it was read."""

    def __init__(self, raw: IO[bytes], path: bytes, end: bytes) -> None:
        self._raw, self._path, self._end = raw, path, end
        self.odd, self.whole = 0, True

    def __iter__(self) -> Iterator[bytes]:
        left, rest = MOST, b""
        try:
            with opener(self._path)(self._raw) as file:
                while piece := file.read(_PIECE):
                    *entries, rest = (rest + piece).split(self._end)
                    yield from entries
                    left -= len(piece)
                    if left < 0 or len(rest) > _LONGEST:
                        raise EOFError("too long")
        except Exception:  # whatever an unpacker says of a file that is broken, or has no end
            self.whole = False
        if rest:
            yield rest

    def counted(self) -> Iterator[Record]:
        if self.odd:
            yield b"odd", b"%d" % self.odd


def _clean(text: bytes) -> bytes:
    return _CONTROL.sub(b" ", text)


def _tag(entry: bytes, name: bytes) -> bytes:
    found = re.search(b"<%b>([^<]*)" % name, entry)
    return _clean(found[1]) if found else b""


def _attribute(tag: bytes, name: bytes) -> bytes | None:
    found = re.search(b"[ \t\\n]%b=[\"']([^\"'<>]*)[\"']" % name, tag)
    return _clean(found[1]) if found else None


def _attributes(tag: bytes, *names: bytes) -> Record:
    return tuple(_attribute(tag, name) or b"" for name in names)


def _first(pattern: re.Pattern[bytes], entry: bytes) -> bytes:
    found = pattern.search(entry)
    return found[0] if found else b""


def _repomd(data: bytes) -> Iterator[Record]:
    odd, whole = 0, False
    for entry in data.split(b"</data>"):
        if b"<!" in entry:
            odd += 1
            continue
        if b"<revision>" in entry:
            yield b"revision", _tag(entry, b"revision")
        whole |= b"</repomd>" in entry
        kind = _attribute(_first(_DATA, entry), b"type") or b""
        if _TYPE.fullmatch(kind):
            file = (_attribute(_first(_LOCATION, entry), b"href") or b"").rpartition(b"/")[2]
            made = re.match(b"[0-9]*", _tag(entry, b"timestamp"))
            if _FILE.fullmatch(file):
                yield b"data", kind, made[0] if made and made[0] else b"0", file
            else:
                odd += 1
    if odd:
        yield b"odd", b"%d" % odd
    if not whole:
        yield _BROKEN


def _primary(entries: _Entries, wanted: frozenset[bytes]) -> Iterator[Record]:
    rest = b""
    for entry in entries:
        found = re.search(b"<name>([^<]*)", entry)
        if b"<!" in entry or (not found and b"<package" in entry):
            entries.odd += 1
        if b"<!" in entry:
            continue
        if not found:
            rest = entry
        elif found[1] in wanted:
            version, architecture = _first(_VERSION, entry), _tag(entry, b"arch")
            if not architecture or None in (_attribute(version, b"ver"), _attribute(version, b"rel")):
                entries.odd += 1
                continue
            evr = _attributes(version, b"epoch", b"ver", b"rel")
            yield b"p", _clean(found[1]), *evr, architecture, _tag(entry, b"rpm:sourcerpm"), _tag(entry, b"rpm:vendor")
    yield from entries.counted()
    entries.whole &= bool(_END["primary"].search(rest))


def _updateinfo(entries: _Entries, wanted: frozenset[bytes]) -> Iterator[Record]:
    rest = b""
    for entry in entries:
        head = _first(_UPDATE, entry)
        if b"<!" in entry:
            entries.odd += 1
        elif not head:
            entries.odd += bool(re.search(b"<update[ \t\\n>]", entry))
            rest = entry
        else:
            yield from _advisory(entry, _attribute(head, b"type") or b"", wanted)
    yield from entries.counted()
    entries.whole &= bool(_END["updateinfo"].search(rest))


def _advisory(entry: bytes, kind: bytes, wanted: frozenset[bytes]) -> Iterator[Record]:
    pieces = (b" " + piece.partition(b">")[0] for piece in entry.split(b"<package ")[1:])
    brought = [piece for piece in pieces if (_attribute(piece, b"name") or b"") in wanted]
    if brought or kind == b"security":
        yield b"u", kind, _tag(entry, b"severity"), _tag(entry, b"id")
    yield from ((b"k", *_attributes(piece, b"name", b"epoch", b"version", b"release", b"arch")) for piece in brought)


def _modules(entries: _Entries, wanted: frozenset[bytes]) -> Iterator[Record]:
    for entry in entries:
        kind, values, artifacts = _document(entry)
        brought = [one for one in artifacts if re.sub(rb"-[^-]*-[^-]*\Z", b"", one) in wanted]
        if brought:
            yield b"m", *(values.get(key, b"") for key in (b"name", b"stream", b"version", b"context", b"arch"))
        yield from ((b"a", _clean(one)) for one in brought)
        name, stream = values.get(b"name"), values.get(b"stream")
        if kind == b"modulemd-defaults" and name:
            if stream:
                yield b"d", name, stream
        elif (not name or not stream) if kind == b"modulemd" else (not kind and re.search(rb"[^ \t\n.-]", entry)):
            entries.odd += 1
    yield from entries.counted()


def _document(entry: bytes) -> tuple[bytes, dict[bytes, bytes], list[bytes]]:
    """The kind of a YAML document, the settings that are read, and the packages it names."""
    kind, part, values, artifacts = b"", b"", dict[bytes, bytes](), list[bytes]()
    for line in entry.split(b"\n"):
        if line.startswith(b"document:"):
            kind = _plain(line)
        elif re.match(rb"  [a-z]", line):
            key = line[2:].partition(b":")[0]
            part = b"artifacts" if key == b"artifacts" else b""
            if key in _KEYS and b":" in line:
                values[_KEYS[key]] = _plain(line)
        elif part and re.match(rb"    [a-z]", line):
            part = b"rpms" if line.startswith(b"    rpms:") else b"artifacts"
        elif part == b"rpms" and _ARTIFACT.match(line):
            artifacts.append(re.sub(rb"^[\"']|[\"' \t]+\Z", b"", re.sub(rb"^ +- *", b"", line)))
    return kind, values, artifacts


_KEYS = {
    b"name": b"name", b"module": b"name", b"stream": b"stream", b"version": b"version", b"context": b"context",
    b"arch": b"arch",
}  # fmt: skip


def _plain(line: bytes) -> bytes:
    """The value of a line, without its quotes."""
    return _clean(re.sub(rb"^[\"']|[\"']\Z", b"", line.partition(b":")[2].strip(b" \t")))


_READERS: dict[str, Callable[[_Entries, frozenset[bytes]], Iterator[Record]]] = {
    "primary": _primary, "updateinfo": _updateinfo, "modules": _modules,
}  # fmt: skip


def history(image: Image, section: Command) -> Item:  # noqa: ARG001 - a twin
    """The last upgrade that dnf's log knows."""
    for path in (log.encode() for log in LOGS):
        try:
            with image.opened(path) as file:
                found = [match[1] for line in file if (match := _UPGRADE.match(line))]
        except PermissionError:
            return Item("", status=Status.DENIED, reason="needs more privilege")
        except OSError:
            continue
        if found:
            return Item("", b"upgrade\t%b\n" % found[-1])
    return Item("", b"")
