"""Stored password hashes: evidence in memory only. No table holds them, and a bundle only sealed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from secops.core.secret import Secret
from secops.hosts.evidence import Evidence
from secops.hosts.section import Files
from secops.hosts.tables import Facts

#: The whole lines, hashes and all. `seal`: only encrypted to the operator's key, where evidence is written to a file.
SHADOW_HASHES = Files("shadow_hashes", ("/etc/shadow", "/etc/passwd"), limit=16 << 20, seal=True)

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


def stored(evidence: Evidence, tables: Mapping[str, Facts]) -> list[Stored]:
    """The hashes that can be logged in with; locked and empty passwords are told by `shadow_meta`."""
    gecos = {row["user_name"]: row.get("gecos") or "" for row in tables["users"].rows}
    names = tuple(name for row in tables["hosts"].rows if (name := row.get("name")))
    found = {}
    for user, text in _fields(evidence):
        if _HASH.fullmatch(text) and len(text) <= _LONGEST and text[0] not in "!*" and user not in found:
            found[user] = Stored(user, Secret(text.encode()), gecos.get(user, ""), names)
    return list(found.values())


def _fields(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """(name, password field), of shadow before passwd; the first entry of a name counts, as it does for login."""
    items = sorted(evidence[SHADOW_HASHES.name].files, key=lambda item: item.path != "/etc/shadow")
    for item in items:
        for line in item.lines:
            user, _, rest = line.partition(":")
            if user and not user.startswith(("+", "-", "#")):
                yield user, rest.partition(":")[0]
