"""What a job gave as lines for a terminal: the course of the loss, coefficients, measures, comparisons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from privacy.federated.methods.classified import Classified
from privacy.federated.methods.errors import Errors
from privacy.federated.methods.intervals import Interval
from privacy.federated.report.axes import number
from privacy.federated.report.outcome import Outcome, Regressed
from privacy.federated.report.rows import Row, is_ratio, rows_of
from secops.core.columns import cell_len, one_line, pad
from secops.core.i18n import _

if TYPE_CHECKING:
    from privacy.federated.report.compare import Compared

#: Columns of a terminal that tables fit into.
WIDTH = 80

_BARS = "▁▂▃▄▅▆▇█"

#: Columns of a terminal that a name keeps at least, and what is between columns of a table.
_LEAST, _GAP = 8, "  "


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """Numbers as a line of bars; of more than fit, the last of each stretch."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return ""
    count = min(width, len(finite))
    shown = [finite[(place + 1) * len(finite) // count - 1] for place in range(count)]
    low, high = min(shown), max(shown)
    size = high - low or 1.0
    return "".join(_BARS[min(len(_BARS) - 1, int((value - low) / size * len(_BARS)))] for value in shown)


def course(outcome: Outcome) -> str:
    """The course of the loss over all rounds, in one line; empty for methods without one."""
    losses = [ran.loss for ran in outcome.rounds if ran.loss is not None and ran.stage != "evaluate"]
    if not losses:
        return ""
    ends = _("loss {first} to {last}").format(first=number(losses[0]), last=number(losses[-1]))
    return f"{sparkline(losses)}  {ends}"


def coefficients(outcome: Outcome, width: int = WIDTH) -> list[str]:
    """A table of the coefficients, with what the method tells of each."""
    if not (found := columns(outcome)):
        return []
    heads = [head for head, _cells in found]
    return table(heads, list(zip(*(cells for _head, cells in found), strict=True)), width)


def columns(outcome: Outcome) -> list[tuple[str, list[str]]]:
    """The columns of such a table: head and cells; none where there are no coefficients."""
    if not (rows := rows_of(outcome.result)):
        return []
    found = [(_("term"), [row.term for row in rows]), (_("coefficient"), [number(row.value) for row in rows])]
    return found + (
        _regression(rows, outcome.result, outcome.confidence) if isinstance(outcome.result, Regressed) else []
    )


def _regression(rows: Sequence[Row], result: Regressed, confidence: int) -> list[tuple[str, list[str]]]:
    ratio = is_ratio(result.family)
    names = {"logistic": _("odds ratio"), "poisson": _("rate ratio")}
    told = [(names[result.family], [shown(row.ratio) for row in rows])] if ratio else []
    if result.ridge:
        return [(_("std. error"), [shown(row.error) for row in rows]), *told]
    intervals = [interval(row.ratio_interval if ratio else row.interval) for row in rows]
    head = _("{n} % interval").format(n=confidence)
    return [*told, (head, intervals), ("p", [_p(row.p) for row in rows])]


def shown(value: float | None) -> str:
    """A number, or a dash for none."""
    return "–" if value is None else number(value)


def interval(found: Interval | None) -> str:
    """Both ends, or a dash."""
    return "–" if found is None else f"{number(found.lower)} … {number(found.upper)}"


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def measures(found: Classified | Errors) -> list[str]:
    """Measures with their intervals, one a line."""
    return [f"{name}: {value}" for name, value in told(found)]


def told(found: Classified | Errors) -> list[tuple[str, str]]:
    """Names of measures, and each in words."""
    records = (_("test records"), str(found.records))
    if isinstance(found, Errors):
        lines = [
            (_("root mean square error"), _valued(found.rmse, found.rmse_interval)),
            (_("mean absolute error"), shown(found.mae)),
            (_("mean error"), shown(found.bias)),
            ("R²", shown(found.r2)),
        ]
        return [records, *lines]
    shares = {
        _("accuracy"): found.accuracy,
        _("sensitivity"): found.sensitivity,
        _("specificity"): found.specificity,
        _("precision"): found.precision,
    }
    area = _valued(found.auc.value, found.auc.interval) if found.auc else "–"
    return [
        records,
        *((name, _valued(share.value, share.interval)) for name, share in shares.items()),
        (_("area under the ROC curve"), area),
        (_("Brier score"), shown(found.brier)),
        (_("log loss"), shown(found.log_loss)),
    ]


def _valued(value: float | None, ends: Interval | None) -> str:
    if value is None:
        return "–"
    return f"{number(value)} ({interval(ends)})" if ends else number(value)


def comparison(rows: Sequence[Compared], width: int = WIDTH) -> list[str]:
    """Models below each other, measured on all test records, and why there is none."""
    lines = table([_("model"), *_heads(rows)], [[_model(row), *_cells(row)] for row in rows], width)
    missing = [f"{_model(row)}: {row.refused}" for row in rows if row.refused]
    return lines + [_("no model: {reason}").format(reason=reason) for reason in missing]


def by_site(rows: Sequence[Compared], width: int = WIDTH) -> list[str]:
    """Sites below each other: its own model there, the federated and the pooled one, by accuracy or mean error."""
    own = {row.site: row for row in rows if row.kind == "local"}
    common = [row for row in rows if row.kind != "local"]
    lines = [[site, *(_main(row.sites.get(site)) for row in (own[site], *common))] for site in own if site]
    return table([_("site"), _("its own model"), *map(_model, common)], lines, width)


def _heads(rows: Sequence[Compared]) -> list[str]:
    if any(isinstance(row.together, Errors) for row in rows):
        return [_("root mean square error"), "R²"]
    return [_("accuracy"), _("AUC")]


def _cells(row: Compared) -> list[str]:
    found = row.together
    if isinstance(found, Classified):
        area = _valued(found.auc.value, found.auc.interval) if found.auc else "–"
        return [_valued(found.accuracy.value, found.accuracy.interval), area]
    return ["–", "–"] if found is None else [_valued(found.rmse, found.rmse_interval), shown(found.r2)]


def _main(found: Classified | Errors | None) -> str:
    if found is None:
        return "–"
    return shown(found.accuracy.value if isinstance(found, Classified) else found.rmse)


def _model(row: Compared) -> str:
    names = {"local": _("{site} alone"), "federated": _("federated"), "pooled": _("pooled")}
    return names[row.kind].format(site=row.site)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int = WIDTH) -> list[str]:
    """Lines of `width` columns at most: the first one is cut to what the others leave, which stand to the right."""
    lines = [[one_line(cell) for cell in line] for line in (heads, *rows)]
    widths = [max(cell_len(line[at]) for line in lines) for at in range(len(heads))]
    rest = sum(widths[1:]) + len(_GAP) * (len(widths) - 1)
    first = min(widths[0], max(_LEAST, width - rest))  # no number is cut
    return [
        _GAP.join(
            [pad(line[0], first), *(_right(cell, size) for cell, size in zip(line[1:], widths[1:], strict=False))]
        )
        for line in lines
    ]


def _right(cell: str, width: int) -> str:
    return " " * (width - cell_len(cell)) + cell
