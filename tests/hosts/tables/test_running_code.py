"""The running_code table: what maps which package's code, and which deleted files do not matter."""

import ctypes
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Status, decode
from secops.hosts.script import generate
from secops.hosts.tables import Facts, Row
from secops.hosts.tables.restart_needed import TABLE as RESTART
from secops.hosts.tables.running_code import TABLE
from tests.hosts.evidence_kit import derive, evidence
from tests.hosts.tables.live_kit import Shell, collect, denied_at_most, running, shells
from tests.hosts.tables.test_listening_ports import MOUNTED, line, records, sockets
from tests.testroot import OPS, TestHost

STATUS = (
    "Name:\tsshd\nPid:\t100\nUid:\t0\t0\t0\t0\nName:\tsshd\nPid:\t101\nUid:\t1000\t1000\t1000\t1000\n"
    "Name:\tdbd\nPid:\t200\nUid:\t27\t27\t27\t27\n"
)
LINES = """\
M 100 /usr/sbin/sshd
M 100 /usr/lib/x86_64-linux-gnu/libcrypto.so.3 (deleted)
U 100 ssh.service
M 100 /usr/lib/x86_64-linux-gnu/libc.so.6
M 100 /usr/lib/x86_64-linux-gnu/libm.so.6
M 101 /usr/sbin/sshd
M 200 /opt/db/dbd
F 0
"""
DPKG = """\
/var/lib/dpkg/info/dpkg.list:/usr/bin/dpkg
/var/lib/dpkg/info/openssh-server.list:/usr/sbin/sshd
/var/lib/dpkg/info/libssl3:amd64.list:/usr/lib/x86_64-linux-gnu/libcrypto.so.3
/var/lib/dpkg/info/libc6:amd64.list:/lib/x86_64-linux-gnu/libc.so.6
/var/lib/dpkg/info/libc6:amd64.list:/lib/x86_64-linux-gnu/libm.so.6
"""
OPEN = sockets(line("tcp", "00000000:0016", "0A", 11), line("tcp", "0100007F:1F90", "0A", 12))
HELD = records("socket", "1", "11", "socket", "100", "11", "socket", "200", "12", "owners", "", "", "", "end")


def facts(lines: str = LINES, *answer: str, mapped: bytes | Status | None = None, **more: object) -> Facts:
    content = records(lines, *(answer or ("dpkg", DPKG, "", "end"))) if mapped is None else mapped
    known = {
        "mapped_code": content, "process_status": STATUS, "sockets": OPEN, "socket_holders": HELD,
        "mountinfo": {"/proc/self/mountinfo": MOUNTED},
    }  # fmt: skip
    return derive(TABLE, evidence(**(known | more)))


def by_package(found: Facts) -> dict[object, Row]:
    return {row["package"]: row for row in found.rows}


def test_a_row_for_each_package_and_program() -> None:
    found = facts()
    assert found.problems == {"": [], "package": [], "listening": [], "containers": []}
    rows = by_package(found)
    assert len(rows) == len(found.rows) == 4
    assert rows["openssh-server"] == {
        "package": "openssh-server", "path": "/usr/sbin/sshd", "files": 1, "program": "sshd", "pid": 100,
        "unit": "ssh.service", "processes": 2, "as_root": True, "listening": True, "deleted": False,
    }  # fmt: skip
    assert (rows["libc6"]["path"], rows["libc6"]["files"]) == ("/usr/lib/x86_64-linux-gnu/libc.so.6", 2)
    assert (rows["libssl3"]["deleted"], rows["libssl3"]["path"]) == (True, "/usr/lib/x86_64-linux-gnu/libcrypto.so.3")
    db = rows[None]
    assert (db["path"], db["as_root"], db["listening"]) == ("/opt/db/dbd", False, False), "it listens for itself only"


def test_what_any_of_the_holders_of_a_socket_runs_is_reached() -> None:
    """systemd opens it first and stays the holder with the lowest number."""
    assert by_package(facts())["openssh-server"]["listening"] is True
    first = records("socket", "1", "11", "socket", "200", "12", "owners", "", "", "", "end")
    assert by_package(facts(socket_holders=first))["openssh-server"]["listening"] is False
    denied = facts(socket_holders=Status.DENIED)
    assert by_package(denied)["openssh-server"]["listening"] is None
    assert denied.problems["listening"]
    assert denied.problems[""] == []


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("/usr/lib/libz.so.1", True),
        ("/opt/app/run", True),
        ("/home/u/app/.libs/x.so", True),
        ("/memfd:libffi", False),
        ("/dev/zero", False),
        ("/dev/shm/x", False),
        ("/SYSV00000000", False),
        ("/drm mm object", False),
        ("/[aio]", False),
        ("/tmp/jna123.so", False),
        ("/var/tmp/x.so", False),
        ("/run/user/1000/orcexec.a", False),
        ("/home/u/ffiAbC123", False),
        ("/home/u/.cache/jit/x.so", False),
    ],
)
def test_deleted_files_that_were_made_only_to_be_mapped_do_not_count(path: str, counts: bool) -> None:
    found = facts(f"M 200 {path} (deleted)\nM 100 {path}\nF 0\n")
    assert [row["path"] for row in found.rows if row["deleted"]] == ([path] if counts else [])
    assert [row["path"] for row in found.rows if not row["deleted"]] == [path], "it is there: it is what it is"


