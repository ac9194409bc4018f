"""The doas_rules table: which files doas reads where, and whether it takes them."""

from __future__ import annotations

from typing import Any

import pytest

from secops.hosts.carriers.root import rewrite
from secops.hosts.evidence import Status
from secops.hosts.listing import record
from secops.hosts.masking import DOAS_SECRETS, HIDDEN
from secops.hosts.tables import Facts
from secops.hosts.tables.doas_rules import TABLE
from tests.hosts.evidence_kit import derive, evidence

SUID = record(b"/usr/bin/doas", (0o104755, 0, 0, 1, 1))
MAIN, EXTRA = "/etc/doas.conf", "/etc/doas.d/a.conf"
FOLDER = record(b"/etc/doas.d", (0o40750, 0, 10, 1, 1))


def listing(path: str, mode: int = 0o100600, uid: int = 0, link: str = "") -> bytes:
    return record(path.encode(), (mode, uid, 0, 1, 1), link.encode())


def facts(
    files: dict[str, bytes | str | Status], *listed: bytes, binary: bytes = SUID, release: str = "debian"
) -> Facts:
    paths = b"".join([binary, *(listed or map(listing, files))])
    os_release = {"/etc/os-release": release if "=" in release else f"ID={release}\n"} if release else {}
    return derive(TABLE, evidence(doas=files, doas_paths=paths, os_release=os_release))


def in_force(files: dict[str, bytes | str | Status], *listed: bytes, **others: Any) -> bool | None:
    (answer,) = {row["in_force"] for row in facts(files, *listed, **others).rows}
    return answer


def reasons(files: dict[str, bytes | str | Status], *listed: bytes, **others: Any) -> list[str]:
    return [problem.reason for problem in facts(files, *listed, **others).problems[""]]


def test_a_rule_and_its_columns() -> None:
    found = facts({MAIN: "deny bob\npermit nopass :wheel as root cmd /bin/ls args -l\n"})
    assert found.problems[""] == []
    assert found.rows[1] == {
        "permit": True, "identity": ":wheel", "target": "root", "command": "/bin/ls", "arguments": ["-l"],
        "nopass": True, "persist": False, "keepenv": False, "setenv": False, "nolog": False, "in_force": True,
        "source": MAIN, "line": 2, "position": 2,
    }  # fmt: skip
    assert [(row["permit"], row["target"], row["arguments"]) for row in found.rows[:1]] == [(False, None, None)]


def test_without_doas_there_is_nothing() -> None:
    found = facts({}, binary=b"", release="")
    assert (found.rows, found.problems[""]) == ([], [])


RULE = "permit nopass alice\n"


@pytest.mark.parametrize(
    ("binary", "expected"),
    [
        (SUID, True),
        (listing("/bin/doas", 0o104755), True),
        (b"", False),
        (listing("/usr/bin/doas", 0o100755), False),
        (listing("/usr/bin/doas", 0o104755, uid=1000), False),
        (listing("/usr/bin/doas", 0o120777, link="/opt/doas"), None),
        (listing("/usr/local/bin/doas", 0o104755), None),
    ],
)
def test_its_file_counts_where_doas_is_root(binary: bytes, expected: bool | None) -> None:
    assert in_force({MAIN: RULE}, binary=binary) is expected
    assert bool(reasons({MAIN: RULE}, binary=binary)) == (expected is None)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (listing(MAIN), True),
        (listing(MAIN, 0o100644), True),
        (listing(MAIN, 0o100664), False),
        (listing(MAIN, 0o100602), False),
        (listing(MAIN, 0o100600, uid=1000), False),
        (listing(MAIN, 0o120777, link="doas.d/a.conf") + listing(EXTRA), True),
        (listing(MAIN, 0o120777, link="/etc/doas.d/a.conf") + listing(EXTRA, uid=1000), False),
        (listing(MAIN, 0o120777, link="/srv/doas.conf"), None),
    ],
)
def test_a_file_that_others_may_write_is_refused(entry: bytes, expected: bool | None) -> None:
    assert in_force({MAIN: RULE}, entry) is expected
    assert bool(reasons({MAIN: RULE}, entry)) == (expected is None)


def test_a_mistake_anywhere_and_nothing_is_in_force() -> None:
    files = {MAIN: RULE, EXTRA: "permit bob", "/etc/doas.d/b.conf": "permit carol\n"}
    alpine = "ID=alpine\nVERSION_ID=3.20.1\n"
    found = facts(files, FOLDER, *map(listing, files), release=alpine)
    assert {(row["identity"], row["in_force"]) for row in found.rows} == {("alice", False), ("carol", False)}
    assert found.problems[""] == []


BOTH = {MAIN: "permit alice\n", EXTRA: "permit bob\n", "/etc/doas.d/.b.conf": "permit carol\n"}
INSIDE = ["carol", "bob"]


