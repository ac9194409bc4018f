"""The processes table."""

import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Item, SectionEvidence, Status
from secops.hosts.tables import Facts
from secops.hosts.tables.processes import PROCESS_EXECUTABLES, PROCESS_STATUS, TABLE
from tests.hosts.evidence_kit import derive, evidence
from tests.hosts.tables.live_kit import NOBODY, Shell, collect, denied_at_most, run, running, shells

MOUNTED = "22 28 0:21 / /proc rw,relatime - proc proc rw\n28 1 253:0 / / rw - xfs /dev/sda rw\n"
CAPS = "000001ffffffffff"


def status(
    pid: int, name: str, *, parent: int = 1, uid: str = "0\t0\t0\t0", memory: bool = True, extra: str = ""
) -> str:
    """One /proc/PID/status, of the lines that are collected."""
    size = "VmSize:\t    2000 kB\n" if memory else ""
    return (
        f"Name:\t{name}\nState:\tS (sleeping)\nPid:\t{pid}\nPPid:\t{parent}\nUid:\t{uid}\n{size}Threads:\t2\n"
        f"CapEff:\t{CAPS}\n{extra}"
    )


DEBIAN = (
    status(1, "systemd", parent=0, extra="NoNewPrivs:\t0\nSeccomp:\t0\n")
    + status(2, "kthreadd", parent=0, memory=False)
    + status(9, "kworker/0:1", parent=2, memory=False)
    + status(700, "nginx", uid="33\t0\t0\t0", extra="NoNewPrivs:\t1\nSeccomp:\t2\n")
    + status(701, "old", memory=False).replace("S (sleeping)", "Z (zombie)").replace("Threads:\t2", "Threads:\t1")
)
LINKS = b"/proc/1\0/usr/lib/systemd/systemd\0/proc/2\0\0/proc/700\0/usr/sbin/nginx (deleted)\0"


def facts_of(text: bytes | str | Status = DEBIAN, links: bytes | Status = LINKS, **more: object) -> Facts:
    contents = {"process_status": text, "process_executables": links, "mountinfo": {"/proc/self/mountinfo": MOUNTED}}
    return derive(TABLE, evidence(**(contents | more)))


def test_processes_are_listed_without_kernel_threads() -> None:
    facts = facts_of()
    assert facts.problems == {"": [], "executable": []}
    assert [row["pid"] for row in facts.rows] == [1, 700, 701]
    assert facts.rows[1] == {
        "pid": 700, "ppid": 1, "uid": 33, "euid": 0, "name": "nginx", "executable": "/usr/sbin/nginx", "deleted": True,
        "state": "S", "threads": 2, "cap_eff": CAPS, "no_new_privs": True, "seccomp": "filter",
    }  # fmt: skip
    assert (facts.rows[0]["executable"], facts.rows[0]["deleted"]) == ("/usr/lib/systemd/systemd", False)
    zombie = facts.rows[2]
    assert [zombie[name] for name in ("state", "executable", "deleted", "no_new_privs", "seccomp")] == [
        "Z",
        *[None] * 4,
    ]


def test_a_process_whose_parent_is_2_is_no_kernel_thread_in_a_container() -> None:
    assert [row["pid"] for row in facts_of(status(2, "sh") + status(5, "app", parent=2)).rows] == [2, 5]


def test_escapes_in_a_name_are_undone() -> None:
    assert facts_of(status(5, r"a\nName:\\n (x)")).rows[0]["name"] == "a\nName:\\n (x)"


def test_an_executable_may_be_named_with_any_byte() -> None:
    rows = facts_of(status(5, "x"), b"/proc/5\0/tmp/a\n/proc/1\xff\0").rows
    assert rows[0]["executable"] == "/tmp/a\n/proc/1\\xff"


@pytest.mark.parametrize("option", ["hidepid=2", "hidepid=invisible", "hidepid=1", "hidepid=ptraceable"])
def test_a_proc_that_hides_processes_denies_all_but_root(option: str) -> None:
    info = {"mountinfo": {"/proc/self/mountinfo": MOUNTED.replace("proc proc rw", f"proc proc rw,gid=4,{option}")}}
    assert facts_of(**info).problems[""] == []
    for uid in (1000, None):
        assert facts_of(uid=uid, **info).problems[""][0].status is Status.DENIED
    shown = {"mountinfo": {"/proc/self/mountinfo": MOUNTED.replace("proc proc rw", "proc proc rw,hidepid=off")}}
    assert facts_of(uid=1000, **shown).problems[""] == []


