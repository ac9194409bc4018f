"""The ssh_logins table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.evidence import Status
from secops.hosts.tables import Facts, Row
from secops.hosts.tables.ssh_logins import TABLE
from tests.hosts.evidence_kit import Content, derive, evidence
from tests.testroot import TestHost

MAIN = "/etc/ssh/sshd_config"
DEBIAN: Content = {"/usr/sbin/sshd": "OpenSSH_9.2p1 Debian\n"}
PASSWD = """\
root:x:0:0::/root:/bin/bash
daemon:x:1:1::/:/usr/sbin/nologin
dev:x:1000:1000::/home/dev:/bin/bash
bob:x:1001:998::/home/bob:/bin/sh
"""
GROUP = "root:x:0:\ndev:x:1000:\ndocker:x:998:\nwheel:x:10:dev\n"

ALL, NONE = {"root", "dev", "bob"}, set[str]()
LOCAL = ALL - {"root"}


def facts(config: str, *, program: Content = DEBIAN, **others: Content) -> Facts:
    files: dict[str, Content] = {
        "passwd": {"/etc/passwd": PASSWD}, "group": {"/etc/group": GROUP}, "sshd_config": {MAIN: config},
        "sshd_program": program,
    }  # fmt: skip
    return derive(TABLE, evidence(**(files | others)))  # type: ignore[arg-type]  # sections by name, all of them


def who(config: str, way: str = "password") -> set[str]:
    """The accounts that may log in this way, where all is known."""
    found = facts(config)
    assert found.problems[""] == []
    return {row["user_name"] for row in found.rows if row[way]}


def of(found: Facts, name: str) -> Row:
    return next(row for row in found.rows if row["user_name"] == name)


@pytest.mark.parametrize(
    ("config", "password"),
    [
        ("", LOCAL),  # Debian's defaults: root by key only
        ("PermitRootLogin yes", ALL),
        ("PasswordAuthentication no\nKbdInteractiveAuthentication no", NONE),
        ("PasswordAuthentication no", NONE),  # PAM, behind the other way, is off
        ("PasswordAuthentication no\nUsePAM yes", LOCAL),
        ("PasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM yes", NONE),
        ("AuthenticationMethods publickey,password", NONE),
        ("AuthenticationMethods publickey password", LOCAL),
        ("AuthenticationMethods password,keyboard-interactive:pam", NONE),
        ("UsePAM yes\nAuthenticationMethods password,keyboard-interactive:pam", LOCAL),
        # lists of names
        ("AllowUsers ops@10.0.0.1 de?@10.0.0.0/8", {"dev"}),
        ("AllowUsers ops\nAllowUsers [d]ev bob", {"bob"}),
        ("DenyUsers b*", {"dev"}),
        ("DenyUsers bob@10.0.0.1 dev@*", {"bob"}),
        ("AllowGroups doc*", {"bob"}),
        ("AllowUsers dev bob\nAllowGroups wheel", {"dev"}),
        ("DenyGroups wheel", {"bob"}),
        ("PermitRootLogin yes\nAllowGroups root", {"root"}),
        # Match blocks
        ("Match User dev\nPasswordAuthentication no", {"bob"}),
        ("Match User dev,bo*\nPasswordAuthentication no", NONE),
        ("Match User *,!dev\nPasswordAuthentication no", {"dev"}),
        ("Match Group docker,wheel\nPasswordAuthentication no", NONE),
        ("PasswordAuthentication no\nMatch Group docker\nPasswordAuthentication yes", {"bob"}),
        ("PasswordAuthentication no\nMatch User dev Group docker\nPasswordAuthentication yes", NONE),
        ("Match User root\nPermitRootLogin yes", ALL),
        ("PermitRootLogin yes\nMatch User root\nPasswordAuthentication no", LOCAL),
        ("Match invalid-user\nPasswordAuthentication no", LOCAL),
        ("Match User bob\nAllowUsers bob\nMatch all\nAllowUsers dev", {"dev", "bob"}),
        ("AllowUsers dev bob\nMatch User bob\nAllowUsers x", {"dev"}),  # a block's list stands for the global one
        ("DenyUsers dev\nMatch User *\nDenyUsers bob\nMatch User dev\nDenyUsers x", {"dev"}),
        # the first block in force decides, in the order of the file for each keyword
        ("Match User dev\nPasswordAuthentication no\nMatch User *\nPasswordAuthentication yes", {"bob"}),
        ("Match User *\nPasswordAuthentication yes\nMatch User dev\nPasswordAuthentication no", LOCAL),
        (
            "Match User dev\nX11Forwarding no\nPubkeyAuthentication no\nMatch User *\nPasswordAuthentication yes\n"
            "Match User dev\nPasswordAuthentication no",
            LOCAL,
        ),
        # what hangs on the connection: from anywhere is enough
        ("PasswordAuthentication no\nMatch Address 10.0.0.0/8\nPasswordAuthentication yes", LOCAL),
        ("Match Address 10.0.0.0/8\nPasswordAuthentication no", LOCAL),
        ("Match Address *\nPasswordAuthentication no", NONE),
        # one connection must allow it all: from inside root but no password, from outside a password but not root
        ("PermitRootLogin no\nMatch Address 10.0.0.0/8\nPermitRootLogin yes\nPasswordAuthentication no", LOCAL),
        (
            "PasswordAuthentication no\nMatch Address 10.0.0.0/8\nPermitRootLogin yes\nMatch LocalPort 2222\n"
            "PasswordAuthentication yes",
            ALL,
        ),
    ],
)
def test_who_may_log_in_with_a_password(config: str, password: set[str]) -> None:
    assert who(config) == password


def test_an_empty_password_needs_leave_of_its_own() -> None:
    assert who("", "empty_password") == NONE
    assert who("PermitEmptyPasswords yes", "empty_password") == LOCAL
    assert who("PermitEmptyPasswords yes\nPasswordAuthentication no", "empty_password") == NONE
    assert who("Match User bob\nPermitEmptyPasswords yes", "empty_password") == {"bob"}


@pytest.mark.parametrize(
    ("config", "publickey"),
    [
        ("", ALL),
        ("PermitRootLogin no", LOCAL),
        ("PermitRootLogin forced-commands-only", LOCAL),
        ("PubkeyAuthentication no", NONE),
        ("AuthenticationMethods publickey,password", NONE),
        ("PermitRootLogin no\nMatch Address 10.0.0.1\nPermitRootLogin prohibit-password", ALL),
    ],
)
def test_who_may_log_in_with_a_key(config: str, publickey: set[str]) -> None:
    assert who(config, "publickey") == publickey


def test_without_sshd_there_are_no_logins() -> None:
    found = facts("", program=Status.ABSENT, sshd_config=Status.ABSENT)
    assert (found.rows, found.problems[""]) == ([], [])


def test_the_first_of_two_entries_with_one_name_counts() -> None:
    passwd = "dev:x:1000:1000::/:/bin/sh\ndev:x:0:0::/:/usr/sbin/nologin\n"
    assert of(facts("", passwd={"/etc/passwd": passwd}), "dev")["password"] is True


def test_what_is_not_known_of_sshd_is_not_known_here_where_it_matters() -> None:
    """Without its release it is not known whether sshd lets root in: no answer, except where none is needed."""
    unknown = facts("", program=Status.DENIED)
    assert (of(unknown, "root")["password"], of(unknown, "dev")["password"]) == (None, True)
    assert [problem.reason for problem in unknown.problems[""]] != []
    told = facts("PasswordAuthentication no\nPubkeyAuthentication no", program=Status.DENIED)
    assert (of(told, "root")["password"], told.problems[""]) == (False, [])


@pytest.mark.parametrize("lost", ["passwd", "group", "sshd_config"])
@pytest.mark.parametrize("status", [Status.DENIED, Status.FAILED, Status.TIMEOUT])
def test_it_is_whole_only_when_what_it_is_made_of_is(lost: str, status: Status) -> None:
    assert facts("PermitRootLogin no").problems[""] == []
    assert status in [problem.status for problem in facts("PermitRootLogin no", **{lost: status}).problems[""]]


def test_a_malformed_account_or_line_of_sshd_config_is_told() -> None:
    assert facts("", passwd={"/etc/passwd": PASSWD + "broken\n"}).problems[""]
    assert facts("", group={"/etc/group": GROUP + "broken\n"}).problems[""]
    assert facts("PasswordAuthentication maybe").problems[""]


CLOSED = "PasswordAuthentication no\nPermitRootLogin no\nUsePAM no\n"


def test_two_blocks_that_hold_at_once_without_a_third() -> None:
    """Root gets in from 192.168/16 by port 2222: not by either block alone, and not where 10/8 holds as well."""
    config = CLOSED + (
        "Match Address 10.0.0.0/8\nPasswordAuthentication no\n"
        "Match Address 192.168.0.0/16\nPasswordAuthentication yes\n"
        "Match LocalPort 2222\nPermitRootLogin yes\n"
    )
    assert "root" in who(config)


def test_more_combinations_than_are_looked_at_are_not_known() -> None:
    blocks = "".join(f"Match Address 10.{n}.0.0/16\nX11Forwarding no\nPasswordAuthentication no\n" for n in range(6))
    found = facts(CLOSED + blocks)
    assert of(found, "dev")["password"] is None
    assert "too many Match blocks" in found.problems[""][0].reason
    allowed = facts(blocks + "Match User dev\nPasswordAuthentication yes\n")
    assert of(allowed, "dev")["password"] is True


def test_a_configuration_made_to_stall_is_given_up() -> None:
    blocks = "".join(f"Match Address 10.0.{n}.0/24 User *{n}*\nPasswordAuthentication no\n" for n in range(2000))
    found = facts(blocks)
    assert (found.rows, "too many" in found.problems[""][0].reason) == ([], True)


def test_sshd_itself_says_the_same_of_match_blocks(test_host: TestHost) -> None:
    config = (
        "UsePAM yes\nKbdInteractiveAuthentication no\nPasswordAuthentication no\nPermitEmptyPasswords no\n"
        'Match Group "ops,wheel" User "*,!root"\nPasswordAuthentication yes\n'
        "Match User root\nPasswordAuthentication yes\nPermitRootLogin yes\n"
        "Match User *\nPermitEmptyPasswords yes\nPermitRootLogin no\nPasswordAuthentication no\n"
    )
    test_host.write(MAIN, config)
    passwd, group = (test_host.at(path).read_text() for path in ("/etc/passwd", "/etc/group"))
    found = facts(config, passwd={"/etc/passwd": passwd}, group={"/etc/group": group})
    for name in ("root", "ops", "nobody"):
        told = test_host.run(["/usr/sbin/sshd", "-T", "-C", f"user={name},host=h,addr=192.0.2.1"], check=True).stdout
        words = dict(line.split(" ", 1) for line in told.decode().split("\n") if " " in line)
        opens = words["passwordauthentication"] == "yes" and (name != "root" or words["permitrootlogin"] == "yes")
        shell = name != "nobody"
        row = of(found, name)
        assert row["password"] == (opens and shell), name
        assert row["empty_password"] == (opens and shell and words["permitemptypasswords"] == "yes"), name


@given(st.text(max_size=200), st.binary(max_size=100), st.binary(max_size=100))
def test_any_text_parses_without_raising(config: str, passwd: bytes, group: bytes) -> None:
    whole = facts(config + "\nPasswordAuthentication yes", passwd={"/etc/passwd": passwd + PASSWD.encode()},
                  group={"/etc/group": group})  # fmt: skip
    assert all(value is None or type(value) in (bool, str) for row in whole.rows for value in row.values())


CRITERIA = st.lists(
    st.sampled_from(["User dev", "User *,!dev", "Group wheel", "Address 10.0.0.1", "LocalPort 22", "invalid-user"]),
    min_size=1, max_size=3,
).map(" ".join)  # fmt: skip
SETTINGS = st.sampled_from(["PasswordAuthentication no", "AllowUsers dev", "PermitRootLogin yes", "DenyGroups docker"])


@given(st.lists(st.tuples(CRITERIA, SETTINGS), max_size=6))
def test_blocks_for_nobody_change_nothing(blocks: list[tuple[str, str]]) -> None:
    text = "".join(f"Match {criteria}\n{setting}\n" for criteria, setting in blocks)
    nobody = "Match User nobody-here\nPasswordAuthentication no\nAllowUsers x\n"
    assert facts(text).rows == facts(nobody + text).rows == facts(text + nobody).rows
