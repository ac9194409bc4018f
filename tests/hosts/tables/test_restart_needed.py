"""The restart_needed table: what was updated and does not run yet; replaced libraries are in test_running_code."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Status
from secops.hosts.tables import Facts, Row
from secops.hosts.tables.restart_needed import TABLE
from tests.hosts.evidence_kit import Content, derive, evidence
from tests.hosts.tables.test_hosts import listed
from tests.hosts.tables.test_kernels import DEBIAN, DEBIAN_PACKAGES, listing, running
from tests.hosts.tables.test_listening_ports import MOUNTED, records

BOOT = 1_700_000_000
STATUS = "Name:\tsystemd\nPid:\t1\nUid:\t0\t0\t0\t0\nName:\tsshd\nPid:\t100\nUid:\t0\t0\t0\t0\n"
NOTHING = records("M 100 /usr/sbin/sshd\nF 0\n", "none", "end")
RHEL = {"/etc/os-release": 'ID="rocky"\nID_LIKE="rhel"\nVERSION_ID="9.4"\n'}


def facts(*, carrier: str = "local", **more: Content) -> Facts:
    known: dict[str, Content] = {
        "mapped_code": NOTHING, "process_status": STATUS, "mountinfo": {"/proc/self/mountinfo": MOUNTED},
        "kernel_running": running("6.1.0-18-amd64"), "kernel_files": DEBIAN, "landmarks": listed(),
        "dpkg_status": {"/var/lib/dpkg/status": DEBIAN_PACKAGES}, "boot_time": {"/proc/stat": f"btime {BOOT}\n"},
        "os_release": {"/etc/os-release": "ID=debian\nVERSION_ID=12\n"},
    }  # fmt: skip
    return derive(TABLE, evidence(carrier=carrier, **(known | more)))


def only(found: Facts) -> Row:
    (row,) = found.rows
    return row


def rpm(*packages: tuple[str, int]) -> str:
    return "".join(f"{name}\t\t1\t2.el9\tx86_64\t\t\t{when}\t\n" for name, when in packages)


def test_a_host_that_runs_what_is_installed_has_no_row() -> None:
    found = facts()
    assert found.rows == []
    assert {part for part, problems in found.problems.items() if problems} == {"package"}, "no owner was asked for"


def test_an_older_kernel_runs() -> None:
    row = only(facts(kernel_running=running("6.1.0-17-amd64"), kernel_files=DEBIAN))
    assert (row["what"], row["needs"], row["name"], row["newer"]) == (
        "kernel", "reboot", "6.1.0-17-amd64", "6.1.0-18-amd64",
    )  # fmt: skip
    assert row["packages"] == ["linux-image-6.1.0-17-amd64"]


def test_a_kernel_whose_modules_are_gone() -> None:
    files = listing("/lib/modules/6.1.0-18-amd64/kernel", "/boot/vmlinuz-6.1.0-18-amd64")
    row = only(facts(kernel_running=running("6.1.0-19-amd64"), kernel_files=files))
    assert (row["what"], row["name"], row["newer"]) == ("kernel-gone", "6.1.0-19-amd64", None)
    assert facts(kernel_running=running("6.1.0-19-amd64"), kernel_files=b"").rows == [], "a container has no kernels"


def test_marks_and_who_asked() -> None:
    mark = "*** System restart required ***\n"
    pkgs = "linux-image-6.1.0-18-amd64\nlibc6\nlibc6\n../x\n"
    row = only(facts(restart_markers={"/run/reboot-required": mark, "/run/reboot-required.pkgs": pkgs}))
    assert (row["what"], row["name"], row["packages"]) == (
        "marker", "/run/reboot-required", ["libc6", "linux-image-6.1.0-18-amd64"],
    )  # fmt: skip
    assert only(facts(restart_markers={"/run/reboot-needed": ""}))["name"] == "/run/reboot-needed"
    assert facts(restart_markers={"/run/reboot-required.pkgs": pkgs}).rows == [], "nobody asks any more"
    assert facts(restart_markers={"/run/reboot-required": Status.DENIED}).problems[""]


def test_core_packages_that_are_younger_than_the_boot() -> None:
    installed = rpm(("glibc", BOOT + 1), ("systemd", BOOT - 1), ("bash", BOOT + 9), ("kernel-core", BOOT + 9))
    red: dict[str, Content] = {"os_release": RHEL, "dpkg_status": Status.ABSENT, "rpm_query": installed}
    found = facts(**red)
    assert [(row["what"], row["name"]) for row in found.rows] == [("core-package", "glibc")]
    assert found.problems["core"] == []
    more = facts(
        **red, core_packages={"/etc/dnf/plugins/needs-restarting.d/site.conf": "bash\n# remark\nkernel-core\n"}
    )
    assert sorted(row["name"] for row in more.rows) == ["bash", "glibc"]
    assert facts(**(red | {"rpm_query": rpm(("glibc", BOOT - 1))})).rows == []


def test_when_the_boot_was_must_be_known() -> None:
    red: dict[str, Content] = {"os_release": RHEL, "dpkg_status": Status.ABSENT, "rpm_query": rpm(("glibc", BOOT + 1))}
    for more in ({"boot_time": {"/proc/stat": ""}}, {"landmarks": listed("/run/.containerenv")}):
        found = facts(**red, **more)
        assert (found.rows, bool(found.problems["core"])) == ([], True)


def test_processes_that_run_deleted_code() -> None:
    lines = (
        "M 100 /usr/lib/libz.so.1 (deleted)\nU 100 ssh.service\nM 100 /usr/lib/libc.so.6 (deleted)\n"
        "M 1 /usr/lib/libc.so.6 (deleted)\nF 0\n"
    )
    lists = (
        "/var/lib/dpkg/info/dpkg.list:/usr/bin/dpkg\n/var/lib/dpkg/info/zlib1g:amd64.list:/usr/lib/libz.so.1\n"
        "/var/lib/dpkg/info/libc6:amd64.list:/lib/libc.so.6\n"
    )
    found = facts(mapped_code=records(lines, "dpkg", lists, "", "end"))
    rows = {row["name"]: row for row in found.rows}
    assert found.problems["package"] == []
    assert rows["sshd"] | {"source": ""} == {
        "what": "process", "needs": "restart", "name": "sshd", "newer": None, "packages": ["libc6", "zlib1g"],
        "files": ["/usr/lib/libc.so.6", "/usr/lib/libz.so.1"], "pid": 100, "unit": "ssh.service", "source": "",
    }  # fmt: skip
    assert (rows["systemd"]["needs"], rows["systemd"]["packages"]) == ("reboot", ["libc6"])


@pytest.mark.parametrize(
    ("missing", "part"),
    [
        ("restart_markers", ""),
        ("kernel_running", "kernel"),
        ("kernel_files", "kernel"),
        ("dpkg_status", "kernel"),
        ("mapped_code", "process"),
        ("process_status", "process"),
    ],
)
def test_what_was_not_seen_leaves_its_part_open(missing: str, part: str) -> None:
    assert facts(**{missing: Status.FAILED}).problems[part]


def test_an_image_runs_nothing() -> None:
    problems = facts(carrier="root", mapped_code=Status.ABSENT).problems
    assert all(problems[part] for part in ("", "kernel", "process"))


@given(st.binary(max_size=200), st.sampled_from(["restart_markers", "boot_time", "core_packages", "kernel_running"]))
def test_any_bytes_parse_without_raising(raw: bytes, section: str) -> None:
    paths = ("/run/reboot-required", "/run/reboot-required.pkgs", "/proc/stat")
    facts(**{section: dict.fromkeys(paths, raw)}, os_release=RHEL)


def test_long_hostile_content_stays_linear() -> None:
    start = time.process_time()
    long = "x" * 1_000_000 + "\n" + "a\n" * 500_000
    facts(restart_markers={"/run/reboot-required": long, "/run/reboot-required.pkgs": long})
    facts(core_packages={"/x": long}, boot_time={"/proc/stat": long}, os_release=RHEL)
    assert time.process_time() - start < 5
