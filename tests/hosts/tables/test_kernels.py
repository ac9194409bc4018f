"""The kernels table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Status
from secops.hosts.listing import record
from secops.hosts.tables import Facts
from secops.hosts.tables.kernels import OSRELEASE, PROC_VERSION, TABLE
from tests.hosts.evidence_kit import Content, derive, evidence

BUILD = "Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org) #1 SMP Debian 6.1.76-1 (2024-02-01)"


def facts(*, carrier: str = "local", **contents: Content) -> Facts:
    return derive(TABLE, evidence(carrier=carrier, **contents))


def running(release: str) -> dict[str, bytes | str | Status]:
    return {OSRELEASE: release + "\n", PROC_VERSION: BUILD + "\n"}


def listing(*paths: str) -> bytes:
    modes = (0o100644 if "vmlinu" in path else 0o040755 for path in paths)
    return b"".join(record(path.encode(), (mode, 0, 0, 4096, 0)) for path, mode in zip(paths, modes, strict=True))


def rpm(*packages: tuple[str, str, str]) -> str:
    lines = (f"{name}\t\t{version}\t{release}\tx86_64\t\t\t1700000000\t" for name, version, release in packages)
    return "\n".join(lines) + "\n"


def owners(found: Facts) -> dict[str, str | None]:
    return {row["release"]: row["package"] for row in found.rows}


DEBIAN = listing(
    "/lib/modules/6.1.0-17-amd64/kernel", "/usr/lib/modules/6.1.0-17-amd64/kernel",
    "/lib/modules/6.1.0-18-amd64/kernel", "/usr/lib/modules/6.1.0-18-amd64/kernel",
    "/boot/vmlinuz-6.1.0-18-amd64", "/boot/vmlinuz-6.1.0-18-amd64.old",
)  # fmt: skip
DEBIAN_PACKAGES = """\
Package: linux-image-6.1.0-17-amd64
Status: install ok installed
Version: 6.1.69-1

Package: linux-image-unsigned-6.1.0-18-amd64
Status: install ok installed
Version: 6.1.76-1

