"""Ways by control sockets and by disks: each is found, each near miss is silent."""

from __future__ import annotations

import re
import stat
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Evidence, Status
from secops.hosts.listing import record
from secops.hosts.snapshot import observe
from secops.hosts.tables import Built, Facts
from secops.hosts.tables.control_sockets import DISKS, SOCKETS
from secops.privilege.techniques import POWERS
from secops.privilege.way import View
from secops.privilege.ways import by_socket, privileges
from tests.hosts.evidence_kit import Content, evidence
from tests.privilege.walk_kit import GROUP, PASSWD

DOCKER, DISK = "/run/docker.sock", "/dev/sda"
MOUNTS = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 253:0 / /data rw - xfs /dev/mapper/vg-data rw\n"
BLOCKS = """dev sda 8:0
dev sda1 8:1
on sda1 sda
dev sdb 8:16
dev sdb1 8:17
on sdb1 sdb
dev dm-0 253:0
on dm-0 sdb1
dev sdc 8:32
"""
ALL = object()


def file(path: str, mode: int, uid: int = 0, gid: int = 0, kind: int = stat.S_IFSOCK) -> bytes:
    return record(path.encode(), (kind | mode, uid, gid, 0, 1))


def disk(path: str, mode: int, gid: int = 6) -> bytes:
    return file(path, mode, 0, gid, stat.S_IFBLK)


def folder(path: str, mode: int, uid: int = 0, gid: int = 0) -> bytes:
    return file(path, mode, uid, gid, stat.S_IFDIR)


def seen(
    *records: bytes, listening: str = DOCKER, mounts: str = MOUNTS, conf: Content = Status.ABSENT, nss: str = "files"
) -> Evidence:
    end = f"LISTEN\0{listening}\n\0BLOCK\0{BLOCKS}\0END\0".encode()
    return evidence(
        control_sockets=b"".join(records) + folder("/run", 0o755) + end,
        passwd={"/etc/passwd": PASSWD},
        group={"/etc/group": GROUP + "disk:x:6:\n"},
        mountinfo={"/proc/self/mountinfo": mounts},
        libvirt_conf=conf,
        nsswitch={"/etc/nsswitch.conf": f"passwd: {nss}\n"},
    )


def facts(host: Evidence) -> Facts:
    return observe(host, "h", privileges).tables["root_ways"]


def ways(host: Evidence) -> list[tuple[object, ...]]:
    rows = (row for row in facts(host).rows if row["way"] == "socket")
    return [(row["user_name"], row["thing"], row["gives"], row["certain"]) for row in rows]


LIBVIRT = "/run/libvirt/libvirt-sock"
NOBODY_ASKS = {"/etc/libvirt/libvirtd.conf": 'auth_unix_rw = "none"\n'}
TEAM = [(user, DOCKER, "shell", True) for user in ("alice", "bob")]

