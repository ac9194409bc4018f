"""Names of hot patches: packages of their own that mend one build of another package while it runs.

openEuler's are called `patch-<package>-<version>-<release>-ACC` or `-SGL_<issue>…`; their own version and release count
the patches (`…-ACC-1-3.x86_64.rpm`). ACC ones hold all before them, SGL ones mend the issues they name. SysCare and the
notices `openEuler-HotPatchSA-…` use these names. Red Hat's mend the kernel, and have its version and release with `_`
for `.`, without the tag of the distribution: `kpatch-patch-4_18_0-425_3_1` is for the kernel 4.18.0-425.3.1.el8.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_OPENEULER = re.compile(r"patch-(.+?)-([^-]+)-([^-]+)-(ACC|SGL(?:[-_].+)?)")
_RED_HAT = re.compile(r"kpatch-patch-(\d+(?:_\d+)+-\d+(?:_\d+)*)")
_LONGEST = 300


class HotPatch(NamedTuple):
    """What a hot patch is for: builds of `package` with this version and release; `tagged` when a tag follows there."""

    package: str
    version: str  # version-release, without an epoch
    line: str  # ACC, SGL with its issues, kpatch
    tagged: bool = False


def hot_patch(name: str) -> HotPatch | None:
    """What the package called `name` mends while it runs; None when it is not named like a hot patch."""
    if len(name) > _LONGEST:
        return None
    if found := _RED_HAT.fullmatch(name):
        return HotPatch("kernel", found[1].replace("_", "."), "kpatch", tagged=True)
    found = _OPENEULER.fullmatch(name)
    return HotPatch(found[1], f"{found[2]}-{found[3]}", found[4]) if found else None