@pytest.mark.parametrize(
    ("answer", "package"),
    [
        (("apk", "P:openssh-server\nR:/usr/sbin/sshd\nN:20\n", "end"), "openssh-server"),
        (("rpm", "/usr/bin/rpm", "rpm\t0\t\t\t\t\t0\t/usr/bin/rpm\t\nopenssh\t0\t\t\t\t\t0\t/usr/sbin/sshd\t\n", "end"),
         "openssh"),
    ],
)  # fmt: skip
def test_apk_and_rpm_answer_as_well(answer: tuple[str, ...], package: str) -> None:
    found = facts(LINES, *answer)
    assert found.problems["package"] == []
    assert by_package(found)[package]["processes"] == 2


def test_what_is_not_whole_is_told() -> None:
    cut = facts(mapped=records(LINES, "dpkg", DPKG))
    assert [problem.reason for problem in cut.problems[""]] == ["the list of mapped files is not whole"]
    for mapped in (b"", records("odd"), records(LINES, "dpkg", "end"), records(LINES, "odd", "end")):
        assert facts(mapped=mapped).problems[""]
    assert facts("F 0\n").problems[""][0].reason == "no process maps a file"
    assert facts(mapped=Status.DENIED).problems[""][0].status is Status.DENIED
    none = facts(LINES, "none", "end")
    assert (none.problems[""], none.problems["package"][0].status) == ([], Status.ABSENT)
    mute = facts(LINES, "dpkg", "", "", "end")
    assert (mute.problems[""], mute.problems["package"][0].reason) == ([], "the database of dpkg does not answer")
    others = facts(LINES.replace("F 0", "F 3"))
    assert (others.problems[""], others.problems["containers"][0].reason[-3:]) == ([], ": 3")
    assert derive(TABLE, evidence(carrier="root")).problems[""]
    hiding = {"/proc/self/mountinfo": MOUNTED.replace("proc proc rw", "proc proc rw,hidepid=2")}
    assert facts(mountinfo=hiding, uid=1000).problems[""][0].status is Status.DENIED


def test_a_process_that_ended_meanwhile_has_no_name() -> None:
    (row,) = facts("M 999 /usr/sbin/sshd\nF 0\n").rows
    assert (row["program"], row["as_root"]) == (None, None)


def test_long_hostile_content_stays_linear() -> None:
    start = time.process_time()
    many = "".join(f"M {pid} /{'a/' * 50}{pid}.so (deleted)\n" for pid in range(20_000))
    for lines in (many, "M 1 " + "/" * 1_000_000, "M 1 /" + "ffi" * 300_000 + " (deleted)", "U 1 x\n" * 100_000):
        facts(lines)
        facts(mapped=lines.encode())
    assert time.process_time() - start < 5


