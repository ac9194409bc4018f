"""Whose packages a host has: the distribution and its release, in the words that vendors' feeds use."""

from __future__ import annotations

import re
from collections.abc import Mapping

#: Released by major version: packages of 9.3 and 9.4 come from one line.
_BY_MAJOR = frozenset(
    ("almalinux", "rocky", "rhel", "centos", "ol", "anolis", "alinux", "opencloudos", "tencentos", "scientific")
)

#: Feeds know them by another ID.
_ALIASES = {"opensuse": "opensuse-leap", "sles_sap": "sles"}

#: The service packs of Kylin's server V10 carry names in os-release, not numbers.
_KYLIN_NAMES = {"tercel": "SP1", "sword": "SP2", "lance": "SP3", "halberd": "SP3-2403"}

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~+-]{0,31}")
_PACK = re.compile(r"\(\s*((?:LTS)?-?(?:SP\d{1,2})?)\s*\)", re.IGNORECASE)
_KYLIN_PACK = re.compile(r"\bV1\d[ (]{1,3}(SP\d{1,2})(?:[ -](\d{4}))?\b", re.IGNORECASE)
_NAME = re.compile(r"\(([A-Za-z]{1,20})\)")
_UOS = re.compile(r"^(MajorVersion|MinorVersion|EditionName)\s*=\s*([0-9A-Za-z]{1,8})\s*$", re.MULTILINE)


def release_of(os_release: Mapping[str, str], product: str = "") -> tuple[str, str]:
    """(ecosystem, release): the ID of os-release, and 12, 22.04, 9, 3.19, 22.03-LTS-SP3, V10-SP3, 20-1060a, sid, …

    `product` is the text of Kylin's or UOS's own files, which alone tell a service pack for certain. What is not told
    is empty: a release without its service pack is another one, and is never completed by a guess. Never raises.
    """
    name = os_release.get("ID", "").strip().lower()
    ecosystem = _ALIASES.get(name, name) if _PLAIN.fullmatch(name) else ""
    version = os_release.get("VERSION_ID", "").strip()
    if ecosystem == "debian" and not version:  # testing and unstable share their os-release
        return ecosystem, "sid"
    if not ecosystem or not _PLAIN.fullmatch(version):
        return ecosystem, ""
    return ecosystem, _release(ecosystem, version, os_release, product)


def _release(ecosystem: str, version: str, os_release: Mapping[str, str], product: str) -> str:
    said = os_release.get("VERSION", "")[:200]
    if ecosystem in _BY_MAJOR:
        major = version.partition(".")[0]
        return f"{major}-stream" if "stream" in os_release.get("NAME", "").lower() else major
    if ecosystem == "alpine":
        return "edge" if "_alpha" in version else ".".join(version.split(".")[:2])
    if ecosystem in ("openeuler", "euleros"):
        pack = _PACK.search(said)
        return f"{version}-{pack[1].upper().strip('-')}" if pack and pack[1] else version
    if ecosystem == "kylin":
        return _kylin(version.upper(), said, product)
    return _uos(version, product) if ecosystem == "uos" else version


def _kylin(version: str, said: str, product: str) -> str:
    """V10-SP3: by its own files, else by the service pack or its name in VERSION."""
    for text in (product, said):
        if pack := _KYLIN_PACK.search(text):
            return "-".join([version, pack[1].upper(), *([pack[2]] if pack[2] else [])])
    names = [_KYLIN_NAMES[name] for found in _NAME.findall(said) if (name := found.lower()) in _KYLIN_NAMES]
    return f"{version}-{names[0]}" if names and version == "V10" else version


def _uos(version: str, product: str) -> str:
    """20-1060a: the minor version, and the edition, whose packages differ (a, c: by Anolis; e: by openEuler)."""
    told = dict(_UOS.findall(product))
    if "MinorVersion" not in told:
        return version
    return f"{told.get('MajorVersion', version)}-{told['MinorVersion']}{told.get('EditionName', '').lower()}"
