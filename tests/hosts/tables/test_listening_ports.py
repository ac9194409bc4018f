"""The listening_ports table."""

import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Item, SectionEvidence, Status
from secops.hosts.tables import Facts, Row
from secops.hosts.tables.listening_ports import SOCKET_HOLDERS, TABLE
from tests.hosts.evidence_kit import derive, evidence
from tests.hosts.tables.live_kit import NOBODY, Shell, collect, denied_at_most, run, running, shells

HEADERS = {
    "tcp": "/proc/net/tcp:  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode",
    "udp": "/proc/net/udp:   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode ref pointer drops            ",
}
MOUNTED = "22 28 0:21 / /proc rw,relatime - proc proc rw\n"
ANY = "0.0.0.0"  # noqa: S104 - what is read, nothing is bound
ANY6, ONE6 = "0" * 32, "0" * 24 + "01000000"


def line(protocol: str, local: str, state: str, inode: int, *, uid: int = 0) -> str:
    remote = f"{'0' * (32 if protocol.endswith('6') else 8)}:0000"
    return (
        f"/proc/net/{protocol}:   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000 {uid:>5}        0 "
        f"{inode} 1 00000000b1eea333 100 0 0 10 0"
    )


def sockets(*lines: str, order: str = "\x01") -> str:
    return "\n".join([f"order:{order}", HEADERS["tcp"], *lines, HEADERS["udp"], ""])


SOCKETS = sockets(
    line("tcp", "00000000:0016", "0A", 11),
    line("tcp", "0100007F:1F90", "0A", 12, uid=1000),
    line("tcp", "0200A8C0:01BB", "07", 13),  # not a state that counts for tcp
    line("tcp6", f"{ANY6}:0050", "0A", 14),
    line("tcp6", f"{ONE6}:0277", "0A", 15),
    line("tcp6", "0000000000000000FFFF00000100007F:2382", "0A", 16),
    line("tcp6", "B80D0120000000000000000001000000:01BB", "0A", 17),
    line("udp", "00000000:0044", "07", 18),
    line("udp6", f"{ANY6}:0202", "07", 19),
)
STATUS = "Name:\tsshd\nPid:\t100\nName:\tng\\\\inx\nPid:\t200\n"


def records(*fields: str) -> bytes:
    return "".join(f"{field}\0" for field in fields).encode()


DPKG = ("owners", "/usr/bin/dpkg-query", "/bin/dpkg-query")
HELD = ("socket", "100", "11", "socket", "200", "14", "socket", "300", "12")
PROGRAMS = (
    "exe", "100", "/usr/sbin/sshd", "/usr/sbin/sshd", "/sbin/sshd",
    "exe", "200", "/usr/sbin/nginx (deleted)", "", "",
    "exe", "300", "/home/u/x y", "", "",
)  # fmt: skip
DPKG_ANSWER = (
    "diversion by other from: /usr/sbin/sshd\ndpkg: /usr/bin/dpkg-query\nopenssh-server:amd64, other: /sbin/sshd\n"
)
HOLDERS = records(*HELD, *PROGRAMS, *DPKG, DPKG_ANSWER, "end")


def facts_of(text: bytes | str | Status = SOCKETS, holders: bytes | Status = HOLDERS, **more: object) -> Facts:
    contents = {
        "sockets": text, "socket_holders": holders, "process_status": STATUS,
        "mountinfo": {"/proc/self/mountinfo": MOUNTED},
    }  # fmt: skip
    return derive(TABLE, evidence(**(contents | more)))


def by_inode(facts: Facts) -> dict[int, Row]:
    return {row["inode"]: row for row in facts.rows}


def test_addresses_are_decoded_and_only_open_sockets_kept() -> None:
    facts = facts_of()
    assert facts.problems == {"": [], "process": [], "package": []}
    names = ("protocol", "address", "port", "loopback", "any_address")
    assert [tuple(row[name] for name in names) for row in facts.rows] == [
        ("tcp", ANY, 22, False, True),
        ("tcp", "127.0.0.1", 8080, True, False),
        ("tcp6", "::", 80, False, True),
        ("tcp6", "::1", 631, True, False),
        ("tcp6", "::ffff:127.0.0.1", 9090, True, False),
        ("tcp6", "2001:db8::1", 443, False, False),
        ("udp", ANY, 68, False, True),
        ("udp6", "::", 514, False, True),
    ]
    assert by_inode(facts)[12]["uid"] == 1000


def test_big_endian_machines_print_their_words_in_order() -> None:
    big = sockets(line("tcp", "7F000001:0016", "0A", 1), line("tcp6", "0" * 31 + "1:0016", "0A", 2), order="\x02")
    assert [row["address"] for row in facts_of(big).rows] == ["127.0.0.1", "::1"]


