"""Ways by files: what comes of the rows of trusted_files. What rows there are is tested in tests/hosts/trusted."""

from __future__ import annotations

import pytest

from secops.hosts.evidence import Evidence, Status
from secops.hosts.listing import record
from secops.hosts.snapshot import observe
from secops.hosts.tables import Facts
from secops.hosts.trusted.places import PLACES
from secops.privilege.ways import privileges
from tests.hosts.evidence_kit import Content, evidence

PASSWD = """root:x:0:0::/root:/bin/bash
toor:x:0:0::/root:/bin/bash
alice:x:1001:1001::/home/alice:/bin/bash
svc:x:1002:1002::/srv:/usr/sbin/nologin
"""
GROUP = "root:x:0:\nalice:x:1001:\nsvc:x:1002:\nshadow:x:42:alice\ndevs:x:43:alice\n"
CRON = ["P0 /etc/cron.d/a", "Fcron /etc/cron.d/a", "N1 ~root /srv/job", "N2 ~toor /srv/job", "N3 ~svc /srv/d/x"]


def _record(path: str, mode: int, uid: int = 0, gid: int = 0) -> bytes:
    return record(path.encode(), (mode, uid, gid, 0, 0))


TREE = (_record("/", 0o40755), _record("/srv", 0o40755), _record("/etc", 0o40755), _record("/etc/cron.d", 0o40755),
        _record("/etc/cron.d/a", 0o100644))  # fmt: skip


def seen(fields: list[str], *records: bytes, nss: str = "passwd: files\n", **others: Content) -> Evidence:
    stream = "".join(f"{field}\0" for field in fields).encode() + b"".join((*TREE, *records)) + b"Z\0"
    return evidence(
        passwd={"/etc/passwd": PASSWD}, group={"/etc/group": GROUP}, nsswitch={"/etc/nsswitch.conf": nss},
        sudo_paths=b"", **{"trusted_paths": stream, **others},
    )  # fmt: skip


def tables(*args: object, **others: str) -> dict[str, Facts]:
    return dict(observe(seen(*args, **others), "h", privileges).tables)


def test_a_file_gives_the_power_of_each_account_that_runs_it_once() -> None:
    found = tables([*CRON, "G/srv/d"], _record("/srv/job", 0o100664, 0, 43))
    (to_root,) = [row for row in found["root_ways"].rows if row["way"] == "file"]
    assert to_root == {
        "user_name": "alice", "way": "file", "thing": "/srv/job", "program": None, "gives": "shell",
        "how_en": "a cron job runs it", "how_zh": "由 cron 任务执行", "password": "none", "besides_all": False,
        "certain": True, "source": "/etc/cron.d/a", "line": 1,
    }  # fmt: skip
    assert found["root_ways"].problems["file"] == []


def test_it_says_what_is_there_and_what_is_not() -> None:
    found = tables([*CRON, "G/srv/d/x"], _record("/srv/d", 0o40770, 1001, 1001))
    (row,) = found["account_ways"].rows
    assert (row["user_name"], row["becomes"], row["thing"]) == ("alice", "svc", "/srv/d")
    assert (row["how_en"], row["how_zh"]) == (
        "nothing is at /srv/d/x yet: a cron job runs it",
        "/srv/d/x 尚不存在：由 cron 任务执行",
    )
    found = tables(CRON, _record("/srv/d", 0o40770, 1001, 1001), _record("/srv/d/x", 0o100755))
    (row,) = found["account_ways"].rows
    assert (row["how_en"], row["how_zh"]) == (
        "on the way to /srv/d/x: a cron job runs it",
        "位于 /srv/d/x 的路径上：由 cron 任务执行",
    )


def test_a_fixed_place_is_its_own_evidence() -> None:
    number, profile = _place("/etc/profile"), _record("/etc/profile", 0o100644)
    found = tables([f"P{number} /etc/profile", "P0 /etc/cron.d/a"], _record("/etc", 0o40775, 0, 43), profile)
    (row,) = [row for row in found["root_ways"].rows if row["way"] == "file"]
    assert (row["thing"], row["source"], row["line"]) == ("/etc", "/etc/profile", None)
    assert row["how_en"] == "on the way to /etc/profile: the shells of all logins read it"


def test_what_a_group_is_known_for_is_not_told_again() -> None:
    number = _place("/etc/shadow")
    for gid, way in ((42, "group"), (43, "file")):
        found = tables([f"P{number} /etc/shadow"], _record("/etc/shadow", 0o100640, 0, gid))
        told = [
            (row["user_name"], row["way"], row["gives"])
            for row in found["root_ways"].rows
            if row["user_name"] == "alice"
        ]
        assert told == sorted({("alice", "group", "read"), ("alice", way, "read")}, key=lambda one: one[1] != "group")


def _place(path: str) -> int:
    """The number of the place that a path is in."""
    return next(number for number, place in enumerate(PLACES) if path in place.patterns)


@pytest.mark.parametrize(
    ("scope", "certain"), [("", [True]), (":alice", [False]), ("!/usr/bin/id", [False]), (">svc", [False])]
)
def test_a_path_for_some_alone_may_be_of_no_use(scope: str, certain: list[bool]) -> None:
    policy = {"/etc/sudoers": f"root ALL=(ALL) ALL\nDefaults{scope} secure_path=/srv/bin\n"}
    found = tables([], _record("/srv/bin", 0o40755, 1001), sudoers=policy)["root_ways"]
    told = [row for row in found.rows if row["way"] == "file"]
    assert [(row["user_name"], row["certain"]) for row in told] == [("alice", one) for one in certain]
    assert [problem.reason for problem in found.problems["file"]] == [
        "/etc/sudoers:2: whether what it is set for looks for programs by their names is not known"
    ] * (not certain[0])


def test_a_number_that_is_nobodys_is_nobodys_way_unless_a_directory_may_know_it() -> None:
    orphan = _record("/srv/job", 0o100755, 4711)
    for nss, problems in (
        ("passwd: files\n", []),
        ("passwd: files sss\n", ["/srv/job: 4711 may be an account or a group of a directory"]),
    ):
        found = tables(CRON[:3], orphan, nss=nss)["root_ways"]
        assert [row for row in found.rows if row["way"] == "file"] == []
        assert [problem.reason for problem in found.problems["file"]] == problems


def test_what_was_not_seen_makes_the_part_not_whole_and_no_other() -> None:
    for missing in (Status.TIMEOUT, Status.DENIED):
        facts = observe(seen([], trusted_paths=missing), "h", privileges).tables["root_ways"]
        assert [problem.status for problem in facts.problems["file"]] == [missing]
        assert facts.problems[""] == []
    no_lists = observe(seen([*CRON, "G/srv/d", "X"], _record("/srv/job", 0o100755)), "h", privileges).tables[
        "root_ways"
    ]
    assert [problem.reason for problem in no_lists.problems["file"]] == ["nothing here reads access lists"]
