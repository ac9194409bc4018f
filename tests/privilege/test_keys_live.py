"""What is said of keys is so: real keys of one host against the real sshd of another."""

from __future__ import annotations

import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from secops.hosts.evidence import decode
from secops.hosts.manifest import manifest
from secops.hosts.script import generate
from secops.hosts.snapshot import observe
from secops.hosts.ssh_key import joined
from secops.hosts.tables import Row, registry
from secops.privilege.fleet.keys import HELD_BY, OPENED_BY, SEEN_FROM, trust
from secops.privilege.fleet.sources import Source, lets_in
from tests import testroot
from tests.hosts.carriers.kit import make_key
from tests.privilege.key_options_kit import OPTIONS, offered
from tests.testroot import OPS, TestHost

SSHD = """PermitRootLogin no
UsePAM yes
PasswordAuthentication no
AuthorizedKeysFile .ssh/authorized_keys
TrustedUserCAKeys /etc/ssh/ca.pub
MaxAuthTries 1000
AllowUsers @
Match User sftp
  ForceCommand internal-sftp
Match User two
  AuthenticationMethods publickey,password
Match User quiet
  AllowAgentForwarding no
Match User tight
  DisableForwarding yes
Match User unread
  AuthorizedKeysFile none
Match User elsewhere
  AuthorizedKeysFile /etc/ssh/authorized_keys.d/%u
Match Group admins
  PermitRootLogin yes
"""

#: Accounts of the opened host: what stands in their authorized_keys, `@` for the key.
LINES = {
    "plain": "@",
    "sftp": "@",
    "two": "@",
    "quiet": "@",
    "tight": "@",
    "denied": "@",
    "unread": "@",
    "elsewhere": "@",
    "nologin": "@",
    "gone": "@",
    "locked": "@",
    "root": "@",
    "forced": 'command="/bin/echo no",no-pty @',
    "twice": 'command="/bin/echo no" @\n@',
    "ended": 'expiry-time="20200101" @',
    "later": 'expiry-time="29990101",no-port-forwarding @',
    "mute": "no-agent-forwarding @",
    "strict": "restrict @",
    "given": "restrict,agent-forwarding @",
    "here": 'from="127.0.0.1,::1" @',
    "there": 'from="10.9.8.7" @',
    **dict.fromkeys(("loose", "wide", "shared", "own", "stolen", "linked", "moved"), "@"),
}
#: What is done with files of keys and directories above them; $h is the home, of $u.
MODES = """set -e; u() { u=$1; h=/home/$u; }
u loose; chmod 666 $h/.ssh/authorized_keys
u wide; chmod 1777 $h/.ssh
u shared; chgrp team $h; chmod 770 $h
u own; chgrp $u $h/.ssh/authorized_keys; chmod 664 $h/.ssh/authorized_keys
u stolen; chown plain $h/.ssh/authorized_keys
u linked; mkdir /srv/$u; mv $h/.ssh/authorized_keys /srv/$u/; ln -s /srv/$u/authorized_keys $h/.ssh/; chmod 777 $h/.ssh
u moved; mkdir -m 777 /srv/$u; mv $h/.ssh/authorized_keys /srv/$u/; ln -s /srv/$u/authorized_keys $h/.ssh/
"""
USERS = [name for name in LINES if name != "root"]


@dataclass
class Fleet:
    """A host whose keys open accounts of another, and what is said of it."""

    holder: TestHost
    opened: TestHost
    rows: list[Row]

    def row(self, user: str, *, line: int = 1, path: str = "authorized_keys") -> Row:
        """The first row of a line: what it opens does not hang on the holder."""
        rows = [row for row in self.rows if row["user_name"] == user and row["line"] == line]
        return next(row for row in rows if row["path"].endswith(f"/{path}"))


@pytest.fixture(scope="module")
def fleet(test_root: Path) -> Iterator[Fleet]:
    with ExitStack() as stack:
        holder, opened = (stack.enter_context(testroot.host(name)) for name in ("bastion", "web1"))
        public = plant_keys(holder)
        plant_accounts(opened, public)
        opened.write("/etc/ssh/ca.pub", "# of all\n" + holder.at("/home/ops/.ssh/ca.pub").read_text())
        hosts = {"bastion": seen(holder), "web1": seen(opened)}
        rows = trust(hosts, datetime.now(UTC).date())
        stack.enter_context(listening(opened))
        yield Fleet(holder, opened, rows["web1"])


