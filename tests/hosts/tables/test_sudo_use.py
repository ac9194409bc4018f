"""The use of rights: by which program, as whom, and what the absence of it is worth."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Status
from secops.hosts.tables import Facts, Row
from secops.hosts.tables.sudo_use import TABLE
from tests.hosts.evidence_kit import derive, evidence
from tests.hosts.usage.kit import DAY, NOW, PASSWD, fill, log, seen, stamp

QUIET = "CRON[1]: pam_unix(cron:session): session closed for user root"
SUDO = "sudo: {} : TTY=pts/0 ; PWD=/ ; USER={} ; COMMAND=/usr/bin/id"
KEPT = log(
    (200, QUIET), (150, SUDO.format("alice", "root")), (120, SUDO.format("alice", "oracle")), (0, QUIET), style="iso"
)
SUDOERS = "Defaults env_reset\n"


def facts(root: Path, text: str = KEPT, sudoers: str = SUDOERS, **sections: object) -> Facts:
    fill(root, {"/var/log/auth.log": (0, text), "/etc/sudoers": (300, sudoers)})
    return derive(TABLE, seen(root, **({"sudoers": {"/etc/sudoers": sudoers}} | sections)))


def row(found: Facts, name: str, program: str = "sudo") -> Row:
    return next(row for row in found.rows if (row["user_name"], row["program"]) == (name, program))


def lacks(found: Facts, part: str = "quarter") -> list[str]:
    return [problem.reason for problem in found.problems[part]]


def test_who_used_what_as_whom(tmp_path: Path) -> None:
    found = facts(tmp_path)
    assert {part: lacks(found, part) for part in found.problems} == {"": [], "quarter": [], "half_year": []}
    assert row(found, "alice") == {
        "user_name": "alice", "program": "sudo", "last_use": NOW - 120 * DAY, "uses": 2, "as_root": True,
        "targets": ["oracle", "root"], "record": "/var/log/auth.log", "record_since": NOW - 200 * DAY,
        "record_days": 200, "idle_days": 120, "granted": None,
    }  # fmt: skip
    assert row(found, "bob") == {
        "user_name": "bob", "program": "sudo", "last_use": None, "uses": 0, "as_root": False, "targets": [],
        "record": None, "record_since": NOW - 200 * DAY, "record_days": 200, "idle_days": 200, "granted": None,
    }  # fmt: skip
    assert {(r["user_name"], r["program"]) for r in found.rows} == {
        (line.split(":")[0], program)
        for line in PASSWD.splitlines()
        for program in ("sudo", "su", "doas", "pkexec")
    }  # fmt: skip


def test_other_programs(tmp_path: Path) -> None:
    lines = {
        "su": "su[1]: (to root) alice on pts/0",
        "doas": "doas: alice ran command id as bob from /",
        "pkexec": "pkexec[1]: alice: Executing command [USER=root] [TTY=/dev/pts/0] [CWD=/] [COMMAND=/usr/bin/id]",
    }
    found = facts(tmp_path, log((99, QUIET), *((9, line) for line in lines.values()), (0, QUIET)))
    told = {program: row(found, "alice", program) for program in lines}
    assert {program: (r["uses"], r["as_root"], r["targets"]) for program, r in told.items()} == {
        "su": (1, True, ["root"]), "doas": (1, False, ["bob"]), "pkexec": (1, True, ["root"])
    }  # fmt: skip


def test_a_use_that_two_lines_or_two_records_tell_of_counts_once(tmp_path: Path) -> None:
    """On hosts of the RHEL family su's own line is in another log than that of PAM."""
    session = "su[1]: pam_unix(su-l:session): session opened for user root(uid=0) by {}(uid=1000)"
    both = log((99, QUIET), (9, "su[1]: (to root) alice on pts/0"), (9, session.format("alice")), (0, QUIET))
    assert row(facts(tmp_path, both), "alice", "su")["uses"] == 1
    by_number = log((99, QUIET), (9, session.format("")), (8, session.format("")), (0, QUIET))
    assert row(facts(tmp_path, by_number), "alice", "su")["uses"] == 2
    ends = f"now\t{NOW}\t+0000\njournal\t{stamp(99, 'journal')}\t{stamp(0, 'journal')}\t0\n"
    journal = f"{ends}sudo\talice\troot\t2\t{stamp(9, 'journal')}\t\n"
    found = facts(tmp_path, auth_journal=journal)
    assert (row(found, "alice")["uses"], row(found, "alice")["record"]) == (2, "journal")


def test_whose_rights_were_taken_may_not_be_known(tmp_path: Path) -> None:
    hidden = "sudo: bob : TTY=pts/0 ; PWD=/a ; USER=oracle ; b ; USER=root ; COMMAND=/usr/bin/id"
    found = row(facts(tmp_path, KEPT + log((9, hidden), style="iso")), "bob")
    assert (found["as_root"], found["targets"], found["uses"]) == (None, [], 1)


