"""Tables: which cells may be shown, and the file with the others redacted.

Redact first, then round, then add up the totals from what is shown: in any other order a reader works back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from privacy.disclosure import dominance, extremes, files, min_cell, shape, zero_full
from privacy.disclosure.policy import Policy
from privacy.disclosure.reasons import note, refusal
from privacy.disclosure.result import Counts, Means, Quantiles, Sums, Table, kept
from privacy.labels import TOTAL
from privacy.reason import Reason

if TYPE_CHECKING:
    from privacy.disclosure.result import Array, Ints


@kept
class Judged:
    """A table after its checks. `hidden`: bool per cell, for quantiles (cells, probabilities).

    Which check hid a cell is not kept: "nothing but zeros" beside one redacted cell would tell what is in it.
    """

    hidden: Array
    refused: list[Reason]


def fitting(table: Table, policy: Policy) -> list[Reason]:
    """What keeps a table from being checked at all."""
    if not shape.table_fits(table):
        return [refusal("malformed")]
    if isinstance(table, Sums) and table.largest.shape[1] < policy.dominance.columns:
        return [refusal("malformed")]
    found = [] if shape.names(table) else [refusal("labels")]
    numbers = shape.size(table) * (len(table.probabilities) if isinstance(table, Quantiles) else 1)
    return found + ([refusal("size")] if numbers > policy.files.cells else [])


def judge(table: Table, policy: Policy) -> Judged:
    """The verdict of each check that a table of this kind needs."""
    hidden = np.zeros(table.values.shape if isinstance(table, Quantiles) else table.counts.shape, dtype=bool)
    refused: list[Reason] = []
    people = shape.people_of(table)
    for code in table.checks:
        act, unsafe = _CHECKS[code](table, people, policy)
        if act == "show" or not unsafe.any():
            continue
        if act == "refuse":
            refused.append(refusal(code))
        hidden |= unsafe if unsafe.ndim == hidden.ndim else unsafe[:, None]
    if hidden.all():
        refused.append(refusal("nothing-left"))
    return Judged(hidden=hidden, refused=refused)


def _few(_table: Table, people: Ints, policy: Policy) -> Verdict:
    return policy.min_cell.act, min_cell.unsafe(people, policy.min_cell)


def _zero(table: Table, people: Ints, policy: Policy) -> Verdict:
    act = policy.zero_full.zero
    # an empty cell has no mean, and a sum of 0 tells that it may be empty: only counts can be shown
    return "redact" if act == "show" and not isinstance(table, Counts) else act, zero_full.empty(people)


def _full(table: Table, people: Ints, policy: Policy) -> Verdict:
    sides = [len(side.labels) for side in table.dimensions]
    return policy.zero_full.full, zero_full.full(people.reshape(sides), policy.zero_full).ravel()


def _alike(table: Sums, people: Ints, policy: Policy) -> Verdict:
    return policy.zero_full.full, zero_full.alike(people, table.absolute, table.largest)


def _dominance(table: Sums, _people: Ints, policy: Policy) -> Verdict:
    return "redact", dominance.unsafe(table.absolute, table.largest, policy.dominance)


def _extremes(table: Quantiles, people: Ints, policy: Policy) -> Verdict:
    least = shape.least(table, people)
    return "redact", extremes.unsafe(table.counts, least, table.probabilities, policy.extremes)


#: What the policy does with unsafe cells, and which ones they are.
Verdict = tuple[str, "Array"]

_CHECKS: dict[str, Callable[[Any, Ints, Policy], Verdict]] = {
    "min-cell": _few, "zero": _zero, "full": _full, "alike": _alike, "dominance": _dominance, "extremes": _extremes,
}  # fmt: skip


def finite(table: Table, hidden: Array) -> bool:
    """Whether all numbers to be shown are numbers; those of tables of sums are, or they do not fit."""
    return not isinstance(table, Quantiles) or files.writable(table.values[~hidden])


def write(table: Table, hidden: Array, policy: Policy) -> tuple[bytes, list[Reason]]:
    """The CSV file of what may be shown, and notes on what was changed."""
    notes = []
    if not isinstance(table, Quantiles) and policy.min_cell.base > 1:
        notes.append(note("rounded"))
    if not isinstance(table, Counts):
        notes.append(note("precision"))
    columns = _quantiles(table, hidden, policy) if isinstance(table, Quantiles) else _counted(table, ~hidden, policy)
    labels = [list(side.labels) for side in table.dimensions]
    if _has_totals(table):
        notes.append(note("totals"))
        labels = [[*side, TOTAL] for side in labels]
    return files.table([side.name for side in table.dimensions], labels, columns), notes


def _has_totals(table: Table) -> bool:
    return isinstance(table, Counts | Sums) and not isinstance(table, Means) and table.totals


def _counted(table: Counts | Sums, visible: Array, policy: Policy) -> list[tuple[str, list[str]]]:
    """The measure, if there is one, and the count, of each cell and of the totals asked for."""
    sides = tuple(len(side.labels) for side in table.dimensions)
    counts = min_cell.round_to(table.counts, policy.min_cell.base).reshape(sides)
    seen = visible.reshape(sides)
    columns = []
    if isinstance(table, Sums):
        measures = _means(table) if isinstance(table, Means) else table.sums
        totalled, cells_seen = _maybe_totals(table, measures.reshape(sides), seen)
        columns.append((table.measure, files.shown(files.decimals(totalled, policy.files.digits), cells_seen)))
    counts, seen = _maybe_totals(table, counts, seen)
    return [*columns, ("count", files.shown(files.integers(counts), seen))]


def _maybe_totals(table: Counts | Sums, cells: Array, visible: Array) -> tuple[Array, Array]:
    return files.with_totals(cells, visible) if _has_totals(table) else (cells, visible)


def _means(table: Means) -> Array:
    return np.divide(table.sums, table.counts, out=np.zeros(table.sums.shape), where=table.counts > 0)


def _quantiles(table: Quantiles, hidden: Array, policy: Policy) -> list[tuple[str, list[str]]]:
    """One column for each probability; counts are not shown, as nothing keeps watch over them here."""
    values = np.where(hidden, 0, table.values)
    return [
        (f"{table.measure} {probability:g}", files.shown(files.decimals(column, policy.files.digits), ~mask))
        for probability, column, mask in zip(table.probabilities, values.T, hidden.T, strict=True)
    ]