def test_holders_are_named_with_their_program_and_its_package() -> None:
    rows = by_inode(facts_of())
    wanted = ("pid", "process", "executable", "package")
    assert [rows[11][name] for name in wanted] == [100, "sshd", "/usr/sbin/sshd", "openssh-server"]
    assert [rows[14][name] for name in wanted] == [200, "ng\\inx", "/usr/sbin/nginx", None]
    assert [rows[12][name] for name in wanted] == [300, None, "/home/u/x y", None]
    assert not set(wanted) & set(rows[18]), "nobody holds it"


@pytest.mark.parametrize(
    ("tool", "answer"),
    [
        ("/usr/bin/rpm", "rpm: /usr/bin/rpm\nopenssh-server: /usr/sbin/sshd\n"),
        (
            "/sbin/apk",
            "/sbin/apk is owned by apk-tools-2.14.0-r5\n/usr/sbin/sshd is owned by openssh-server-9.6_p1-r2\n",
        ),
    ],
)
def test_rpm_and_apk_answer_as_well(tool: str, answer: str) -> None:
    facts = facts_of(holders=records(*HELD, *PROGRAMS, "owners", tool, "", answer, "end"))
    assert facts.problems["package"] == []
    assert by_inode(facts)[11]["package"] == "openssh-server"


def test_a_package_database_that_is_not_there_or_does_not_answer_is_told() -> None:
    absent = facts_of(holders=records("owners", "", "", "", "end"))
    assert (absent.problems["process"], absent.problems["package"][0].status) == ([], Status.ABSENT)
    mute = facts_of(holders=records("owners", "/usr/bin/rpm", "", "error: /usr/bin/rpm\nx: /usr/bin\n", "end"))
    assert mute.problems["package"] == []
    mute = facts_of(holders=records("owners", "/usr/bin/rpm", "", "", "end"))
    assert mute.problems["package"][0].reason == "the database of /usr/bin/rpm does not answer"


def test_a_table_that_was_not_read_whole_is_told() -> None:
    for text in ("", HEADERS["tcp"], SOCKETS.replace("order:\x01", "order:"), SOCKETS.replace(HEADERS["udp"], "")):
        assert facts_of(text).problems[""]
    assert facts_of(SOCKETS + "junk").problems[""][0].reason.endswith("is not a socket")
    for holders in (b"", records("socket", "1", "2"), b"socket\0", records("odd")):
        facts = facts_of(holders=holders)
        assert (facts.problems[""], bool(facts.problems["process"]), bool(facts.problems["package"])) == (
            [],
            True,
            True,
        )


def test_what_a_plain_user_saw_before_being_denied_is_kept() -> None:
    seen = evidence(sockets=SOCKETS, process_status=STATUS, mountinfo={"/proc/self/mountinfo": MOUNTED}, uid=1000)
    denied = SectionEvidence(Status.DENIED, (Item("", HOLDERS, Status.DENIED),), "needs more privilege")
    facts = derive(TABLE, type(seen)("local", "test", 1000, {**seen.sections, "socket_holders": denied}))
    assert (facts.problems[""], facts.problems["process"][0].status) == ([], Status.DENIED)
    assert by_inode(facts)[11]["pid"] == 100


def test_a_proc_that_hides_processes_denies_their_names() -> None:
    info = {"/proc/self/mountinfo": MOUNTED.replace("proc proc rw", "proc proc rw,hidepid=2")}
    facts = facts_of(uid=1000, mountinfo=info)
    assert [facts.problems[part][0].status for part in ("process", "package")] == [Status.DENIED] * 2
    assert facts.problems[""] == []


def test_an_image_has_no_ports() -> None:
    facts = derive(TABLE, evidence(carrier="root"))
    assert (list(facts.rows), bool(facts.problems[""])) == ([], True)


@pytest.fixture
def opened() -> Iterator[dict[str, socket.socket]]:
    """Open sockets of this process, by protocol; of IPv6 only where the kernel has it."""
    kinds = {"tcp": (socket.AF_INET, socket.SOCK_STREAM), "udp": (socket.AF_INET, socket.SOCK_DGRAM)}
    if Path("/proc/net/if_inet6").exists() and "lo" in Path("/proc/net/if_inet6").read_text():
        kinds |= {"tcp6": (socket.AF_INET6, socket.SOCK_STREAM), "udp6": (socket.AF_INET6, socket.SOCK_DGRAM)}
    with ExitStack() as stack:
        made = {name: stack.enter_context(socket.socket(*kind)) for name, kind in kinds.items()}
        for name, each in made.items():
            each.bind(("::1" if name.endswith("6") else "127.0.0.1", 0))
            if name.startswith("tcp"):
                each.listen()
        client = stack.enter_context(socket.create_connection(made["tcp"].getsockname()))
        assert client.getsockname(), "a connected socket, which is none of those"
        yield made