@pytest.mark.parametrize(
    ("release", "read"),
    [
        ("ID=debian\n", ["alice"]),
        ("ID=alpine\nVERSION_ID=3.14.2\n", ["alice"]),
        ("ID=alpine\nVERSION_ID=3.18.0\n", INSIDE),
        ("ID=alpine\nVERSION_ID=3.19.0\n", ["alice", *INSIDE]),
        ('ID=postmarketos\nID_LIKE="alpine"\nVERSION_ID="3.22_alpha"\n', ["alice", *INSIDE]),
    ],
)
def test_the_folder_is_alpines_alone(release: str, read: list[str]) -> None:
    found = facts(BOTH, FOLDER, *map(listing, BOTH), release=release)
    assert ([row["identity"] for row in found.rows], found.problems[""]) == (read, [])
    assert {row["in_force"] for row in found.rows} == {True}


@pytest.mark.parametrize("release", ["", "ID=alpine\n", "ID=alpine\nVERSION_ID=edge\n"])
def test_whether_the_folder_is_read_may_not_be_known(release: str) -> None:
    assert reasons(BOTH, FOLDER, *map(listing, BOTH), release=release) == [
        "/etc/doas.d: not known whether doas reads it here"
    ]


def test_alpines_own_file_is_a_link_into_the_folder() -> None:
    files = {MAIN: "permit alice\n", EXTRA: "permit alice\n"}
    entries = [FOLDER, listing(MAIN, 0o120777, link="/etc/doas.d/a.conf"), listing(EXTRA)]
    found = facts(files, *entries, release="ID=alpine\nVERSION_ID=3.21.0\n")
    assert ([row["source"] for row in found.rows], found.problems[""]) == ([MAIN, EXTRA], [])


@pytest.mark.parametrize("version", ["3.18.0", "3.20.0"])
def test_alpine_without_the_file_it_needs_refuses_everything(version: str) -> None:
    there = {EXTRA: RULE} if version == "3.20.0" else {MAIN: RULE}
    found = facts(there, FOLDER, *map(listing, there), release=f"ID=alpine\nVERSION_ID={version}\n")
    assert (list(found.rows), found.problems[""]) == ([], [])


def test_a_link_to_nowhere_in_the_folder_is_told_and_a_directory_is_none() -> None:
    entries = [FOLDER, listing(MAIN), listing(EXTRA, 0o120777, link="gone"), listing("/etc/doas.d/d.conf", 0o40755)]
    found = facts({MAIN: RULE}, *entries, release="ID=alpine\nVERSION_ID=3.20.0\n")
    assert [problem.reason for problem in found.problems[""]] == [f"{EXTRA} cannot be read"]
    assert [row["in_force"] for row in found.rows] == [None]


def test_what_may_not_be_read_is_not_refused() -> None:
    found = facts({MAIN: Status.DENIED}, listing(MAIN))
    assert [problem.status for problem in found.problems[""]] == [Status.DENIED]


SECRET = "hunter2"


@pytest.mark.parametrize(
    "line",
    [
        f"permit alice # {SECRET}",
        f"# permit alice as {SECRET}",
        f"permit setenv {{ A TOKEN={SECRET} }} alice cmd id",
        f"permit setenv {{ TOKEN={SECRET} }} alice cmd curl args --password {SECRET} x # {SECRET}",
        f"permit setenv {{ PATH=/bin TOKEN={SECRET} }} alice",
        f"permit setenv {{ PATH=/bin }} alice cmd curl args -u me:{SECRET}",
        f"permit setenv {{ PATH={SECRET} }} alice",
        f"permit setenv {{ HOME=/{SECRET} }} alice",
        f"permit alice cmd curl args -u me:{SECRET}",
        f"permit alice cmd mysql args -p{SECRET}",
        f"permit alice cmd x args --password={SECRET}",
        f"permit alice cmd x args https://me:{SECRET}@host/",
        f'permit alice cmd x args "--password={SECRET}"',
        f'permit alice cmd "x y" args --token {SECRET}',
        f"permit setenv {{ A \\\n TOKEN={SECRET} \\\n B={SECRET} }} alice",
        f"permit setenv {{ as B={SECRET} }} alice",
        f"permit setenv {{ {{B={SECRET}}} }} alice",
    ],
)
def test_secrets_stay_on_the_host(line: str) -> None:
    left = rewrite(f"{line}\n".encode(), DOAS_SECRETS)
    assert SECRET.encode() not in left
    assert left.count(b"\n") == line.count("\n") + 1


@pytest.mark.parametrize(
    "line",
    [
        "permit nopass :wheel",
        "deny alice cmd /bin/sh args -c",
        'permit alice cmd "a b" args x',
        "permit setenv { A } a",
        "permit keepenv setenv { -A PATH=/home/a:/bin BASH_ENV=$B } a as root cmd x args y",
    ],
)
def test_other_lines_leave_it_as_they_are(line: str) -> None:
    assert rewrite(f"{line}\n".encode(), DOAS_SECRETS) == f"{line}\n".encode()


def test_what_was_left_on_the_host_is_told_or_stands_for_itself() -> None:
    text = f'permit nopass alice cmd x args --token {SECRET}\npermit bob cmd x args "{SECRET}="\npermit carol\n'
    found = facts({MAIN: rewrite(text.encode(), DOAS_SECRETS)})
    assert [(row["identity"], row["arguments"], row["in_force"]) for row in found.rows] == [
        ("alice", [HIDDEN], None), ("carol", None, None),
    ]  # fmt: skip
    assert [problem.reason for problem in found.problems[""]] == [
        f"{MAIN}:2 was left out: it is too long, or seems to hold a secret"
    ]
