"""Products of SUSE by their names, in OSV, OVAL and CSAF alike: on hosts of which releases their packages are.

Since SLE 15 the packages of a release come in modules, which are added to any of the base products; modules and
extensions of SLE 12 may be for all of its service packs. Where a release is held on after its general support, or for
some alone, its fixes come through a channel of its own (LTSS, ESPOS, …), under the name of the release.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

#: An ID of os-release, and the distribution's own word for the release.
Release = tuple[str, str]

#: IDs of base products; hosts of SLES for SAP Applications count as SLES (`hosts.distribution`).
_BASES = {
    "Server": "sles",
    "Server for SAP Applications": "sles",
    "Desktop": "sled",
    "High Performance Computing": "sle_hpc",
    "Real Time": "sle_rt",
}

#: Those that modules are on together with SLES, which stands for all of them.
BESIDE_SLES = frozenset(_BASES.values()) - {"sles"}
_ADDED = "Module for .+|High Availability(?: Extension)?|Workstation Extension|Software Development Kit"
_CHANNEL = "LTSS(?:[- ](?:TERADATA|EXTREME CORE|Extended Security))?|ESPOS|TERADATA|BCL|CHOST-BYOS"
_NAME = re.compile(
    rf"(?:SUSE[ :])?Linux Enterprise (?:(?P<base>{'|'.join(_BASES)})|(?P<added>{_ADDED}))"
    rf" (?P<release>\d+(?:\.\d+)?)(?: SP(?P<pack>\d+))?(?:[- ](?P<channel>{_CHANNEL}))?",
    re.IGNORECASE,
)
_LEAP = re.compile(r"openSUSE[ :]Leap (?P<release>\d+\.\d+)(?: NonFree)?")
_LONGEST = 200

#: The last service pack of a release whose modules name none.
_LAST_PACKS = {"12": 5}


class Platform(NamedTuple):
    """The releases on whose hosts packages of a product may be, and the channel by which its fixes come."""

    releases: tuple[Release, ...]
    channel: str = ""


@lru_cache(1 << 12)
def of_suse(name: str) -> Platform | None:
    """The product of that name (`SUSE Linux Enterprise Server 15 SP3-LTSS`); None when it is none known here."""
    if found := _LEAP.fullmatch(name):
        return Platform((("opensuse-leap", found["release"]),))
    found = _NAME.fullmatch(name) if len(name) <= _LONGEST else None
    if not found:
        return None
    release, pack = found["release"], found["pack"]
    if found["added"]:
        packs = [pack or "", *(map(str, range(1, _LAST_PACKS.get(release, 0) + 1)) if not pack else ())]
        named = [f"{release}.{one}" if one else release for one in packs]
        return Platform(tuple((base, one) for base in dict.fromkeys(_BASES.values()) for one in named))
    base = next(own for own in _BASES if own.lower() == found["base"].lower())
    channel = found["channel"] or ("SAP Applications" if "SAP" in base else "")
    return Platform(((_BASES[base], f"{release}.{pack}" if pack else release),), channel)
