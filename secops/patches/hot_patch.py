"""Names of openEuler's hot patches: packages of their own that mend one build of another package while it runs.

`patch-<package>-<version>-<release>-ACC` or `-SGL_<issue>…` is the name of the package; its own version and release
count the patches (`…-ACC-1-3.x86_64.rpm`). ACC ones hold all before them, SGL ones mend the issues they name.
SysCare and the security notices `openEuler-HotPatchSA-…` use these names.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_NAME = re.compile(r"patch-(.+?)-([^-]+)-([^-]+)-(ACC|SGL(?:[-_].+)?)")
_LONGEST = 300


class HotPatch(NamedTuple):
    """What a hot patch is for: builds of `package` with exactly this version and release."""

    package: str
    version: str  # version-release, as openEuler writes it: without an epoch
    line: str  # ACC, or SGL with its issues


def hot_patch(name: str) -> HotPatch | None:
    """What the package called `name` mends while it runs; None when it is not named like a hot patch."""
    found = _NAME.fullmatch(name) if len(name) <= _LONGEST else None
    return HotPatch(found[1], f"{found[2]}-{found[3]}", found[4]) if found else None
