"""The command line in a process of its own, on a store with two runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from secops.core.finding import Severity, Verdict
from secops.core.report import Report
from secops.core.store import Store
from tests.core.report_kit import finding, report

HOSTILE = "\x1b]0;owned\x07 [bold red]x[/] \u202e $(touch x) =cmd <script>\n\x9b31m"
MACHINE = "0123456789abcdef0123456789abcdef"
LONG = "账户可免密以 root 执行任意命令；" * 8
HOSTS = [MACHINE, "web1"]

GONE = finding("r1", "web1", severity=Severity.MEDIUM, message=LONG)
STAYS = finding("r2", "web1", severity=Severity.LOW, key={"user": HOSTILE}, message=HOSTILE)
UNSEEN = finding("a-rule-with-a-name-of-some-length", MACHINE, severity=Severity.CRITICAL)
NEW = finding("r1", MACHINE, severity=Severity.HIGH, message=LONG, evidence={"x": HOSTILE})
WAIVED = msgspec.structs.replace(NEW, status=Verdict.WAIVED, waiver="w-1, approved by Li Wei, until 2027-01-01")

FIRST = report(1, [GONE, STAYS, UNSEEN], hosts=HOSTS)
LAST = report(2, [STAYS, NEW], hosts=HOSTS, unreachable={"db1": "connection refused"})


def seed(home: Path, *reports: Report) -> None:
    store = Store.open(url(home))
    for kept in reports:
        store.save_report(kept)


def url(home: Path) -> str:
    return f"sqlite:///{home}/citywall.db"


def citywall(home: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run `citywall` with its things in `home`, in English unless `env` says otherwise."""
    inherited = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run(
        [sys.executable, "-m", "secops", *args],
        env={**inherited, "CITYWALL_HOME": str(home), "LANG": "C.UTF-8", **env},
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip


def is_inert(text: str) -> bool:
    """Nothing that a terminal would obey."""
    from secops.core.inert import hidden

    return not any(hidden(char) for char in text.replace("\n", ""))


def fits(text: str, width: int = 80) -> bool:
    """No line takes more columns of a terminal than it has; a Chinese character takes two."""
    from rich.cells import cell_len

    return max(map(cell_len, text.split("\n"))) <= width
