"""Ecosystems of OSV that are distributions: which release each is, and whether its packages are source packages.

The list is in https://ossf.github.io/osv-schema/#defined-ecosystems. AlmaLinux is said there to name source packages,
but names binary ones; SUSE names source packages and lists their binaries.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from secops.patches.statement import Kind


class Product(NamedTuple):
    """A release of a distribution. `words`: what its fixes need (a subscription), in the vendor's words."""

    ecosystem: str
    release: str
    kind: Kind
    by_source: bool
    words: str = ""
    no_epochs: bool = False
    lists_binaries: bool = False


_PRO = "Ubuntu Pro"
_SUSE_PRODUCTS = {"Server": "sles", "Desktop": "sled", "Server for SAP Applications": "sles_sap"}
_MAJOR = r"(?P<release>\d+)(?:\.\d+)*"

#: FIPS and realtime kernels of Ubuntu are other builds, and Red Hat's extended streams are for who subscribed to them:
#: neither stands for the release.
_DISTRIBUTIONS: tuple[tuple[str, Product], ...] = (
    (r"Debian:(?P<release>\d+(?:\.\d+)?|[a-z]+)", Product("debian", "", "dpkg", True)),
    (r"Ubuntu:(?P<release>\d\d\.\d\d)(?::LTS)?", Product("ubuntu", "", "dpkg", True)),
    (r"Ubuntu:Pro:(?P<release>\d\d\.\d\d)(?::LTS)?", Product("ubuntu", "", "dpkg", True, _PRO)),
    (r"Alpine:v?(?P<release>\d+\.\d+|edge)", Product("alpine", "", "apk", True)),
    (rf"AlmaLinux:{_MAJOR}", Product("almalinux", "", "rpm", False)),
    (rf"Rocky Linux:{_MAJOR}", Product("rocky", "", "rpm", True)),
    (rf"Red Hat:enterprise_linux:{_MAJOR}(?:::[a-z_]+)?", Product("rhel", "", "rpm", False)),
    (r"openEuler:(?P<release>\d\d\.\d\d(?:-LTS)?(?:-SP\d+)?)", Product("openeuler", "", "rpm", True, no_epochs=True)),
    (
        r"openSUSE:Leap (?P<release>\d+\.\d+)(?: NonFree)?",
        Product("opensuse-leap", "", "rpm", True, no_epochs=True, lists_binaries=True),
    ),
)
_PATTERNS = [(re.compile(pattern), product) for pattern, product in _DISTRIBUTIONS]
_SUSE = re.compile(
    r"SUSE:Linux Enterprise (?P<product>Server|Desktop|Server for SAP Applications|Module for [A-Za-z0-9 ]+?)"
    r" (?P<release>\d+)(?: SP(?P<pack>\d+))?(?P<ltss>[- ]LTSS)?"
)


@lru_cache(1 << 12)
def product_of(ecosystem: str) -> Product | None:
    """The release that an ecosystem stands for; None when it is none that is known here."""
    for pattern, product in _PATTERNS:
        if found := pattern.fullmatch(ecosystem):
            return product._replace(release=found["release"])
    return _of_suse(ecosystem)


def _of_suse(ecosystem: str) -> Product | None:
    """A module is a part of the server of the same service pack."""
    found = _SUSE.fullmatch(ecosystem)
    if not found:
        return None
    release = f"{found['release']}.{found['pack']}" if found["pack"] else found["release"]
    name = _SUSE_PRODUCTS.get(found["product"], "sles")
    words = "LTSS" if found["ltss"] else ""
    return Product(name, release, "rpm", True, words, no_epochs=True, lists_binaries=True)