def test_what_a_plain_user_saw_before_being_denied_is_kept() -> None:
    seen = evidence(process_status=DEBIAN, mountinfo={"/proc/self/mountinfo": MOUNTED}, uid=1000)
    links = SectionEvidence(
        Status.DENIED, (Item("", b"/proc/700\0/usr/bin/x\0", Status.DENIED),), "needs more privilege"
    )
    facts = derive(TABLE, type(seen)("local", "test", 1000, {**seen.sections, "process_executables": links}))
    assert (facts.problems[""], facts.problems["executable"][0].status) == ([], Status.DENIED)
    assert [row["executable"] for row in facts.rows] == [None, "/usr/bin/x", None]


def test_an_image_has_no_processes() -> None:
    facts = derive(TABLE, evidence(carrier="root"))
    assert (list(facts.rows), bool(facts.problems[""])) == ([], True)


def test_what_does_not_parse_is_told() -> None:
    assert facts_of("Name:\tx\nPid:\t1\n").problems[""][0].reason == "an entry of /proc cannot be parsed"
    assert facts_of(DEBIAN.replace("Pid:\t700", f"Pid:\t{'7' * 5000}")).problems[""]
    assert facts_of("nothing\n").problems[""][0].reason == "no process was listed"
    assert facts_of(links=b"/proc/1\0/usr").problems["executable"][0].reason == "the list of executables is not whole"


@pytest.mark.parametrize("shell", shells(), ids=lambda shell: shell.name)
@pytest.mark.parametrize("as_nobody", [False, True], ids=["self", "nobody"])
def test_this_machine_lists_a_child_that_lies_about_its_name(shell: Shell, as_nobody: bool, tmp_path: Path) -> None:
    program = tmp_path / "a\n-> b"
    shutil.copy("/bin/sh", program)
    code = "printf 'Pid:\\n\\\\x' >/proc/self/comm; echo ready; read -r line"
    with running(str(program), "-c", code) as child:
        program.rename(program := tmp_path / "c\n")
        facts = derive(TABLE, collect(*TABLE.all_sections, shell=shell, as_nobody=as_nobody))
    assert denied_at_most(facts.problems[""])
    assert denied_at_most(facts.problems["executable"])
    (row,) = [row for row in facts.rows if row["pid"] == child.pid]
    assert (row["name"], row["ppid"], row["uid"], row["threads"]) == ("Pid:\n\\x", os.getpid(), os.getuid(), 1)
    hidden = as_nobody and os.geteuid() == 0
    assert (row["executable"], row["deleted"]) == ((None, None) if hidden else (str(program), False))


@pytest.mark.parametrize("shell", shells(), ids=lambda shell: shell.name)
def test_a_plain_user_is_denied_the_executables_of_others(shell: Shell) -> None:
    data, code = run(PROCESS_EXECUTABLES.script, shell, as_nobody=True)
    assert code == 65  # kernel threads and services of root are never a plain user's
    assert b"/proc/" in data


def test_a_removed_executable_is_marked(tmp_path: Path) -> None:
    program = tmp_path / "gone"
    shutil.copy("/bin/sh", program)
    with running(str(program), "-c", "echo ready; read -r line") as child:
        program.unlink()
        facts = derive(TABLE, collect(*TABLE.all_sections, shell=Shell("sh", ("sh",))))
    (row,) = [row for row in facts.rows if row["pid"] == child.pid]
    assert (row["executable"], row["deleted"]) == (str(program), True)


def test_no_argument_of_a_command_is_collected() -> None:
    with running(sys.executable, "-c", "print(flush=True); input()", "--password=hunter2"):
        seen = collect(PROCESS_STATUS, PROCESS_EXECUTABLES, shell=Shell("sh", ("sh",)))
    assert not any(b"hunter2" in item.data for section in seen.sections.values() for item in section.items)


def test_long_hostile_content_stays_linear() -> None:
    start = time.process_time()
    for text in ("Name:\t" + "\\" * 1_000_000, "Name:\t\n" * 150_000, "Uid:\t" + "1 " * 500_000):
        facts_of(text, text.encode())
    assert time.process_time() - start < 5


@given(st.binary(max_size=300), st.binary(max_size=200), st.sampled_from([0, NOBODY]))
def test_any_bytes_parse_without_raising(raw: bytes, links: bytes, uid: int) -> None:
    facts_of(raw, links, uid=uid)
    facts_of(DEBIAN.encode() + b"Name:\t" + raw + b"\nPid:\t" + links, b"/proc/1\0" + links, uid=uid)


def test_a_process_whose_first_thread_has_ended_runs_on_unseen() -> None:
    """Its /proc/PID/exe leads nowhere, so that a program in /tmp would pass."""
    hidden = status(702, "m", memory=False).replace("S (sleeping)", "Z (zombie)")
    problems = facts_of(DEBIAN + hidden).problems
    assert problems[""] == []
    assert problems["executable"][0].reason == "process 702 runs without a first thread"
