"""Files for SSH in a mounted image: what `secops.hosts.ssh_files` asks of a running host, told in the same records."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from posixpath import dirname

from secops.hosts.evidence import Item, judge
from secops.hosts.image import Image, homes, literal
from secops.hosts.private_key import told
from secops.hosts.section import PASSWD_LIMIT, Command
from secops.hosts.ssh_files import DEEP, HOME_CONFIGS, SYSTEM_CONFIGS
from secops.hosts.ssh_jobs import JOBS, job_keys
from secops.hosts.ssh_records import (
    LARGEST,
    LONGEST,
    PUBLIC,
    Place,
    closed_record,
    config_records,
    directory_record,
    key_record,
    large_record,
    named_keys,
)

_PUBLIC = re.compile(PUBLIC.encode())


def ssh_files(image: Image, section: Command) -> Item:
    """The records of the image, as the section's script prints them for a host."""
    return judge(section, "", b"".join(record + b"\n" for record in _Search(image).records()), 0)


class _Search:
    def __init__(self, image: Image) -> None:
        self.image = image
        self.closed: list[bytes] = []
        self.named: list[bytes] = []
        passwd = _read(image, b"/etc/passwd", PASSWD_LIMIT) or b""
        self.homes = sorted({b"", b"/root", *homes(passwd)})
        opened = ((home, self.names(home + b"/.ssh")) for home in self.homes)
        self.folders = {home: names for home, names in opened if names is not None}

    def records(self) -> Iterator[bytes]:
        yield from self.configurations()
        self.jobs()
        above: set[bytes] = set()
        files = {path: place for path in self.candidates() if (place := self.regular(path))}
        for path, place in files.items():
            if found := told(self.content(path)):
                yield key_record(path, place, found, self.public(path + b".pub") if path + b".pub" in files else b"")
                above |= set(_above(path))
        for path in sorted(above):
            yield directory_record(path, _place(self.image, path))
        yield from map(closed_record, dict.fromkeys(self.closed))

    def configurations(self) -> Iterator[bytes]:
        """The records of every configuration; the keys that they name are noted."""
        for pattern in SYSTEM_CONFIGS:
            yield from self.configuration(pattern.encode(), self.homes)
        for home in self.folders:
            for name in HOME_CONFIGS:
                yield from self.configuration(literal(home) + b"/" + name.encode(), [home])

    def configuration(self, pattern: bytes, owners: Sequence[bytes]) -> Iterator[bytes]:
        for path in self.matching(pattern):
            size = self.size(path)
            content = self.content(path) if size <= LARGEST else b""
            for home in owners:
                self.named += named_keys(content, home)
            yield from config_records(path, content) if size <= LARGEST else [large_record(path)]

    def jobs(self) -> None:
        """Note the keys that jobs and scripts name; those that may not be read are passed over."""
        for pattern in JOBS:
            with suppress(PermissionError):
                for path in self.image.glob(pattern.encode()):
                    content = _read(self.image, path, LARGEST) or b""
                    self.named += [key for home in self.homes for key in job_keys(content, home)]

    def candidates(self) -> Iterator[bytes]:
        """What lies in ~/.ssh, and the files that are named elsewhere, with the public files beside them."""
        for home in self.folders:
            yield from self.within(home + b"/.ssh", DEEP)
        seen = {home + b"/.ssh" for home in self.folders}
        for path in dict.fromkeys(path for path in self.named if dirname(path) not in seen):
            yield path
            if self.size(path) and self.size(path + b".pub"):
                yield path + b".pub"

    def within(self, folder: bytes, deep: int) -> Iterator[bytes]:
        """What lies in a directory, and in those in it."""
        for name in self.names(folder) or ():
            yield (path := folder + b"/" + name)
            if deep and self.is_folder(path):
                yield from self.within(path, deep - 1)

    def is_folder(self, path: bytes) -> bool:
        """Whether it is a directory and no link to one."""
        try:
            with self.image.at(path, follow=False) as fd:
                return stat.S_ISDIR(os.fstat(fd).st_mode)
        except OSError:
            return False

    def matching(self, pattern: bytes) -> list[bytes]:
        try:
            return self.image.glob(pattern)
        except PermissionError:
            self.closed.append(pattern)
            return []

    def names(self, folder: bytes) -> list[bytes] | None:
        """What lies in a directory; None of one that is not there or closed."""
        try:
            return self.image.names(folder)
        except PermissionError:
            self.closed.append(folder)
        except OSError:
            pass
        return None

    def content(self, path: bytes) -> bytes:
        """What a file holds, if it is one and may be read."""
        try:
            return _read(self.image, path, LARGEST) or b""
        except PermissionError:
            self.closed.append(path)
            return b""

    def size(self, path: bytes) -> int:
        """Bytes of a regular file; 0 of what is none."""
        try:
            with self.image.at(path) as fd:
                found = os.fstat(fd)
        except OSError:
            return 0
        return found.st_size if stat.S_ISREG(found.st_mode) else 0

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