FOUND = {
    "open to all": (seen(file(DOCKER, 0o666, 0, 998)), [("*", DOCKER, "shell", True)]),
    "for writing alone": (seen(file(DOCKER, 0o662, 0, 998)), [("*", DOCKER, "shell", True)]),
    "of a group that is nothing by itself": (seen(file(DOCKER, 0o660, 0, 2000)), TEAM),
    "of an account": (seen(file(DOCKER, 0o660, 900, 0)), [("app", DOCKER, "shell", True)]),
    "by an access control list": (
        seen(file(DOCKER, 0o660, 0, 998), f"ACL\0# file: {DOCKER}\nuser:900:rw-\nmask::rw-\n\0".encode()),
        [("app", DOCKER, "shell", True)],
    ),
    "of which it is not known whether somebody answers": (
        evidence(control_sockets=file(DOCKER, 0o666), passwd={"/etc/passwd": PASSWD}, group={"/etc/group": GROUP}),
        [("*", DOCKER, "shell", False)],
    ),
    "below a directory for a group": (
        seen(file("/run/crio/crio.sock", 0o666), folder("/run/crio", 0o710, 0, 2000), listening="/run/crio/crio.sock"),
        [(user, "/run/crio/crio.sock", "shell", True) for user in ("alice", "bob")],
    ),
    "libvirt that asks nobody": (
        seen(file(LIBVIRT, 0o777), listening=LIBVIRT, conf=NOBODY_ASKS), [("*", LIBVIRT, "shell", True)],
    ),
    "a disk to write": (seen(disk(DISK, 0o666)), [("*", DISK, "write", True)]),
    "a disk to read": (seen(disk(DISK, 0o664)), [("*", DISK, "read", True)]),
    "a disk for some to write and for all to read": (
        seen(disk(DISK, 0o664, 2000)),
        [("alice", DISK, "write", True), ("bob", DISK, "write", True), ("*", DISK, "read", True)],
    ),
    "the disk below a mounted volume": (seen(disk("/dev/sdb", 0o660, 2000)), [
        (user, "/dev/sdb", "write", True) for user in ("alice", "bob")
    ]),
    "a disk that may belong to a pool": (
        seen(disk("/dev/sdc", 0o606), mounts=MOUNTS + "3 1 0:40 / /z rw - zfs tank rw\n"),
        [("*", "/dev/sdc", "write", False)],
    ),
}  # fmt: skip

