"""The sudo_defaults table."""

from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Status
from secops.hosts.listing import record
from secops.hosts.tables.sudo_defaults import TABLE
from tests.hosts.evidence_kit import derive, evidence

TEXT = """Defaults env_reset, !requiretty, timestamp_timeout = 5
User_Alias OPS = alice, !%wheel
Defaults:OPS env_keep += "LANG"
Defaults@web1 lecture=never
Defaults>root !authenticate
Defaults!/bin/ls noexec
"""
COLUMNS = ("scope", "scope_name", "scope_negated", "option", "operator", "value", "negated", "line", "position")


def test_one_row_per_option_and_entry_of_its_scope() -> None:
    found = derive(TABLE, evidence(sudoers={"/etc/sudoers": TEXT}))
    assert found.problems[""] == []
    assert [tuple(row[column] for column in COLUMNS) for row in found.rows] == [
        ("global", None, False, "env_reset", None, None, False, 1, 1),
        ("global", None, False, "requiretty", None, None, True, 1, 2),
        ("global", None, False, "timestamp_timeout", "=", "5", False, 1, 3),
        ("user", "alice", False, "env_keep", "+=", "LANG", False, 3, 4),
        ("user", "%wheel", True, "env_keep", "+=", "LANG", False, 3, 4),
        ("host", "web1", False, "lecture", "=", "never", False, 4, 5),
        ("runas", "root", False, "authenticate", None, None, True, 5, 6),
        ("command", "/bin/ls", False, "noexec", None, None, False, 6, 7),
    ]
    assert {row["source"] for row in found.rows} == {"/etc/sudoers"}


def test_without_sudo_the_table_is_whole_and_empty() -> None:
    found = derive(TABLE, evidence())
    assert (list(found.rows), found.problems[""]) == ([], [])


def test_what_is_not_seen_or_not_read_is_a_problem() -> None:
    sudo = record(b"/usr/bin/sudo", (0o104755, 0, 0, 1, 1))
    assert derive(TABLE, evidence(sudo_paths=sudo)).problems[""]
    assert derive(TABLE, evidence(sudoers={"/etc/sudoers": Status.DENIED})).problems[""][0].status is Status.DENIED
    broken = derive(TABLE, evidence(sudoers={"/etc/sudoers": "Defaults = x\nDefaults:OPS mailto=a\n"}))
    assert [problem.reason for problem in broken.problems[""]] == [
        "/etc/sudoers:1: not a Defaults setting",
        "User_Alias OPS is not defined",
    ]
    nested = "".join(f"User_Alias A{n} = A{n + 1}, A{n + 1}\n" for n in range(40)) + "Defaults:A0 noexec\n"
    assert "more than 100000 rows" in derive(TABLE, evidence(sudoers={"/etc/sudoers": nested})).problems[""][0].reason


@given(st.binary(max_size=300))
def test_any_bytes_parse_without_raising(raw: bytes) -> None:
    derive(TABLE, evidence(sudoers={"/etc/sudoers": b"Defaults" + raw}))
