"""A Debian root for tests, built once below build/, and hosts that run from private copies of it.

The root is made by debootstrap from the mirror this machine's own apt uses. Copies are overlays. Every mount is made
in a mount namespace of the test process, so that none outlives it, not even when it is killed. A host is a copy with
its own mount, process, network and host-name namespaces; its sshd talks over a pipe and listens nowhere.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

SUITE = "bookworm"
PACKAGES = (
    "openssh-server", "sudo", "busybox-static", "cron", "libcap2-bin", "libpam-modules", "openssl", "opendoas",
    "acl", "ed", "dbus-daemon", "libduktape207", "libpolkit-agent-1-0", "rpm", "dnf", "createrepo-c",
)  # fmt: skip

#: What is done in the fresh root. `ops` has the password `ops-password`; nobody has a right of sudo yet. polkit, which
#: would bring systemd with it, waits below /opt/polkit: see `tests/privilege/polkit_kit.py`. Its packages come from a
#: place that has none, so that no update is ever pending.
RECIPE = """set -e
mkdir /opt/polkit
cd /opt/polkit
apt-get download -qq -o APT::Sandbox::User=root polkitd pkexec polkitd-pkla
for deb in *.deb; do dpkg-deb -x "$deb" .; rm "$deb"; done
cd /
rm -rf /var/cache/apt/archives/*.deb /var/cache/apt/*.bin /var/lib/apt/lists/*
mkdir /srv/packages
touch /srv/packages/Packages
echo 'deb [trusted=yes] file:/srv/packages ./' >/etc/apt/sources.list
apt-get update -qq -o APT::Sandbox::User=root
useradd --create-home --shell /bin/bash --uid 1000 ops
echo ops:ops-password | chpasswd
install -d -m 700 -o ops -g ops /home/ops/.ssh
install -d -m 755 /run/sshd
echo testhost >/etc/hostname
echo '127.0.0.1 localhost testhost' >/etc/hosts
echo 0123456789abcdef0123456789abcdef >/etc/machine-id
"""

#: The uid and gid of `ops`.
OPS = 1000

_HOME = (Path(__file__).parents[1] / "build" / "testroot").resolve()
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_CLONE_NEWNS = 0x00020000
_TOOLS = ("debootstrap", "mount", "umount", "unshare", "nsenter", "chroot")


def obstacle() -> str:
    """Why this machine cannot run hosts of the test root; empty when it can."""
    if os.geteuid() != 0:
        return "needs root: mounts, namespaces and chroot"
    if missing := [tool for tool in _TOOLS if not shutil.which(tool)]:
        return f"not installed: {', '.join(missing)}"
    if not _cached().is_dir() and not _mirror():
        return f"apt on this machine has no source of Debian {SUITE}"
    return ""


def base() -> Path:
    """The cached root, built if it is not there. One process builds; others wait for it."""
    root = _cached()
    _HOME.mkdir(parents=True, exist_ok=True)
    with (_HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _sweep()
        if not root.is_dir():
            partial = root.with_suffix(".partial")
            _build(partial)
            partial.rename(root)
    return root


def _sweep() -> None:
    """Remove what killed processes left: half a root, and copies whose maker is gone."""
    for stale in (*_HOME.glob("*.partial"), *_HOME.glob("copy-*")):
        if stale.suffix == ".partial" or not Path("/proc", stale.name.split("-")[1]).exists():
            shutil.rmtree(stale)


def _cached() -> Path:
    recipe = "\n".join([SUITE, *PACKAGES, RECIPE])
    return _HOME / f"{SUITE}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"


def _build(root: Path) -> None:
    """debootstrap into `root`, in a mount namespace that takes whatever it leaves mounted with it."""
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, str(root), _mirror()]
    log = _HOME / "debootstrap.log"
    with log.open("wb") as out:
        for step in (command, ["chroot", str(root), "sh", "-c", RECIPE]):
            env = {"PATH": _PATH, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
            done = subprocess.run(["unshare", "--mount", *step], stdout=out, stderr=out, env=env, check=False)
            if done.returncode:
                raise RuntimeError(f"the test root could not be built: {log.read_text('utf-8', 'replace')[-2000:]}")


def _mirror() -> str:
    """The mirror of the suite in this machine's apt sources; empty when there is none."""
    folder = Path("/etc/apt")
    for path in (folder / "sources.list", *sorted(folder.glob("sources.list.d/*.list"))):
        for line in path.read_text("utf-8").splitlines() if path.is_file() else []:
            fields = [field for field in line.split("]")[-1].split() if field != "deb"]
            if line.strip().startswith("deb ") and fields[1:2] == [SUITE] and "main" in fields:
                return fields[0]
    for path in sorted(folder.glob("sources.list.d/*.sources")):
        for stanza in path.read_text("utf-8").split("\n\n"):
            pairs = (line.split(":", 1) for line in stanza.splitlines() if ":" in line and line[:1] not in "# ")
            value = {key.lower(): text.split() for key, text in pairs}
            if SUITE in value.get("suites", []) and "deb" in value.get("types", []) and value.get("enabled") != ["no"]:
                return value["uris"][0]
    return ""


@cache
def own_mounts() -> None:
    """Move this process into a mount namespace of its own, whose mounts reach no other."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


@contextmanager
def copy() -> Iterator[Path]:
    """A private, writable copy of the root for as long as the block; changes never reach the root."""
    root = base()
    own_mounts()
    work = Path(tempfile.mkdtemp(prefix=f"copy-{os.getpid()}-", dir=_HOME))
    try:
        for name in ("upper", "work", "root"):
            (work / name).mkdir(mode=0o755)
        layers = f"lowerdir={root},upperdir={work}/upper,workdir={work}/work"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, str(work / "root")], check=True)
        try:
            os.utime(work / "root/var/lib/apt/lists")  # as if it had looked for updates today
            yield work / "root"
        finally:
            subprocess.run(["umount", "--lazy", str(work / "root")], check=True)
    finally:
        shutil.rmtree(work)


#: The first process of a host. It lives until its standard input ends, which it does when the test process does.
#: It tells its number only from inside its root: whoever enters it earlier would be on the machine itself.
_INIT = """set -e
read -r pid rest </proc/self/stat
hostname "$2"
mount -t proc proc "$1/proc"
mount -t devpts devpts "$1/dev/pts" -o newinstance,ptmxmode=0666,mode=0620,gid=5
mount --bind "$1/dev/pts/ptmx" "$1/dev/ptmx"
exec chroot "$1" sh -c 'echo "$1"; read -r end || :' init "$pid"
"""


class TestHost:
    """A running host. `root` is its file system as seen from outside."""

    __test__ = False  # pytest: no test case in spite of its name

    def __init__(self, root: Path, pid: int) -> None:
        self.root, self.pid = root, pid

    def at(self, inside: str) -> Path:
        """The outside path of a path of the host. A link on the way that leads out to this machine is refused."""
        path = self.root / inside.lstrip("/")
        if not path.parent.resolve().is_relative_to(self.root):
            raise ValueError(f"{inside} leads out of the test host")
        return path

    def write(self, inside: str, content: str | bytes, mode: int = 0o644, owner: int = 0) -> Path:
        """Put a file on the host, in the place of what was there."""
        path = self.at(inside)
        path.unlink(missing_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.chown(path, owner, owner)
        path.chmod(mode)
        return path

    def command(self, *argv: str, uid: int = 0) -> list[str]:
        """What runs `argv` on the host as `uid`, with the group of the same number."""
        spaces = ("--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd")
        user = (f"--setgid={uid}", f"--setuid={uid}") if uid else ()
        return ["nsenter", f"--target={self.pid}", *spaces, *user, *argv]

    def run(
        self,
        argv: Sequence[str],
        input: bytes = b"",  # noqa: A002 - as subprocess.run has it
        *,
        uid: int = 0,
        check: bool = False,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program on the host."""
        command = self.command(*argv, uid=uid)
        return subprocess.run(command, input=input, capture_output=True, env={"PATH": _PATH}, check=check, timeout=120)

    def processes(self) -> list[str]:
        """The command names of the host's processes, without its first, the one that asks, and the dead."""
        listing = "for p in /proc/[0-9]*; do [ $p = /proc/$$ ] || cat $p/stat 2>/dev/null; done"
        rows = [line.split() for line in self.run(["sh", "-c", listing]).stdout.decode().splitlines()]
        return [name for pid, name, state, *_ in rows if pid != "1" and state != "Z" and name != "(cat)"]

    def left_running(self, seconds: float) -> list[str]:
        """What still runs after so many seconds. What is ending on a busy machine is given that time to end."""
        until = time.monotonic() + seconds
        while (left := self.processes()) and time.monotonic() < until:
            time.sleep(0.05)
        return left

    def sshd(self, *options: str) -> str:
        """The `ProxyCommand` that connects a client to a fresh sshd of the host, as inetd would."""
        return shlex.join(self.command("/usr/sbin/sshd", "-i", *(f"-o{option}" for option in options)))

    def host_keys(self) -> list[str]:
        """The public host keys, as `type key`."""
        paths = sorted(self.at("/etc/ssh").glob("ssh_host_*_key.pub"))
        return [" ".join(path.read_text().split()[:2]) for path in paths]


@contextmanager
def host(name: str = "testhost") -> Iterator[TestHost]:
    """A host that runs for as long as the block."""
    with copy() as root:
        spaces = ("--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child=SIGKILL")
        with subprocess.Popen(
            ["unshare", *spaces, "sh", "-c", _INIT, "init", str(root), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": _PATH},
        ) as init:
            try:
                assert init.stdout
                pid = init.stdout.readline().strip()
                if not pid or not Path(f"/proc/{int(pid)}/root").samefile(root):
                    raise RuntimeError("the test host did not start, or not in its own root")
                yield TestHost(root, int(pid))
            finally:
                init.kill()