def plant_keys(host: TestHost) -> str:
    """A key without a passphrase that a group may read, one with, an authority's; a config that forwards the agent."""
    for name, phrase in (("id", ""), ("locked", "secret"), ("ca", "")):
        path = host.at(f"/home/ops/.ssh/{name}")
        make_key(path)
        subprocess.run(["ssh-keygen", "-q", "-p", "-N", phrase, "-P", "", "-f", path], check=True)
    host.run(["sh", "-c", "groupadd team && useradd -m -G team mate && chown -R ops:team /home/ops/.ssh"], check=True)
    host.run(["chmod", "750", "/home/ops/.ssh"], check=True)
    host.run(["chmod", "640", "/home/ops/.ssh/id"], check=True)
    host.write("/home/ops/.ssh/config", "Host *\n  ForwardAgent yes\n", 0o600, OPS)
    return host.at("/home/ops/.ssh/id.pub").read_text().strip()


def plant_accounts(host: TestHost, public: str) -> None:
    allowed = " ".join(name for name in [*LINES, "ops"] if name != "denied")
    host.write("/etc/ssh/sshd_config", SSHD.replace("@", allowed))
    host.run(["sh", "-c", f"for u in {' '.join(USERS)}; do useradd -m -s /bin/bash -p x $u; done"], check=True)
    for name, text in LINES.items():
        home = "/root" if name == "root" else f"/home/{name}"
        host.run(["install", "-d", "-m", "700", "-o", name, f"{home}/.ssh"], check=True)
        host.write(f"{home}/.ssh/authorized_keys", text.replace("@", public) + "\n")
    host.write("/home/denied/.ssh/authorized_keys2", public + "\n")
    host.write("/home/ops/.ssh/authorized_keys2", public + "\n")
    host.run(["usermod", "-s", "/usr/sbin/nologin", "nologin"], check=True)
    host.run(["chage", "-E", "1", "gone"], check=True)
    host.run(["usermod", "-L", "locked"], check=True)
    host.run(["groupadd", "team", "-U", "ops"], check=True)
    host.run(["sh"], MODES.encode(), check=True)


def seen(host: TestHost) -> dict[str, list[Row]]:
    """The tables of a host that `trust` reads, collected by the script."""
    asked = [registry()[name] for name in (*OPENED_BY, *HELD_BY, *SEEN_FROM)]
    sections = [section for section in manifest() if any(section in table.all_sections for table in asked)]
    answer = host.run(["sh"], generate(sections).encode(), check=True).stdout
    tables = observe(decode(answer, sections, carrier="local", label="test")).tables
    assert [name for name in (*OPENED_BY, *HELD_BY, *SEEN_FROM) if tables[name].problems[""]] == []
    return {name: list(tables[name].rows) for name in (*OPENED_BY, *HELD_BY, *SEEN_FROM)}


@contextmanager
def listening(host: TestHost) -> Iterator[None]:
    """An sshd on the loopback address of the host. It ends with the host."""
    host.run(["busybox", "ip", "link", "set", "lo", "up"], check=True)
    server = subprocess.Popen(host.command("/usr/sbin/sshd", "-D", "-e"), stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr
        while "listening on" not in server.stderr.readline():
            assert server.poll() is None
        yield
    finally:
        server.kill()
        server.wait()


def session(fleet: Fleet, user: str, command: str, *options: str, key: str = "id", **env: str) -> str:
    """What the command says in a session that the key opens; empty when it opens none."""
    namespace = ["nsenter", f"--target={fleet.opened.pid}", "--net"]
    known = ["-F", "/dev/null", "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", "-oBatchMode=yes"]
    path = fleet.holder.at(f"/home/ops/.ssh/{key}")
    argv = [*namespace, "ssh", *known, "-oIdentitiesOnly=yes", "-i", str(path), *options, f"{user}@127.0.0.1", command]
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=env, check=False, timeout=30
    )
    return done.stdout.strip() if done.returncode == 0 else ""


@pytest.mark.parametrize("user", [name for name in LINES if name not in ("here", "there")])
def test_a_key_opens_what_it_is_said_to_open(fleet: Fleet, user: str) -> None:
    assert (session(fleet, user, "id -un") == user) == fleet.row(user)["opens"]


