"""Access control lists of POSIX 1003.1e: as getfacl prints them, and as the kernel keeps them in an attribute."""

from __future__ import annotations

import re
import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from secops.core.inert import readable
from secops.hosts.listing import Entry

#: Shell function `acls PATH…`: a record `ACL text` of getfacl for all that have more than a mode, or without it
#: `NOACL path` of each of which that is not known: ls of GNU marks those that have a list, that of busybox none.
ACLS_SH = r"""acls() {
if command -v getfacl >/dev/null 2>&1; then printf 'ACL\0%s\0' "$(getfacl -psn -- "$@" 2>/dev/null)"
else
  marks=; case $(ls --version 2>/dev/null) in *GNU*) marks=1 ;; esac
  for f do
    [ -z "$marks" ] || case $(ls -ld -- "$f" 2>/dev/null) in ??????????+*) ;; *) continue ;; esac
    printf 'NOACL\0%s\0' "$f"
  done
fi
}
"""

#: The attribute that holds it.
ATTRIBUTE = "system.posix_acl_access"

# linux/posix_acl_xattr.h
_VERSION, _HEADER, _ENTRY = 2, 4, struct.Struct("<HHI")
_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20

_LINE = re.compile(r"(user|group|mask|other):(\d{0,10}):([r-])([w-])([x-])")
_ESCAPE = re.compile(rb"\\([0-7]{3}|\\)")


@dataclass(frozen=True)
class Acl:
    """Permission bits (4 read, 2 write, 1 execute) by entry; those of named users and groups not masked yet."""

    owner: int = 0
    group: int = 0
    other: int = 0
    mask: int = 7
    users: Mapping[int, int] = field(default_factory=dict)
    groups: Mapping[int, int] = field(default_factory=dict)

    def allows(self, uid: int, gids: Collection[int], owner: int, group: int) -> int:
        """The bits that a process has on a file of this owner and group: the first entry that is for it decides."""
        if uid == owner:
            return self.owner
        if uid in self.users:
            return self.users[uid] & self.mask
        entries = [*([self.group] if group in gids else []), *(self.groups[gid] for gid in self.groups if gid in gids)]
        # of several groups one that gives all that is asked is enough: for a single bit that is their union
        return _union(entries) & self.mask if entries else self.other


@dataclass
class Around:
    """What decides who gets to some files, by path: these and the directories above them, where not all may pass.

    Of `unknown` it is not known whether they have a list.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    acls: dict[str, Acl] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)


def parents(path: str) -> Iterator[str]:
    """The directories above a path, the nearest first, without the root."""
    at = path.rfind("/")
    while at > 0:
        yield path[:at]
        at = path.rfind("/", 0, at)


def _union(bits: Collection[int]) -> int:
    found = 0
    for one in bits:
        found |= one
    return found


def from_mode(mode: int) -> Acl:
    """What a mode says by itself."""
    return Acl(mode >> 6 & 7, mode >> 3 & 7, mode & 7)


def from_getfacl(text: bytes) -> dict[str, Acl]:
    """Lists by path, from the output of `getfacl -pn`. What is no entry is passed over, as default entries are."""
    found: dict[str, Acl] = {}
    for block in re.split(rb"^# file: ", text, flags=re.MULTILINE)[1:]:
        name, _, rest = block.partition(b"\n")
        path = readable(_ESCAPE.sub(lambda one: one[1] if one[1] == b"\\" else bytes([int(one[1], 8) & 0xFF]), name))
        found[path] = _from_lines(rest.decode("ascii", "replace").split("\n"))
    return found


def _from_lines(lines: list[str]) -> Acl:
    entries = [match.groups() for line in lines if (match := _LINE.match(line))]
    return _made([(kind, int(number) if number else None, _bits(*flags)) for kind, number, *flags in entries])


def _bits(read: str, write: str, execute: str) -> int:
    return 4 * (read == "r") + 2 * (write == "w") + (execute == "x")


def _made(entries: list[tuple[str, int | None, int]]) -> Acl:
    plain = {kind: bits for kind, number, bits in entries if number is None}
    named = {
        kind: {number: bits for what, number, bits in entries if what == kind and number is not None}
        for kind in ("user", "group")
    }
    return Acl(
        plain.get("user", 0), plain.get("group", 0), plain.get("other", 0), plain.get("mask", 7),
        named["user"], named["group"],
    )  # fmt: skip


_KINDS = {
    _USER_OBJ: "user", _USER: "user", _GROUP_OBJ: "group", _GROUP: "group", _MASK: "mask", _OTHER: "other",
}  # fmt: skip


def to_getfacl(path: bytes, raw: bytes) -> bytes:
    """What getfacl prints of an attribute; empty when it is none. For the carrier that reads images."""
    if len(raw) < _HEADER or struct.unpack_from("<I", raw)[0] != _VERSION:
        return b""
    lines = [b"# file: " + re.sub(rb"[^!-\[\]-~]", lambda char: b"\\%03o" % char[0][0], path)]
    for tag, bits, number in _ENTRY.iter_unpack(raw[_HEADER : len(raw) - (len(raw) - _HEADER) % _ENTRY.size]):
        if tag in _KINDS:
            who = str(number) if tag in (_USER, _GROUP) else ""
            flags = "".join(letter if bits & bit else "-" for letter, bit in (("r", 4), ("w", 2), ("x", 1)))
            lines.append(f"{_KINDS[tag]}:{who}:{flags}".encode())
    return b"\n".join([*lines, b"", b""])
