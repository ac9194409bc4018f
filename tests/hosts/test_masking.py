"""Secrets in command text are hidden, what rules ask for is kept."""

import subprocess
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.carriers.root import rewrite
from secops.hosts.masking import masked, names_only
from secops.hosts.section import Files
from secops.hosts.tables.authorized_keys import AUTHORIZED_KEYS
from secops.hosts.tables.sshd_effective import SSHD_CONFIG
from secops.hosts.tables.sudo_rules import SUDOERS


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
    "unit", ["pass", " --pass ", "pass\\=", 'command="', "=", "\\", " -", "-pass", "u", "//", "-u"]
)
def test_hostile_lines_cost_no_more_than_a_scan_can_wait_for(unit: str) -> None:
    started = process_time()
    for start in ("", "forcecommand ", 'command="', " -pass "):
        line = start + unit * (100_000 // len(unit))
        for section in (SUDOERS, SSHD_CONFIG, AUTHORIZED_KEYS):
            rewrite(line.encode(), section.rewrite)
        masked(line[:20_000], "mysql")
    assert process_time() - started < 20
