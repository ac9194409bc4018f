"""A whole-machine scan against `lynis audit system --quick` on the same machine, and our walk against find + getcap."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Cost, measure
from secops.hosts.walk import LOCAL_TYPES, WALK_SH

ROOT = Path(__file__).resolve().parents[1]
_ROUNDS = 3


def lines() -> list[str]:
    """The report of this benchmark."""
    return [*_against_lynis(), "", *_walk()]


def _against_lynis() -> list[str]:
    lynis = _lynis()
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        ours = [sys.executable, "-m", "secops", "scan", "--format", "json", "-o", str(report), "--fail-on", "never"]
        env = {**os.environ, "CITYWALL_HOME": f"{scratch}/home"}
        measure(ours, env=env)  # both read the same files: warm the cache for whoever is first
        scans = [measure(ours, env=env) for _ in range(_ROUNDS)]
        decided = json.loads(report.read_text())["hosts"][0]["coverage"]["decided"]
        log = Path(scratch) / "lynis.log"
        audit = [
            "sh",
            str(lynis / "usr/sbin/lynis"),
            "audit",
            "system",
            "--quick",
            "--no-colors",
            "--profile",
            str(lynis / "etc/lynis/default.prf"),
            "--plugindir",
            str(lynis / "etc/lynis/plugins"),
            "--logfile",
            str(log),
            "--report-file",
            f"{scratch}/lynis.dat",
        ]
        rival = measure(audit, cwd=lynis / "usr/share/lynis")
        verdicts = len(re.findall(r"Hardening: assigned", log.read_text(errors="replace")))
        if not verdicts:
            raise RuntimeError("Lynis did not run to its end: " + log.read_text(errors="replace")[-500:])
    scan = _median(scans)
    return [
        "## Whole machine against lynis audit system --quick",
        "",
        "| | Citywall | Lynis | ratio | limit |",
        "|---|---|---|---|---|",
        _row("CPU seconds", scan.cpu, rival.cpu, "≤ 0.10"),
        _row("wall seconds", scan.wall, rival.wall, "≤ 0.10"),
        f"| peak memory of the process tree, MB | {scan.peak_mb:.0f} | {rival.peak_mb:.0f} | | ≤ 300 |",
        f"| decided verdicts | {decided} | {verdicts} | | |",
        _row("CPU ms per decided verdict", 1000 * scan.cpu / decided, 1000 * rival.cpu / max(1, verdicts), ""),
    ]


def _lynis() -> Path:
    """The distribution's Lynis, unpacked below build/: nothing is installed on the machine."""
    place = ROOT / "build/lynis"
    if not (place / "usr/sbin/lynis").is_file():
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "lynis"], cwd=place, check=True, capture_output=True)
        subprocess.run(["dpkg", "-x", str(next(place.glob("lynis_*.deb"))), str(place)], check=True)
    return place


def _walk() -> list[str]:
    """The walk of the collector against find and getcap with the same tests over the same file systems."""
    starts = " ".join(_local_mounts())
    uids = " -o ".join(f"-uid {u}" for u in _ids("/etc/passwd"))
    gids = " -o ".join(f"-gid {g}" for g in _ids("/etc/group"))
    plain = (
        f"find {starts} -xdev ! -type l \\( -perm /6002 -o ! \\( {uids} \\) -o ! \\( {gids} \\) \\) -print;"
        f" find {starts} -xdev -type f -perm /111 -exec getcap {{}} +"
    )
    one = (
        f"find {starts} -xdev ! -type l \\( -perm /6002 -o ! \\( {uids} \\) -o ! \\( {gids} \\) \\) -print ,"
        " -type f -perm /111 -exec getcap {} +"
    )
    env = {**os.environ, "gnu": "1", "LC_ALL": "C"}
    measure(["sh", "-c", plain], env=env)
    costs = {name: _median([measure(["sh", "-c", script], env=env) for _ in range(_ROUNDS)])
             for name, script in (("ours", WALK_SH), ("one", one), ("plain", plain))}  # fmt: skip
    return [
        "## The walk against find + getcap with the same tests",
        "",
        "| CPU seconds | ours | rival | ratio | limit |",
        "|---|---|---|---|---|",
        _row("find and getcap in one pass", costs["ours"].cpu, costs["one"].cpu, "≤ 1.5"),
        _row("find, then find and getcap", costs["ours"].cpu, costs["plain"].cpu, "≤ 1.5"),
    ]


def _ids(path: str) -> list[str]:
    return [line.split(":")[2] for line in Path(path).read_text().splitlines() if line.count(":") > 2]


def _local_mounts() -> list[str]:
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [m[1] for m in mounts if m[2] in LOCAL_TYPES.split() or m[1] == "/"]


def _median(costs: list[Cost]) -> Cost:
    return Cost(*(statistics.median(getattr(cost, name) for cost in costs) for name in ("cpu", "wall", "peak_mb")))


def _row(name: str, ours: float, rival: float, limit: str) -> str:
    return f"| {name} | {ours:.2f} | {rival:.2f} | {ours / rival:.3f} | {limit} |"
