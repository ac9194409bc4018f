"""The authorized_keys table."""

import base64
import re
import subprocess
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.carriers.root import rewrite
from secops.hosts.evidence import Status
from secops.hosts.key_options import form, last_day
from secops.hosts.tables import Facts
from secops.hosts.tables.authorized_keys import AUTHORIZED_KEYS, TABLE, parse_line
from tests.hosts.evidence_kit import derive, evidence

RSA = (
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQCyWPHER/m6617afeM62DRKEdccDtijZMvygcOSVQjznPElKO0O2+auV+Wi6Qb/na9aKHOml9rZ"
    "QvqEmZLcHoUxDVOqeSxvs2DIKjFxNDfBeKdSWI26zPtct3560/JhdCwEpG4Z5eBOP4p1W2vpN4IPXYFprIjcV2L4BZBgN5nIfQ=="
)
ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC11xoL/Hnnx/7tpNagVsdNIzznvztM3akKU14i6qvUt"
ECDSA = (
    "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBPSTWhl8NTOMjN0I175aWXfZE8Vl0nWc2Q4Fjecl"
    "INIeEKL6oHTMHts+s/hnQ65KnRpGq5mOffD6y6u0ZKhQSEM8UmPdBWALh2OLfi0VOLgSBFuP8n1axGoa5jIQ34yFtQ=="
)
ED25519_PRINT = "SHA256:AJDHylrr6fUtpqDNnoj+a0gPWKdiI0BU9Qe/e2ZzbtY"

PASSWD = """root:x:0:0:root:/root:/bin/bash
alice:x:1000:1000::/home/alice:/bin/bash
shared:x:1001:1001::/home/alice/:/bin/bash
bare:x:1002:1002::/:/bin/sh
"""


def key(name: str, *fields: bytes, inner: str = "") -> str:
    parts = [(inner or name).encode(), *fields]
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return f"{name} {base64.b64encode(blob).decode()}"


def facts(files: dict[str, Any], **sections: Any) -> Facts:
    return derive(TABLE, evidence(authorized_keys=files, passwd={"/etc/passwd": PASSWD}, **sections))


def row(line: str) -> dict[str, Any]:
    found = facts({"/root/.ssh/authorized_keys": line + "\n"})
    assert found.problems[""] == []
    assert len(found.rows) == 1
    return found.rows[0]


def test_a_key() -> None:
    assert row(f"{ED25519} 张三@host  x ") == {
        "user_name": "root", "path": "/root/.ssh/authorized_keys", "line": 1, "effective": True, "refused": None,
        "key_type": "ssh-ed25519", "fingerprint": ED25519_PRINT, "key_bits": 256, "comment": "张三@host  x",
        "options": [], "from_restricted": False, "forced_command": False, "restrict": False, "cert_authority": False,
        "accepted": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "fingerprint", "bits"),
    [
        (RSA, "SHA256:fq3scfSyLTTgcmE00aA0C1I81qHYKwoU0nuL4Hi9p1M", 1024),
        (ED25519, ED25519_PRINT, 256),
        (ECDSA, "SHA256:5pDKEijLwCbV5sIa5DNO+XlXbHFdL0sALvlQGuBtfmE", 384),
    ],
)
def test_fingerprints_and_sizes_are_those_of_ssh_keygen(line: str, fingerprint: str, bits: int) -> None:
    found = row(line)
    assert (found["fingerprint"], found["key_bits"]) == (fingerprint, bits)


@pytest.mark.parametrize(
    ("line", "bits"),
    [
        (key("ssh-rsa", b"\1\0\1", b"\0\x80" + bytes(255)), 2048),
        (key("ssh-dss", b"\0\x80" + bytes(127), b"q", b"g", b"y"), 1024),
        (key("ecdsa-sha2-nistp521", b"nistp521", b"point"), 521),
        (key("sk-ssh-ed25519@openssh.com", bytes(32), b"ssh:"), 256),
        (key("sk-ecdsa-sha2-nistp256@openssh.com", b"nistp256", b"point", b"ssh:"), 256),
        (key("sm2", b"sm2", b"point"), 256),
        (key("ssh-xmss@openssh.com", b"x"), None),
        (key("ssh-rsa", b"\1\0\1", b""), None),
    ],
)
def test_sizes_of_other_keys(line: str, bits: int | None) -> None:
    assert row(line)["key_bits"] == bits