Package: linux-image-amd64
Status: install ok installed
Version: 6.1.76-1
"""


def test_the_running_kernel_and_an_older_one() -> None:
    found = facts(
        kernel_running=running("6.1.0-18-amd64"),
        kernel_files=DEBIAN,
        dpkg_status={"/var/lib/dpkg/status": DEBIAN_PACKAGES},
    )
    assert found.problems == {"": [], "running": []}
    assert list(found.rows) == [
        {
            "release": "6.1.0-17-amd64", "running": False, "has_modules": True, "has_image": False,
            "package": "linux-image-6.1.0-17-amd64", "package_version": "6.1.69-1", "build": None,
        },
        {
            "release": "6.1.0-18-amd64", "running": True, "has_modules": True, "has_image": True,
            "package": "linux-image-unsigned-6.1.0-18-amd64", "package_version": "6.1.76-1", "build": BUILD,
        },
    ]  # fmt: skip


def test_in_a_container_the_running_kernel_is_not_installed() -> None:
    (row,) = facts(kernel_running=running("5.10.0-60.18.0.50.oe2203.x86_64")).rows
    assert (row["running"], row["has_modules"], row["has_image"], row["package"]) == (True, False, False, None)


def test_an_image_does_not_know_what_runs() -> None:
    found = facts(carrier="root", kernel_files=DEBIAN)
    assert {row["running"] for row in found.rows} == {None}
    assert found.problems[""] == []
    assert [problem.reason for problem in found.problems["running"]] == ["a mounted image runs no kernel"]


@pytest.mark.parametrize(
    "seen", [Status.DENIED, Status.FAILED, {PROC_VERSION: BUILD}, {OSRELEASE: "", PROC_VERSION: BUILD}, Status.ABSENT]
)
def test_a_live_host_that_hides_its_kernel_is_not_whole(seen: Content) -> None:
    found = facts(kernel_running=seen, kernel_files=DEBIAN)
    assert {row["running"] for row in found.rows} == {None}
    assert found.problems["running"]


def test_rpm_kernels_are_owned_by_the_package_with_the_files() -> None:
    found = facts(
        kernel_files=listing(
            "/lib/modules/5.14.0-70.el9.x86_64/kernel", "/lib/modules/5.14.0-70.el9.x86_64/vmlinuz",
            "/lib/modules/5.14.0-70.el9.x86_64+debug/kernel", "/lib/modules/5.14.21-150400.22-default/kernel",
            "/lib/modules/5.10.0-60.18.0.50.oe2203.x86_64/kernel", "/boot/vmlinuz-0-rescue-0123456789abcdef",
            "/lib/modules/5.15.0-100.el8uek.x86_64/kernel",
        ),
        rpm_query=rpm(
            ("kernel-headers", "5.14.0", "70.el9"), ("kernel-debug-core", "5.14.0", "70.el9"),
            ("kernel", "5.14.0", "70.el9"), ("kernel-core", "5.14.0", "70.el9"), ("kernel-devel", "5.14.0", "70.el9"),
            ("kernel-default", "5.14.21", "150400.22.1"), ("kernel", "5.10.0", "60.18.0.50.oe2203"),
            ("kernel-uek", "5.15.0", "100.el8uek"), ("kernel-uek-core", "5.15.0", "100.el8uek"),
        ),
    )  # fmt: skip
    assert owners(found) == {
        "5.14.0-70.el9.x86_64": "kernel-core",
        "5.14.0-70.el9.x86_64+debug": "kernel-debug-core",
        "5.14.21-150400.22-default": "kernel-default",
        "5.10.0-60.18.0.50.oe2203.x86_64": "kernel",
        "5.15.0-100.el8uek.x86_64": "kernel-uek-core",
    }
    assert [row["release"] for row in found.rows if row["has_image"]] == ["5.14.0-70.el9.x86_64"]


def test_alpine_names_an_image_after_its_flavour() -> None:
    found = facts(
        kernel_running=running("6.6.29-0-lts"),
        kernel_files=listing("/lib/modules/6.6.30-0-lts/kernel", "/boot/vmlinuz-lts"),
        apk_installed={"/lib/apk/db/installed": "P:linux-lts\nV:6.6.30-r0\nA:x86_64\no:linux-lts\n\n"},
    )
    assert [(row["release"], row["running"], row["has_image"], row["package"]) for row in found.rows] == [
        ("6.6.29-0-lts", True, False, None),
        ("6.6.30-0-lts", False, True, "linux-lts"),
    ]


def test_what_a_removed_kernel_leaves_behind_is_not_a_kernel() -> None:
    left = listing("/lib/modules/6.1.0-16-amd64/updates", "/lib/modules/extramodules/kernel", "/boot/vmlinuz-x")
    assert list(facts(kernel_files=left).rows) == []


def test_a_boot_directory_that_is_closed_is_not_whole() -> None:
    found = facts(kernel_files={"": DEBIAN, "/boot/vmlinuz-*": Status.DENIED})
    assert found.problems[""][0].status is Status.DENIED


def test_a_broken_listing_is_told() -> None:
    assert facts(kernel_files=DEBIAN + b"x\0").problems[""][0].reason.endswith("does not parse")


@given(st.binary(max_size=300), st.binary(max_size=60), st.sampled_from(["local", "root"]))
def test_any_bytes_parse_without_raising(raw: bytes, name: bytes, carrier: str) -> None:
    path = b"/boot/vmlinuz-" + name.replace(b"\0", b"")
    facts(
        carrier=carrier,
        kernel_files=record(path, (0o100644, 0, 0, 0, 0)) + raw,
        kernel_running={OSRELEASE: raw, PROC_VERSION: raw},
        dpkg_status={"/var/lib/dpkg/status": b"Package: linux-image-" + raw},
    )
