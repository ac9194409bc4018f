"""Ways by su where PAM asks for no password: each is found, each near miss is silent; some are gone for real."""

from __future__ import annotations

import pytest

from secops.hosts.snapshot import observe
from secops.privilege.ways import privileges
from tests.hosts.evidence_kit import evidence
from tests.privilege.look import look
from tests.privilege.walk_kit import GROUP, PASSWD
from tests.privilege.whole_kit import WHOLE
from tests.testroot import TestHost

DEBIAN = "auth [success=1 default=ignore] pam_unix.so nullok\nauth requisite pam_deny.so\nauth required pam_permit.so\n"
RHEL = """auth required pam_env.so
auth [default=1 ignore=ignore success=ok] pam_localuser.so
auth sufficient pam_unix.so nullok
auth requisite pam_succeed_if.so uid >= 1000 quiet_success
auth required pam_deny.so
"""
ROOT = "auth sufficient pam_rootok.so\n"
WHEEL = [("alice", True)]
NOT_KNOWN = "whom it lets in is not known"

#: Rules of su before those that ask for a password → whom they let in, whether for certain; and what is not known.
STACKS: dict[str, tuple[list[tuple[str, bool]], bool]] = {
    "": ([], False),
    "auth sufficient pam_wheel.so trust": (WHEEL, False),
    "auth sufficient pam_wheel.so trust use_uid group=wheel": (WHEEL, False),
    "auth sufficient pam_wheel.so trust group=nobodys": ([], False),
    "auth sufficient pam_wheel.so trust deny group=wheel": ([], False),
    "auth sufficient pam_wheel.so use_uid": ([], False),
    "auth required pam_wheel.so trust": ([], False),
    "account sufficient pam_wheel.so trust": ([], False),
    "auth sufficient pam_permit.so": ([("*", True)], False),
    "auth [success=done default=ignore] pam_permit.so": ([("*", True)], False),
    "auth [success=2 default=ignore] pam_wheel.so trust": ([], True),
    "auth optional pam_permit.so": ([], False),
    "auth required pam_unix.so\nauth sufficient pam_permit.so": ([], False),
    "auth required pam_vendor.so\nauth sufficient pam_wheel.so trust": ([("alice", False)], True),
    "auth sufficient pam_succeed_if.so use_uid quiet user ingroup wheel": (WHEEL, False),
    "auth sufficient pam_succeed_if.so user ingroup wheel": ([], True),
    "auth sufficient pam_listfile.so item=ruser sense=allow file=/etc/su.list onerr=fail": ([], True),
    "auth required pam_listfile.so item=ruser sense=allow file=/etc/su.list onerr=fail": ([], False),
}  # fmt: skip


@pytest.mark.parametrize("password", [DEBIAN, RHEL], ids=["debian", "rhel"])
@pytest.mark.parametrize("rules", STACKS)
def test_whom_su_lets_in_without_a_password(rules: str, password: str) -> None:
    stacks = {"/etc/pam.d/su": f"{ROOT}{rules}\n@include asked\n", "/etc/pam.d/asked": password}
    seen = evidence(passwd={"/etc/passwd": PASSWD}, group={"/etc/group": f"{GROUP}wheel:x:10:alice\n"}, pam_d=stacks,
                    nsswitch={"/etc/nsswitch.conf": "passwd: files\n"}, **WHOLE)  # fmt: skip
    facts = observe(seen, "web1", privileges).tables["root_ways"]
    expected, unknown = STACKS[rules]
    found = [row for row in facts.rows if row["way"] == "pam"]
    assert [(row["user_name"], row["certain"]) for row in found] == expected
    assert {row["source"] for row in found} <= {"/etc/pam.d/su"}
    assert [NOT_KNOWN in one.reason for one in facts.problems["pam"]] == [True] * unknown


def test_other_services_give_nothing() -> None:
    stacks = {"/etc/pam.d/chsh": "auth sufficient pam_permit.so\n", "/etc/pam.d/su": ROOT + DEBIAN}
    facts = observe(evidence(passwd={"/etc/passwd": PASSWD}, pam_d=stacks), "web1", privileges).tables["root_ways"]
    assert [row for row in facts.rows if row["way"] == "pam"] == []


def test_it_is_so(test_host: TestHost) -> None:
    """alice is in the group, bob is not; the same rule without `trust` lets nobody in."""
    test_host.run(["sh", "-c", "groupadd wheel; useradd -m alice; useradd -m bob; gpasswd -a alice wheel"], check=True)
    before = test_host.at("/etc/pam.d/su").read_text()
    for rule, users in (("trust", ["alice"]), ("use_uid", [])):
        test_host.write("/etc/pam.d/su", f"auth sufficient pam_wheel.so {rule}\n{before}")
        rows = look(test_host, "pam_rules")["root_ways"].rows
        assert [row["user_name"] for row in rows if row["way"] == "pam"] == users
        really = [
            user
            for user in ("alice", "bob")
            if test_host.run(["su", user, "-c", "su root -c id </dev/null"]).returncode == 0
        ]
        assert really == users