def test_certificates_have_no_fingerprint_here() -> None:
    found = row(key("ssh-ed25519-cert-v01@openssh.com", b"nonce", b"key") + " c")
    assert (found["fingerprint"], found["key_bits"], found["comment"]) == (None, 256, "c")


@pytest.mark.parametrize(
    ("options", "parsed"),
    [
        ("restrict", ["restrict"]),
        ('from="10.0.0.0/8,!10.1.1.1",No-PTY', ["from=10.0.0.0/8,!10.1.1.1", "no-pty"]),
        (
            r'command="echo \"a, b\" --password=S3cret",environment="TOKEN=S3cret",pty',
            ["command", "environment", "pty"],
        ),
        (r'principals="a\"b,c",expiry-time="20300101"', ['principals=a"b,c', "expiry-time=20300101"]),
        ('cert-authority,permitopen="h:80"', ["cert-authority", "permitopen=h:80"]),
        ("tunnel=0", ["tunnel=0"]),
    ],
)
def test_options(options: str, parsed: list[str]) -> None:
    found = row(f"  {options}\t {ED25519} c")
    assert (found["options"], found["comment"]) == (parsed, "c")
    assert "S3cret" not in str(found)
    names = {option.partition("=")[0] for option in parsed}
    assert found["from_restricted"] is ("from" in names)
    assert found["forced_command"] is ("command" in names)
    assert found["restrict"] is ("restrict" in names)
    assert found["cert_authority"] is ("cert-authority" in names)


@pytest.mark.parametrize(
    ("options", "program", "accepted"),
    [
        ("no-pty", "", True),
        ("no-such", "", None),
        ("no-such", "OpenSSH_9.2p1 Debian\n", False),
        ("no-such", "OpenSSH_99.1p1\n", None),
        ("no-such", "OpenSSH_7.4p1\n", None),  # as some vendors have it, who knows
        ("verify-required", "OpenSSH_8.4p1\n", True),
        ("verify-required", "OpenSSH_8.2p1\n", None),
        ("verify-required", "", None),
        ('permitopen="bad"', "OpenSSH_9.2p1\n", False),
        ('permitopen="h:80"', "", True),
        ('environment="A=x"', "", True),
        ('environment="A B=x"', "OpenSSH_9.2p1\n", False),
    ],
)
def test_whether_sshd_takes_the_options_hangs_on_its_release(options: str, program: str, accepted: bool | None) -> None:
    line = rewrite(f"{options} {ED25519}".encode(), AUTHORIZED_KEYS.rewrite).decode()
    found = facts({"/root/.ssh/authorized_keys": line}, sshd_program={"/usr/sbin/sshd": program})
    assert [row["accepted"] for row in found.rows] == [accepted]


def test_a_key_within_quotes_of_an_option_is_not_the_key() -> None:
    assert row(f'command="x {RSA} y" {ED25519}')["fingerprint"] == ED25519_PRINT


@pytest.mark.parametrize(
    "line",
    [
        "?",
        "ssh-rsa",
        "ssh-rsa AAAA!",
        "ssh-rsa AAAAB3NzaC1yc2E",
        key("ssh-rsa", b"e", b"n", inner="ssh-dss"),
        key("ssh-rsa"),
        "ssh-rsa " + base64.b64encode(b"\xff\xff\xff\xff" + b"ssh-rsa").decode(),
        key("ssh-rsa-cert-v01@openssh.com", b"x", inner="ssh-rsa"),
        f'command="open {ED25519}',
        "1024 65537 1234567890 old protocol",
        "ssh-rsa ＡＡＡＡ",
    ],
)
def test_lines_that_are_no_keys_are_counted(line: str) -> None:
    found = facts({"/root/.ssh/authorized_keys": f"# comment\n\n{line}\n{ED25519}\n  #x\n{line}"})
    assert [row["line"] for row in found.rows] == [4]
    reason = "/root/.ssh/authorized_keys: 2 lines are not public keys, the first is 3"
    assert [problem.reason for problem in found.problems[""]] == [reason]