def test_both_answers_are_among_them_and_why(fleet: Fleet) -> None:
    assert {name: fleet.row(name)["why"] for name in LINES} == {
        "sftp": "sshd_command", "two": "login_refused", "denied": "login_refused", "nologin": "login_refused",
        "gone": "account_expired", "root": "login_refused", "forced": "forced_command", "twice": "forced_command",
        "ended": "expired", "unread": "not_read", "elsewhere": "not_read",
        **dict.fromkeys(["loose", "wide", "shared", "stolen", "moved"], "strict_modes"),
        **dict.fromkeys(["own", "linked"]),
        **dict.fromkeys(["plain", "quiet", "tight", "locked", "later", "mute", "strict", "given", "here", "there"]),
    }  # fmt: skip


def test_a_file_that_sshd_does_not_read_opens_nothing(fleet: Fleet) -> None:
    row = fleet.row("ops", path="authorized_keys2")
    assert (row["opens"], row["why"]) == (False, "not_read")
    assert session(fleet, "ops", "id -un") == ""


def test_a_second_line_of_a_key_is_not_reached(fleet: Fleet) -> None:
    assert (fleet.row("twice", line=2)["opens"], fleet.row("twice", line=2)["why"]) == (False, "earlier_line")
    assert session(fleet, "twice", "id -un") == "no"


def test_from_lets_in_where_it_says(fleet: Fleet) -> None:
    """The client is on the loopback address, as one on the host itself would be."""
    for user, patterns in (("here", "127.0.0.1,::1"), ("there", "10.9.8.7")):
        row = fleet.row(user)
        assert (row["opens"], row["from_restricted"], row["from_text"]) == (True, True, patterns)
    assert (fleet.row("here")["from_fits"], fleet.row("there")["from_fits"]) == (False, None)
    assert (session(fleet, "here", "id -un"), session(fleet, "there", "id -un")) == ("here", "")


FROM = (
    "127.0.0.1", "127.0.0.0/8", "127.0.0.1/8", "127.0.0.0/33", "127.1", "127.*", "127.0.0.?", "127.0.0.2",
    "!127.0.0.1,*", "!127.0.0.2,*", "*,!127.0.0.0/8", "!127.0.0.2", "localhost", "web1", "10.0.0.0/8,127.0.0.1",
    "127.0.0.1,", "*", "::/0", "::1,*.0.0.1", "127.0.0.0/", "0.0.0.0/0",
)  # fmt: skip


def test_lists_of_from_are_matched_as_sshd_matches_them(fleet: Fleet) -> None:
    public = fleet.holder.at("/home/ops/.ssh/id.pub").read_text()
    source = Source(frozenset({"bastion"}), [ip_address("127.0.0.1")], [ip_network("127.0.0.0/8")])
    said, so = {}, {}
    for text in FROM:
        fleet.opened.write("/home/given/.ssh/authorized_keys", f'from="{text}" {public}')
        said[text] = lets_in(text, source, same_host=False, names=False) is True
        so[text] = session(fleet, "given", "id -un") == "given"
    fleet.opened.write("/home/given/.ssh/authorized_keys", LINES["given"].replace("@", public))
    assert said == so
    assert {*so.values()} == {True, False}


def test_lines_whose_options_sshd_refuses_open_nothing(fleet: Fleet, tmp_path: Path) -> None:
    """Each has a key of its own; the client offers all of them, and sshd tells which it would take."""
    options = [text for texts in OPTIONS.values() for text in texts]
    blobs = [joined([b"ssh-ed25519", b"%032d" % at]) for at in range(len(options))]
    keys = [f"ssh-ed25519 {b64encode(blob).decode()}" for blob in blobs]
    before = fleet.opened.at("/home/given/.ssh/authorized_keys").read_bytes()
    lines = [f"{text} {key}".lstrip() + "\n" for text, key in zip(options, keys, strict=True)]
    fleet.opened.write("/home/given/.ssh/authorized_keys", "".join(lines))
    for at, key in enumerate(keys):
        (tmp_path / f"{at}.pub").write_text(key + "\n")
    taken = offered(fleet.opened, "given", [tmp_path / str(at) for at in range(len(keys))])
    rows = trust({"web1": seen(fleet.opened)}, datetime.now(UTC).date())["web1"]
    fleet.opened.write("/home/given/.ssh/authorized_keys", before)
    said = {row["line"]: row for row in rows if row["user_name"] == "given" and not row["cert_authority"]}
    so = {text: at in taken for at, text in enumerate(options)}
    assert so == {text: fits for fits, texts in OPTIONS.items() for text in texts if fits is not None} | {
        text: so[text] for text in OPTIONS[None]
    }
    refused = {text: (said[at]["opens"], said[at]["why"]) for at, text in enumerate(options, start=1) if not so[text]}
    assert {text: why for text, why in refused.items() if text not in OPTIONS[None]} == dict.fromkeys(
        OPTIONS[False], (False, "options")
    )
    doubtful = [text for at, text in enumerate(options, start=1) if said[at]["opens"] is None]
    assert doubtful == list(OPTIONS[None])
    assert {said[at]["why"] for at, text in enumerate(options, start=1) if text in OPTIONS[True]} == {
        None, "forced_command",
    }  # fmt: skip


