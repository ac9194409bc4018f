"""Two test hosts on one wire, with a chain of ways from an account of the first to root of the second.

alice may run an editor as root on bastion; root's key there opens deploy on web1; cron of web1 runs, as root, a script
that is deploy's.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secops.hosts.manifest import manifest
from secops.hosts.script import generate
from tests import testroot
from tests.cli.store_kit import citywall
from tests.testroot import TestHost

FIRST, SECOND = "bastion", "web1"
SCRIPT = "/srv/app/cleanup"

#: What the chain leaves on the second host when it was gone to its end.
PROOF = "/root/proof"

_ADDRESS = "10.99.4.2"
_ALICE, _BOB = 1001, 1002

#: bob's program can only start others, and may not: sudo's NOEXEC.
_BASTION = """set -e
useradd -m -u 1001 alice; useradd -m -u 1002 bob
echo a1 >/srv/notes
echo 'alice ALL=(root) NOPASSWD: /usr/bin/ed /srv/notes
bob ALL=(root) NOPASSWD: NOEXEC: /usr/bin/env' >/etc/sudoers.d/site
install -d -m 700 /root/.ssh
ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
"""

#: The same key opens deploy and guest, who may not change the script, and auditor for one command alone.
_WEB = """set -e
for u in deploy guest auditor; do
  useradd -m -s /bin/bash -p x $u
  install -d -m 700 -o $u /home/$u/.ssh
  cat /srv/key >/home/$u/.ssh/authorized_keys
done
echo "restrict,command=\\"id -un\\" $(cat /srv/key)" >/home/auditor/.ssh/authorized_keys
mkdir /srv/app
printf '#!/bin/sh\\n' >@; chmod 755 @; chown deploy @
echo '@reboot root @' >/etc/cron.d/cleanup
/usr/sbin/sshd
"""


@dataclass(frozen=True)
class Chain:
    """The hosts, and a folder for runs over both."""

    first: TestHost
    second: TestHost
    home: Path

    def scan(self) -> None:
        """Both are collected by the script that is run on them, and judged together; of rules few are enough."""
        for name, host in ((FIRST, self.first), (SECOND, self.second)):
            stream = host.run(["sh"], generate(manifest()).encode(), check=True).stdout
            (self.home / f"{name}.bundle").write_bytes(stream)
        entries = "".join(f"  - {{name: {name}, bundle: {name}.bundle}}\n" for name in (FIRST, SECOND))
        (self.home / "hosts.yml").write_text(f"hosts:\n{entries}")
        done = citywall(self.home, "scan", "--inventory", str(self.home / "hosts.yml"), "--fail-on", "never",
                        "--min-coverage", "0", "--password-seconds", "0", "--only", "sudo")  # fmt: skip
        assert done.returncode == 0, done.stderr

    def ask(self, *args: str) -> tuple[int, Any]:
        """The exit code of `citywall privilege`, and what it says."""
        done = citywall(self.home, "privilege", *args, "--format", "json")
        return done.returncode, json.loads(done.stdout)

    def by_editor(self, command: str) -> str:
        """What alice is told by a command that the editor starts for her as root."""
        done = self.first.run(["sudo", "-n", "/usr/bin/ed", "/srv/notes"], f"!{command}\nq\n".encode(), uid=_ALICE)
        assert done.stdout.startswith(b"3\n"), done.stderr
        return done.stdout.decode().removeprefix("3\n").removesuffix("!\n").strip()

    def by_key(self, user: str, command: str) -> str:
        """The same of a command that root's key starts for `user` on the second host."""
        options = "-oBatchMode=yes -oStrictHostKeyChecking=no -oUserKnownHostsFile=/root/known_hosts -oLogLevel=ERROR"
        return self.by_editor(f'ssh -n -F none {options} {user}@{_ADDRESS} "{command}" 2>&1')

    def by_env(self) -> subprocess.CompletedProcess[bytes]:
        """What bob may try: a program started by his own."""
        return self.first.run(["sudo", "-n", "/usr/bin/env", "id", "-un"], uid=_BOB)

    def cron(self, seconds: float) -> bool:
        """Start cron on the second host and let it run what it runs at its start; whether it went on to the proof."""
        self.second.run(["sh", "-c", "rm -f /run/crond.*; cron"], check=True)
        until = time.monotonic() + seconds
        while not (found := self.second.at(PROOF).exists()) and time.monotonic() < until:
            time.sleep(0.05)
        self.second.run(["sh", "-c", "kill $(cat /run/crond.pid)"], check=True)
        return found


@contextmanager
def laid(home: Path) -> Iterator[Chain]:
    """The chain as long as the block."""
    with ExitStack() as stack:
        first, second = (stack.enter_context(testroot.host(name)) for name in (FIRST, SECOND))
        _join(first, second)
        for number, host in enumerate((first, second)):
            host.write("/etc/machine-id", f"{number}" * 32 + "\n")
        first.run(["sh"], _BASTION.encode(), check=True)
        second.write("/srv/key", first.at("/root/.ssh/id_ed25519.pub").read_bytes())
        second.run(["sh"], _WEB.replace("@", SCRIPT).replace(f"{SCRIPT}reboot", "@reboot").encode(), check=True)
        yield Chain(first, second, home)


def _join(first: TestHost, second: TestHost) -> None:
    """One wire between the network namespaces of two hosts; it ends with them."""
    ends = [("type", "veth", "peer") if host is first else () for host in (first, second)]
    wire = [word for host, more in zip((first, second), ends, strict=True)
            for word in ("name", "wire", "netns", str(host.pid), *more)]  # fmt: skip
    subprocess.run(["ip", "link", "add", *wire], check=True)
    for number, host in enumerate((first, second), start=1):
        address = _ADDRESS[:-1] + str(number)
        for words in (("addr", "add", f"{address}/24", "dev", "wire"), ("link", "set", "wire", "up")):
            subprocess.run(["nsenter", f"--target={host.pid}", "--net", "ip", *words], check=True)
