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
    assert found.problems == {"": [], "running": [], "newer": []}
    assert list(found.rows) == [
        {
            "release": "6.1.0-17-amd64", "running": False, "has_modules": True, "has_image": False,
            "package": "linux-image-6.1.0-17-amd64", "package_version": "6.1.69-1", "build": None,
            "newer": "6.1.0-18-amd64",
        },
        {
            "release": "6.1.0-18-amd64", "running": True, "has_modules": True, "has_image": True,
            "package": "linux-image-unsigned-6.1.0-18-amd64", "package_version": "6.1.76-1", "build": BUILD,
            "newer": None,
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


def kernels(*releases: str) -> bytes:
    """Modules and an image of each."""
    return listing(*(path for name in releases for path in (f"/lib/modules/{name}/kernel", f"/boot/vmlinuz-{name}")))


def newer(found: Facts) -> dict[str, str]:
    return {row["release"]: row["newer"] for row in found.rows if row["newer"]}


@pytest.mark.parametrize(
    "ascending",
    [
        ("6.1.0-9-amd64", "6.1.0-10-amd64", "6.1.0-25-amd64"),
        ("6.1.0-0.deb11.21-amd64", "6.1.0-25-amd64", "6.10.11+bpo-amd64", "6.12.41+deb13-amd64"),
        ("6.12~rc6-amd64", "6.12.5-amd64"),
        ("5.15.0-99-generic", "5.15.0-101-generic", "6.8.0-45-generic"),
        ("5.14.21-150400.24.9-default", "5.14.21-150400.24.100-default"),
        ("6.6.9-0-lts", "6.6.30-0-lts", "6.6.30-1-lts"),
        ("6.1.0-25-686-pae", "6.1.0-26-686-pae"),
        ("6.1.9", "6.1.10"),
    ],
)
def test_the_newest_of_a_flavour_is_named(ascending: tuple[str, ...]) -> None:
    assert newer(facts(kernel_files=kernels(*ascending))) == dict.fromkeys(ascending[:-1], ascending[-1])


@pytest.mark.parametrize(
    "others",
    [
        ("6.1.0-21-amd64", "6.1.0-25-cloud-amd64", "6.1.0-25-rt-amd64"),
        ("6.1.0-21-686", "6.1.0-25-686-pae"),
        ("6.6.30-0-lts", "6.6.31-0-virt"),
        ("5.14.0-70.el9.x86_64", "5.14.0-80.el9.x86_64+debug"),
        ("6.1.0-21-amd64", "6.1.90"),
        ("5.10.1-1.x86_64", "5.10.2-1.x86_64"),  # of no package: they may be anybody's
    ],
)
def test_another_flavour_is_no_successor(others: tuple[str, ...]) -> None:
    assert newer(facts(kernel_files=kernels(*others))) == {}


def test_rpm_kernels_of_one_package_succeed_each_other() -> None:
    found = facts(
        kernel_files=kernels(
            "4.18.0-80.el8.x86_64", "4.18.0-553.el8_10.x86_64", "5.15.0-100.el8uek.x86_64",
            "5.4.280-1.el8.elrepo.x86_64", "6.10.1-1.el8.elrepo.x86_64", "4.19.90-52.22.v2207.ky10.x86_64",
        ),
        rpm_query=rpm(
            ("kernel", "4.18.0", "80.el8"), ("kernel-core", "4.18.0", "553.el8_10"),
            ("kernel-uek-core", "5.15.0", "100.el8uek"), ("kernel-lt", "5.4.280", "1.el8.elrepo"),
            ("kernel-ml", "6.10.1", "1.el8.elrepo"),
        ),
    )  # fmt: skip
    assert newer(found) == {"4.18.0-80.el8.x86_64": "4.18.0-553.el8_10.x86_64"}
    assert found.problems["newer"] == []


def test_what_cannot_be_started_is_no_successor() -> None:
    left = listing("/boot/vmlinuz-6.1.0-25-amd64", "/lib/modules/6.1.0-26-amd64/kernel")
    assert newer(facts(kernel_files=kernels("6.1.0-21-amd64") + left)) == {}


def test_without_the_packages_it_is_not_known_which_kernels_belong_together() -> None:
    found = facts(kernel_files=kernels("4.18.0-80.el8.x86_64"), rpm_query=Status.TIMEOUT)
    assert Status.TIMEOUT in [problem.status for problem in found.problems["newer"]]
    assert found.problems[""] == []


@given(st.lists(st.from_regex(r"[1-9]\d{0,30}\.\d[0-9a-zA-Z.~+_-]{0,20}", fullmatch=True), max_size=6))
def test_no_kernel_has_itself_or_an_older_one_as_successor(releases: list[str]) -> None:
    found = newer(facts(kernel_files=kernels(*releases)))
    assert all(release != other and other not in found for release, other in found.items())


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
