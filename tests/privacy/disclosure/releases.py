"""Releases for the tests of differencing."""

from typing import Any

import numpy as np

from privacy.disclosure.differencing import History


def asked(history: History, cells: np.ndarray, below: int, **how: Any) -> str:
    """The code of the refusal, empty for none."""
    refusal = history.check(cells, below, **how)
    return refusal.code if refusal else ""


def code(history: History, cells: np.ndarray, below: int, **how: Any) -> str:
    """The code of the refusal; a release without one is remembered."""
    if not (refused := asked(history, cells, below, **how)):
        how.pop("most", None)
        history.add(cells, below, **how)
    return refused


def where(records: int, *ranges: tuple[int, int]) -> np.ndarray:
    """A table whose cells are ranges of records."""
    cells = np.full(records, -1)
    for at, (start, stop) in enumerate(ranges):
        cells[start:stop] = at
    return cells
