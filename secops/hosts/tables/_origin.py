"""What package managers say of single files, against what the files are. See `secops.hosts.origin` for the records."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from secops.hosts.capability import FileCapabilities, from_text
from secops.hosts.listing import Entry
from secops.hosts.owners import DPKG_ITSELF

#: What can be compared.
DIGEST, MODE, OWNER, CAPABILITIES = "digest", "mode", "owner", "capabilities"


@dataclass(frozen=True)
class Said:
    """What a package manager keeps of one file; None and an empty set: it does not tell.

    `digests` are lower-case hexadecimal, more than one when packages share the file; `mode` holds the permission bits.
    """

    package: str
    digests: frozenset[str] = frozenset()
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    capabilities: Sequence[str] | None = None


#: Which package says what of a file, known by these names.
Ask = Callable[[Sequence[str]], Said | None]


@dataclass(frozen=True)
class Ids:
    """Numbers of users and groups by name."""

    users: Mapping[str, int]
    groups: Mapping[str, int]


def compared(
    said: Said, entry: Entry | None, digest: str | None, held: FileCapabilities
) -> tuple[list[str], list[str]]:
    """What could be compared with the package, and what differs: of modes and capabilities, what it does not give."""
    differs: dict[str, bool] = {}
    if said.digests and digest:
        differs[DIGEST] = digest not in said.digests
    if entry and said.mode is not None:
        differs[MODE] = bool(entry.mode & ~said.mode)
    if entry and said.uid is not None and said.gid is not None:
        differs[OWNER] = entry.uid != said.uid or (entry.gid != said.gid and bool(entry.mode & 0o2000))
    if said.capabilities is not None:
        differs[CAPABILITIES] = "all" not in said.capabilities and bool(set(held.names) - set(said.capabilities))
    return list(differs), [name for name, is_other in differs.items() if is_other]


def asked(manager: str, fields: Sequence[str], ids: Ids) -> Ask | None:
    """How to ask the manager that answered; None when its database gave no answer to anything."""
    if manager == "dpkg":
        return _dpkg(fields, ids)
    return _rpm(fields[0], fields[1], ids) if manager == "rpm" else _apk(fields[0])


_LIST = re.compile(r"^/var/lib/dpkg/info/([^/]+?)\.list:(/.*)$", re.MULTILINE)
_MD5 = re.compile(r"^/var/lib/dpkg/info/([^/]+?)\.md5sums:([0-9a-f]{32})  (.*)$", re.MULTILINE)
_OVERRIDE = re.compile(r"^(\S+) (\S+) ([0-7]{1,5}) (/.*)$", re.MULTILINE)


def _dpkg(fields: Sequence[str], ids: Ids) -> Ask | None:
    owners: dict[str, list[str]] = {}
    for package, path in _LIST.findall(fields[0]):
        owners.setdefault(path, []).append(package)
    if DPKG_ITSELF not in owners:
        return None
    digests = {(package, f"/{path}"): digest for package, digest, path in _MD5.findall(fields[1])}
    diversions = fields[2].split("\n")
    # triples of from, to, by whom; the file that is at `to` is the one that all others call `from`
    diverted = dict(zip(diversions[::3], diversions[2::3], strict=False))
    original = dict(zip(diversions[1::3], diversions[::3], strict=False))
    overrides = {path: (user, group, mode) for user, group, mode, path in _OVERRIDE.findall(fields[3])}

    def ask(names: Sequence[str]) -> Said | None:
        for name in names:
            listed = original.get(name, name)
            by = diverted.get(listed)
            is_theirs = [
                package
                for package in owners.get(listed, ())
                if by is None or (package.partition(":")[0] == by) == (listed == name)
            ]
            if is_theirs:
                found = frozenset(digests[key] for package in is_theirs if (key := (package, listed)) in digests)
                override = next((overrides[one] for one in names if one in overrides), None)
                return Said(is_theirs[0].partition(":")[0], found, *_ids(override, ids))
        return None

    return ask


def _ids(override: tuple[str, str, str] | None, ids: Ids) -> tuple[int | None, int | None, int | None]:
    """Mode, uid and gid of a line of dpkg-statoverride, whose names may be `#number`."""
    if override is None:
        return None, None, None
    user, group, mode = override
    return int(mode, 8), _id(user, ids.users), _id(group, ids.groups)


def _id(name: str, known: Mapping[str, int]) -> int | None:
    return int(name[1:]) if re.fullmatch(r"#\d{1,10}", name) else known.get(name)


# rpm's RPMVERIFY_*: what a package leaves to others, as SUSE's leave modes to `permissions`
_VERIFY_DIGEST, _VERIFY_USER, _VERIFY_GROUP, _VERIFY_MODE, _VERIFY_CAPS = 1, 1 << 3, 1 << 4, 1 << 6, 1 << 8
_SHA256 = 64  # hexadecimal digits


def _rpm(itself: str, lines: str, ids: Ids) -> Ask | None:
    files: dict[str, list[list[str]]] = {}
    for line in lines.split("\n"):
        fields = line.split("\t")
        if len(fields) == 9 and re.fullmatch(r"[0-7]{1,7}", fields[1]) and re.fullmatch(r"-?\d{1,10}", fields[6]):
            files.setdefault(fields[7], []).append(fields)
    if itself not in files:
        return None

    def ask(names: Sequence[str]) -> Said | None:
        found = next((files[name] for name in names if name in files), None)
        return _of_rpm(found, ids) if found else None

    return ask


def _of_rpm(lines: Sequence[Sequence[str]], ids: Ids) -> Said:
    name, mode, user, group, capabilities, _, flags, *_ = lines[0]
    checks = int(flags)
    digests = frozenset(line[5] for line in lines if len(line[5]) == _SHA256) if checks & _VERIFY_DIGEST else ()
    has_owner = checks & _VERIFY_USER and checks & _VERIFY_GROUP
    return Said(
        name,
        frozenset(digests),
        int(mode, 8) & 0o7777 if checks & _VERIFY_MODE else None,
        ids.users.get(user) if has_owner else None,
        ids.groups.get(group) if has_owner else None,
        _given(capabilities) if checks & _VERIFY_CAPS else None,
    )


def _given(capabilities: str) -> Sequence[str] | None:
    """The names of FILECAPS, which is empty or `(none)` where the package gives none."""
    if capabilities in ("", "(none)"):
        return []
    held = from_text(capabilities)
    return held.names if held else None


_OWNED = re.compile(r"^a:(\d{1,10}):(\d{1,10}):([0-7]{1,5})(?::|$)")


def _apk(lines: str) -> Ask | None:
    files: dict[str, Said] = {}
    package, path, count = "", "", 0
    for line in lines.split("\n"):
        kind, text = line[:2], line[2:]
        if kind == "P:":
            package = text
        elif kind == "R:":
            path, files[text] = text, Said(package, frozenset(), 0o644, 0, 0)  # apk keeps what differs from this
        elif kind == "Z:" and path:
            files[path] = replace(files[path], digests=_sha1(text))
        elif kind == "a:" and path and (owned := _OWNED.match(line)):
            uid, gid, mode = int(owned[1]), int(owned[2]), int(owned[3], 8)
            files[path] = replace(files[path], mode=mode, uid=uid, gid=gid)
        elif kind == "N:" and text.isdecimal() and len(text) < 10:
            count = int(text)
    if not count:
        return None
    return lambda names: next((files[name] for name in names if name in files), None)


def _sha1(text: str) -> frozenset[str]:
    """The digest after `Q1`, which marks SHA-1; others are not known."""
    try:
        raw = base64.b64decode(text.removeprefix("Q1"), validate=True)
    except (binascii.Error, ValueError):
        return frozenset()
    return frozenset({raw.hex()}) if text.startswith("Q1") and len(raw) == 20 else frozenset()