@given(st.binary(max_size=300), st.text(max_size=100))
def test_any_bytes_parse_without_raising(raw: bytes, text: str) -> None:
    facts(mapped=raw)
    facts(LINES + text, "dpkg", text, text, "end")
    facts(mapped=records(LINES, "rpm", "/bin/rpm", "") + raw)


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that a test starts: they end with it."""
    children: list[subprocess.Popen[bytes]] = []
    yield children
    for child in children:
        child.kill()
        child.wait()


def _named(folder: Path, name: str) -> str:
    """A program of this name, which the kernel calls a process by."""
    return str(shutil.copy("/bin/sleep", folder / name))


def _until_named(name: str, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while Path(f"/proc/{child.pid}/comm").read_text() != f"{name}\n":
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("shell", shells(), ids=lambda shell: shell.name)
def test_this_machine_shows_what_this_process_started(
    shell: Shell, tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    program = _named(tmp_path, "cw-own")
    started += [subprocess.Popen([program, "60"]), subprocess.Popen([program, "60"])]
    for child in started:
        _until_named("cw-own", child)
    found = derive(TABLE, collect(*TABLE.all_sections, shell=shell))
    assert denied_at_most(found.problems[""])
    rows = {row["package"]: row for row in found.rows if row["program"] == "cw-own"}
    own = rows[None]
    assert (own["path"], own["processes"], own["pid"]) == (program, 2, min(child.pid for child in started))
    assert (own["as_root"], own["deleted"]) == (os.geteuid() == 0, False)
    if Path("/var/lib/dpkg/status").exists():
        assert rows["libc6"]["processes"] == 2


LOADER = """
import ctypes, os, shutil, sys
library, folder = sys.argv[1:]
held = os.memfd_create("cw-memory")
os.write(held, open(library, "rb").read())
ctypes.CDLL(f"/proc/self/fd/{held}")
ctypes.CDLL(shutil.copy(library, folder + "/passing.so"))
os.unlink(folder + "/passing.so")
print(flush=True)
input()
"""


def test_code_in_memory_and_removed_after_loading_needs_no_restart() -> None:
    ctypes.CDLL("libm.so.6")
    library = next(path for path in map(os.path.realpath, _libraries()) if "libm" in path)
    with TemporaryDirectory(dir="/var/tmp") as folder, running(sys.executable, "-c", LOADER, library, folder) as child:
        maps = Path(f"/proc/{child.pid}/maps").read_text()
        code = "\n".join(entry for entry in maps.splitlines() if " r-xp " in entry)
        assert "/memfd:cw-memory (deleted)" in code
        assert f"{folder}/passing.so (deleted)" in code
        found = derive(TABLE, collect(*TABLE.all_sections, shell=shells()[0]))
    assert [row for row in found.rows if row["pid"] == child.pid and row["deleted"]] == []
    assert any(row["path"] == library or row["files"] > 1 for row in found.rows), "it was looked at"


def _libraries() -> list[str]:
    """What this process has mapped as code."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return [line.split()[-1] for line in lines if "r-xp" in line and line.split()[-1].startswith("/")]


def test_a_container_is_left_out_and_a_service_with_mounts_of_its_own_is_not(
    root_copy: Path, tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    _named(root_copy / "usr/bin", "cw-inside")
    beside = _named(tmp_path, "cw-beside")
    started.append(subprocess.Popen(["unshare", "--mount", "chroot", str(root_copy), "cw-inside", "60"]))
    started.append(subprocess.Popen(["unshare", "--mount", beside, "60"]))
    started.append(subprocess.Popen(["chroot", str(root_copy), "cw-inside", "60"]))
    for name, child in zip(("cw-inside", "cw-beside", "cw-inside"), started, strict=True):
        _until_named(name, child)
    found = derive(TABLE, collect(*TABLE.all_sections, shell=shells()[0]))
    rows = {(row["program"], row["processes"]) for row in found.rows}
    assert ("cw-beside", 1) in rows
    assert ("cw-inside", 1) in rows, "a service in a chroot is the host's own; the container is not"
    assert ("cw-inside", 2) not in rows
    assert "are not looked into" in str(found.problems["containers"])


def on(host: TestHost) -> tuple[Facts, Facts]:
    """Both tables, from the collector's answer on a host."""
    sections = tuple({section.name: section for section in RESTART.all_sections}.values())
    answer = host.run(["sh"], generate(sections).encode()).stdout
    seen = decode(answer, sections, carrier="ssh", label="test")
    return derive(TABLE, seen), derive(RESTART, seen)


LIBC = "/usr/lib/x86_64-linux-gnu/libc.so.6"


def test_a_host_whose_libc_was_replaced(test_host: TestHost, started: list[subprocess.Popen[bytes]]) -> None:
    def start(name: str, *argv: str, uid: int = 0) -> None:
        shutil.copy(test_host.at("/bin/sleep"), test_host.at(f"/usr/bin/{name}"))
        started.append(subprocess.Popen(test_host.command(name, *argv, uid=uid)))
        until = time.monotonic() + 20
        while name[:15] not in " ".join(test_host.processes()) and time.monotonic() < until:
            time.sleep(0.05)

    start("cw-old", "90", uid=OPS)
    code, restarts = on(test_host)
    assert code.problems[""] == []
    rows = {row["package"]: row for row in code.rows if row["program"] == "cw-old"}
    assert (rows["libc6"]["deleted"], rows["libc6"]["as_root"]) == (False, False)
    assert [row for row in restarts.rows if row["what"] == "process"] == []

    test_host.run(["sh", "-c", f"cp -p {LIBC} {LIBC}.new && mv {LIBC}.new {LIBC}"], check=True)
    start("cw-new", "90")
    code, restarts = on(test_host)
    deleted = {row["program"]: row for row in code.rows if row["deleted"] and row["program"].startswith("cw-")}
    assert deleted.keys() == {"cw-old"}, "what started later maps the new file"
    assert (deleted["cw-old"]["path"], deleted["cw-old"]["package"]) == (LIBC, "libc6")
    (row,) = [row for row in restarts.rows if row["name"] == "cw-old"]
    assert (row["what"], row["needs"], row["packages"], row["files"]) == ("process", "restart", ["libc6"], [LIBC])
    assert not [row for row in restarts.rows if row["name"] == "cw-new"]
