"""Private keys in a mounted image: what `secops.hosts.identities` asks of a running host, told in the same records."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from posixpath import dirname

from secops.hosts.evidence import Item, judge
from secops.hosts.identities import (
    HOME_CONFIGS,
    LARGEST,
    LONGEST,
    PUBLIC,
    SYSTEM_CONFIGS,
    Place,
    closed_record,
    directory_record,
    key_record,
    named_keys,
)
from secops.hosts.image import Image, homes, literal
from secops.hosts.private_key import told
from secops.hosts.section import PASSWD_LIMIT, Command

_PUBLIC = re.compile(PUBLIC.encode())


def identities(image: Image, section: Command) -> Item:
    """The records of the image, as the section's script prints them for a host."""
    return judge(section, "", b"".join(record + b"\n" for record in _Search(image).records()), 0)


class _Search:
    def __init__(self, image: Image) -> None:
        self.image = image
        passwd = _read(image, b"/etc/passwd", PASSWD_LIMIT) or b""
        self.homes = sorted({b"", b"/root", *homes(passwd)})
        self.closed: list[bytes] = []

    def records(self) -> Iterator[bytes]:
        above: set[bytes] = set()
        files = {path: place for path in self.candidates() if (place := self.regular(path))}
        for path, place in files.items():
            try:
                found = told(_read(self.image, path, LARGEST) or b"")
            except PermissionError:
                self.closed.append(path)
                continue
            if found:
                yield key_record(path, place, found, self.public(path + b".pub") if path + b".pub" in files else b"")
                above |= set(_above(path))
        for path in sorted(above):
            yield directory_record(path, _place(self.image, path))
        yield from map(closed_record, dict.fromkeys(self.closed))

    def candidates(self) -> Iterator[bytes]:
        """What lies in ~/.ssh, and the files that configurations name elsewhere."""
        folders = dict.fromkeys(home + b"/.ssh" for home in self.homes)
        for folder in folders:
            yield from (folder + b"/" + name for name in self.names(folder))
        yield from dict.fromkeys(path for path in self.named() if dirname(path) not in folders)

    def names(self, folder: bytes) -> list[bytes]:
        try:
            return self.image.names(folder)
        except PermissionError:
            self.closed.append(folder)
        except OSError:
            pass
        return []

    def named(self) -> Iterator[bytes]:
        for pattern in SYSTEM_CONFIGS:
            for path in self.configured(pattern.encode(), b"~"):
                yield from [home + path[1:] for home in self.homes] if path.startswith(b"~") else [path]
        for home in self.homes:
            for name in HOME_CONFIGS:
                yield from self.configured(literal(home) + b"/" + name.encode(), home)

    def configured(self, pattern: bytes, home: bytes) -> Iterator[bytes]:
        """The keys that the configurations of a pattern name; one that cannot be read is told by `ssh_client`."""
        try:
            for path in self.image.glob(pattern):
                yield from named_keys(_read(self.image, path, LARGEST) or b"", home)
        except OSError:
            return

    def regular(self, path: bytes) -> Place | None:
        """Mode and owner of a regular file of a size that a key may have."""
        try:
            with self.image.at(path) as fd:
                found = os.fstat(fd)
        except PermissionError:
            self.closed.append(path)
            return None
        except OSError:
            return None
        fits = stat.S_ISREG(found.st_mode) and 0 < found.st_size <= LARGEST
        return Place(stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) if fits else None

    def public(self, path: bytes) -> bytes:
        try:
            line = (_read(self.image, path, LARGEST) or b"").partition(b"\n")[0].removesuffix(b"\r")
        except OSError:
            return b""
        return line if len(line) <= LONGEST and _PUBLIC.fullmatch(line) else b""


def _read(image: Image, path: bytes, limit: int) -> bytes | None:
    """A file's content; None when it is larger, or no file. Raises `PermissionError`."""
    try:
        content = image.read(path, limit + 1)
    except PermissionError:
        raise
    except OSError:
        return None
    return content if content is not None and len(content) <= limit else None


def _place(image: Image, path: bytes) -> Place:
    with image.at(path) as fd:
        found = os.fstat(fd)
    return Place(stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)


def _above(path: bytes) -> Iterator[bytes]:
    """The directories above a file, up to the root."""
    while path := path.rpartition(b"/")[0]:
        yield path
    yield b"/"
