"""Ways by SUID, SGID and capability files, from records of the walk: each is found, each near miss is silent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.listing import record
from secops.hosts.snapshot import observe
from secops.hosts.tables import Built
from secops.privilege.capabilities import held, is_interpreter, powers, usable
from secops.privilege.techniques import POWERS
from secops.privilege.way import View
from secops.privilege.ways import by_suid, privileges
from tests.hosts.evidence_kit import evidence
from tests.privilege.walk_kit import GROUP, INFO, PASSWD, B, Host

FIND = ("*", "suid", "/usr/bin/find", "find", "shell", True)

FOUND = {
    "a packaged program that runs others": (Host().file("/usr/bin/find"), [FIND]),
    "one that only reads": (
        Host().file("/usr/bin/cat"), [("*", "suid", "/usr/bin/cat", "cat", "read", True)],
    ),
    "a program of that name that no package owns": (
        Host().file("/opt/x/find", package=""), [("*", "suid", "/opt/x/find", "find", "shell", True)],
    ),
    "a copy by another name": (
        Host().file("/var/lib/.x", package="", copy_of="/usr/bin/bash"),
        [("*", "suid", "/var/lib/.x", "bash", "shell", True)],
    ),
    "a copy of a program that nobody knows": (
        Host().file("/opt/agent", package="", copy_of="/usr/bin/agentd"),
        [("*", "suid", "/opt/agent", None, "shell", False)],
    ),
    "a program that no package owns": (
        Host().file("/opt/agent", package=""), [("*", "suid", "/opt/agent", None, "shell", False)],
    ),
    "a package's program that was replaced": (
        Host().file("/usr/bin/su", digest=B), [("*", "suid", "/usr/bin/su", None, "shell", False)],
    ),
    "one that was replaced, by a name that would be a way": (
        Host().file("/usr/bin/find", digest=B), [("*", "suid", "/usr/bin/find", "find", "shell", False)],
    ),
    "for the members of a group": (
        Host().file("/usr/bin/find", 0o4750, 0, 2000),
        [("alice", *FIND[1:]), ("bob", *FIND[1:])],
    ),
    "for all but the group, which has less": (
        Host().file("/usr/bin/find", 0o4705, 0, 42), [("alice", *FIND[1:]), ("app", *FIND[1:])],
    ),
    "below a directory for one account": (
        Host().file("/home/bob/f/find", package="").directory("/home/bob", 0o700, 1002, 1002),
        [("bob", "suid", "/home/bob/f/find", "find", "shell", True)],
    ),
    "by an access control list of the file": (
        Host().file("/usr/bin/find", 0o4750)
        .acl("# file: /usr/bin/find\nuser::rwx\nuser:1001:r-x\ngroup::r-x\nmask::r-x\n"),
        [("alice", *FIND[1:])],
    ),
    "by an access control list of a directory": (
        Host().file("/srv/in/find", package="").directory("/srv/in", 0o750)
        .acl("# file: /srv/in\nuser::rwx\ngroup::r-x\ngroup:900:--x\nmask::r-x\n"),
        [("app", "suid", "/srv/in/find", "find", "shell", True)],
    ),
    "to another account": (
        Host().file("/srv/app/dash", 0o4755, 900, 900, package=""),
        [("*", "suid", "/srv/app/dash", "dash", "shell", True, "app")],
    ),
    "an unknown program to another account": (
        Host().file("/srv/app/run", 0o4750, 900, 2000, package=""),
        [(user, "suid", "/srv/app/run", None, "shell", False, "app") for user in ("alice", "bob")],
    ),
    "SGID to the group of the hashes": (
        Host().file("/usr/bin/less", 0o2755, 0, 42), [("*", "sgid", "/usr/bin/less", "less", "read", True)],
    ),
    "SGID to a group whose socket needs a shell": (
        Host().file("/usr/bin/find", 0o2755, 0, 998), [("*", "sgid", "/usr/bin/find", "find", "shell", True)],
    ),
    "SGID to the hashes, unknown": (
        Host().file("/opt/hashes", 0o2751, 0, 42, package=""),
        [("*", "sgid", "/opt/hashes", None, "read", False)],
    ),
    "an interpreter that may change its user": (
        Host().file("/usr/bin/python3.11", 0o755, caps="cap_setuid=ep"),
        [("*", "capability", "/usr/bin/python3.11", "python3.11", "shell", True)],
    ),
    "an interpreter that must raise it itself": (
        Host().file("/usr/bin/perl", 0o755, caps="cap_setuid=p"),
        [("*", "capability", "/usr/bin/perl", "perl", "shell", True)],
    ),
    "a program that reads past every mode": (
        Host().file("/usr/bin/tar", 0o755, caps="cap_dac_read_search=ep"),
        [("*", "capability", "/usr/bin/tar", "tar", "read", True)],
    ),
    "one that writes past every mode": (
        Host().file("/usr/bin/tee", 0o755, caps="cap_dac_override=ep"),
        [("*", "capability", "/usr/bin/tee", "tee", "write", True)],
    ),
    "chown itself": (
        Host().file("/usr/bin/chown", 0o755, caps="cap_chown=ep"),
        [("*", "capability", "/usr/bin/chown", "chown", "account", True)],
    ),
    "a packaged program that nobody knows, without a mode in the database": (
        Host().file("/usr/bin/agentd"), [("*", "suid", "/usr/bin/agentd", None, "shell", False)],
    ),
    "the same SGID to the hashes": (
        Host().file("/usr/bin/agentd", 0o2755, 0, 42), [("*", "sgid", "/usr/bin/agentd", None, "read", False)],
    ),
    "all capabilities": (
        Host().file("/usr/bin/cp", 0o755, caps="=ep"), [("*", "capability", "/usr/bin/cp", "cp", "write", True)],
    ),
    "an unknown program of no package": (
        Host().file("/opt/agent", 0o755, caps="cap_net_raw,cap_sys_admin=ep", package=""),
        [("*", "capability", "/opt/agent", None, "shell", False)],
    ),
    "a package's own that was replaced": (
        Host().file("/usr/bin/newuidmap", 0o755, caps="cap_setuid=ep", digest=B),
        [("*", "capability", "/usr/bin/newuidmap", None, "shell", False)],
    ),
}  # fmt: skip

SILENT = {
    "what packages bring": Host().file("/usr/bin/su").file("/usr/bin/chage", 0o2755, 0, 42)
    .file("/usr/bin/newuidmap", 0o755, caps="cap_setuid=ep").file("/usr/bin/ping", 0o755, caps="cap_net_raw=ep"),
    "a script, on which the bit has no effect": Host().file("/opt/x/find", package="", script=True),
    "below a directory of root": Host().file("/root/find", package="").directory("/root", 0o700),
    "below a directory of another group": Host().file("/srv/a/b/find", package="").directory("/srv/a", 0o750, 0, 77),
    "for root's group alone": Host().file("/opt/agent", 0o4750, package=""),
    "that nobody may start": Host().file("/usr/bin/find", 0o4644),
    "the container's own": Host().file("/var/lib/docker/x/find", package=""),
    "of an owner who is no account": Host().file("/srv/find", 0o4755, 4242, package=""),
    "of one's own, for oneself": Host().file("/home/bob/sh", 0o4700, 1002, 1002, package=""),
    "SGID to a group that gives nothing": Host().file("/usr/bin/find", 0o2755, 0, 2000),
    "SGID to Docker's, a program that only reads": Host().file("/usr/bin/less", 0o2755, 0, 998),
    "SGID to the hashes, for members only": Host().file("/usr/bin/less", 0o2750, 0, 42)
    .file("/opt/hashes", 0o2750, 0, 42, package=""),
    "a program that drops its privileges": Host().file("/usr/bin/rbash"),
    "capabilities of the network": Host().file("/usr/bin/python3.11", 0o755, caps="cap_net_raw,cap_net_admin=ep"),
    "unknown, with one of the network": Host().file("/opt/agent", 0o755, caps="cap_net_raw=ep", package=""),
    "only inherited": Host().file("/usr/bin/python3.11", 0o755, caps="cap_setuid=i"),
    "of a user namespace": Host().file("/home/bob/python3", 0o755, caps="cap_setuid=ep [rootid=1002]", package=""),
    "a copy of a program that drops its privileges": Host().file("/opt/x", package="", copy_of="/usr/bin/mount"),
    "a shell's child loses it": Host().file("/usr/bin/find", 0o755, caps="cap_setuid=ep"),
    "a program that cannot raise it": Host().file("/usr/bin/tar", 0o755, caps="cap_dac_read_search=p"),
    "what packages ship so, and what gives nothing": Host().file("/usr/lib/openssh/ssh-keysign").file("/usr/bin/id")
    .file("/usr/sbin/unix_chkpwd", 0o2755, 0, 42).file("/usr/lib/dbus-1.0/dbus-daemon-launch-helper", 0o4754),
    "a package's own, less open than it was": Host().file("/usr/bin/newgrp", 0o4750, 0, 2000),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_a_way_is_found(name: str) -> None:
    host, expected = FOUND[name]
    assert host.ways() == sorted(expected, key=str)


@pytest.mark.parametrize("name", SILENT)
def test_a_near_miss_is_silent(name: str) -> None:
    assert SILENT[name].ways() == []
    facts = SILENT[name].facts()
    assert facts.problems["suid"] == []


@pytest.mark.parametrize(
    ("mount", "is_way"),
    [("/srv rw,nosuid", False), ("/srv rw,noexec", False), ("/srv rw,nodev", True), ("/srv/a/b rw,nosuid", True),
     ("/sr rw,nosuid", True), ("/srv/a rw", True)],
)  # fmt: skip
def test_where_the_bit_has_no_effect_there_is_none(mount: str, is_way: bool) -> None:
    place, options = mount.split()
    mounts = (
        "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n9 1 8:8 / /srv rw,nosuid - ext4 /dev/sda8 rw\n"
        f"2 1 8:2 / {place} {options} - ext4 /dev/sda2 rw\n"
    )
    mounts = mounts if place == "/srv/a" else mounts.replace("9 1 8:8 / /srv rw,nosuid", "9 1 8:8 / /other rw")
    assert bool(Host().file("/srv/a/find", package="").ways(mounts=mounts)) is is_way


def test_what_is_not_certain_leaves_the_part_open() -> None:
    facts = Host().file("/opt/agent", package="").facts()
    reasons = [problem.reason for problem in facts.problems["suid"]]
    assert reasons == ["/opt/agent: what this program does is not known"]
    assert facts.problems["sudo"] == facts.problems[""] == []
    (row,) = (row for row in facts.rows if row["way"] == "suid")
    assert "no package owns it" in row["how_en"]
    assert row["source"] == row["thing"] == "/opt/agent"


def test_a_list_that_is_not_known_leaves_the_part_open() -> None:
    host = Host().file("/usr/bin/find", 0o4750).unknown_list("/usr/bin/find")
    facts = host.facts()
    assert [problem.reason for problem in facts.problems["suid"]] == [
        "/usr/bin/find: whether an access control list opens it to others is not known"
    ]
    quiet = Host().file("/usr/bin/find", 0o4700).unknown_list("/usr/bin/find")
    assert quiet.facts().problems["suid"] == [], "the mask of any list would be empty"
    assert Host().file("/usr/bin/su", 0o4750).unknown_list("/usr/bin/su").facts().problems["suid"] == []


def test_without_the_packages_what_is_known_by_name_is_told_all_the_same() -> None:
    host = Host().file("/usr/bin/find").file("/opt/agent", package="")
    host.lists = ""
    walk = host.files + host.near + b"NOPKG\0END\0"
    facts = observe(evidence(walk=walk, passwd={"/etc/passwd": PASSWD}, group={"/etc/group": GROUP}), "h", privileges)
    assert [row["thing"] for row in facts.tables["root_ways"].rows] == ["shadow", "/usr/bin/find"]
    assert "no package manager was found" in [p.reason for p in facts.tables["root_ways"].problems["suid"]]


def test_every_capability_is_told_in_both_languages_and_by_programs_that_are_known() -> None:
    for power in powers().capabilities:
        assert power.gives in POWERS
        assert all((power.how.en, power.source, power.how.zh != power.how.en))
        assert power.interpreter or power.programs or power.techniques
    assert is_interpreter("python3.12")
    assert not is_interpreter("cat")
    assert [power.gives for power in held(["cap_net_raw"])] == []
    assert usable("cat", ["cap_dac_read_search"], effective=True) is not None


_PIECES = st.sampled_from(
    [b"LOOKED\0/a\0\0", b"HEAD\0", b"==> /a <==\n#!", b"CAP\0 =ep\0/a\0", b"DPKG\0", b"\0", b"END\0", b"NOACL\0/a\0",
     b"ACL\0# file: /a\nuser:1:rwx\n\0", b"XATTR\0" + b"00" * 20 + b"\0/a\0", b"SUMS\0", b"NOPKG\0", b"MANY\0",
     f"{INFO}/dpkg.list:/usr/bin/dpkg\n".encode(), record(b"/a", (0o104755, 0, 42, 1, 1)),
     record(b"/a", (0o106755, 9**9, -1, 1, 1)), record(b"/usr/bin/find", (0o106711, 1001, 42, 1, 1))]
)  # fmt: skip


@given(st.lists(st.one_of(_PIECES, st.binary(max_size=20)), max_size=20).map(b"".join))
def test_no_walk_breaks_it(walk: bytes) -> None:
    """The room's own guard would turn an exception into a part that is not whole: it is asked without."""
    seen = evidence(walk=walk, passwd={"/etc/passwd": PASSWD}, group={"/etc/group": GROUP})
    tables = observe(seen, "h").tables
    for way in by_suid.find(View.of(seen, tables), Built()):
        assert way.gives in POWERS
        assert way.thing == way.source
