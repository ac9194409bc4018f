"""Ecosystems of OSV that are distributions: which release each is, and whether its packages are source packages.

The list is in https://ossf.github.io/osv-schema/#defined-ecosystems. AlmaLinux is said there to name source packages,
but names binary ones; SUSE names source packages and lists their binaries.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from secops.patches.feeds.suse_products import of_suse
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
)
_PATTERNS = [(re.compile(pattern), product) for pattern, product in _DISTRIBUTIONS]


@lru_cache(1 << 12)
def products_of(ecosystem: str) -> tuple[Product, ...]:
    """The releases that an ecosystem stands for; none when it is none that is known here."""
    for pattern, product in _PATTERNS:
        if found := pattern.fullmatch(ecosystem):
            return (product._replace(release=found["release"]),)
    suse = of_suse(ecosystem)
    product = Product("", "", "rpm", True, suse.channel if suse else "", no_epochs=True, lists_binaries=True)
    return tuple(product._replace(ecosystem=name, release=release) for name, release in (suse.releases if suse else ()))