SILENT = {
    "the group that is a way itself": seen(file(DOCKER, 0o660, 0, 998)),
    "for reading alone": seen(file(DOCKER, 0o664, 0, 998)),
    "of root": seen(file(DOCKER, 0o600)),
    "nobody answers": seen(file(DOCKER, 0o666), listening=""),
    "below a directory of root": seen(
        file("/run/crio/crio.sock", 0o666), folder("/run/crio", 0o700), listening="/run/crio/crio.sock"
    ),
    "in a directory of somebody else, who made it": seen(
        file("/run/crio/crio.sock", 0o666, 900), folder("/run/crio", 0o755, 900), listening="/run/crio/crio.sock"
    ),
    "libvirt that asks": seen(file(LIBVIRT, 0o777), listening=LIBVIRT),
    "libvirt that asks by its configuration": seen(
        file(LIBVIRT, 0o777), listening=LIBVIRT, conf={"/etc/libvirt/libvirtd.conf": 'auth_unix_rw = "polkit"\n'}
    ),
    "another daemon of libvirt asks nobody": seen(
        file(LIBVIRT, 0o777), listening=LIBVIRT, conf={"/etc/libvirt/virtqemud.conf": 'auth_unix_rw = "none"\n'}
    ),
    "a disk as it should be": seen(disk(DISK, 0o660)),
    "a disk that no mounted file system lies on": seen(disk("/dev/sdc", 0o666)),
    "no socket, no disk": seen(file(DOCKER, 0o666, kind=stat.S_IFREG), file(DISK, 0o666, kind=stat.S_IFCHR)),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_a_way_is_found(name: str) -> None:
    host, expected = FOUND[name]
    assert sorted(ways(host), key=str) == sorted(expected, key=str)


@pytest.mark.parametrize(
    "name", ["of which it is not known whether somebody answers", "a disk that may belong to a pool"]
)
def test_what_is_not_certain_leaves_the_part_open(name: str) -> None:
    reasons = [problem.reason for problem in facts(FOUND[name][0]).problems["socket"]]
    ((_, path, *_),) = FOUND[name][1]
    assert f"{path}: whether it is in use is not known" in reasons


@pytest.mark.parametrize("name", SILENT)
def test_a_near_miss_is_silent(name: str) -> None:
    assert ways(SILENT[name]) == []
    assert facts(SILENT[name]).problems["socket"] == []


def test_a_socket_of_a_weaker_group_is_told_all_the_same() -> None:
    """bob is in shadow, which reads; the socket gives a shell."""
    assert ways(seen(file(DOCKER, 0o660, 0, 42))) == [("bob", DOCKER, "shell", True)]


def test_a_link_elsewhere_is_not_passed_over() -> None:
    link = record(DOCKER.encode(), (stat.S_IFLNK | 0o777, 0, 0, 1, 1), b"/srv/docker.sock")
    problems = facts(seen(link)).problems["socket"]
    assert [problem.reason for problem in problems] == [
        f"{DOCKER} is a link to /srv/docker.sock, which is not looked at"
    ]
    podman = record(DOCKER.encode(), (stat.S_IFLNK | 0o777, 0, 0, 1, 1), b"/run/podman/podman.sock")
    assert facts(seen(podman)).problems["socket"] == []


def test_a_list_that_is_not_known_leaves_the_part_open() -> None:
    host = seen(file(DOCKER, 0o660, 0, 998), f"NOACL\0{DOCKER}\0".encode())
    assert [problem.reason for problem in facts(host).problems["socket"]] == [
        f"{DOCKER}: whether an access control list opens it to others is not known"
    ]


def test_accounts_of_a_directory_leave_open_who_is_in_a_group() -> None:
    of_team, of_docker = (facts(seen(file(DOCKER, 0o660, 0, gid), nss="files sss")) for gid in (2000, 998))
    assert [problem.reason for problem in of_team.problems["socket"]] == [
        f"{DOCKER}: accounts of a directory may be among those whom it lets"
    ]
    assert of_docker.problems["socket"] == [], "the group itself is a way"


def test_an_answer_without_its_end_is_not_whole() -> None:
    cut = evidence(control_sockets=file(DOCKER, 0o600), passwd={"/etc/passwd": PASSWD}, group={"/etc/group": GROUP})
    assert "the list of sockets and disks is not whole" in [p.reason for p in facts(cut).problems["socket"]]


def test_what_is_collected_and_what_is_known_of_it_are_the_same_list() -> None:
    told = [path for power in by_socket.powers() for path in power.paths]
    assert sorted(told) == sorted([*SOCKETS, *DISKS])
    for power in by_socket.powers():
        assert re.search(r"[\u4e00-\u9fff]", power.how.zh)
        assert power.source
        assert power.gives in POWERS


@pytest.mark.parametrize("name", ["sda", "sda1", "vdb", "xvda1", "nvme0n1", "nvme1n1p2", "mmcblk0p1", "dm-12", "md127"])
def test_disks_go_by_these_names(name: str) -> None:
    assert any(fnmatchcase(f"/dev/{name}", pattern) for pattern in DISKS)


_PIECES = st.sampled_from(
    [b"LISTEN\0", b"BLOCK\0", b"END\0", b"\0", b"ACL\0# file: /run/docker.sock\nuser:1:rwx\n\0", BLOCKS.encode(),
     b"on a a\n", b"on a b\non b a\n", b"dev a 8:1\n", b"btrfs a\n", b"NOACL\0/run\0", file(DOCKER, 0o666),
     disk(DISK, 0o777, 9**9)]
)  # fmt: skip


@given(st.lists(st.one_of(_PIECES, st.binary(max_size=20)), max_size=15).map(b"".join), st.binary(max_size=60))
def test_no_answer_breaks_it(answer: bytes, mounts: bytes) -> None:
    """The room's own guard would turn an exception into a part that is not whole: it is asked without."""
    host = evidence(
        control_sockets=answer, passwd={"/etc/passwd": PASSWD}, group={"/etc/group": GROUP},
        mountinfo={"/proc/self/mountinfo": MOUNTS.encode() + mounts},
        libvirt_conf={"/etc/libvirt/libvirtd.conf": mounts},
    )  # fmt: skip
    tables = observe(host, "h").tables
    for way in by_socket.find(View.of(host, tables), Built()):
        assert way.gives in POWERS
