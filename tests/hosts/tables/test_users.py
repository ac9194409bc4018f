"""The users table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.tables.users import TABLE
from tests.hosts.evidence_kit import derive, evidence

DEBIAN = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
ops::1000:1000:值班,,,:/home/ops:
"""


def test_fields_are_read_and_an_empty_shell_is_bin_sh() -> None:
    facts = derive(TABLE, evidence(passwd={"/etc/passwd": DEBIAN}))
    assert facts.problems[""] == []
    assert [row["user_name"] for row in facts.rows] == ["root", "daemon", "ops"]
    assert facts.rows[1]["can_login"] is False
    assert facts.rows[2] == {
        "user_name": "ops", "uid": 1000, "gid": 1000, "gecos": "值班,,,", "home": "/home/ops", "shell": "/bin/sh",
        "can_login": True, "password_in_passwd": True, "line": 3,
    }  # fmt: skip


def test_a_malformed_line_makes_the_table_not_whole() -> None:
    facts = derive(TABLE, evidence(passwd={"/etc/passwd": DEBIAN + "broken:x:\n"}))
    assert len(facts.rows) == 3
    assert facts.problems[""][0].reason == "/etc/passwd:4 is not a passwd entry"


def test_a_uid_out_of_range_is_a_problem_not_a_row() -> None:
    facts = derive(TABLE, evidence(passwd={"/etc/passwd": f"big:x:{2**70}:0::/:/bin/sh\n"}))
    assert (list(facts.rows), facts.problems[""][0].reason) == ([], "uid is out of range")


@pytest.mark.parametrize("uid", ["9" * 5000, "٣", "-1", "0x0", " 0", ""])
def test_a_uid_that_is_no_number_is_a_malformed_line(uid: str) -> None:
    facts = derive(TABLE, evidence(passwd={"/etc/passwd": f"a:x:{uid}:0::/:/bin/sh\n"}))
    assert (list(facts.rows), facts.problems[""][0].reason) == ([], "/etc/passwd:1 is not a passwd entry")


def test_an_absent_or_empty_passwd_is_never_whole() -> None:
    assert derive(TABLE, evidence()).problems[""]
    assert derive(TABLE, evidence(passwd={"/etc/passwd": ""})).problems[""]


@given(st.binary(max_size=400))
def test_any_bytes_parse_without_raising(raw: bytes) -> None:
    derive(TABLE, evidence(passwd={"/etc/passwd": raw}))
