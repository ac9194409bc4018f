"""The sections of apt of a mounted image: what the scripts do on a host, without running anything."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import IO

from secops.hosts.apt.conf import ConfError, Settings, read_conf
from secops.hosts.apt.names import is_read
from secops.hosts.apt.sections import FIELDS, HEAD, KEYS, LISTS, LOGS
from secops.hosts.evidence import Item, Status, readable
from secops.hosts.image import Image
from secops.hosts.section import Command
from secops.hosts.unpacking import opener
from secops.hosts.usage.image import FAULTS, zone

_STATUS = b"/var/lib/dpkg/status"
_PIECE = 1 << 20  # bytes that are unpacked at a time
_LONGEST = 8 << 20  # bytes of one entry
_BOMB = 1 << 30  # bytes that all indexes together may unpack to

_PACKAGES = re.compile(rb".+_Packages(\.(?:lz4|gz|xz|lzma|bz2|zst))?")
_RELEASE = re.compile(rb"(?:.+_)?(?:In)?Release")
_NAME = re.compile(rb"^Package: (.*)$", re.MULTILINE)
_GONE = re.compile(rb"^Status: .* (?:not-installed|config-files)$", re.MULTILINE)
_HEAD = re.compile(f"(?:{'|'.join(HEAD)}):".encode())
_LISTED = re.compile(rb" [0-9a-f]+ +([0-9]+) +((?:[^ ]*/)?)Packages(\.[a-z0-9]+)?")
_KEY = re.compile(f"(?:{KEYS})")


class _TooMuchError(Exception):
    """More than is unpacked."""


def indexes(image: Image, section: Command) -> Item:
    """The same records as the script gives."""
    try:
        status = image.read(_STATUS, 64 << 20)
        names = image.names(LISTS.encode())
    except PermissionError:
        return Item("", status=Status.DENIED, reason="needs more privilege")
    except OSError:
        return Item("", status=Status.ABSENT, reason="the tool for it is not installed")
    wanted = _installed(status or b"")
    releases = [name for name in names if _RELEASE.fullmatch(name)]
    lists = sorted(filter(_PACKAGES.fullmatch, names), key=lambda name: not name.endswith(b"_Packages"))
    out, left = bytearray(), [_BOMB]
    for name in (*releases, *lists):
        if not re.search(rb"[\x00-\x1f\x7f]", name):
            for record in _file(image, name, wanted, left, is_release=name in releases):
                out += b"\t".join(record) + b"\n"
        if len(out) > section.limit:
            return Item("", bytes(out[: section.limit]), Status.TRUNCATED, f"larger than {section.limit} bytes")
    return Item("", bytes(out) + b"end\n")


def _file(
    image: Image, name: bytes, wanted: frozenset[bytes], left: list[int], *, is_release: bool
) -> Iterator[tuple[bytes, ...]]:
    path = LISTS.encode() + b"/" + name
    try:
        with image.opened(path) as raw:
            mtime = int(os.fstat(raw.fileno()).st_mtime)
            yield b"release" if is_release else b"list", b"%d" % mtime, name
            packed = _PACKAGES.fullmatch(name)
            ending = packed[1] or b"" if packed else b""
            try:
                with opener(ending)(raw) as file:
                    yield from _release(file) if is_release else _entries(file, wanted, left)
            except Exception:  # whatever an unpacker says of a file that is broken, or has no end
                yield (b"broken",)
    except PermissionError:
        yield b"unread", name
    except OSError:
        return


def _installed(status: bytes) -> frozenset[bytes]:
    found = ((entry, _NAME.search(entry)) for entry in re.split(rb"\n{2,}", status))
    return frozenset(match[1] for entry, match in found if match and not _GONE.search(entry))


def _entries(file: IO[bytes], wanted: frozenset[bytes], left: list[int]) -> Iterator[tuple[bytes, ...]]:
    """`p` records of the entries of installed packages, and how many entries have no name."""
    odd = 0
    for entry in _paragraphs(file, left):
        name = entry[9:].partition(b"\n")[0] if entry.startswith(b"Package: ") else _name(entry)
        if name is None:
            odd += 1
        elif name in wanted:
            lines = [line.partition(b": ") for line in entry.split(b"\n")]
            values = {key: value for key, mark, value in lines if mark}
            yield b"p", name, *(values.get(field.encode(), b"") for field in FIELDS)
    if odd:
        yield b"odd", b"%d" % odd


def _name(entry: bytes) -> bytes | None:
    found = _NAME.search(entry)
    return found[1] if found else None


def _paragraphs(file: IO[bytes], left: list[int]) -> Iterator[bytes]:
    """What blank lines separate. Raises `_TooMuchError` for one that is too long, or when the sum of all files is."""
    rest = b""
    while piece := file.read(_PIECE):
        left[0] -= len(piece)
        *whole, rest = (rest + piece).split(b"\n\n")
        if len(rest) > _LONGEST or left[0] < 0:
            raise _TooMuchError
        yield from filter(None, (entry.strip(b"\n") for entry in whole))
    if rest.strip(b"\n"):
        yield rest.strip(b"\n")


def _release(file: IO[bytes]) -> Iterator[tuple[bytes, ...]]:
    """The head of a Release file, and the package indexes that it lists."""
    text = file.read(_LONGEST)
    entries = (entry for entry in re.split(rb"\n{2,}", text.strip(b"\n")))
    body = next((entry for entry in entries if not entry.startswith(b"-----BEGIN PGP SIGNED MESSAGE")), b"")
    sizes: dict[bytes, bytes] = {}
    for line in body.split(b"\n"):
        if _HEAD.match(line):
            key, _, value = line.partition(b":")
            yield b"h", key, value.lstrip(b" \t").replace(b"\t", b" ")
        elif (listed := _LISTED.fullmatch(line)) and b"debian-installer" not in line:
            sizes.setdefault(listed[2], b"-")
            if not listed[3]:
                sizes[listed[2]] = listed[1]
    yield from ((b"i", folder, size) for folder, size in sizes.items())


def conf(image: Image, section: Command) -> Item:  # noqa: ARG001 - a twin
    """The settings in apt.conf.d and apt.conf, as `apt-config dump` would print them; what is built in is left out."""
    if not image.glob(b"/usr/bin/apt-config"):
        return Item("", status=Status.ABSENT, reason="the tool for it is not installed")
    settings = Settings()
    try:
        parts = [path for path in image.glob(b"/etc/apt/apt.conf.d/*") if is_read(readable(path), ("", "conf"))]
        for path in (*parts, *image.glob(b"/etc/apt/apt.conf")):
            content = image.read(path, _PIECE + 1) or b""
            if len(content) > _PIECE:
                raise ConfError(f"larger than {_PIECE} bytes")
            read_conf(settings, readable(content))
    except PermissionError:
        return Item("", status=Status.DENIED, reason="needs more privilege")
    except (OSError, ConfError) as error:
        return Item("", status=Status.FAILED, reason=f"{readable(path)}: {error}")
    lines = [f'{name} "{value}";\n' for name, value in settings.pairs if _KEY.fullmatch(name)]
    return Item("", "".join(lines).encode())


def history(image: Image, section: Command) -> Item:  # noqa: ARG001 - a twin
    """The last upgrade that each log knows."""
    lines, found, denied = [b"zone\t" + zone(image)], b"", False
    for path in (log.encode() for log in LOGS):
        name = path.removeprefix(b"/var/log/").partition(b".log")[0]
        if name != found:
            try:
                last = _last_upgrade(image, path)
            except PermissionError:
                denied = True
                continue
            if last:
                found = name
                lines.append(b"upgrade\t%b\t%b" % (name, last))
    data = b"".join(line + b"\n" for line in lines)
    return Item("", data, Status.DENIED if denied else Status.OK, "needs more privilege" if denied else "")


def _last_upgrade(image: Image, path: bytes) -> bytes:
    """The time of the last upgrade in a log; empty when it has none, or cannot be read. Raises `PermissionError`."""
    last, at, left = b"", b"", _BOMB
    try:
        with image.opened(path) as raw, opener(path)(raw) as file:
            while left > 0 and (line := file.readline(_PIECE)):
                left -= len(line)
                words = line.split()
                if words[:1] == [b"Start-Date:"] and len(words) > 2:
                    at = b" ".join(words[1:3])
                elif line.startswith(b"Upgrade: "):
                    last = at
                elif len(words) == 6 and words[2] == b"upgrade":
                    last = b" ".join(words[:2])
    except PermissionError:
        raise
    except FAULTS:
        pass  # a log that is not there, or broken: what was read of it counts
    return last
