"""Tables for the tests, and a history that remembers what it was told."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from privacy.disclosure import tabulate
from privacy.disclosure.policy import Policy
from privacy.disclosure.reasons import refusal
from privacy.disclosure.result import Cleared, Counts, Dimension, Means, Population, Raw, Sums

POLICY = Policy(name="test")


@dataclass
class Memory:
    """Lets everything pass but what it has seen before: enough to see what the door asks and tells."""

    told: list[tuple[list[int], str, int]] = field(default_factory=list)
    asked: list[tuple[list[int], str, int, int, int]] = field(default_factory=list)

    def check(self, cells: Any, below: int, *, variable: str = "", base: int = 1, most: int, **_more: Any) -> Any:
        self.asked.append((cells.tolist(), variable, base, below, most))
        return refusal("history") if (cells.tolist(), variable, base) in self.told else None

    def add(self, cells: Any, below: int, *, variable: str = "", base: int = 1, **_more: Any) -> None:
        assert below >= 3
        self.told.append((cells.tolist(), variable, base))


def sides(*lengths: int) -> tuple[Dimension, ...]:
    """Dimensions a, b, … with labels a0, a1, …"""
    return tuple(
        Dimension(name=name, labels=tuple(f"{name}{place}" for place in range(length)))
        for name, length in zip("abcdefgh", lengths, strict=False)
    )


def population(counts: list[int], outside: int = 0, people: Any = None) -> Population:
    """Records in the order of their cells, then some that are in none."""
    cells = np.concatenate([np.repeat(np.arange(len(counts)), counts), np.full(outside, -1)]).astype(np.int32)
    return Population(dataset="wages", version="2026-01", cells=cells, people=people)


def counted(counts: list[int], *lengths: int, totals: bool = False, people: Any = None) -> Raw[Counts]:
    """A table with these counts."""
    return tabulate.counts(population(counts, people=people), sides(*(lengths or (len(counts),))), totals=totals)


def summed(
    kind: type[Sums] | type[Means], cells: list[list[float]], *, lengths: tuple[int, ...] = (), totals: bool = False
) -> Raw[Any]:
    """A table of these contributions, a list for each cell."""
    values = np.array([value for cell in cells for value in cell], dtype=float)
    held = population([len(cell) for cell in cells])
    return tabulate.sums(kind, held, sides(*(lengths or (len(cells),))), "pay", values, totals=totals)


def rows(outcome: Cleared | list[Any]) -> list[list[str]]:
    """The rows of the cleared CSV file, without its head."""
    assert isinstance(outcome, Cleared), codes(outcome)
    return list(csv.reader(io.StringIO(outcome.content.decode())))[1:]


def codes(outcome: Cleared | list[Any]) -> list[str]:
    """The codes of the reasons; none for what was cleared."""
    return [] if isinstance(outcome, Cleared) else [found.code for found in outcome]
