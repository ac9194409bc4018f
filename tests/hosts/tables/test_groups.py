"""The groups and group_members tables."""

from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.tables.group_members import TABLE as MEMBERS
from secops.hosts.tables.groups import TABLE
from secops.hosts.tables.gshadow_members import TABLE as GSHADOW
from tests.hosts.evidence_kit import derive, evidence

PASSWD = {"/etc/passwd": "root:x:0:0::/root:/bin/sh\nops:x:1000:1000::/home/ops:/bin/sh\nlost:x:1001:4000::/:/bin/sh\n"}
GROUP = {"/etc/group": "root:x:0:\nops:x:1000:\ndocker:x:998:ops,ghost,ops\n"}


def test_groups_and_their_members() -> None:
    seen = evidence(passwd=PASSWD, group=GROUP)
    assert [(row["group_name"], row["gid"]) for row in derive(TABLE, seen).rows] == [
        ("root", 0), ("ops", 1000), ("docker", 998),
    ]  # fmt: skip
    members = derive(MEMBERS, seen)
    assert members.problems[""] == []
    assert [(m["user_name"], m["group_name"], m["gid"], m["is_primary"]) for m in members.rows] == [
        ("ops", "docker", 998, False),
        ("ghost", "docker", 998, False),
        ("root", "root", 0, True),
        ("ops", "ops", 1000, True),
        ("lost", None, 4000, True),
    ]


def test_a_malformed_line_makes_both_not_whole() -> None:
    seen = evidence(passwd=PASSWD, group={"/etc/group": "root:x:0:\nbroken\n"})
    assert derive(TABLE, seen).problems[""][0].reason == "/etc/group:2 is not a group entry"
    assert derive(MEMBERS, seen).problems[""]


def record(path: str, mode: int) -> bytes:
    return "\0".join([f"x{mode:x}", "0", "0", "0", "0", path, "", "", ""]).encode()


TOOLS = record("/usr/bin/gpasswd", 0o104755) + record("/usr/bin/newgrp", 0o100755)


def test_who_can_take_a_group_on_by_gshadow() -> None:
    shadow = "docker:!:ops,,ghost:lost\nroot:$6$salt$hash::\nold:!:ops:\nbroken\n"
    seen = evidence(passwd=PASSWD, group=GROUP, gshadow={"/etc/gshadow": shadow}, group_tools=TOOLS)
    found = derive(GSHADOW, seen)
    assert [(row["user_name"], row["gid"], row["line"], row["administers"], row["can_take"]) for row in found.rows] == [
        ("ops", 998, 1, True, True), ("ghost", 998, 1, True, True), ("lost", 998, 1, False, False),
    ]  # fmt: skip
    assert [one.reason for one in found.problems[""]] == ["/etc/gshadow:4 is not a group entry"]
    assert derive(GSHADOW, evidence(passwd=PASSWD, group=GROUP)).problems[""] == []


@given(st.binary(max_size=300))
def test_any_bytes_parse_without_raising(raw: bytes) -> None:
    seen = evidence(passwd={"/etc/passwd": raw}, group={"/etc/group": raw}, gshadow={"/etc/gshadow": raw})
    derive(GSHADOW, seen)
    assert "cannot be parsed" not in str([derive(TABLE, seen).problems, derive(MEMBERS, seen).problems])
