"""A way in for the ssh carrier: keys, known hosts and an ssh_config of its own for one test host."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secops.hosts.carriers.ssh import Ssh
from tests.testroot import OPS, TestHost


@dataclass
class Wire:
    """The client's side of a connection to `host`, kept in `folder`."""

    host: TestHost
    folder: Path

    @classmethod
    def lay(cls, host: TestHost, folder: Path) -> Wire:
        """Make a key that lets `ops` in, and learn the host's keys."""
        wire = cls(host, folder)
        make_key(wire.key)
        wire.authorise(wire.public_key)
        wire.know(host.host_keys())
        wire.configure(f"ProxyCommand {host.sshd()}")
        return wire

    @property
    def key(self) -> Path:
        return self.folder / "key"

    @property
    def public_key(self) -> str:
        return self.key.with_suffix(".pub").read_text()

    @property
    def config(self) -> str:
        return str(self.folder / "config")

    def authorise(self, line: str) -> None:
        """Let a key in as `ops`: a line of authorized_keys."""
        self.host.write("/home/ops/.ssh/authorized_keys", line, 0o600, OPS)

    def know(self, keys: list[str]) -> None:
        """The host keys that the client knows."""
        (self.folder / "known_hosts").write_text("".join(f"testhost {key}\n" for key in keys))

    def configure(self, *lines: str) -> None:
        """Write the client's configuration; `lines` say how to connect."""
        own = (
            "User ops",
            f"IdentityFile {self.key}",
            "IdentitiesOnly yes",
            f"UserKnownHostsFile {self.folder}/known_hosts",
            "GlobalKnownHostsFile /dev/null",
        )
        Path(self.config).write_text("\n".join(["Host *", *own, *lines, ""]))

    def ssh(self, target: str = "testhost", **options: Any) -> Ssh:
        return Ssh(target, config=self.config, **options)


def make_key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)], check=True)


def tree(root: Path) -> dict[str, tuple[int, int, int, int]]:
    """Every path of a host with mode, owner, size and time of change, without kernel file systems."""
    found = {}
    for directory, folders, files in os.walk(root):
        if directory == str(root):
            folders[:] = [name for name in folders if name not in ("proc", "sys", "dev")]
        for name in (*folders, *files):
            path = os.path.join(directory, name)
            status = os.lstat(path)
            found[os.path.relpath(path, root)] = status.st_mode, status.st_uid, status.st_size, status.st_mtime_ns
    return found
