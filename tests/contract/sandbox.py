"""Where the documentation's commands run: a home and a folder of their own and, as root, the hosts that they name."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests import testroot
from tests.hosts.carriers.kit import make_key
from tests.passwords.hash_kit import make
from tests.testroot import TestHost

#: What the documents call the names of two hosts: one as `ops` may become root on, one with the fixed collector too.
WEB, DB = ("web1", "web1.example", "kiosk"), ("db1", "web2")

#: Mounted images that the documents name, which are folders of the sandbox here.
IMAGES = ("/mnt/image", "/mnt/golden")

_TOOR = "toor:x:0:0::/root:/bin/sh\n"


class Sandbox:
    """`citywall`, `ssh` and `make` as a user has them, in `folder`. Without `hosts` only this machine can be asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.why_no_hosts = testroot.obstacle()
        self._stack = ExitStack()
        self._web: TestHost | None = None

    def __enter__(self) -> Self:
        for name in ("bin", "home/.ssh", "work/DIR", "work/bundles"):
            (self.folder / name).mkdir(parents=True)
        # ssh looks for its files in the account's home, whatever $HOME says
        self._program("ssh", f'exec {shutil.which("ssh")} -F "$HOME/.ssh/config" "$@"')
        self._program("citywall", f'exec {Path(sys.executable).with_name("citywall")} "$@"')
        if not self.why_no_hosts:
            self._set_up_hosts()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stack.close()

    @property
    def database(self) -> str:
        """The URL of the store that the commands use."""
        return f"sqlite:///{self.folder}/home/.local/share/citywall/citywall.db"

    def write(self, name: str, text: str) -> None:
        """A file that the documents show, in the folder where their commands run."""
        (self.folder / "work" / name).write_text(self._here(text))

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run one line of a document, in the folder that the lines before it have left."""
        path = f"{self.folder}/bin:{os.environ['PATH']}"
        return subprocess.run(
            ["sh", "-c", self._here(command)],
            cwd=self.folder / "work", env={"HOME": str(self.folder / "home"), "PATH": path, "LANG": "C.UTF-8"},
            capture_output=True, text=True, encoding="utf-8", check=False, timeout=300,
        )  # fmt: skip

    def run_on_host(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a line as root of web1: the folder's files are carried there, and what it wrote is carried back."""
        assert self._web
        there, here = self._web.at("/root"), self.folder / "work"
        for path in here.glob("*.sh"):
            shutil.copy(path, there)
        done = self._web.run(["sh", "-c", f"cd /root && {command}"])
        for path in there.glob("*.evidence"):
            shutil.copy(path, here)
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    def _here(self, text: str) -> str:
        for image in IMAGES:
            text = text.replace(image, str(self.folder / image.lstrip("/")))
        return text

    def _program(self, name: str, script: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def _set_up_hosts(self) -> None:
        """Two hosts and two images with a second root account, a key that opens the hosts, and an inventory."""
        ssh = self.folder / "home/.ssh"
        make_key(ssh / "key")
        config, known = [], []
        for names in (WEB, DB):
            host = self._stack.enter_context(testroot.host(names[0]))
            self._prepare(host, names, (ssh / "key.pub").read_text())
            config.append(f"Host {' '.join(names)}\n  ProxyCommand {host.sshd()}\n")
            known += [f"{','.join(names)} {key}\n" for key in host.host_keys()]
            self._web = self._web or host
        config.append(f"Host *\n  User ops\n  IdentityFile {ssh}/key\n  UserKnownHostsFile {ssh}/known_hosts\n")
        (ssh / "config").write_text("".join(config))
        (ssh / "known_hosts").write_text("".join(known))
        for image in IMAGES:
            place = self.folder / image.lstrip("/")
            place.parent.mkdir(exist_ok=True)
            place.symlink_to(self._stack.enter_context(testroot.copy()))
            _append(place / "etc/passwd", _TOOR)
            _give_weak_password(place)
            (place / "etc/machine-id").write_text(f"{IMAGES.index(image):032x}\n")
        self._install_collector(host)

    def _prepare(self, host: TestHost, names: tuple[str, ...], key: str) -> None:
        _append(host.at("/etc/passwd"), _TOOR)
        _give_weak_password(host.root)
        host.write("/etc/machine-id", f"{sum(names[0].encode()):032x}\n")
        host.write("/etc/sudoers.d/ops", "ops ALL=(ALL) NOPASSWD: ALL\n", 0o440)
        host.run(["useradd", "--create-home", "audit"], check=True)
        for user in ("ops", "audit"):
            owner = host.at(f"/home/{user}").stat()
            host.at(f"/home/{user}/.ssh").mkdir(mode=0o700, exist_ok=True)
            os.chown(host.at(f"/home/{user}/.ssh"), owner.st_uid, owner.st_gid)
            host.write(f"/home/{user}/.ssh/authorized_keys", key, 0o600, owner.st_uid)

    def _install_collector(self, host: TestHost) -> None:
        """As `collect --print-sudoers` says."""
        host.write("/usr/local/sbin/citywall-collect", self.run("citywall collect --print-script").stdout, 0o755)
        sudoers = self.run("citywall collect --print-sudoers --for ops").stdout
        host.write("/etc/sudoers.d/citywall", sudoers, 0o440)


def _give_weak_password(root: Path) -> None:
    """One that is guessed at once: no command then tries words for as long as it may."""
    shadow = root / "etc/shadow"
    weak = make("sha512crypt", "Ops@123", count=0).decode()
    shadow.write_text(re.sub(r"(?m)^ops:[^:]*", f"ops:{weak}", shadow.read_text()))


def _append(path: Path, line: str) -> None:
    path.write_text(path.read_text() + line)