def test_users_of_one_home_share_its_keys_and_a_home_may_be_the_root_directory() -> None:
    paths = ("/home/alice/.ssh/authorized_keys", "/home/alice//.ssh/authorized_keys", "/.ssh/authorized_keys2")
    files = dict.fromkeys(paths, ED25519)
    found = facts(files)
    assert found.problems[""] == []
    assert [(row["user_name"], row["path"]) for row in found.rows] == [
        ("alice", "/home/alice/.ssh/authorized_keys"),
        ("shared", "/home/alice/.ssh/authorized_keys"),
        ("bare", "/.ssh/authorized_keys2"),
    ]


def test_files_named_after_users_count_when_sshd_reads_them() -> None:
    files = {f"/etc/ssh/authorized_keys.d/{name}": ED25519 for name in ("alice", "ghost")}
    columns = [(row["user_name"], row["effective"]) for row in facts(files).rows]
    assert columns == [("alice", False), (None, None)]
    config = {"/etc/ssh/sshd_config": "AuthorizedKeysFile %h/.ssh/authorized_keys /etc/ssh/authorized_keys.d/%u\n"}
    found = facts(files | {"/home/alice/.ssh/authorized_keys2": ED25519}, sshd_config=config)
    assert found.problems[""] == []
    assert [(row["user_name"], row["effective"]) for row in found.rows] == [
        ("alice", True),
        (None, None),
        ("alice", False),
        ("shared", False),
    ]


@pytest.mark.parametrize(
    ("place", "collected"),
    [
        (".ssh/authorized_keys", True),
        ("%h/.ssh/../.ssh/authorized_keys", True),
        ("/etc/ssh/authorized_keys/%u", True),
        ("/etc/ssh/authorized_keys.d/everyone", True),
        ("none", True),
        ("/var/keys/%u", False),
        ("keys", False),
        ("/etc/ssh/authorized_keys.d/%u/keys", False),
        ("/etc/ssh/%%u", False),
    ],
)
def test_keys_that_sshd_reads_elsewhere_are_a_problem(place: str, collected: bool) -> None:
    found = facts({}, sshd_config={"/etc/ssh/sshd_config": f"AuthorizedKeysFile {place}\n"})
    expected = [] if collected else [f"sshd reads keys from {place}, which is not collected"]
    assert [problem.reason for problem in found.problems[""]] == expected


def test_what_is_not_seen_is_a_problem() -> None:
    denied = facts({"/home/alice/.ssh/authorized_keys": Status.DENIED})
    assert [problem.status for problem in denied.problems[""]] == [Status.DENIED]
    unknown = facts({}, sshd_config={"/etc/ssh/sshd_config": Status.DENIED})
    assert [problem.status for problem in unknown.problems[""]] == [Status.DENIED]
    assert derive(TABLE, evidence()).problems[""]  # without passwd nobody's home is known


LEAK = f"""# {RSA}
 \t
root:$6$salt$hash:19000:0:99999:7:::
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ
ssh-rsa is not followed by a key
from="10.0.0.1" {ED25519} c
{key("sm2", b"sm2", b"p")}
"""


def test_only_public_keys_leave_the_host() -> None:
    kept = f'\n\n?\n?\n?\n?\nfrom="10.0.0.1" {ED25519} c\n{key("sm2", b"sm2", b"p")}\n'
    assert rewrite(LEAK.encode(), AUTHORIZED_KEYS.rewrite).decode() == kept
    script = [f"-es~{ere}~{replacement}~;t" for ere, replacement in AUTHORIZED_KEYS.rewrite]
    done = subprocess.run(["sed", "-E", *script, "-ed"], input=LEAK.encode(), capture_output=True, check=True)
    assert done.stdout.decode() == kept


