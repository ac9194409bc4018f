"""The results of a job as sections of a page: coefficients, statistics, measures, with their pictures."""

from __future__ import annotations

from collections.abc import Iterator

from privacy.federated.methods.tables import Bins
from privacy.federated.report import plots, terminal
from privacy.federated.report.axes import number
from privacy.federated.report.outcome import (
    Correlated,
    Counted,
    Descended,
    Described,
    Followed,
    Outcome,
    Protected,
    Regressed,
    Spread,
    Statistic,
    Summed,
)
from privacy.federated.report.page import Block, Drawn, Section, Table
from privacy.federated.report.terminal import interval, shown
from secops.core.i18n import _


def sections(outcome: Outcome) -> Iterator[Section]:
    """The sections of an outcome."""
    drawn = {name: Drawn(name, picture) for name, picture in plots.pictures(outcome).items()}
    if isinstance(outcome.result, Described):
        for place, part in enumerate(outcome.result.parts, 1):
            own = tuple(block for name, block in drawn.items() if name.endswith(f"-{place}"))
            yield Section(_title(part), (*_statistic(part, outcome.confidence), *own))
        return
    yield Section(_("Result"), (*_model(outcome), *_pick(drawn, "coefficients", "loss")))
    if outcome.evaluation is None:
        yield Section(_("How good it is"), (_("It was not measured."),))
        return
    yield Section(_("How good it is"), (*_measured(outcome), *_pick(drawn, "roc", "calibration")))


def _pick(drawn: dict[str, Drawn], *names: str) -> list[Drawn]:
    return [drawn[name] for name in names if name in drawn]


def _model(outcome: Outcome) -> Iterator[Block]:
    match outcome.result:
        case Regressed() as found:
            yield _("Records: {n}. Deviance {deviance}; without features {null}.").format(
                n=found.records, deviance=number(found.deviance), null=terminal.shown(found.null_deviance)
            )
        case Descended() as found:
            yield _("Records: {n}. Parameters: {parameters}.").format(
                n=found.records, parameters=len(outcome.parameters.get("weights", ()))
            )
            yield _("A model by descent has no standard errors.")
        case Protected():
            yield _("Coefficients from noisy sums.")
    if columns := terminal.columns(outcome):
        heads = tuple(head for head, _cells in columns)
        yield Table(heads, tuple(zip(*(cells for _head, cells in columns), strict=True)))


def _measured(outcome: Outcome) -> Iterator[Block]:
    evaluation = outcome.evaluation
    if evaluation is None or (found := evaluation.classified or evaluation.errors) is None:
        return
    value = _("value ({n} % interval)").format(n=outcome.confidence)
    yield Table((_("measure"), value), tuple(terminal.told(found)))
    yield _("Held back, but without a value that a prediction needs: {n}.").format(n=evaluation.left_out)


def _title(part: Statistic) -> str:
    match part:
        case Counted():
            return _("Counts: {columns}").format(columns=" × ".join(part.columns))
        case Summed():
            return _("Means and spreads")
        case Spread():
            return _("Distribution of {column}").format(column=part.bins.column)
        case Correlated():
            return _("Correlations")
        case Followed():
            return _("Survival: {event} by {time}").format(event=part.event, time=part.time)


def _statistic(part: Statistic, confidence: int) -> Iterator[Block]:
    match part:
        case Counted():
            yield _counts(part)
            yield _missing(part.missing)
        case Summed():
            yield _summaries(part)
        case Spread():
            yield _missing(part.bins.missing)
            if part.bins.quantiles:
                yield _quantiles(part.bins)
        case Correlated():
            yield _correlations(part, confidence)
        case Followed():
            yield from _followed(part)


def _missing(count: int) -> str:
    return _("Records without a value: {n}.").format(n=count)


def _counts(part: Counted) -> Table:
    """The first column's labels down, the last one's across."""
    if len(part.columns) == 1:
        cells = zip(part.labels[0], map(str, part.counts), strict=True)
        return Table((part.columns[0], _("records")), tuple(cells))
    across = part.labels[-1]
    lines = [part.counts[at : at + len(across)] for at in range(0, len(part.counts), len(across))]
    rows = tuple((label, *map(str, line)) for label, line in zip(part.labels[0], lines, strict=True))
    return Table((" \\ ".join(part.columns), *across), rows)


def _summaries(part: Summed) -> Table:
    heads = (_("feature"), _("records"), _("missing"), _("mean"), _("standard deviation"))
    rows = ((row.column, str(row.records), str(row.missing), shown(row.mean), shown(row.sd)) for row in part.columns)
    return Table(heads, tuple(rows))


def _quantiles(bins: Bins) -> Table:
    rows = ((f"{100 * q.share:g} %", number(q.value), f"{number(q.lower)} … {number(q.upper)}") for q in bins.quantiles)
    return Table((_("quantile"), _("value"), _("lies in")), tuple(rows))


def _correlations(part: Correlated, confidence: int) -> Table:
    rows = (
        (" · ".join(pair.columns), str(pair.records), shown(pair.r), interval(pair.interval)) for pair in part.pairs
    )
    return Table((_("features"), _("records"), "r", _("{n} % interval").format(n=confidence)), tuple(rows))


def _followed(part: Followed) -> Iterator[Block]:
    heads = (part.group or "", _("records"), _("events"), _("median"))
    rows = tuple(
        (
            part.labels[curve.group] if curve.group is not None else part.event,
            str(curve.records),
            str(curve.events),
            shown(curve.median),
        )
        for curve in part.survived.curves
    )
    yield Table(heads, rows)
    yield _missing(part.survived.missing)
    if test := part.survived.log_rank:
        yield _("Log-rank test: chi-square {chi}, degrees of freedom {n}, p = {p}.").format(
            chi=number(test.chi_square), n=test.freedom, p=number(test.p)
        )
