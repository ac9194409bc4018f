"""Stored password hashes and credentials: evidence in memory only. No table holds them, and a bundle only sealed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from secops.core.secret import Secret
from secops.hosts.credentials import LISTING, SECTIONS, Credential, credentials
from secops.hosts.evidence import Evidence, Item, Problem, Status
from secops.hosts.listing import Entry, parse_listing
from secops.hosts.section import Files
from secops.hosts.tables import Facts

#: The whole lines, hashes and all. `seal`: only encrypted to the operator's key, where evidence is written to a file.
SHADOW_HASHES = Files(
    "shadow_hashes", ("/etc/shadow", "/etc/passwd"), required=True, limit=16 << 20, seal=True, raw=True
)

#: Everything that leaves a host only sealed, or over a pipe or an SSH connection.
SEALED = (SHADOW_HASHES, *SECTIONS)

#: Longer fields are no hash: libxcrypt's own limit (CRYPT_OUTPUT_SIZE) is 384.
_LONGEST = 384

_HASH = re.compile(r"[!-9;-~]{2,}")


@dataclass(frozen=True)
class Stored:
    """The hash of one account, with what is known of the account. `names`: what the host calls itself."""

    user: str
    hash: Secret[bytes]
    gecos: str = ""
    names: tuple[str, ...] = ()


class Held(NamedTuple):
    """What a host holds that no table may, and why it is not whole: for the audit of passwords, in memory.

    `files` tells who may read the files of the credentials.
    """

    hashes: Sequence[Stored] = ()
    credentials: Sequence[Credential] = ()
    files: Mapping[str, Entry] = {}
    hashes_lack: Sequence[Problem] = ()
    credentials_lack: Sequence[Problem] = ()


def held(evidence: Evidence, tables: Mapping[str, Facts]) -> Held:
    """The hashes that can be logged in with (`shadow_meta` tells of locked and empty ones), and the credentials."""
    listed = (entry for item in evidence[LISTING.name].files for entry in parse_listing(item.data))
    files = {entry.path: entry for entry in listed}
    known, lack = credentials(evidence)
    if listing_lack := evidence.problem(LISTING):
        lack.append(listing_lack)
    hashes, hashes_lack = _hashes(evidence, tables)
    return Held(hashes, known, files, hashes_lack, lack)


def _hashes(evidence: Evidence, tables: Mapping[str, Facts]) -> tuple[list[Stored], list[Problem]]:
    if SHADOW_HASHES.name not in evidence.sections:
        return [], [Problem(Status.ABSENT, "the password hashes were not asked for")]
    gecos = {row["user_name"]: row.get("gecos") or "" for row in tables["users"].rows}
    names = tuple(name for row in tables["hosts"].rows if (name := row.get("name")))
    fields = {item.path: _fields(item) for item in evidence[SHADOW_HASHES.name].files}
    own = {user: text for user, text in fields.get("/etc/passwd", {}).items() if not text or _is_hash(text)}
    found = {**fields.get("/etc/shadow", {}), **own}  # of a hash or nothing in passwd, as in `shadow_meta`
    hashes = [
        Stored(user, Secret(text.encode()), gecos.get(user, ""), names)
        for user, text in found.items()
        if _is_hash(text)
    ]
    if not (problem := evidence.problem(SHADOW_HASHES)):
        return hashes, []
    told = problem.reason if ": " in problem.reason else f"/etc/shadow: {problem.reason}"
    return hashes, [Problem(problem.status, told)]


def _is_hash(text: str) -> bool:
    return bool(_HASH.fullmatch(text)) and len(text) <= _LONGEST and text[0] not in "!*"


def _fields(item: Item) -> dict[str, str]:
    """Password fields by name; the first entry of a name counts, as it does at login."""
    found: dict[str, str] = {}
    for line in item.lines:
        user, _, rest = line.partition(":")
        if user and not user.startswith(("+", "-", "#")):
            found.setdefault(user, rest.partition(":")[0])
    return found
