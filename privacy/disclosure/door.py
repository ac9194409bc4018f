"""The one door out: `clear` judges a raw result by a policy and by all earlier releases of the same data.

It gives what may leave, or why nothing may. The same result, policy and history give the same bytes, so that a
release that was stopped half-way can be cleared again and is the one that was approved.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Protocol, TypeVar, assert_never

import numpy as np

from privacy.disclosure import parametric, png, shape, svg, tables
from privacy.disclosure.policy import Policy
from privacy.disclosure.reasons import note, refusal
from privacy.disclosure.result import (
    _KEY,
    Cleared,
    Counts,
    Model,
    Plot,
    Quantiles,
    Raw,
    Regression,
    Result,
    Shown,
    Sums,
    Table,
    Text,
    population_of,
)
from privacy.guard import guarded
from privacy.reason import Reason
from secops.core.i18n import _

if TYPE_CHECKING:
    from privacy.disclosure.meaning import Meaning
    from privacy.disclosure.result import Array, Ints


T = TypeVar("T")


class History(Protocol):
    """Earlier releases of one version of a data set (`differencing.py`)."""

    def check(
        self,
        cells: Ints,
        below: int,
        *,
        variable: str = "",
        base: int = 1,
        meaning: Meaning | None = None,
        most: int,
        hides: Collection[str],
    ) -> Reason | None:
        """Why these cells may not be told as well. `cells`: int32 per record, -1 for none shown."""

    def add(
        self, cells: Ints, below: int, *, variable: str = "", base: int = 1, meaning: Meaning | None = None
    ) -> None:
        """Remember that these cells were told."""


Out = tuple[str, bytes, list[Reason], Shown | None]


def clear(result: Raw[Result], policy: Policy, history: History | None) -> Cleared | list[Reason]:
    """What may leave of `result`, or the reasons that keep it inside.

    Raises `CitywallError` where a check fails itself: with its kind alone, and no way back to the values.
    """
    found = _guarded(lambda: _outcome(result.open(_KEY), policy, history))
    if isinstance(found, list):
        return found
    media, content, notes, shown = found
    if media not in policy.files.media:
        return [refusal("media")]
    if len(content) > policy.files.bytes:
        return [refusal("size")]
    kind, population = _guarded(lambda: (result.open(_KEY).kind, population_of(result.open(_KEY))))
    return Cleared(
        key=_KEY, kind=kind, media=media, content=content, policy=policy.digest,
        dataset=population.dataset, version=population.version,
        notes=tuple(notes), shown=Raw(shown) if shown else None,
    )  # fmt: skip


def first_history(result: Raw[Result]) -> History | None:
    """A history in which nothing has left of a result's data; None where the result does not say who is in it."""
    from privacy.disclosure import differencing

    population = _guarded(lambda: population_of(result.open(_KEY)) if not isinstance(result.open(_KEY), Text) else None)
    if population is None or population.cells is None:
        return None
    records, people = len(population.cells), population.people
    if people is not None and (people.shape != (records,) or people.dtype.kind not in "iu"):
        return None  # malformed, as `clear` says
    return _guarded(lambda: differencing.History.start(records, people=people))


def record(cleared: Cleared, history: History) -> list[Reason]:
    """Remember what a release shows, once it is certain to leave. The caller holds the lock of the releases.

    It is compared again first, since another release may have left after this one was cleared: with reasons nothing
    is remembered, and the release must not leave.
    """
    if cleared.shown is None:
        return []
    shown = cleared.shown
    return _guarded(lambda: _recorded(shown.open(_KEY), history))


def _guarded(step: Callable[[], T]) -> T:
    return guarded(step, _("the result could not be checked: {kind}"))


def _outcome(result: Result, policy: Policy, history: History | None) -> Out | list[Reason]:
    match result:
        case Counts() | Sums() | Quantiles():
            return _table(result, policy, history)
        case Regression():
            return parametric.judge_regression(result, policy) or _json(parametric.write_regression(result, policy))
        case Model():
            return parametric.judge_model(result, policy) or _json(parametric.write_model(result, policy))
        case Plot():
            return _plot(result, policy, history)
        case Text():
            return [refusal("text")]
        case _:
            assert_never(result)


def _json(content: bytes) -> Out:
    return "application/json", content, [note("precision")], None


def _table(table: Table, policy: Policy, history: History | None) -> Out | list[Reason]:
    if found := tables.fitting(table, policy):
        return found
    judged = tables.judge(table, policy)
    if judged.refused:
        return judged.refused
    shown = _shown(table, judged.hidden, policy, policy.min_cell.base)
    if found := _compared(shown, history):
        return found
    if not tables.finite(table, judged.hidden):
        return [refusal("not-finite")]
    content, notes = tables.write(table, judged.hidden, policy)
    redacted = [note("redacted")] if judged.hidden.any() else []
    return "text/csv", content, redacted + notes, shown


def _plot(plot: Plot, policy: Policy, history: History | None) -> Out | list[Reason]:
    """A picture shows its table unrounded: all of it must be fit to be shown so."""
    table = plot.behind
    if table is None:
        return [refusal("no-table")]
    if plot.media not in ("image/png", "image/svg+xml"):
        return [refusal("media")]
    if len(plot.content) > policy.files.bytes:
        return [refusal("size")]
    if found := tables.fitting(table, policy):
        return found
    judged = tables.judge(table, policy)
    if judged.refused or judged.hidden.any():
        return [refusal("shows-unsafe")]
    shown = _shown(table, judged.hidden, policy, 1)
    if found := _compared(shown, history):
        return found
    content = _picture(plot, table, policy)
    return [refusal("file")] if content is None else (plot.media, content, [note("rewritten")], shown)


def _picture(plot: Plot, table: Table, policy: Policy) -> bytes | None:
    try:
        if plot.media == "image/png":
            return png.rewrite(plot.content)
        return svg.rewrite(plot.content, shape.words(table), shape.size(table), policy.files.digits)
    except ValueError:
        return None


def _shown(table: Table, hidden: Array, policy: Policy, base: int) -> Shown | None:
    """What a release tells of the records; None for quantiles, of which no history is kept."""
    if isinstance(table, Quantiles):
        return None
    cells = table.population.cells
    if cells is not None:
        cells = np.where((cells < 0) | hidden[cells], -1, cells).astype(np.int32)
    asks = [("", base)] + ([(table.measure, 1)] if isinstance(table, Sums) else [])
    acts = {"zero": policy.zero_full.zero, "full": policy.zero_full.full}
    return Shown(
        cells=cells, asks=tuple(asks), below=policy.min_cell.below, most=policy.differencing.exact_releases,
        hides=tuple(name for name, act in acts.items() if act != "show"), meaning=table.population.meaning,
    )  # fmt: skip


def _compared(shown: Shown | None, history: History | None) -> list[Reason]:
    """What the earlier releases forbid. Where they cannot be compared, nothing is cleared."""
    if shown is None:
        return []
    if shown.cells is None:
        return [refusal("membership")]
    if history is None:
        return [refusal("history")]
    refusals = [
        history.check(
            shown.cells, shown.below, variable=variable, base=base, meaning=shown.meaning, most=shown.most,
            hides=shown.hides,
        )
        for variable, base in shown.asks
    ]  # fmt: skip
    return list(dict.fromkeys(filter(None, refusals)))


def _recorded(shown: Shown, history: History) -> list[Reason]:
    found = _compared(shown, history)
    if not found and shown.cells is not None:
        for variable, base in shown.asks:
            history.add(shown.cells, shown.below, variable=variable, base=base, meaning=shown.meaning)
    return found
