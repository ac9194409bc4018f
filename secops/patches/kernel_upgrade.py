"""What to install for a newer kernel, where that is a package of another name: told from names alone. Pure.

In Debian and Ubuntu the name of a kernel's package holds its version: `linux-image-6.1.0-27-amd64` is never upgraded to
the next one. `linux-image-amd64`, which holds no code, always depends on the newest of its flavour.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: 6.1.0-27-amd64, 6.1.0-0.deb11.25-686-pae, 6.12.41+deb13-amd64, 6.13-rc6-amd64, 5.15.0-1034-intel-iotg
_VERSIONED = re.compile(
    r"linux-(?:image|modules)(?:-[a-z]+)*-(?:\d[\d.]*\+[a-z0-9.]+|\d[\d.]*-rc\d+|\d[\d.]*-\d[\w.]*)"
    r"-([a-z0-9][a-z0-9-]*?)(?:-unsigned)?"
)

#: Packages that may bring a kernel, for Python and DuckDB: linux-image-cloud-amd64, linux-generic-hwe-22.04-edge.
BRINGS = r"linux-(image-)?([a-z0-9]+(?:-[a-z0-9]+)*?)(-hwe-\d\d\.\d\d)?(-edge)?"
_BRINGS = re.compile(BRINGS)

#: Where a package of the flavour's name is in the archive, though a host may not have it.
_KNOWN = ("debian", "ubuntu")


def upgrade(name: str, source: str, ecosystem: str, release: str, installed: Iterable[str]) -> str:
    """The package to install instead of a newer `name`; `name` itself where nothing else is known.

    `source` is the source package of `name`. `installed` are names of the host's packages: of those that bring kernels
    of its flavour the one is taken that is of the same line (hwe or not).
    """
    found = _VERSIONED.fullmatch(name)
    if not found:
        return name
    flavours = (found[1], "virtual") if found[1] == "generic" else (found[1],)
    hwe = "-hwe" in source
    known = [one for other in installed if (one := _BRINGS.fullmatch(other)) and one[2] in flavours]
    if known:
        return min(known, key=lambda one: (bool(one[3]) != hwe, not one[1], bool(one[4]), one[0]))[0]
    if ecosystem not in _KNOWN:
        return name
    return f"linux-image-{found[1]}" + (f"-hwe-{release}" if hwe else "")
