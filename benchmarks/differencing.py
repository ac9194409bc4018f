"""Differencing: seconds for a release after up to 1,000 earlier ones, and refusals of pairs that are harmless.

A pair of tables is harmless when it is about attributes that have nothing to do with each other and no cell, nor what a
table leaves out, has few people: then nobody who does not know which combinations happen to be empty can work out a
small group. A refusal of one is false. Its harmful twin is the same pair where the second table is the first one
again, less some people.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count

import numpy as np
from numpy.typing import NDArray

from privacy.disclosure.differencing import COUNTS, History

Ints = NDArray[np.int64]

_BELOW = 8
_PAIRS = 100
_NO_CAP = 10_000

#: Attributes of a register: how many values, and how uneven (Zipf's exponent).
_ATTRIBUTES = {
    "age": (18, 0.3), "sex": (2, 0.0), "district": (30, 0.6), "diagnosis": (40, 1.1), "schooling": (6, 0.7),
    "insurance": (4, 0.9), "year": (8, 0.0),
}  # fmt: skip


def lines() -> list[str]:
    """The report of this benchmark."""
    return [*_seconds(), "", *_refusals()]


def _seconds() -> Iterator[str]:
    yield "Seconds to check a new table, the fastest of three times."
    yield ""
    yield "| data | earlier releases | atoms | rank | small atoms | a new table is | after seconds | limit |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, draw, counts in (
        ("2,000 groups of 8 to 60, tables of 20 cells", _groups(8, 60), (10, 100, 1000)),
        ("10,000 people, tables over two of three attributes", _crossed(), (10, 100, 1000)),
        ("2,000 groups of 1 to 9, one count of a tenth of them", _groups(1, 9, cells=1, share=0.1), (10, 100, 1000)),
        ("2,000 groups of 1 to 9, tables of 20 cells", _groups(1, 9), (10, 20, 60)),
        ("2,000 people told apart, tables of 20 cells", _groups(1, 1), (5, 10, 20)),
    ):
        history, sent = History.start(len(draw())), 0
        for earlier in counts:
            while sent < earlier:
                sent += _send(history, draw())
            yield f"| {name} | {earlier:,} | {_measured(history, draw())} | 2 |"


def _measured(history: History, cells: Ints) -> str:
    state = history._state  # what is inside, for the table, and to ask anew: a history keeps what it found last
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        refusal = History(state).check(cells, _BELOW, most=_NO_CAP)
        taken.append(time.perf_counter() - started)
    small = int((state.people < _BELOW).sum())
    outcome = refusal.code if refusal else "fine"
    return f"{state.atoms:,} | {len(state.space(COUNTS).rows):,} | {small:,} | {outcome} | {min(taken):.2f}"


def _send(history: History, cells: Ints) -> bool:
    if history.check(cells, _BELOW, most=_NO_CAP):
        return False
    history.add(cells, _BELOW)
    return True


def _groups(least: int, most: int, *, cells: int = 20, share: float = 1.0) -> Callable[[], Ints]:
    """Groups that stay together, some merged at random: each table tells something new, until all is told."""
    random = np.random.default_rng(1)
    group = np.repeat(np.arange(2000), random.integers(least, most + 1, 2000))
    return lambda: np.where(random.random(2000) < share, random.integers(0, cells, 2000), -1)[group]


def _crossed() -> Callable[[], Ints]:
    """Three attributes with 20, 10 and 10 values: most combinations have few people, pairs of values have many."""
    random = np.random.default_rng(2)
    many = (20, 10, 10)
    values = [random.integers(0, one, 10_000) for one in many]

    def draw() -> Ints:
        one, other = random.choice(3, 2, replace=False)
        merged: Ints = random.integers(0, 20, many[one] * many[other])
        return np.asarray(merged[values[one] * many[other] + values[other]])

    return draw


def _refusals() -> Iterator[str]:
    yield f"| people | harmless pairs refused, of {_PAIRS} | harmful pairs refused, of {_PAIRS} |"
    yield "|---|---|---|"
    for people in (2_000, 10_000, 100_000):
        pairs = harmless(people)
        harmless_refused = sum(_refused(*next(pairs)) for _ in range(_PAIRS))
        harmful_refused = sum(
            _refused(first, _less_few(first, at)) for at in range(_PAIRS) for first, _ in [next(pairs)]
        )
        yield f"| {people:,} | {harmless_refused} | {harmful_refused} |"


def harmless(people: int) -> Iterator[tuple[Ints, Ints]]:
    """Harmless pairs of tables about so many people, without end: the cell of each person, -1 for none."""
    for seed in count():
        random = np.random.default_rng(seed)
        values = {name: _draw(random, people, *shape) for name, shape in _ATTRIBUTES.items()}
        names = [str(name) for name in random.permutation(list(values))]
        first, second = (_table(values, names[at : at + 3], filtered=random.random() < 0.5) for at in (0, 3))
        if _alone_fine(first) and _alone_fine(second):
            yield first, second


def _draw(random: np.random.Generator, people: int, many: int, exponent: float) -> Ints:
    shares = 1 / np.arange(1, many + 1) ** exponent
    return random.choice(many, people, p=shares / shares.sum())


def _table(values: dict[str, Ints], names: list[str], *, filtered: bool) -> Ints:
    """A table over one or two attributes, of those who have the first value of a third or of all; few are left out."""
    cells = values[names[0]] * 100 + (0 if filtered else values[names[1]])
    cells = np.unique(cells, return_inverse=True)[1]
    shown = np.bincount(cells) >= _BELOW
    cells = np.where(shown[cells], cells, -1)
    return np.where(values[names[2]] == 0, cells, -1) if filtered else cells


def _alone_fine(cells: Ints) -> bool:
    sizes = np.unique(cells, return_counts=True)[1]
    return bool((sizes >= _BELOW).all()) and len(sizes) > 1


def _less_few(cells: Ints, seed: int) -> Ints:
    """The same table, less 1 to 7 people of one cell."""
    random = np.random.default_rng(seed)
    inside = np.flatnonzero(cells == cells[random.choice(np.flatnonzero(cells >= 0))])
    cells = cells.copy()
    cells[random.choice(inside, 1 + seed % (_BELOW - 1), replace=False)] = -1
    return cells


def _refused(first: Ints, second: Ints) -> bool:
    history = History.start(len(first))
    if history.check(first, _BELOW):
        raise AssertionError("a table that is fine alone was refused")
    history.add(first, _BELOW)
    return history.check(second, _BELOW) is not None
