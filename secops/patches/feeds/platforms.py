"""Releases of distributions as feeds write them: CPE names, and the names that OVAL gives to platforms."""

from __future__ import annotations

import re

from secops.patches.feeds.suse_products import Platform, Release, of_suse

_PLATFORMS = (
    ("anolis", r"Anolis OS (?P<release>\d+)(?:\.\d+)?"),
    ("rhel", r"Red Hat Enterprise Linux (?P<release>\d+)"),
    ("ol", r"Oracle Linux (?P<release>\d+)"),
    ("almalinux", r"AlmaLinux (?P<release>\d+)"),
    ("rocky", r"Rocky Linux (?P<release>\d+)"),
    ("centos", r"CentOS (?:Linux )?(?P<release>\d+)"),
    ("debian", r"Debian (?:GNU/Linux )?(?P<release>\d+)"),
    ("ubuntu", r"Ubuntu (?P<release>\d\d\.\d\d)(?: LTS)?(?: \([a-z ]+\))?"),
)
_PATTERNS = [(ecosystem, re.compile(pattern)) for ecosystem, pattern in _PLATFORMS]

#: Red Hat's products that hold one minor release on after the others went on: what they mend is for that one only.
_HELD = ("rhel_eus", "rhel_aus", "rhel_e4s", "rhel_tus", "rhel_eus_long_life", "enterprise_linux_eus")
_NUMBERS = re.compile(r"(\d+)(?:\.(\d+))?")
_OPENEULER = re.compile(r"\d\d\.\d\d(?:-LTS)?(?:-SP\d+)?")
_OPENEULER_TAG = re.compile(r"\.oe(\d\d)(\d\d)(?:sp(\d+))?(?![0-9a-z])")


def of_platform(name: str) -> Platform | None:
    """What OVAL calls `SUSE Linux Enterprise Server 15 SP3`; None when it is none that is known here."""
    for ecosystem, pattern in _PATTERNS:
        if found := pattern.fullmatch(name):
            return Platform(((ecosystem, found["release"]),))
    return of_suse(name)


def of_cpe(cpe: str) -> Release | None:
    """The release that a CPE name (2.2 or 2.3) stands for; None when it is none that is known here.

    RHEL is its major release, but for its extended streams: `cpe:/a:redhat:rhel_eus:8.8::appstream` is 8.8.
    """
    parts = cpe.removeprefix("cpe:2.3:").removeprefix("cpe:/").split(":")
    _, vendor, product, version = (*parts, "", "", "", "")[:4]
    if (vendor.lower(), product.lower()) == ("openeuler", "openeuler"):
        return ("openeuler", version) if _OPENEULER.fullmatch(version) else None
    numbers = _NUMBERS.fullmatch(version)
    if vendor != "redhat" or not numbers:
        return None
    if product in ("enterprise_linux", "rhel_els"):
        return "rhel", numbers[1]
    return ("rhel", version) if product in _HELD and numbers[2] else None


def tagged_for_another(release: str, version: str) -> bool:
    """Whether a version carries the tag of another release of openEuler: `.oe2203sp3` is for 22.03-LTS-SP3 only."""
    digits = re.match(r"(\d\d)\.(\d\d)(?:-LTS)?(?:-SP(\d+))?", release)
    tags = _OPENEULER_TAG.findall(version)
    return bool(tags) and (digits is None or any(tag != digits.groups("") for tag in tags))