@pytest.mark.parametrize("user", ["plain", "quiet", "tight", "mute", "strict", "given"])
def test_the_agent_can_be_had_where_it_is_said_to(fleet: Fleet, user: str, tmp_path: Path) -> None:
    socket = str(tmp_path / "agent")
    with subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL) as agent:
        try:
            until = time.monotonic() + 10
            while not Path(socket).exists() and time.monotonic() < until:
                time.sleep(0.01)
            had = session(fleet, user, '[ -S "$SSH_AUTH_SOCK" ] && echo had || echo none', "-A", SSH_AUTH_SOCK=socket)
        finally:
            agent.kill()
    assert (had == "had") == fleet.row(user)["agent_forwarding"]


def test_who_holds_it(fleet: Fleet) -> None:
    rows = [row for row in fleet.rows if row["user_name"] == "plain" and not row["cert_authority"]]
    assert [(row["holder_host"], row["holder_user"], row["holder_path"], row["encrypted"]) for row in rows] == [
        ("bastion", "mate", "/home/ops/.ssh/id", False),
        ("bastion", "ops", "/home/ops/.ssh/id", False),
    ]
    assert [row["forwards_agent"] for row in rows] == [False, True]
    reads = [fleet.holder.run(["runuser", "-u", user, "--", "cat", "/home/ops/.ssh/id"]).returncode == 0
             for user in ("ops", "mate", "nobody")]  # fmt: skip
    assert reads == [True, True, False]


def test_who_holds_the_key_of_an_authority_may_open_each_account_that_keys_open(fleet: Fleet, tmp_path: Path) -> None:
    rows = [row for row in fleet.rows if row["cert_authority"]]
    assert {(row["path"], row["line"], row["holder_path"]) for row in rows} == {
        ("/etc/ssh/ca.pub", 2, "/home/ops/.ssh/ca")
    }
    told = {row["user_name"]: (row["opens"], row["why"]) for row in rows}
    assert told.keys() & {"plain", "denied", "root", "two", "sftp"} == {"plain", "sftp"}
    assert (told["plain"], told["sftp"]) == ((None, "certificate"), (False, "sshd_command"))
    for name, authority in (("signed", "ca"), ("other", "id")):
        path = fleet.holder.at(f"/home/ops/.ssh/{name}")
        make_key(path)
        signer = fleet.holder.at(f"/home/ops/.ssh/{authority}")
        subprocess.run(["ssh-keygen", "-q", "-s", signer, "-I", "x", "-n", "plain,denied", f"{path}.pub"], check=True)
    opened = [
        (session(fleet, user, "id -un", key=key), key) for user in ("plain", "denied") for key in ("signed", "other")
    ]
    assert opened == [("plain", "signed"), ("", "other"), ("", "signed"), ("", "other")]


def test_a_key_with_a_passphrase_opens_nothing_without_it(fleet: Fleet) -> None:
    public = fleet.holder.at("/home/ops/.ssh/locked.pub").read_text()
    fleet.opened.write("/home/plain/.ssh/authorized_keys", public)
    row = next(row for row in trust({"bastion": seen(fleet.holder), "web1": seen(fleet.opened)})["web1"]
               if row["user_name"] == "plain")  # fmt: skip
    assert (row["opens"], row["encrypted"], row["holder_path"]) == (True, True, "/home/ops/.ssh/locked")
    assert session(fleet, "plain", "id -un", key="locked") == ""
    path = fleet.holder.at("/home/ops/.ssh/locked")
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "secret", "-N", "", "-f", path], check=True)
    assert session(fleet, "plain", "id -un", key="locked") == "plain"
