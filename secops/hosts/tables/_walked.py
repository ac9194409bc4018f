"""The records of the walk, sorted out: what `special_files` and the ways by its files are made from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from secops.core.inert import readable
from secops.hosts.acl import Around, from_getfacl
from secops.hosts.capability import FileCapabilities, from_attribute, from_text
from secops.hosts.evidence import Evidence, Problem, Status
from secops.hosts.listing import Entry, parse_listing, records
from secops.hosts.section import Walk

WALK = Walk("walk")

_TAGS = {
    b"SKIP": 2, b"CAP": 2, b"XATTR": 2, b"NOCAPS": 0, b"ERRS": 1, b"LOOKED": 2, b"MANY": 0, b"ACL": 1,
    b"NOACL": 1, b"HEAD": 1, b"SUMS": 1, b"DPKG": 4, b"RPM": 2, b"APK": 1, b"NOPKG": 0, b"END": 0,
}  # fmt: skip

_SCRIPT = re.compile(r"^==> (/.*) <==\n#!", re.MULTILINE)
_SUM = re.compile(r"^([0-9a-f]{32,64})  (/.*)$", re.MULTILINE)


@dataclass
class Walked:
    """What one walk found, by path.

    `files` are special by mode or owner. `looked_up` has the other names of each file whose surroundings and package
    were looked up; `around` holds those that not everybody may start, and directories above them that not everybody may
    pass; `manager` is the package manager and its answer.
    """

    files: dict[str, Entry] = field(default_factory=dict)
    capabilities: dict[str, FileCapabilities] = field(default_factory=dict)
    looked_up: dict[str, list[str]] = field(default_factory=dict)
    around: Around = field(default_factory=Around)
    scripts: set[str] = field(default_factory=set)
    digests: dict[str, str] = field(default_factory=dict)
    manager: tuple[str, list[str]] = ("", [])
    is_many: bool = False
    ended: bool = False
    problems: list[Problem] = field(default_factory=list)
    capability_problems: list[Problem] = field(default_factory=list)


def walked(evidence: Evidence) -> Walked:
    """Read the records; what does not parse, or was not read, is among the problems."""
    found = Walked()
    for tag, fields in records(evidence[WALK.name].only.data, _TAGS):
        if tag == b"":
            _listed(found, fields)
        elif tag in (b"CAP", b"XATTR", b"NOCAPS"):
            _capabilities(found, tag, fields)
        else:
            _other(found, tag, fields)
        found.ended = tag == b"END"
    return found


def _listed(found: Walked, fields: list[bytes]) -> None:
    entry = next(iter(parse_listing(b"\0".join(fields) + b"\0")), None)
    if entry is None:
        found.problems.append(Problem(Status.FAILED, "a record of the walk does not parse"))
    else:
        (found.around.entries if found.looked_up else found.files)[entry.path] = entry


def _capabilities(found: Walked, tag: bytes, fields: list[bytes]) -> None:
    held = None
    if tag == b"NOCAPS":
        found.capability_problems.append(Problem(Status.ABSENT, "getcap is not installed"))
        return
    if tag == b"CAP":
        held = from_text(readable(fields[0]))
    elif re.fullmatch(rb"(?:[0-9a-f]{2}){4,64}", fields[0]):
        held = from_attribute(bytes.fromhex(fields[0].decode()))
    if held:
        found.capabilities[readable(fields[1])] = held
    else:
        found.capability_problems.append(Problem(Status.FAILED, "a line of getcap does not parse"))


def _other(found: Walked, tag: bytes, fields: list[bytes]) -> None:
    texts = list(map(readable, fields))
    match tag:
        case b"ERRS":
            found.problems.append(
                Problem(Status.DENIED, f"not everything could be read: {' '.join(texts[0].split())[:200]}")
            )
        case b"LOOKED":
            found.looked_up[texts[0]] = list(filter(None, texts[1].split("\n")))
        case b"MANY":
            found.is_many = True
        case b"ACL":
            found.around.acls |= from_getfacl(fields[0])
        case b"NOACL":
            found.around.unknown.add(texts[0])
        case b"HEAD":
            found.scripts.update(_SCRIPT.findall(texts[0]))
        case b"SUMS":
            found.digests |= {path: digest for digest, path in _SUM.findall(texts[0])}
        case b"DPKG" | b"RPM" | b"APK" | b"NOPKG":
            found.manager = tag.decode().lower(), texts