def test_the_filter_keeps_every_line_that_is_a_key() -> None:
    for line in (RSA, f"restrict\t{ECDSA} x", f'from="a \\" b" {ED25519}'):
        assert parse_line(line)
        assert rewrite(line.encode(), AUTHORIZED_KEYS.rewrite) == line.encode() + b"\n"


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ('command="a \\" -p s3,x" ', 'command="" '),
        (
            'no-pty,Command="s3",from="10.0.0.1",environment="A=s3" ',
            'no-pty,Command="",from="10.0.0.1",environment="A=" ',
        ),
        ('environment="A=s3",Environment="B_1=s3=s3" ', 'environment="A=",Environment="B_1=" '),
        ('environment="s3",environment="-A=s3" ', 'environment="",environment="" '),
        ('environment="A=s3",environment="B=s3",command="s3" ', None),
        ('command="s3 ', None),
    ],
)
def test_commands_and_environments_stay_on_the_host_and_the_key_counts(options: str, kept: str | None) -> None:
    """sed and Python give the same; a line that cannot be told apart is one that is not whole."""
    line = f"{options}{ED25519}"
    wanted = "?" if kept is None else f"{kept}{ED25519}"
    assert rewrite(line.encode(), AUTHORIZED_KEYS.rewrite).decode() == f"{wanted}\n"
    script = [f"-es~{ere}~{replacement}~;t" for ere, replacement in AUTHORIZED_KEYS.rewrite]
    done = subprocess.run(["sed", "-E", *script, "-ed"], input=line.encode(), capture_output=True, check=True)
    assert done.stdout.decode().rstrip("\n") == wanted
    if kept:
        assert parse_line(wanted) == parse_line(line)


@pytest.mark.parametrize(
    "hostile", ['"' * 300_001, "\\" * 300_000, 'a"\\" ' * 60_000, "ssh-rsa " * 60_000, "," * 300_000]
)
def test_hostile_lines_cost_no_more_than_their_length(hostile: str) -> None:
    assert parse_line(hostile) is None
    parse_line(f"x{hostile} {ED25519}")
    rewrite(hostile.encode(), AUTHORIZED_KEYS.rewrite)


@given(
    st.lists(st.sampled_from(["permitopen", "expiry-time", "tunnel", "no-pty", "environment", "=", '"', "\\", ",", ":",
                              "[", "]", "/", "80", "9" * 5000, "99990231", "٣", "Z", " ", "A"]), max_size=12)
)  # fmt: skip
def test_options_are_judged_without_raising(words: list[str]) -> None:
    found = form("".join(words))
    assert found.accepted(None) is not False  # nothing is refused by a release that nobody knows
    assert last_day("".join(words)) != date.min


@given(st.binary(max_size=200), st.sampled_from(["", "ssh-rsa ", "x ", '"']))
def test_any_bytes_parse_without_raising(raw: bytes, lead: str) -> None:
    line = lead.encode() + (base64.b64encode(raw) if lead == "ssh-rsa " else raw)
    facts(
        {"/root/.ssh/authorized_keys": line, "/etc/ssh/authorized_keys/alice": raw},
        sshd_config={"/etc/ssh/sshd_config": raw},
    )
    derive(TABLE, evidence(passwd={"/etc/passwd": raw}, authorized_keys={"/root/.ssh/authorized_keys": line}))


def test_the_patterns_of_the_filter_are_portable() -> None:
    for ere, _ in AUTHORIZED_KEYS.rewrite:
        assert "~" not in ere  # sed's delimiter
        assert not re.search(r"\\[a-zA-Z]", ere)  # classes that POSIX does not know


@pytest.mark.parametrize(
    ("block", "alice", "bare"),
    [
        ("", True, True),
        ("Match User alice\nAuthorizedKeysFile none", False, True),
        ("Match User *,!alice\nAuthorizedKeysFile none", True, False),
        ("Match Group wheel\nAuthorizedKeysFile none", False, True),
        ("Match User alice Address 10.0.0.0/8\nAuthorizedKeysFile none", True, True),
        ("Match User alice\nAuthorizedKeysFile /etc/ssh/authorized_keys/%u", False, True),
        ("Match User alice\nPermitTTY no", True, True),
    ],
)
def test_a_match_block_says_for_whom_sshd_reads_a_file(block: str, alice: bool, bare: bool) -> None:
    files = {f"{home}/.ssh/authorized_keys": ED25519 for home in ("/home/alice", "")}
    seen = evidence(passwd={"/etc/passwd": PASSWD}, group={"/etc/group": "wheel:x:10:alice\n"}, authorized_keys=files,
                    sshd_config={"/etc/ssh/sshd_config": block})  # fmt: skip
    effective = {row["user_name"]: row["effective"] for row in derive(TABLE, seen).rows}
    assert (effective["alice"], effective["bare"]) == (alice, bare)
