"""The real sudo, asked for many policies in one go: `Oracle` runs a small driver on a test host."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from secops.hosts.addresses import own_subnets
from secops.hosts.sudoers import Host
from secops.hosts.sudoers_host import Netgroups, netgroups
from secops.privilege.accounts import Account
from secops.privilege.sudo.names import Group
from tests import testroot

ROOT = Account("root", 0, frozenset({"root"}), frozenset({0}))
ACCOUNTS = {
    "root": ROOT,
    "alice": Account("alice", 2001, frozenset({"alice", "staff2", "dev"}), frozenset({2001, 3001, 3002})),
    "bob": Account("bob", 2002, frozenset({"bob", "staff2"}), frozenset({2002, 3001})),
    "carol": Account("carol", 2003, frozenset({"carol", "ops team"}), frozenset({2003, 3003})),
    "Eve": Account("Eve", 2004, frozenset({"Eve"}), frozenset({2004})),
    "d u": Account("d u", 2005, frozenset({"staff2"}), frozenset({3001})),
}
GROUPS = [Group(name, gid) for name, gid in {"dev": 3002, "staff2": 3001, "alice": 2001, "ops team": 3003}.items()]
GIDS = {group.name: group.gid or 0 for group in GROUPS} | {"twin": 3001, "bob": 2002, "carol": 2003, "root": 0}

_NETGROUP = """people (,alice,) (-,carol,-)
nested people
hosts (TESTHOST,,) (other,,)
pairs (testhost,alice,) (other,bob,) (,,elsewhere)
"""
_SETUP = f"""set -e
cat >>/etc/group <<'END'
staff2:x:3001:alice,bob
dev:x:3002:alice
ops team:x:3003:carol
twin:x:3001:bob
alice:x:2001:
bob:x:2002:
carol:x:2003:
Eve:x:2004:
END
cat >>/etc/passwd <<'END'
alice:x:2001:2001::/:/bin/sh
bob:x:2002:2002::/:/bin/sh
carol:x:2003:2003::/:/bin/sh
Eve:x:2004:2004::/:/bin/sh
d u:x:2005:3001::/:/bin/sh
END
for name in alice bob carol Eve 'd u'; do echo "$name:*:20000::::::" >>/etc/shadow; done
printf '127.0.0.1 testhost\\n' >/etc/hosts
printf 'no-password\\n' >/root/answer
cat >/etc/pam.d/sudo <<'END'
auth optional pam_unix.so nodelay
auth required pam_permit.so
account required pam_permit.so
session required pam_permit.so
END
sed -i 's/^netgroup:.*/netgroup: files/' /etc/nsswitch.conf
cat >/etc/netgroup <<'END'
{_NETGROUP}END
"""
#: Whoever is asked for a password is let in with any: what is asked can be seen, and then what is allowed.
#: An address on a card, and one on the loopback, which sudo does not count.
_NETWORK = """ip link add d0 type veth peer name d1
ip addr add 10.1.2.3/24 dev d0
ip addr add fd00:1::3/64 dev d0 nodad
ip link set d0 up
ip link set lo up
"""
#: `policy HEX`: the new /etc/sudoers. `run GIDS UID HEX…`: a command; answered by exit code and what it said, in hex.
_DRIVER = r"""use POSIX; $| = 1;
my @lines = <STDIN>;
for (@lines) {
  chomp; my ($what, @rest) = split /\t/;
  if ($what eq "policy") { open(F, ">", "/etc/sudoers") or die; print F pack("H*", $rest[0]); close F; next }
  my ($gids, $uid, @argv) = @rest;
  my $pid = open(my $said, "-|") // die;
  if (!$pid) {
    open STDERR, ">&STDOUT"; open(my $answer, "<", "/root/answer") or die; POSIX::dup2(fileno($answer), 0);
    $) = $gids; POSIX::setgid((split / /, $gids)[0]); POSIX::setuid($uid);
    exec { $ENV{SUDO} } map { pack "H*", $_ } @argv;
  }
  local $/; my $text = <$said>; close $said;
  print $? >> 8, "\t", unpack("H*", $text), "\n";
}
"""


@dataclass(frozen=True)
class Said:
    code: int
    text: str


@dataclass
class Oracle:
    """Collects policies and requests; `answers` asks them all."""

    host: testroot.TestHost
    lines: list[str]

    def policy(self, text: str | bytes) -> None:
        self.lines.append(f"policy\t{(text if isinstance(text, bytes) else text.encode()).hex()}")

    def ask(self, account: Account, *argv: str) -> None:
        """`sudo argv` as the account."""
        primary = account.gids if account.uid is None else sorted(account.gids, key=lambda gid: gid != account.uid)
        gids = " ".join(map(str, [*primary, *primary[:1]] if isinstance(primary, list) else []))
        self.lines.append(
            "\t".join(["run", gids, str(account.uid), *(word.encode().hex() for word in ("sudo", *argv))])
        )

    def answers(self) -> list[Said]:
        done = self.host.run(
            ["env", "SUDO=/usr/bin/sudo", "EDITOR=/bin/true", "perl", "-e", _DRIVER], self._input, check=True
        )
        self.lines.clear()
        rows = [line.split("\t") for line in done.stdout.decode().splitlines()]
        return [Said(int(code), bytes.fromhex(text).decode("utf-8", "replace")) for code, text in rows]

    @property
    def _input(self) -> bytes:
        return "".join(f"{line}\n" for line in self.lines).encode()


@contextmanager
def oracle() -> Iterator[Oracle]:
    """The accounts, groups, netgroups and addresses above, on a host called testhost."""
    with testroot.host() as host:
        host.run(["sh"], _SETUP.encode(), check=True)
        for line in _NETWORK.splitlines():
            subprocess.run(["nsenter", f"--target={host.pid}", "--net", *line.split()], check=True)
        yield Oracle(host, [])


def known(host: testroot.TestHost) -> Host:
    """The test host as the evidence would have it."""
    trie, inet6 = (
        host.run(["cat", f"/proc/net/{name}"], check=True).stdout.decode().splitlines()
        for name in ("fib_trie", "if_inet6")
    )
    groups: Netgroups = netgroups(_NETGROUP.splitlines(), whole=True, domain="")
    return Host("testhost", "testhost", own_subnets(trie, inet6), groups)


def options(target: str | None, group: Group | None) -> Sequence[str]:
    return [*(["-u", target] if target else []), *(["-g", group.name] if group else [])]
