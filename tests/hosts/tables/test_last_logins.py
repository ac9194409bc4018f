"""Last logins: which record tells of the last one, and what the absence of one is worth."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Status
from secops.hosts.tables import Facts, Row
from secops.hosts.tables.last_logins import TABLE
from tests.hosts.evidence_kit import derive, evidence
from tests.hosts.usage.kit import DAY, NOW, PASSWD, SHADOW, fill, log, seen, utmp

QUIET = "CRON[1]: pam_unix(cron:session): session closed for user root"
BY_KEY = "sshd[1]: Accepted publickey for {} from 10.0.0.1 port 1 ssh2"

#: A record of 200 days; root, oracle and alice came in meanwhile.
KEPT = log(
    (200, QUIET),
    (150, "login[1]: pam_unix(login:session): session opened for user root(uid=0) by LOGIN(uid=0)"),
    (100, BY_KEY.format("alice")),
    (10, "su[1]: (to oracle) root on pts/0"),
    (0, QUIET),
    style="iso",
)


def facts(root: Path, text: str = KEPT, **sections: object) -> Facts:
    fill(root, {"/var/log/auth.log": (0, text)})
    return derive(TABLE, seen(root, **sections))


def row(found: Facts, name: str) -> Row:
    return next(row for row in found.rows if row["user_name"] == name)


def lacks(found: Facts) -> dict[str, list[str]]:
    return {part: [problem.reason for problem in problems] for part, problems in found.problems.items()}


def test_the_last_login_and_the_days_without_one(tmp_path: Path) -> None:
    found = facts(tmp_path)
    assert lacks(found) == {"": [], "quarter": [], "half_year": []}
    assert row(found, "alice") == {
        "user_name": "alice", "last_login": NOW - 100 * DAY, "via": "ssh", "address": "10.0.0.1",
        "record": "/var/log/auth.log", "record_since": NOW - 200 * DAY, "record_days": 200, "idle_days": 100,
    }  # fmt: skip
    assert {r["user_name"]: (r["via"], r["idle_days"]) for r in found.rows} == {
        "root": ("console", 150), "daemon": (None, 200), "oracle": ("su", 10), "alice": ("ssh", 100), "bob": (None, 200)
    }  # fmt: skip


def test_a_login_that_only_wtmp_tells_of_counts(tmp_path: Path) -> None:
    files = {"/var/log/wtmp": (0, utmp(50, "alice", "pts/0", "10.0.0.7") + utmp(400, "bob", "tty1"))}
    fill(tmp_path, files)
    found = facts(tmp_path)
    assert (row(found, "alice")["record"], row(found, "alice")["idle_days"]) == ("wtmp", 50)
    bob = row(found, "bob")
    assert (bob["last_login"], bob["idle_days"]) == (NOW - 400 * DAY, 200)  # between the two nobody knows


def test_of_two_records_of_one_login_the_one_that_tells_more(tmp_path: Path) -> None:
    fill(tmp_path, {"/var/log/wtmp": (0, utmp(100, "alice", "pts/0", "10.0.0.1"))})
    assert row(facts(tmp_path), "alice")["via"] == "ssh"


def test_lastlog_alone_proves_no_absence(tmp_path: Path) -> None:
    found = derive(TABLE, seen(fill(tmp_path, {"/var/log/wtmp": (0, utmp(400, "alice", "tty1"))})))
    assert (row(found, "alice")["last_login"], row(found, "alice")["idle_days"]) == (NOW - 400 * DAY, None)
    assert lacks(found)["quarter"] == ["no log of logins is there", "no log of logins is there"]


def test_a_short_record_decides_of_those_alone_who_came_in(tmp_path: Path) -> None:
    reason = "what is on record begins 30 days ago, not 90"
    found = facts(tmp_path, log((30, QUIET), (9, BY_KEY.format("alice")), (0, QUIET)))
    assert lacks(found) == {"": [], "quarter": [reason], "half_year": [reason.replace("90", "180")]}
    assert row(found, "bob")["idle_days"] == 30
    names = ("root", "oracle", "alice", "bob")  # daemon has no shell
    found = facts(tmp_path, log((30, QUIET), *((9, BY_KEY.format(name)) for name in names), (0, QUIET)))
    assert lacks(found)["quarter"] == []


def test_an_account_may_be_as_new_as_its_password(tmp_path: Path) -> None:
    day = NOW // DAY - 20
    shadow = SHADOW.replace("bob:!:15000", f"bob:!:{day}").replace("alice:!:15000", "alice:!:")
    found = facts(tmp_path, shadow={"/etc/shadow": shadow})
    assert (row(found, "bob")["idle_days"], row(found, "alice")["idle_days"]) == (20, 100)
    assert lacks(found)["quarter"] == []
    ahead = SHADOW.replace("bob:!:15000", f"bob:!:{day + 999}")
    assert row(facts(tmp_path, shadow={"/etc/shadow": ahead}), "bob")["idle_days"] == 200


def test_or_as_the_log_tells(tmp_path: Path) -> None:
    made = "useradd[1]: new user: name=bob, UID=1001, GID=1001, home=/home/bob, shell=/bin/bash, from=none"
    grouped = "usermod[1]: add 'alice' to group 'sudo'"
    text = log((200, QUIET), (15, made), (14, grouped), (0, QUIET), style="iso")
    assert [row(facts(tmp_path, text), name)["idle_days"] for name in ("bob", "alice")] == [15, 200]


def test_without_the_shadow_file_no_part_is_whole(tmp_path: Path) -> None:
    found = facts(tmp_path, shadow=Status.DENIED)
    assert lacks(found) == {"": [], "quarter": ["test: denied"], "half_year": ["test: denied"]}


def test_without_pam_logins_at_the_console_are_not_known(tmp_path: Path) -> None:
    found = facts(tmp_path, landmarks=b"d755\x000\x000\x001\x001\x00/\0\0\0")
    assert lacks(found)["quarter"] == ["without PAM nothing tells of logins at the console"]
    assert {row["idle_days"] for row in found.rows} == {None}  # a rule that reads rows alone must not take it for known


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("LogLevel QUIET\nUsePAM no\n", False),
        ("LogLevel ERROR\nUsePAM no\n", False),
        ("LogLevel QUIET\nUsePAM yes\n", True),  # pam_unix tells of them
        ("LogLevel VERBOSE\nUsePAM no\n", True),
    ],
)
def test_an_sshd_that_logs_nothing(config: str, told: bool, tmp_path: Path) -> None:
    found = facts(tmp_path, sshd_config={"/etc/ssh/sshd_config": config})
    assert lacks(found)["quarter"] == ([] if told else ["sshd is set to log no logins"])


def test_a_log_of_several_hosts_decides_nothing(tmp_path: Path) -> None:
    found = facts(tmp_path, KEPT + log((1, BY_KEY.format("bob")), style="iso", host="web2 "))
    assert lacks(found)["quarter"] == ["/var/log/auth.log holds lines of other hosts"]


def test_without_any_log_nothing_is_known(tmp_path: Path) -> None:
    found = derive(TABLE, seen(fill(tmp_path, {})))
    assert lacks(found)[""] == ["no log of logins is there"]
    assert found.problems[""][0].status is Status.ABSENT
    assert {row["idle_days"] for row in found.rows} == {None}


@pytest.mark.parametrize("section", ["auth_logs", "auth_journal", "login_records", "lastlog2", "passwd"])
def test_what_was_denied_makes_the_table_not_whole(section: str, tmp_path: Path) -> None:
    assert "test: denied" in lacks(facts(tmp_path, **{section: Status.DENIED}))[""]


_FIELDS = st.sampled_from(
    ["now", "alive", "log", "journal", "=", "lines", "broken", "host", "ssh", "session", "sudo", "su", "made", "alice",
     "root", "?", "#0", "*", "", "whole", "cut", "/var/log/auth.log", "/var/log/auth.log.1", str(NOW), "0", "9",
     "Feb 29 10:00:00", "2026-03-01T10:00:00Z", "9" * 14, "+0800", "sshd sshd (uid=0)", "su su alice(uid=1000)", "-1"]
)  # fmt: skip


@given(st.lists(st.lists(_FIELDS, max_size=7).map("\t".join), max_size=12), st.text(max_size=60))
def test_any_answer_is_read_without_raising(lines: list[str], text: str) -> None:
    for answer in (
        "\n".join(lines),
        f"now\t{NOW}\t+0000\nlog\t{NOW}\twhole\t/var/log/secure\n" + "\n".join(lines) + text,
    ):
        derive(TABLE, evidence(auth_logs=answer, auth_journal=answer, passwd={"/etc/passwd": PASSWD}))