@pytest.mark.parametrize("shell", shells(), ids=lambda shell: shell.name)
@pytest.mark.parametrize("as_nobody", [False, True], ids=["self", "nobody"])
def test_this_machine_shows_the_sockets_of_this_process(
    shell: Shell, as_nobody: bool, opened: dict[str, socket.socket]
) -> None:
    facts = derive(TABLE, collect(*TABLE.all_sections, shell=shell, as_nobody=as_nobody))
    assert facts.problems[""] == []
    assert denied_at_most(facts.problems["process"])
    hidden = as_nobody and os.geteuid() == 0
    rows = by_inode(facts)
    for protocol, each in opened.items():
        row = rows[os.fstat(each.fileno()).st_ino]
        address, port = each.getsockname()[:2]
        assert (row["protocol"], row["address"], row["port"]) == (protocol, address, port)
        assert (row["uid"], row["loopback"], row["any_address"]) == (os.getuid(), True, False)
        if hidden:
            assert row.get("pid") is None
        else:
            name = Path("/proc/self/comm").read_text().removesuffix("\n")
            assert (row["pid"], row["process"]) == (os.getpid(), name)
            assert row["executable"] == os.readlink("/proc/self/exe")
    assert not hidden or facts.problems["process"][0].status is Status.DENIED


@pytest.mark.parametrize("shell", shells(), ids=lambda shell: shell.name)
def test_of_processes_that_share_a_socket_the_lowest_is_named(shell: Shell, opened: dict[str, socket.socket]) -> None:
    with running(sys.executable, "-c", "print(flush=True); input()", pass_fds=[opened["tcp"].fileno()]) as child:
        facts = derive(TABLE, collect(*TABLE.all_sections, shell=shell))
    row = by_inode(facts)[os.fstat(opened["tcp"].fileno()).st_ino]
    assert row["pid"] == min(os.getpid(), child.pid)


def test_a_file_name_cannot_pass_for_the_holder_of_a_socket(opened: dict[str, socket.socket], tmp_path: Path) -> None:
    """Without GNU find the links come from ls, and GNU ls prints a newline in a name as it is."""
    find = tmp_path / "find"
    find.write_text(f"""#!/bin/sh
case "$*" in *-printf*) exit 1 ;; esac
exec {shutil.which("find")} "$@"
""")
    find.chmod(0o755)
    inode = os.fstat(opened["tcp"].fileno()).st_ino
    own = tmp_path / "1/fd/9"  # a link that does say so, below a directory that looks like a process
    with ExitStack() as stack:
        for link in (Path("/proc/1/fd/9"), own):
            lie = tmp_path / f"a\nlrwx------ 1 0 0 64 Nov 22 17:06 {link} -> socket:[{inode}]"
            lie.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(lie.open("w"))
        own.parent.mkdir(parents=True)
        own.symlink_to(f"socket:[{inode}]")
        shell = Shell("mixed", ("sh",), f"{tmp_path}:{os.environ['PATH']}")
        data, _ = run(SOCKET_HOLDERS.script, shell)
    assert f"socket\0{os.getpid()}\0{inode}\0".encode() in data
    assert data.count(f"\0{inode}\0".encode()) == 1


def test_the_package_of_a_program_is_asked_of_the_system_that_has_one(tmp_path: Path) -> None:
    """A copy of a packaged program belongs to no package; the program itself to its own, under either path."""
    code = "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.fileno(), flush=True); input()"
    copied = tmp_path / "copied program"
    shutil.copy(os.path.realpath(sys.executable), copied)
    with running(str(copied), "-c", code, env={"PYTHONHOME": sys.base_prefix}) as child:
        facts = derive(TABLE, collect(*TABLE.all_sections, shell=Shell("sh", ("sh",))))
    (row,) = [row for row in facts.rows if row.get("pid") == child.pid]
    assert (row["executable"], row["package"]) == (str(copied), None)
    data, _ = run(SOCKET_HOLDERS.script, Shell("sh", ("sh",)))
    if Path("/var/lib/dpkg/status").exists():
        assert b"\ndpkg: /usr/bin/dpkg-query\n" in b"\n" + data.split(b"\0owners\0")[-1].split(b"\0")[-3]


def test_long_hostile_content_stays_linear() -> None:
    start = time.process_time()
    for text in (" is owned by -" * 70_000, "/proc/net/tcp:" + " " * 1_000_000, ": /" * 300_000, "socket\0" * 150_000):
        facts_of(text, records("owners", "t", "", text, "end"))
        facts_of(holders=text.encode())
    assert time.process_time() - start < 5


@given(st.binary(max_size=300), st.binary(max_size=300), st.sampled_from([0, NOBODY]))
def test_any_bytes_parse_without_raising(raw: bytes, held: bytes, uid: int) -> None:
    facts_of(raw, held, uid=uid)
    facts_of(SOCKETS.encode() + b"/proc/net/tcp6: 1: " + raw, HOLDERS[:-5] + held + b"\0end\0", uid=uid)
