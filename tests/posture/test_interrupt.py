"""Ctrl-C, the stop of a service, a closed terminal: all ends at once, with whatever was started. Nothing half-written
stays; what kill -9 leaves is removed by the next scan."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from secops.hosts.carriers.local import Local
from tests.hosts.carriers.kit import Wire
from tests.posture.test_scan import kept, runs, write
from tests.posture.whole import HERE, as_on, citywall, command, environment
from tests.testroot import TestHost

#: What tells a process from a later one with its number: (number, start in ticks since boot).
Process = tuple[int, int]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def processes() -> dict[Process, tuple[int, bytes]]:
    """Every living process, with its parent's number and its command line."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, parent, *rest = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            if state != "Z":
                found[int(folder.name), int(rest[17])] = int(parent), (folder / "cmdline").read_bytes()
    return found


def below(pid: int) -> dict[Process, bytes]:
    """The processes that `pid` has started, and theirs: command lines by process."""
    everyone = processes()
    found: dict[Process, bytes] = {}
    parents = {pid}
    while parents:
        new = {process: line for process, (parent, line) in everyone.items() if parent in parents}
        found |= new
        parents = {number for number, _start in new}
    return found


def wait_for(program: bytes, running: subprocess.Popen[bytes]) -> dict[Process, bytes]:
    """What `running` has started as soon as `program` is among it."""
    until = time.monotonic() + 60
    started: dict[Process, bytes] = {}
    while not any(program in line for line in started.values()):
        assert running.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)
        started = below(running.pid)
    return started


def interrupt_when(
    program: bytes,
    home: Path,
    *args: str | Path,
    prefix: Sequence[str] = (),
    signs: Sequence[signal.Signals] = (signal.SIGINT,),
) -> dict[Process, bytes]:
    """Start `citywall` and press Ctrl-C as soon as it has started `program`. Returns what it had started by then."""
    with subprocess.Popen(
        [*prefix, *command(*args)], env=environment(home), cwd=HERE, stderr=subprocess.PIPE, stdout=subprocess.PIPE
    ) as running:
        started = wait_for(program, running)
        pressed = time.monotonic()
        for sign in signs:
            running.send_signal(sign)
        out, err = running.communicate(timeout=60)
    assert time.monotonic() - pressed < 5
    assert running.returncode in {128 + sign for sign in signs}
    assert out == b""
    assert err.decode().strip() == "Interrupted. Nothing half-done was kept."
    assert runs(home) == []
    assert kept(home) == 0
    return started


def all_end(started: Iterable[Process], seconds: float) -> bool:
    """Whether these processes have ended in so many seconds."""
    until = time.monotonic() + seconds
    while left := set(started) & processes().keys():
        if time.monotonic() > until:
            return not left
        time.sleep(0.05)
    return True


def slow(host: TestHost, seconds: int, *, trap: str = "") -> None:
    """The collector's walk over the file systems takes so long on this host."""
    host.write("/usr/sbin/getcap", f"#!/bin/sh\n{trap}\nsleep {seconds}\n", 0o755)


@pytest.mark.parametrize(
    "signs",
    [(signal.SIGINT,), (signal.SIGTERM,), (signal.SIGHUP,), (signal.SIGTERM, signal.SIGHUP)],  # systemd may send both
    ids=str,
)
def test_a_signal_ends_the_collector_here(
    test_host: TestHost, home: Path, tmp_path: Path, signs: Sequence[signal.Signals]
) -> None:
    slow(test_host, 300)
    started = interrupt_when(b"getcap", home, "scan", prefix=as_on(test_host, tmp_path), signs=signs)
    assert all_end(started, 3), below(test_host.pid)
    assert test_host.left_running(3) == []


def test_ctrl_c_kills_a_collector_that_does_not_end(test_host: TestHost, home: Path, tmp_path: Path) -> None:
    slow(test_host, 300, trap="trap '' TERM")
    started = interrupt_when(b"getcap", home, "scan", prefix=as_on(test_host, tmp_path))
    assert all_end(started, 3), below(test_host.pid)
    assert test_host.left_running(3) == []


def test_a_terminal_that_is_closed_ends_it(test_host: TestHost, home: Path, tmp_path: Path) -> None:
    slow(test_host, 300)
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["setsid", "--ctty", *as_on(test_host, tmp_path), *command("scan")],
        env=environment(home, TERM="xterm"), cwd=HERE, stdin=theirs, stdout=theirs, stderr=theirs,
    ) as running:  # fmt: skip
        os.close(theirs)
        started = wait_for(b"getcap", running)
        time.sleep(3)  # the progress is being shown
        os.close(ours)
        assert running.wait(timeout=10) == 128 + signal.SIGHUP
    assert runs(home) == []
    assert all_end(started, 3), below(test_host.pid)


def test_what_kill_9_leaves_is_removed_by_the_next_scan_and_nothing_else(
    test_host: TestHost, home: Path, tmp_path: Path
) -> None:
    bundle = write(tmp_path / "a.bundle", Local(shell=test_host.command("sh")).collect())
    slow(test_host, 300)
    few = ("--only", "account-*", "--bundle", bundle)
    with subprocess.Popen(
        [*as_on(test_host, tmp_path), *command("scan")], env=environment(home), cwd=HERE, stderr=subprocess.DEVNULL
    ) as running:
        try:
            wait_for(b"getcap", running)
            (left,) = (home / "runs").glob(".*.partial")
            assert citywall(home, "scan", *few).stderr == ""
            assert left.is_dir(), "the folder of a scan that goes on"
        finally:
            running.kill()
    assert left.is_dir()
    assert citywall(home, "scan", *few).stderr == ""
    assert len(runs(home)) == 2  # nothing half-written among them


def test_ctrl_c_ends_the_clients_and_the_collectors_elsewhere_soon(
    test_host: TestHost, home: Path, tmp_path: Path
) -> None:
    """What runs on another host ends when the command does at which its collector is: nobody is left to read it."""
    slow(test_host, 4)
    wire = Wire.lay(test_host, tmp_path)
    inventory = tmp_path / "hosts.yml"
    inventory.write_text("hosts:\n" + "".join(f"  - {{name: web{n}, ssh: web{n}}}\n" for n in range(2)))
    wire.configure(f"ProxyCommand {test_host.sshd()}", "HostKeyAlias testhost")
    targets = ("--ssh-config", wire.config, "--inventory", inventory, "--ssh", "web2")
    started = interrupt_when(b"getcap", home, "scan", *targets)
    clients = [process for process, line in started.items() if b"\0BatchMode" in line or b"-oBatchMode" in line]
    assert len(clients) >= 3
    assert all_end(clients, 1)
    assert all_end(started, 8)
    assert test_host.left_running(3) == []


def test_ctrl_c_ends_the_judging(test_host: TestHost, home: Path, tmp_path: Path) -> None:
    bundle = write(tmp_path / "a.bundle", Local(shell=test_host.command("sh")).collect())
    started = interrupt_when(b"secops.posture.judge", home, "scan", "--bundle", bundle)
    assert all_end(started, 1)
