"""The special_files table, from the records of the walk."""

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Status
from secops.hosts.listing import record
from secops.hosts.tables import Facts
from secops.hosts.tables.special_files import TABLE
from tests.hosts.evidence_kit import derive, evidence

PASSWD = {"/etc/passwd": "root:x:0:0::/root:/bin/sh\nops:x:1000:1000::/home/ops:/bin/sh\n"}
GROUP = {"/etc/group": "root:x:0:\nops:x:1000:\n"}
LOCAL = {"/etc/nsswitch.conf": "passwd: files\n"}
END = b"END\0"


def entry(path: str, mode: int, uid: int = 0, gid: int = 0) -> bytes:
    return record(path.encode(), (mode, uid, gid, 10, 1))


def parsed(walk: bytes, **sections: object) -> Facts:
    known = {"passwd": PASSWD, "group": GROUP, "nsswitch": LOCAL, **sections}
    return derive(TABLE, evidence(walk=walk, **known))  # type: ignore[arg-type]


def test_modes_owners_and_capabilities() -> None:
    walk = (
        b"SKIP\0nfs4\0/srv\0"
        + entry("/usr/bin/su", stat.S_IFREG | 0o4755)
        + entry("/tmp", stat.S_IFDIR | 0o1777)
        + entry("/home/x/a\nb", stat.S_IFREG | 0o2755, 4242)
        + b"CAP\0 cap_net_raw=ep\0/usr/bin/ping\0CAP\0 = cap_net_admin,cap_net_raw+eip\0/usr/bin/old\0"
        + entry("/usr/bin/ping", stat.S_IFREG | 0o755)
        + b"CAP\0 cap_setuid=ep\0/home/x/a\nb\0"
        + END
    )
    facts = parsed(walk)
    rows = {row["path"]: row for row in facts.rows}
    assert all(problems == [] for problems in facts.problems.values())
    assert (rows["/usr/bin/su"]["setuid"], rows["/usr/bin/su"]["mode"]) == (True, "4755")
    assert (rows["/tmp"]["kind"], rows["/tmp"]["sticky"], rows["/tmp"]["world_writable"]) == ("d", True, True)
    assert rows["/home/x/a\nb"]["unowned"]
    assert rows["/home/x/a\nb"]["capabilities"] == ["cap_setuid"]
    assert rows["/usr/bin/ping"]["capabilities"] == ["cap_net_raw"]
    assert rows["/usr/bin/old"]["capabilities"] == ["cap_net_admin", "cap_net_raw"]
    assert (rows["/usr/bin/ping"]["mode"], rows["/usr/bin/ping"]["uid"]) == ("0755", 0)
    assert rows["/usr/bin/old"].get("mode") is None


def test_ids_given_to_containers_are_owned() -> None:
    walk = entry("/home/ops/.local/share/containers/x", stat.S_IFREG | 0o644, 100999, 100999) + END
    subid = {"/etc/subuid": "ops:100000:65536\n", "/etc/subgid": "ops:100000:65536\n"}
    assert parsed(walk, subid=subid).rows[0]["unowned"] is False
    assert parsed(walk).rows[0]["unowned"] is True


@pytest.mark.parametrize("walk", [b"", entry("/x", 0o104755), entry("/x", 0o104755)[:-3] + END, END[:-1]])
def test_a_walk_without_its_end_is_not_whole(walk: bytes) -> None:
    assert parsed(walk).problems[""]


def test_what_could_not_be_read_is_said() -> None:
    facts = parsed(b"ERRS\0find: '/root': Permission denied\nfind: 'x\ny'\n\0NOCAPS\0" + END)
    assert facts.problems[""][0].status is Status.DENIED
    one_line = "not everything could be read: find: '/root': Permission denied find: 'x y'"
    assert facts.problems[""][0].reason == one_line
    assert facts.problems["capabilities"][-1].reason == "getcap is not installed"


def test_accounts_of_a_directory_leave_only_ownership_open() -> None:
    facts = parsed(END, nsswitch={"/etc/nsswitch.conf": "passwd: files sss\n"})
    assert (facts.problems[""], bool(facts.problems["unowned"])) == ([], True)


@given(st.binary(max_size=300))
def test_any_bytes_parse_without_raising_and_are_not_whole(raw: bytes) -> None:
    facts = parsed(raw)
    assert "cannot be parsed" not in str(facts.problems)
    assert facts.problems[""] or raw.endswith(END)


@pytest.mark.parametrize(
    ("above", "lists", "reachable"),
    [
        (("/srv/a", 0o40755, 0, 0), b"", True),
        (("/srv/a", 0o40700, 0, 0), b"", False),
        (("/srv", 0o40700, 0, 0), b"", False),
        (("/srv/a", 0o40710, 0, 0), b"", False),
        (("/srv/a", 0o40710, 0, 1000), b"", True),
        (("/srv/a", 0o40700, 1000, 0), b"", True),
        (("/srv/a", 0o40710, 0, 0), b"ACL\0# file: /srv/a\nuser:1000:--x\n\0", True),
        (("/srv/a", 0o40710, 0, 0), b"NOACL\0/srv/a\0", True),
        (("/srv/a", 0o40700, 0, 0), b"NOACL\0/srv/a\0", False),
        (("/srv/b", 0o40700, 0, 0), b"", True),
    ],
)
def test_what_only_root_gets_to_is_told(above: tuple[str, int, int, int], lists: bytes, reachable: bool) -> None:
    walk = entry("/srv/a/x", stat.S_IFREG | 0o4755) + b"LOOKED\0/srv/a/x\0\0" + entry(*above) + lists
    (row,) = parsed(walk + b"NOPKG\0" + END).rows
    assert row["reachable"] is reachable
    assert parsed(walk).rows[0].get("reachable") is None, "more directories may have followed"


def test_a_script_is_none_that_the_kernel_gives_rights() -> None:
    heads = b"HEAD\0==> /a <==\n#!\n==> /b <==\n\x7fE\n==> /c <==\n#\n\0"
    files = b"".join(entry(path, stat.S_IFREG | 0o4755) for path in ("/a", "/b", "/c"))
    looked = b"".join(b"LOOKED\0%s\0\0" % path for path in (b"/a", b"/b", b"/c"))
    rows = parsed(files + looked + b"NOPKG\0" + heads + END).rows
    assert [row["is_script"] for row in rows] == [True, False, False]


def test_what_is_no_answer_of_getcap_leaves_the_capabilities_open() -> None:
    for record_ in (b"CAP\0 (Invalid argument)\0/x\0", b"XATTR\0zz\0/x\0"):
        facts = parsed(record_ + END)
        assert (facts.problems[""], facts.rows) == ([], [])
        assert facts.problems["capabilities"][0].reason == "a line of getcap does not parse"
