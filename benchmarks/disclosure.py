"""The disclosure checks on large tables, against their limit; how time grows from 10,000 cells."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from privacy.disclosure import door, files, tabulate
from privacy.disclosure.policy import Policy
from privacy.disclosure.result import Dimension, Means, Population, Sums

#: Cells of a side, records for each cell, and the limit that the largest table is held to.
SIDES, RECORDS, SECONDS = (100, 1000), 10, 3

#: The caps are for people who read what leaves; here they must let a million cells pass.
_POLICY = Policy(name="benchmark", files=files.Rule(cells=5_000_000, bytes=100_000_000))
_QUANTILES = (0.25, 0.5, 0.75)


class _First:
    """The history of a data set of which nothing was released: its own cost is in the benchmark `differencing`."""

    def check(self, *_asked: object, **_limits: object) -> None: ...
    def add(self, *_told: object, **_limits: object) -> None: ...


def lines() -> list[str]:
    """The report of this benchmark."""
    out = [
        f"## Disclosure checks: {RECORDS} records a cell",
        "",
        "Processor seconds of `clear`: sizes and counts against the records, all checks of the kind, and the file that",
        f"leaves; without the history of releases. Of the limit: {SECONDS} s. Growth is against 10,000 cells, for each",
        "cell: 1.0 would be linear.",
        "",
        "| kind | cells | seconds | MB that leave | of 3 s | growth |",
        "|---|---|---|---|---|---|",
    ]
    for kind in ("counts", "sums", "means", "quantiles"):
        small, large = (_one(kind, side) for side in SIDES)
        for cells, seconds, size in (small, large):
            growth = seconds / cells / (small[1] / small[0])
            out.append(
                f"| {kind} | {cells:,} | {seconds:.2f} | {size / 1e6:.1f} | {seconds / SECONDS:.2f} | {growth:.2f} |"
            )
    return out


def _one(kind: str, side: int) -> tuple[int, float, int]:
    """Cells, processor seconds, and bytes that leave."""
    rng = np.random.default_rng(side)
    sides = tuple(
        Dimension(name=name, labels=tuple(f"{name} {place}" for place in range(side))) for name in ("street", "trade")
    )
    cells = rng.integers(0, side * side, side * side * RECORDS).astype(np.int32)
    population = Population(dataset="wages", version="1", cells=cells)
    pay = rng.lognormal(8, 1, cells.size)
    makers: dict[str, Callable[[], Any]] = {
        "counts": lambda: tabulate.counts(population, sides, totals=True),
        "sums": lambda: tabulate.sums(Sums, population, sides, "pay", pay, totals=True),
        "means": lambda: tabulate.sums(Means, population, sides, "pay", pay),
        "quantiles": lambda: tabulate.quantiles(population, sides, "pay", pay, _QUANTILES),
    }
    raw = makers[kind]()
    started = time.process_time()
    cleared = door.clear(raw, _POLICY, _First())
    seconds = time.process_time() - started
    assert not isinstance(cleared, list), [found.code for found in cleared]
    return side * side, seconds, len(cleared.content)
