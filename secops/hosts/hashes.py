"""Stored password hashes: evidence in memory only. No table holds them, and a bundle only sealed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from secops.core.secret import Secret
from secops.hosts.evidence import Evidence, Problem, Status
from secops.hosts.section import Files
from secops.hosts.tables import Facts

#: The whole lines, hashes and all. `seal`: only encrypted to the operator's key, where evidence is written to a file.
SHADOW_HASHES = Files("shadow_hashes", ("/etc/shadow",), limit=16 << 20, seal=True)

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


class Hashes(NamedTuple):
    """A host's hashes that can be logged in with, and why they are not whole (None: they are)."""

    stored: Sequence[Stored] = ()
    lack: Problem | None = None


def hashes(evidence: Evidence, tables: Mapping[str, Facts]) -> Hashes:
    """A host's hashes; locked and empty passwords are told by `shadow_meta`."""
    if SHADOW_HASHES.name not in evidence.sections:
        return Hashes(lack=Problem(Status.ABSENT, "the password hashes were not asked for"))
    gecos = {row["user_name"]: row.get("gecos") or "" for row in tables["users"].rows}
    names = tuple(name for row in tables["hosts"].rows if (name := row.get("name")))
    found: dict[str, Stored] = {}  # the first entry of a name counts, as it does at login
    for user, text in _fields(evidence):
        if _HASH.fullmatch(text) and len(text) <= _LONGEST and text[0] not in "!*" and user not in found:
            found[user] = Stored(user, Secret(text.encode()), gecos.get(user, ""), names)
    return Hashes(list(found.values()), evidence.problem(SHADOW_HASHES))


def _fields(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """(name, password field) of each entry."""
    for line in evidence[SHADOW_HASHES.name].only.lines:
        user, _, rest = line.partition(":")
        if user and not user.startswith(("+", "-", "#")):
            yield user, rest.partition(":")[0]
