"""The records in which a host tells of its files for SSH: one a line, fields parted by tabs.

In fields marked * a percent sign, a tab and a newline are percent-encoded:

    k MODE UID GID FORM LOCKED PUBLIC <tab> path of a private key* <tab> first line of the public file beside it*
    d MODE UID GID <tab> directory above a key
    c NUMBER <tab> path of a configuration* <tab> line of it that matters
    ! path that may not be read
    > configuration that is too large
    ?            (files changed meanwhile: their modes are not known)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from secops.hosts.evidence import readable
from secops.hosts.private_key import Told
from secops.hosts.ssh_key import TYPES

#: Bytes of the largest file that ssh takes for a key; a larger configuration is not read, either.
LARGEST = 1 << 20

#: Characters of the longest line of a configuration or a public file that is looked at.
LONGEST = 8192

#: Lines of a configuration that are told.
MOST = 5000

#: A line of a public file; what follows the key is its comment.
PUBLIC = rf"^{TYPES}[ \t]+AAAA[A-Za-z0-9+/=]+([ \t].*)?$"


class Place(NamedTuple):
    """Mode, owner and group of a file or a directory, links followed."""

    mode: int
    uid: int
    gid: int


class Found(NamedTuple):
    """A private key. `public` is the first line of the public file beside it, empty without one that is a key.

    `place` is None when not known.
    """

    path: str
    place: Place | None
    told: Told
    public: str


class Directory(NamedTuple):
    """A directory above a key."""

    path: str
    place: Place | None


class ConfigLine(NamedTuple):
    """A line of a configuration that matters."""

    path: str
    number: int
    text: bytes


class Unseen(NamedTuple):
    """A path that may not be read, or a configuration that is `large`."""

    path: str
    large: bool


#: None stands for what does not parse.
Record = Found | Directory | ConfigLine | Unseen | None

_PLACE = rb"(?:([0-7]{1,5}) ([0-9]{1,10}) ([0-9]{1,10})|\? \? \?)"
_KEY = re.compile(
    rb"k " + _PLACE + rb" (openssh|pem|pkcs8|putty|ssh2) (yes|no|\?) (-|[a-z]{2,3}:[0-9a-f]+)\t([^\t]+)\t([^\t]*)"
)
_DIRECTORY = re.compile(rb"d " + _PLACE + rb"\t(.+)")
_LINE = re.compile(rb"c ([0-9]{1,7})\t([^\t]+)\t(.+)")


def records(data: bytes) -> Iterator[Record]:
    """The records of an answer."""
    for line in data.removesuffix(b"\n").split(b"\n") if data else ():
        if key := _KEY.fullmatch(line):
            told = Told(*(word.decode() for word in key.group(4, 5, 6)))
            path, public = (readable(unquote_to_bytes(field)) for field in key.group(7, 8))
            yield Found(path, _place(key), told, public)
        elif directory := _DIRECTORY.fullmatch(line):
            yield Directory(readable(directory[4]), _place(directory))
        elif setting := _LINE.fullmatch(line):
            yield ConfigLine(readable(unquote_to_bytes(setting[2])), int(setting[1]), setting[3])
        elif line.startswith((b"! ", b"> ")):
            yield Unseen(readable(line[2:]), line.startswith(b">"))
        else:
            yield None


def _place(match: re.Match[bytes]) -> Place | None:
    mode, uid, gid = match.group(1, 2, 3)
    return Place(int(mode, 8), int(uid), int(gid)) if mode else None


def key_record(path: bytes, place: Place, told: Told, public: bytes) -> bytes:
    """The record of a key, as the script writes it."""
    return b"k %o %d %d %s\t%s\t%s" % (*place, " ".join(told).encode(), _coded(path), _coded(public))


def directory_record(path: bytes, place: Place) -> bytes:
    return b"d %o %d %d\t%s" % (*place, path)


def closed_record(path: bytes) -> bytes:
    return b"! " + path.replace(b"\n", b"?")


def config_records(path: bytes, content: bytes) -> Iterator[bytes]:
    """The records of a configuration."""
    count = 0
    for number, raw in enumerate(content.removesuffix(b"\n").split(b"\n"), start=1):
        if count == MOST:
            yield large_record(path)
            return
        if line := _kept(raw.removesuffix(b"\r")):
            yield b"c %d\t%s\t%s" % (number, _coded(path), line)
            count += 1


def large_record(path: bytes) -> bytes:
    return b"> " + path


def _kept(line: bytes) -> bytes:
    """What leaves a host of a line; nothing of one that does not matter."""
    if not (keyword := _KEYWORDS.match(line[:LONGEST])):
        return b""
    if len(line) >= LONGEST:
        return b"?"
    if keyword[1].lower().startswith(b"match") and b"exec" in line.lower():
        return b"Match exec ?"
    return _REMARK.sub(b"", line, count=1)


def _coded(text: bytes) -> bytes:
    return text.replace(b"%", b"%25").replace(b"\t", b"%09").replace(b"\n", b"%0a")


_KEYWORDS = re.compile(rb'[ \t]*"?(host|hostname|match|forwardagent|identityfile|include)"?(?:[ \t=]|$)', re.IGNORECASE)
_REMARK = re.compile(rb"[ \t]#.*")
_IDENTITY_FILE = re.compile(rb'[ \t]*"?identityfile"?[ \t=]', re.IGNORECASE)
_KEYWORD = re.compile(rb'[ \t]*"?[A-Za-z]*"?[ \t]*=?[ \t]*')


def named_keys(config: bytes, home: bytes) -> Iterator[bytes]:
    """Files that a configuration names as private keys, when the name is whole. `home` stands for `~`."""
    for line in config.removesuffix(b"\n").split(b"\n"):
        if len(line) < LONGEST and _IDENTITY_FILE.match(line):
            value = _KEYWORD.sub(b"", line, count=1)
            value = value[1:].partition(b'"')[0] if value.startswith(b'"') else re.split(rb"[ \t\r]", value)[0]
            if value.startswith((b"~/", b"%d/")):
                value = home + value[value.index(b"/") :]
            if value.startswith((b"/", b"~/")) and b"%" not in value:
                yield value
