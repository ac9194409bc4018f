"""Secrets in command text are hidden, what rules ask for is kept."""

import re
import subprocess
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.bundle_format import encode
from secops.hosts.carriers.root import rewrite
from secops.hosts.evidence import Status, decode, judge, readable
from secops.hosts.manifest import manifest
from secops.hosts.masking import CRYPT, CRYPT_HIDDEN, masked, names_only, without_hashes
from secops.hosts.section import Files, is_text
from secops.hosts.tables._sudo import SUDOERS
from secops.hosts.tables.authorized_keys import AUTHORIZED_KEYS
from secops.hosts.tables.packages import RPM_SQLITE
from secops.hosts.tables.sshd_effective import SSHD_CONFIG
from tests.hosts.evidence_kit import evidence


@pytest.mark.parametrize(
    ("program", "text", "shown"),
    [
        ("/usr/bin/x", "--password=s3 -v", "--password=(hidden) -v"),
        ("/usr/bin/x", "--db-password 's 3' -v", "--db-password (hidden) -v"),
        ("/usr/bin/x", '--token "s 3" --api-key=s3', "--token (hidden) --api-key=(hidden)"),
        ("/usr/bin/x", "PGPASSWORD=s3 psql", "PGPASSWORD=(hidden) psql"),
        ("/usr/bin/mysqldump", "-ps3 all", "-p(hidden) all"),
        ("", "/usr/bin/sshpass -p s3 ssh x", "/usr/bin/sshpass -p (hidden) ssh x"),
        ("/usr/bin/curl", "-u web:s3 https://web:s3@x/", "-u web:(hidden) https://web:(hidden)@x/"),
        ("/usr/sbin/usermod", "-p s3 root", "-p (hidden) root"),
        ("/usr/bin/docker", "login -u x -p s3 r.cn", "login -u x -p (hidden) r.cn"),
        ("", "podman login -ps3 r.cn", "podman login -p(hidden) r.cn"),
        ("/usr/bin/redis-cli", "-p 6379 -a s3 info", "-p 6379 -a (hidden) info"),
        ("/bin/sh", "-c 'echo root:s3 | sudo chpasswd -e'", "-c 'echo (hidden) | sudo chpasswd -e'"),
        ("", "echo s3|passwd --stdin root", "echo (hidden) |passwd --stdin root"),
        ("", "printf '%s\\n' 's|3' | /usr/sbin/chpasswd", "printf (hidden) | /usr/sbin/chpasswd"),
        ("", "chpasswd <<< 'root:s 3' && id", "chpasswd <<< (hidden) && id"),
        ("/usr/bin/docker", "run -p 80:80 x", "run -p 80:80 x"),
        ("", "echo a | tee b", "echo a | tee b"),
        ("/usr/bin/curl", "-H 'Authorization: Bearer s3'", "-H 'Authorization: Bearer (hidden)"),
        ("/usr/bin/curl", "-H 'X-Auth-Token: s3'", "-H 'X-Auth-Token: (hidden)"),
        # nothing secret
        ("/bin/mkdir", "-p /srv/x", "-p /srv/x"),
        ("/usr/bin/passwd", "root", "root"),
        ("/usr/bin/ssh", "-p 22 host", "-p 22 host"),
        ("/usr/bin/x", "--password-file /etc/x --token-path=/etc/y", "--password-file /etc/x --token-path=/etc/y"),
        ("/usr/bin/x", "^[a-z]+$ * /etc/passwd /etc/x", "^[a-z]+$ * /etc/passwd /etc/x"),
        ("/usr/bin/rsync", "host:/a https://host:80/b", "host:/a https://host:80/b"),
    ],
)
def test_secrets_are_hidden_and_the_rest_stays(program: str, text: str, shown: str) -> None:
    assert masked(text, program) == shown
    assert masked(shown, program) == shown


@given(st.text(st.characters(exclude_characters="\"'\\ \t\n", categories=["L", "N", "P"]), min_size=8))
def test_no_value_gets_through(secret: str) -> None:
    for text in ("--password={}", "x --token {} y", "MY_SECRET={} y", "login https://u:{}@h"):
        value = secret.replace("/", "x").replace("@", "x").lstrip("-") + "0"
        assert value not in masked(text.format(value)) or value in "(hidden)"


def test_of_an_environment_only_the_names_are_kept() -> None:
    assert names_only("A=x B=\"y z=1\" C= D='q r'") == "A B C D"