def test_a_second_root_is_root(tmp_path: Path) -> None:
    passwd = PASSWD + "toor:x:0:0::/root:/bin/sh\n"
    found = facts(tmp_path, KEPT + log((9, SUDO.format("bob", "toor")), style="iso"), passwd={"/etc/passwd": passwd})
    assert row(found, "bob")["as_root"] is True


def test_when_rights_may_have_been_granted(tmp_path: Path) -> None:
    text = KEPT + log((20, "usermod[1]: add 'bob' to group 'sudo'"), style="iso")
    assert row(facts(tmp_path, text), "bob")["granted"] == NOW - 20 * DAY
    assert row(facts(tmp_path, text), "alice")["granted"] is None
    text += log((10, "gpasswd[1]: members of group sudo set by root to alice,bob"), style="iso")
    assert {r["granted"] for r in facts(tmp_path, text).rows} == {NOW - 10 * DAY}


def test_a_short_record_does_not_tell_who_never_used_sudo(tmp_path: Path) -> None:
    found = facts(tmp_path, log((30, QUIET), (9, SUDO.format("alice", "root")), (0, QUIET)))
    assert lacks(found) == ["what is on record begins 30 days ago, not 90"]
    assert (row(found, "alice")["idle_days"], row(found, "bob")["idle_days"]) == (9, 30)


def test_of_accounts_the_journal_may_know_a_month_less(tmp_path: Path) -> None:
    journal = f"now\t{NOW}\t+0000\njournal\t{stamp(200, 'journal')}\t{stamp(0, 'journal')}\t0\n"
    found = derive(TABLE, seen(fill(tmp_path, {}), auth_journal=journal, sudoers={"/etc/sudoers": SUDOERS}))
    assert (row(found, "bob")["record_days"], lacks(found)) == (169, [])


@pytest.mark.parametrize(
    ("defaults", "reason"),
    [
        ("syslog=authpriv", ""),
        ("!syslog", "no log of logins is there"),
        ("syslog=local2", "no log of logins is there"),
        ("log_format=json", "sudo is set to log in a way that is not read here"),
        ("!log_allowed", "sudo is set to log in a way that is not read here"),
    ],
)
def test_where_sudo_is_set_to_log_otherwise(defaults: str, reason: str, tmp_path: Path) -> None:
    found = facts(tmp_path, sudoers=f"Defaults {defaults}\n")
    assert lacks(found) == ([reason] if reason else [])


def test_a_file_of_its_own_tells_of_all_up_to_now(tmp_path: Path) -> None:
    text = f"{stamp(150)} : alice : TTY=pts/0 ; PWD=/ ; USER=root ;\n    COMMAND=/usr/bin/id\n"
    fill(tmp_path, {"/var/log/sudo.log": (150, text)})
    found = facts(tmp_path, log((20, QUIET), (0, QUIET)), "Defaults logfile=/var/log/sudo.log, !syslog\n")
    assert (row(found, "alice")["idle_days"], row(found, "bob")["idle_days"], lacks(found)) == (150, 150, [])
    assert row(found, "bob", "su")["idle_days"] == 20
    found = facts(tmp_path, log((20, QUIET), (0, QUIET)))  # nothing names the file: who knows until when it was written
    assert row(found, "bob")["idle_days"] == 20


def test_what_is_not_known_of_the_policy_is_not_known_of_its_log(tmp_path: Path) -> None:
    fill(tmp_path, {"/var/log/auth.log": (0, KEPT)})
    found = derive(TABLE, seen(tmp_path, sudoers={"/etc/sudoers": Status.DENIED}))
    assert lacks(found) == ["/etc/sudoers: test: denied"]


def test_without_any_log_nothing_is_known(tmp_path: Path) -> None:
    found = derive(TABLE, seen(fill(tmp_path, {})))
    assert (lacks(found, ""), found.problems[""][0].status) == (["no log of logins is there"], Status.ABSENT)


@pytest.mark.parametrize("section", ["auth_logs", "auth_journal", "passwd"])
def test_what_was_denied_makes_the_table_not_whole(section: str, tmp_path: Path) -> None:
    assert "test: denied" in lacks(facts(tmp_path, **{section: Status.DENIED}), "")


@given(st.text(max_size=300))
def test_any_answer_is_read_without_raising(text: str) -> None:
    head = f"now\t{NOW}\t+0000\nlog\t{NOW}\twhole\t/var/log/secure\n=\t{stamp(9)}\nlines\t9\n"
    derive(TABLE, evidence(auth_logs=head + text, auth_journal=text, passwd={"/etc/passwd": PASSWD + text}))
