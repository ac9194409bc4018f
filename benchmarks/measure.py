"""Measure a command: processor seconds and wall seconds of it and its children, peak memory of the whole tree."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Processor and wall seconds, and the largest sum of proportional set sizes seen in the tree, in MB."""

    cpu: float
    wall: float
    peak_mb: float


def measure(command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end. Its output is dropped; its exit code does not matter."""
    started = time.monotonic()
    process = subprocess.Popen(
        command, cwd=cwd, env=dict(env) if env else None, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    peak, ended = [0.0], threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, peak, ended))
    watcher.start()
    _, _, usage = os.wait4(process.pid, 0)
    ended.set()
    watcher.join()
    process.returncode = 0
    return Cost(usage.ru_utime + usage.ru_stime, time.monotonic() - started, peak[0])


def _watch(pid: int, peak: list[float], ended: threading.Event) -> None:
    while not ended.wait(0.05):
        peak[0] = max(peak[0], sum(_pss(p) for p in _tree(pid)) / 1024)


def _tree(pid: int) -> list[int]:
    """The process and all its descendants."""
    found = [pid]
    for parent in found:
        try:
            for task in os.listdir(f"/proc/{parent}/task"):
                found += map(int, Path(f"/proc/{parent}/task/{task}/children").read_text().split())
        except OSError:
            continue
    return found


def _pss(pid: int) -> int:
    """Proportional set size in kB; 0 for a process that has ended."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0
