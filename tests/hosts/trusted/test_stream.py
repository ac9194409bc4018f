"""What a host sends is read without raising, and who can change a point is worked out as the kernel does it."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.acl import Acl
from secops.hosts.listing import Entry, record
from secops.hosts.tables.trusted_files import TABLE
from secops.hosts.trusted import changers as changers_
from secops.hosts.trusted.access import Who, granted
from secops.hosts.trusted.changers import Changers, TooManyError
from secops.hosts.trusted.places import PLACES
from secops.hosts.trusted.roles import BY_NAME
from secops.hosts.trusted.tree import MAX_LINKS, Tree, Unseen, trail
from tests.hosts.evidence_kit import derive, evidence

PASSWD = "root:x:0:0::/root:/bin/sh\nops:x:7:7::/home/ops:/bin/sh\nbob:x:8:8::/home/bob:/bin/sh\n"
GROUP = "root:x:0:\nops:x:7:bob\n"


def entry(path: str, mode: int, uid: int = 0, gid: int = 0, link: str = "") -> bytes:
    return record(path.encode(), (mode, uid, gid, 0, 0), link.encode())


_TAGS = st.sampled_from(list("PFNGADUTOXZ?"))
_TEXTS = st.sampled_from(
    ["", "0 /etc/crontab", "999 /x", "cron /etc/crontab", "tab /var/spool/cron/ops", "rotation /etc/logrotate.conf",
     "unit /etc/systemd/system/a.service", "5 ~root /x ; /y", "5 ExecStart= + /x", "7 User= ~ops", "5 su= ~ops", "x",
     "/x", "# file: /x\nuser:7:rw-", "# file: /x\nuser::rwx\nmask::r--", "?", "9" * 30 + " /x", "5 PATH= /x"]
)  # fmt: skip
_FIELDS = st.builds(lambda tag, text: f"{tag}{text}".encode() + b"\0", _TAGS, _TEXTS)
_RECORDS = st.sampled_from(
    [entry("/", 0o40755), entry("/x", 0o100666), entry("/x", 0o100644, 7), entry("/y", 0o120777, link="x"),
     entry("/etc", 0o41777), entry("/etc/crontab", 0o100664, 0, 7), b"f6x4\0" + b"0\0" * 7, b"f644\0"]
)  # fmt: skip


@given(st.one_of(st.binary(max_size=200), st.lists(_FIELDS | _RECORDS, max_size=30).map(b"".join)))
def test_no_stream_breaks_the_table(data: bytes) -> None:
    seen = evidence(
        trusted_paths=data, passwd={"/etc/passwd": PASSWD}, group={"/etc/group": GROUP},
        sudoers={"/etc/sudoers": "ops ALL=(ALL) /x, (bob) /y *\n"}, sudo_paths=b"",
        service_units=entry("/etc/systemd/system/a.service", 0o100644),
    )  # fmt: skip
    facts = derive(TABLE, seen)
    assert all(row["role"] in BY_NAME for row in facts.rows)
    assert facts.problems[""] or data.endswith(b"Z\0") or b"Z" in data


def test_every_role_says_what_is_done_and_where_to_check_it() -> None:
    roles = {place.role for place in PLACES} | {place.names for place in PLACES if place.names} | set(BY_NAME.values())
    for role in roles:
        assert BY_NAME[role.name] is role
        assert role.doing.en != role.doing.zh
        assert "(" in role.source


@pytest.mark.parametrize(
    "path", ["/a/../b", "//a//./b/", "/a/b/../../a", "/a/l", "/a/up/a", "/loop/x", "/a/far", "/no/x"]
)
def test_a_trail_ends_where_the_kernel_does(path: str, tmp_path: Path) -> None:
    for name in ("a/b", "b"):
        (tmp_path / name).mkdir(parents=True)
    for name, target in (("a/l", "b/.."), ("a/up", "../a/.."), ("loop", "loop"), ("a/far", f"{tmp_path}/b")):
        (tmp_path / name).symlink_to(target)

    def look(at: str) -> Entry | None:
        try:
            found = os.lstat(at)
        except OSError:
            return None
        link = os.readlink(at) if stat.S_ISLNK(found.st_mode) else ""
        return Entry(at, "l" if link else "d", stat.S_IMODE(found.st_mode), 0, 0, 0, 0, link)

    ends = list(trail(f"{tmp_path}{path}", look))
    try:
        expected = os.path.realpath(f"{tmp_path}{path}", strict=True)
    except OSError:
        assert ends[-1][1] is None or ends[-1][1].kind == "l"
        assert len(ends) < MAX_LINKS * 9
        return
    reached = [at for at, found in ends if found and found.kind != "l"]
    assert expected in (reached[-1], os.path.dirname(reached[-1]), os.path.dirname(os.path.dirname(reached[-1])))


def test_what_was_not_looked_at_is_not_taken_for_missing() -> None:
    tree = Tree({"/": _entry("/", 0o755), "/d": _entry("/d", 0o777)}, frozenset({"/d/gone"}))
    assert [(point.path, point.missing) for point in tree.points("/d/gone/x")] == [("/", False), ("/d", True)]
    with pytest.raises(Unseen, match="/d/other"):
        list(tree.points("/d/other"))
    assert list(tree.points("/nowhere/x")) == []


def _entry(path: str, mode: int, uid: int = 0, gid: int = 0) -> Entry:
    return Entry(path, "d" if path.endswith(("/", "d")) else "f", mode, uid, gid, 0, 0)


@pytest.mark.parametrize(
    ("uid", "gids", "expected"),
    [
        (5, {5}, ("user", 5)), (7, {7}, ("acl_user", 7)), (8, {8, 1}, None), (9, {9, 2}, ("acl_group", 2)),
        (9, {9, 1, 2}, ("acl_group", 2)), (9, {9, 1}, None), (9, {9}, ("anyone", None)), (10, {3}, None),
    ],
)  # fmt: skip
def test_rights_are_those_of_the_first_entry_that_fits(uid: int, gids: set[int], expected: object) -> None:
    """The owner, then users of the list, then groups of which one is enough, then others."""
    file = Entry("/f", "f", 0o676, 5, 1, 0, 0)
    acl = Acl(6, 4, 6, 7, {7: 6, 8: 4}, {2: 6, 3: 4})
    assert granted(Who("x", uid, frozenset(gids)), file, acl, 2) == expected
    assert granted(Who("x", 7, frozenset({7})), file, replace(acl, mask=5), 2) is None


def test_many_accounts_cost_little_and_too_many_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changers_, "MAX_STEPS", 50_000)
    accounts = [Who(f"u{number}", 1000 + number, frozenset({1000 + number})) for number in range(5_000)]
    entries = {path: _entry(path, 0o755) for path in ("/", "/d")}
    entries |= {f"/d/f{number}": _entry(f"/d/f{number}", 0o666, gid=1) for number in range(40)}
    changers = Changers(Tree(entries), accounts, frozenset({1}))
    points = [point for path in entries for point in changers.tree.points(path) if point.kind == "file"]
    assert {repr(changers.of(point, 0)) for point in points} == {"[(('anyone', None), ['*'])]"}
    assert changers.steps == 0, "what is open to all is not asked one by one"
    changers = Changers(Tree(entries | {"/d": Entry("/d", "d", 0o701, 0, 1000, 0, 0)}), accounts)
    (_, names), *_ = changers.of(points[0], 0)
    assert names == [who.name for who in accounts[1:]], "the directory is closed to the group of u0"
    with pytest.raises(TooManyError):
        [changers.of(point, 0) for point in points]
