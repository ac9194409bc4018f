"""Run all benchmarks, print their tables, keep them in benchmarks/results.md."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from benchmarks import fleet, host, passwords, start

_HEAD = """# Benchmark results

Written by `make bench`. Each table compares with a rival or a limit in the same run; absolute figures are of one
machine ({machine}, {cores} cores) and mean little elsewhere.
"""


def main() -> None:
    parts = [_HEAD.format(machine=platform.machine(), cores=os.cpu_count())]
    for benchmark in (start, host, fleet, passwords):
        text = "\n".join(benchmark.lines())
        print(text, end="\n\n", flush=True)
        parts.append(text + "\n")
    Path(__file__).with_name("results.md").write_text("\n".join(parts), "utf-8")


if __name__ == "__main__":
    main()
