"""`citywall --help`: processor time of a whole start."""

from __future__ import annotations

import sys

from benchmarks.measure import measure

LIMIT_MS = 150


def lines() -> list[str]:
    """The report of this benchmark."""
    ours = min(measure([sys.executable, "-m", "secops", "--help"]).cpu for _ in range(7)) * 1000
    bare = min(measure([sys.executable, "-c", "pass"]).cpu for _ in range(7)) * 1000
    return [
        "## citywall --help",
        "",
        "| CPU ms | of the limit | of a bare interpreter |",
        "|---|---|---|",
        f"| {ours:.0f} | {ours / LIMIT_MS:.2f} of {LIMIT_MS} | {ours / bare:.1f} times {bare:.0f} |",
    ]
