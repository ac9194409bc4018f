"""Evidence of a host where nothing but accounts and policies is special, so that every kind of way is decided."""

from __future__ import annotations

import re
from collections.abc import Iterable
from posixpath import dirname, normpath

from tests.hosts.evidence_kit import Content

_ROOT = b"x41ed\x000\x000\x000\x000\x00/\x00\x00\x00"  # the record of a root directory

WHOLE: dict[str, Content] = {
    "walk": b"END\0",
    "control_sockets": _ROOT + b"LISTEN\0\0BLOCK\0\0END\0",
    "trusted_paths": _ROOT + b"Z\0",
    "mountinfo": {"/proc/self/mountinfo": "1 0 0:30 / / rw - tmpfs tmpfs rw\n"},
}


def looked_at(things: Iterable[str], policy: str = "", *, named: bytes = b"") -> bytes:
    """`trusted_paths` of a host with things, a line each: `d755 UID[:GID] /path`, `f644 …`, `l777 … /path -> target`.

    Directories that lead to them are root's. Other paths that a policy names were looked at, and are not there.
    `named` is what files name, as the section has it.
    """
    found: dict[str, bytes] = {}
    for thing in things:
        mode, owner, path, *link = thing.split(" ")
        uid, _, gid = owner.partition(":")
        fields = (mode, uid, gid or uid, "0", "0", path, link[1] if link else "", "")
        found[path] = "\0".join(fields).encode() + b"\0"
        while (path := dirname(path)) != "/":
            found.setdefault(path, f"d755\0000\0000\0000\0000\0{path}\0\0\0".encode())
    gone: dict[str, None] = {}
    for word in re.split(r"[\s\"=,:!()*]+", policy):
        path = normpath(word) if word.startswith("/") else "/"
        while path not in ("/", "//"):
            gone |= {} if path in found else {path: None}
            path = dirname(path)
    return named + b"".join(f"G{path}\0".encode() for path in gone) + _ROOT + b"".join(found.values()) + b"Z\0"
