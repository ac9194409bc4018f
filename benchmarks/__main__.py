"""Run benchmarks, print their tables, and keep each in benchmarks/results: `python -m benchmarks [NAME…]`."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from benchmarks import (
    differencing,
    disclosure,
    federated,
    fleet,
    host,
    ledger,
    noisy_descent,
    passwords,
    patches,
    privilege,
    secagg,
    start,
)

_ALL = {
    "start": start, "host": host, "fleet": fleet, "passwords": passwords, "privilege": privilege, "patches": patches,
    "ledger": ledger, "disclosure": disclosure, "differencing": differencing,
    "federated": federated, "secagg": secagg, "noisy_descent": noisy_descent,
}  # fmt: skip

_FOOT = """
Written by `make bench`. Tables compare with a rival or a limit in the same run; absolute figures are of one machine
({machine}, {cores} cores) and mean little elsewhere.
"""


def main() -> None:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # users have bytecode from the first run on
    foot = _FOOT.format(machine=platform.machine(), cores=os.cpu_count())
    for name in sys.argv[1:] or _ALL:
        text = "\n".join(_ALL[name].lines()) + "\n"
        print(text, flush=True)
        (Path(__file__).with_name("results") / f"{name}.md").write_text(text + foot, "utf-8")


if __name__ == "__main__":
    main()