@pytest.mark.parametrize(
    ("section", "line", "kept"),
    [
        (SUDOERS, "a ALL=/bin/x --password\\=s3 -v, /bin/id", "a ALL=/bin/x --password\\=(hidden) -v, /bin/id"),
        (SUDOERS, "a ALL=/bin/x --db-token s\\,3, /bin/id", "a ALL=/bin/x --db-token (hidden), /bin/id"),
        (SUDOERS, "a ALL=/x --token s3 --TOKEN s3, /y", "a ALL=/x --token (hidden) --TOKEN (hidden), /y"),
        (SUDOERS, "a ALL=/x --token s3 --key s3 --pass s3", "?"),
        (SUDOERS, "a ALL=/x --token s3 PASSWORD\\=s3", "?"),
        (SUDOERS, "a ALL=/sbin/usermod -p s3 x, /bin/id", "a ALL=/sbin/usermod -p (hidden) x, /bin/id"),
        (SUDOERS, "a ALL=/bin/docker login -p s3, /bin/id", "a ALL=/bin/docker login -p (hidden), /bin/id"),
        (SUDOERS, "a ALL=/bin/redis-cli -p 1 -a s3 x, /bin/id", "a ALL=/bin/redis-cli -p 1 -a (hidden) x, /bin/id"),
        (SUDOERS, "a ALL=/bin/docker run -p 80:80, /bin/mkdir -p /x", None),
        (SUDOERS, "Defaults passwd_tries=3, env_keep+=TOKEN", "Defaults passwd_tries=3, env_keep+=TOKEN"),
        (SUDOERS, "a ALL=(root) NOPASSWD: /usr/bin/passwd root, !/bin/su -", None),
        (SSHD_CONFIG, 'setenv A=s3 "B=s 3"', "setenv A=(hidden)"),
        (SSHD_CONFIG, "  SetEnv\ts3", "  SetEnv (hidden)"),
        (SSHD_CONFIG, "ForceCommand /bin/x --token s3 y", "ForceCommand /bin/x (hidden)"),
        (SSHD_CONFIG, "forcecommand internal-sftp -d /x", None),
    ],
)
def test_secrets_do_not_leave_the_host(section: Files, line: str, kept: str | None) -> None:
    """sed, which a live host runs, and Python, which reads images, give the same."""
    wanted = line if kept is None else kept
    assert rewrite(line.encode(), section.rewrite).decode() == f"{wanted}\n"
    script = [f"-es~{ere}~{replacement}~;t" for ere, replacement in section.rewrite]
    done = subprocess.run(["sed", "-E", *script, "-ed"], input=line.encode(), capture_output=True, check=True)
    assert done.stdout.decode().rstrip("\n") == wanted


@pytest.mark.parametrize(
    "unit",
    [
        "pass",
        " --pass ",
        "pass\\=",
        'command="',
        "=",
        "\\",
        " -",
        "-pass",
        "u",
        "//",
        "-u",
        "echo ",
        "|chpasswd",
        "$1$",
        "login",
        "usermod -p ",
    ],
)
def test_hostile_lines_cost_no_more_than_a_scan_can_wait_for(unit: str) -> None:
    started = process_time()
    for start in ("", "forcecommand ", 'command="', " -pass "):
        line = start + unit * (100_000 // len(unit))
        for section in (SUDOERS, SSHD_CONFIG, AUTHORIZED_KEYS):
            rewrite(line.encode(), section.rewrite)
        masked(line[:20_000], "mysql")
        rewrite(line[:2047].encode() + b"\n" + (line[:2030] + " -p, ").encode(), SUDOERS.rewrite)
    assert process_time() - started < 20


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("-p $6$saltsalt$aB./3 x", "-p $6$*** x"),
        ("a:$y$j9T$F5Jx5f..$X3DX6M9:b", "a:$y$***:b"),
        ("$5$rounds=5000$salt$hash,/bin/sh", "$5$***,/bin/sh"),
        ("$5$rounds\\=5000$salt$hash,/bin/sh", "$5$***,/bin/sh"),
        ("$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA+/", "$argon2id$***"),
        ("$argon2id$v\\=19$m\\=65536\\,t\\=3$c2FsdA$aGFzaA, /bin/sh", "$argon2id$***, /bin/sh"),
        ('"\\$6\\$saltsalt\\$aB./3"', '"\\$6\\$***"'),
        ("$1$abcdefgh$x $2b$12$abcdefgh", "$1$*** $2b$***"),
        ("$HOME/bin $1 $a$b cost$5 ^a$|b$ \\$6", None),
    ],
)
def test_of_a_stored_password_the_algorithm_is_left(text: str, left: str | None) -> None:
    """In Python and in sed, and both leave alone what they left."""
    wanted = text if left is None else left
    assert without_hashes(text.encode()).decode() == wanted
    assert without_hashes(wanted.encode()).decode() == wanted
    sed = ["sed", "-E", f"s~{CRYPT}~{CRYPT_HIDDEN}~g"]
    assert subprocess.run(sed, input=text.encode(), capture_output=True, check=True).stdout.decode() == wanted


def test_an_image_and_a_bundle_lose_stored_passwords_too() -> None:
    assert is_text(SUDOERS)
    assert not is_text(RPM_SQLITE)
    assert judge(SUDOERS, "/x", b"$6$saltsalt$hash", 0).data == b"$6$***"
    assert judge(SUDOERS, "/x", b"$6$" + b"a" * SUDOERS.limit, 0).status is Status.TRUNCATED
    seen = evidence(sudoers={"/etc/sudoers": "x $6$saltsalt$hash"}, rpm_sqlite={"/x": "x $6$saltsalt$hash"})
    odd = evidence(sudoers={readable(b"/etc/\\xff\xff"): "x"})
    assert decode(encode(odd), manifest(), carrier="bundle", label="x")["sudoers"].only == odd["sudoers"].only
    copied = decode(encode(seen), manifest(), carrier="bundle", label="x")
    assert copied["sudoers"].only.data == b"x $6$***"
    assert copied["rpm_sqlite"].only.data == b"x $6$saltsalt$hash"


def test_no_expression_repeats_more_than_musl_allows() -> None:
    """RE_DUP_MAX is 255 there: regcomp, and with it sed and a whole section, would fail on Alpine."""
    counts = [
        int(number)
        for section in manifest("clear")
        for pattern, _ in getattr(section, "rewrite", ())
        for number in re.findall(r"\{(?:[0-9]+,)?([0-9]+)\}", pattern)
    ]
    assert max(counts) <= 255
