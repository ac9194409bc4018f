"""Packages that are none of the release's own builds: their versions may be higher than its fix, and yet not mended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from secops.patches.statement import Statement
from tests.patches.match_kit import ALMA, brief, deb, feed, matched, rpm, said, said_rpm

FIX = "7.88.1-10+deb12u6"
STRANGE = "built for another release, or by somebody else"
UBUNTU = {"ecosystem": "ubuntu", "release": "22.04"}

#: What Debian says of a flaw of curl in bookworm, trixie and sid.
CURL = [said("curl", FIX), said("curl", "8.6.0-1", release="13"), said("curl", "8.6.0-1", release="sid")]


def statuses(tmp_path: Path, told: list[Statement], packages: list[dict[str, Any]], release: Any) -> list[Any]:
    return brief(matched([feed(tmp_path, "a", told)], {"h": packages}, release), "status", "words")


@pytest.mark.parametrize(
    ("installed", "expect"),
    [
        ("8.5.0-2~bpo12+1", [("unknown", STRANGE)]),
        ("8.5.0-2", [("unknown", STRANGE)]),
        ("8.6.0-1~bpo12+1", []),
        ("8.7.0-1", []),
        ("7.88.1-10+deb12u6", []),
        ("7.88.1-10+deb12u7", []),
        ("7.88.1-11", []),
        ("8.4.0-1~deb12u1", []),  # the release went on to it
        ("7.88.1-10+deb12u5", [("fixed-available", None)]),
        ("7.80.0-1~bpo12+1", [("fixed-available", None)]),
    ],
)
def test_of_a_backport_the_fix_of_newer_releases_decides(tmp_path: Path, installed: str, expect: list[Any]) -> None:
    assert statuses(tmp_path, CURL, [deb("curl", installed)], {"ecosystem": "debian", "release": "12"}) == expect


@pytest.mark.parametrize(
    ("installed", "expect"),
    [
        ("8.6.0-1~bpo12+1", ["unknown"]),
        ("8.5.0-2", ["unknown"]),
        ("8.26.1-2~bookworm", ["unknown"]),
        ("8.2.1-1.pgdg120+1", ["unknown"]),
        ("8.2.20-1+0~20240606.1+debian12~1.gbp1b2c", ["unknown"]),
        ("8.5.0-2ubuntu10", ["unknown"]),
        ("8.14.1-2+deb13u2", ["unknown"]),
        ("7.88.1-10+deb12u6", []),
        ("7.88.1-10+deb12u8", []),
        ("7.88.1-10+deb12u8~local1", []),
    ],
)
def test_where_no_newer_release_is_told_of_a_stranger_is_unknown(
    tmp_path: Path, installed: str, expect: list[str]
) -> None:
    found = statuses(tmp_path, CURL[:1], [deb("curl", installed)], {"ecosystem": "debian", "release": "12"})
    assert [status for status, _ in found] == expect


def test_a_version_that_the_release_began_with_is_its_own(tmp_path: Path) -> None:
    """Mended before the release was made: no update tells which upstream version it has."""
    told = [said("curl", "7.70.0-1"), said("curl", "7.70.0-1", release="13")]
    assert statuses(tmp_path, told, [deb("curl", "7.88.1-10")], {"ecosystem": "debian", "release": "12"}) == []


def test_a_kernel_of_the_release_itself_has_a_version_without_its_mark(tmp_path: Path) -> None:
    told = [said("linux", "6.1.90-1"), said("linux", "6.8.9-1", release="sid")]
    signed = {"source_name": "linux-signed-amd64", "source_version": "6.1.115+1"}
    own = deb("linux-image-6.1.0-27-amd64", "6.1.115-1", **signed)
    backport = deb("linux-image-6.7.12+bpo-amd64", "6.7.12-1~bpo12+1", **signed)
    rows = matched([feed(tmp_path, "a", told)], {"h": [own, backport]})
    assert brief(rows, "installed", "status", "words") == [("6.7.12-1~bpo12+1", "unknown", STRANGE)]


@pytest.mark.parametrize(
    ("sid", "expect"),
    [
        (said("curl", "8.6.0-1", release="sid"), [("unknown", STRANGE)]),
        (said("curl", release="sid"), [("unknown", STRANGE)]),
        (said("curl", "8.4.0-1", release="sid"), []),
        (said("curl", release="sid", status="not-affected"), []),
        (said("curl", "8.6.0-1", release="11"), []),
        (said("curl", "8.6.0-1", release="sid", ecosystem="ubuntu"), []),
    ],
)
def test_of_a_backport_counts_what_only_newer_releases_are_told_to_have(
    tmp_path: Path, sid: Statement, expect: list[Any]
) -> None:
    told = [said("curl", "7.1", flaws=("CVE-2026-2",), release="13"), sid]
    here = {"ecosystem": "debian", "release": "12"}
    assert statuses(tmp_path, told, [deb("curl", "8.5.0-2~bpo12+1")], here) == expect
    assert statuses(tmp_path, told, [deb("curl", "8.5.0-2+deb12u1")], here) == []


def test_that_the_release_is_not_affected_says_nothing_of_a_backport(tmp_path: Path) -> None:
    here = {"ecosystem": "debian", "release": "12"}
    spared = said("curl", status="not-affected")
    told = [spared, said("curl", "8.6.0-1", release="sid")]
    for version, expect in (("8.5.0-2~bpo12+1", "unknown"), ("8.6.0-2~bpo12+1", "not-affected"),
                            ("7.88.1-10", "not-affected")):  # fmt: skip
        assert [status for status, _ in statuses(tmp_path, told, [deb("curl", version)], here)] == [expect]


def test_what_was_built_for_a_newer_release_is_measured_by_its_fix(tmp_path: Path) -> None:
    told = [said("curl", FIX), said("curl", "8.14.1-2+deb13u1", release="13"), said("curl", "8.16.0-1", release="sid")]
    here = {"ecosystem": "debian", "release": "12"}
    for version, expect in (("8.14.1-2+deb13u1", []), ("8.14.1-2+deb13u1~bpo12+1", []),
                            ("8.15.0-1~bpo12+1", ["unknown"])):  # fmt: skip
        assert [status for status, _ in statuses(tmp_path, told, [deb("curl", version)], here)] == expect


@pytest.mark.parametrize(
    ("installed", "expect"),
    [
        ("8.5.0-2ubuntu10.1", ["unknown"]),
        ("8.5.0-2ubuntu10.6~22.04.1", []),  # the release went on to it
        ("7.81.0-1ubuntu1.16", []),
        ("7.81.0-1ubuntu1.20", []),
        ("8.5.0-0ubuntu0.24.04.1", ["unknown"]),
        ("8.5.0-1~bpo22.04.1", ["unknown"]),
        ("7.81.0-1ubuntu1.15", ["fixed-available"]),
    ],
)
def test_of_ubuntu_as_well(tmp_path: Path, installed: str, expect: list[str]) -> None:
    told = [said("curl", "7.81.0-1ubuntu1.16", **UBUNTU), said("curl", "8.5.0-2ubuntu10.2", ecosystem="ubuntu",
                                                               release="24.04")]  # fmt: skip
    assert [status for status, _ in statuses(tmp_path, told, [deb("curl", installed)], UBUNTU)] == expect


def host(vendor: str | None, *, own: str = "AlmaLinux", version: str = "9-1.el9") -> list[dict[str, Any]]:
    """A host of packages that one vendor built, and one of `vendor`."""
    packages = [rpm(name, "1-1.el9", vendor=own) for name in ("bash", "glibc", "a", "b", "c")]
    return [*packages, rpm("php", version, vendor=vendor)]


@pytest.mark.parametrize(
    ("vendor", "version", "expect"),
    [
        ("Remi's RPM repository <https://rpms.remirepo.net/>", "9-1.el9", ["unknown"]),
        ("Fedora Project", "9-1.el9", ["unknown"]),
        ("Fedora Project", "7-1.el9", ["fixed-available"]),
        ("AlmaLinux", "9-1.el9", []),
        ("AlmaLinux OS Foundation", "9-1.el9", []),
        (None, "9-1.el9", []),
        (None, "9-1.el9.remi", ["unknown"]),
        ("AlmaLinux", "9-1.el8", ["unknown"]),
        ("AlmaLinux", "9-1.fc40", ["unknown"]),
        ("AlmaLinux", "9-1.module_el9.4.0+100", []),
        ("AlmaLinux", "7-1.el8", ["fixed-available"]),
    ],
)
def test_what_somebody_else_built_is_not_mended_by_the_distributions_fix(
    tmp_path: Path, vendor: str | None, version: str, expect: list[str]
) -> None:
    told = [said_rpm("php", "8-1.el9")]
    found = statuses(tmp_path, told, host(vendor, version=version), ALMA)
    assert [status for status, _ in found] == expect
    if expect == ["unknown"]:
        assert found[0][1] == STRANGE


def test_suse_goes_by_two_names_and_its_build_service_is_everybodys(tmp_path: Path) -> None:
    leap = {"ecosystem": "opensuse-leap", "release": "15.6"}
    told = [said_rpm("php", "8-1", **leap)]
    for vendor, expect in (("openSUSE", []), ("obs://build.opensuse.org/home:ann", ["unknown"])):
        found = statuses(tmp_path, told, host(vendor, own="SUSE LLC <https://www.suse.com/>", version="9-1"), leap)
        assert [status for status, _ in found] == expect


def test_one_host_says_nothing_of_who_built_anothers_packages(tmp_path: Path) -> None:
    remi = "Remi's RPM repository"
    hosts = {"a": host(remi), "b": [rpm("bash", "1-1.el9", vendor=remi), rpm("php", "9-1.el9", vendor=remi)],
             "c": [rpm("php", "9-1.el9", vendor=remi)]}  # fmt: skip
    rows = matched([feed(tmp_path, "a", [said_rpm("php", "8-1.el9")])], hosts, ALMA)
    assert brief(rows, "host", "status") == [("a", "unknown")]
