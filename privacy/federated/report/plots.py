"""Pictures of what a job gave: coefficients, ROC and calibration, loss, survival, histograms."""

from __future__ import annotations

import math
from collections.abc import Sequence

from privacy.federated.methods.classified import Classified, Group
from privacy.federated.methods.intervals import Interval
from privacy.federated.methods.survival import Curve
from privacy.federated.methods.tables import Bins
from privacy.federated.report.axes import Frame, Scale, number, ratios, scale
from privacy.federated.report.drawing import SERIES, Box, Dot, Line, Picture, Shape, Tone, Words, legend
from privacy.federated.report.outcome import Descended, Described, Followed, Outcome, Protected, Ran, Regressed, Spread
from privacy.federated.report.rows import Row, is_ratio, rows_of
from secops.core.columns import cell_len, fit, one_line
from secops.core.i18n import _
from secops.core.picture import CELL

#: Pixels: of a picture's frame, around it, and of a row of coefficients.
_WIDE, _HIGH, _LEFT, _TOP, _BELOW, _RIGHT, _ROW = 420.0, 300.0, 70.0, 48.0, 50.0, 30.0, 24.0

#: Columns of text that a name may take.
_NAME = 30

_UNIT = Scale(0.0, 1.0, tuple((tenth / 10, f"{tenth / 10:g}") for tenth in range(0, 11, 2)))


def pictures(outcome: Outcome) -> dict[str, Picture]:
    """All that can be drawn of an outcome, by names that files may have."""
    found: dict[str, Picture] = {}
    if isinstance(outcome.result, Described):
        for place, part in enumerate(outcome.result.parts, 1):
            if isinstance(part, Spread):
                found[f"histogram-{place}"] = histogram(part.bins)
            elif isinstance(part, Followed):
                found[f"survival-{place}"] = survival(part)
    elif rows := rows_of(outcome.result):
        ratio, along = is_ratio(outcome.result.family), _along(outcome.result)
        found["coefficients"] = forest(_stepped(rows, outcome), outcome.confidence, along, ratio=ratio)
    if any(ran.loss is not None for ran in outcome.rounds):
        found["loss"] = losses(outcome.rounds)
    if outcome.evaluation and outcome.evaluation.classified:
        if outcome.evaluation.classified.roc:
            found["roc"] = roc(outcome.evaluation.classified)
        found["calibration"] = calibration(outcome.evaluation.classified)
    return found


def _stepped(rows: Sequence[Row], outcome: Outcome) -> list[Row]:
    """The coefficients but for the intercept, for one of the outcome's steps more."""
    found = []
    for row, step in zip(rows[1:], outcome.steps, strict=False):
        ends = Interval(step * row.interval.lower, step * row.interval.upper) if row.interval else None
        found.append(row._replace(value=step * row.value, interval=ends))
    return found


def _along(result: Regressed | Descended | Protected) -> str:
    """What coefficients, or the ratios that they are logarithms of, are for."""
    noisy = isinstance(result, Protected)
    if is_ratio(result.family):
        words = _("ratio for a quarter of the range, or a label"), _("ratio for one standard deviation, or a label")
    else:
        words = _("change for a quarter of the range, or a label"), _("change for one standard deviation, or a label")
    return words[0] if noisy else words[1]


def forest(drawn: Sequence[Row], confidence: int, along: str, *, ratio: bool) -> Picture:
    """Coefficients, with intervals if they have some; as ratios on a scale of logarithms. `along` names the axis."""
    ends = [end for row in drawn for end in _ends(row)]
    names = [_short(row.term) for row in drawn]
    left = 24 + CELL * max(map(cell_len, names), default=0)
    placed = ratios(ends) if ratio else scale(ends, include=[0.0])
    frame = Frame(left, _TOP, _WIDE, _ROW * max(1, len(drawn)), placed, _UNIT)
    shapes: list[Shape] = [Line(((frame.x(0), _TOP), (frame.x(0), _TOP + frame.height)))]
    told = [_told(row, ratio=ratio) for row in drawn]
    for place, row in enumerate(drawn):
        shapes += _row(frame, row, (names[place], told[place]), _TOP + _ROW * (place + 0.5))
    shapes += frame.bottom(along)
    title = _("Coefficients")
    if any(row.interval for row in drawn):
        title = _("Coefficients with {n} % intervals").format(n=confidence)
    return _picture(title, "; ".join(told), frame, shapes)


def _ends(row: Row) -> tuple[float, ...]:
    return (row.value, row.interval.lower, row.interval.upper) if row.interval else (row.value,)


def _told(row: Row, *, ratio: bool) -> str:
    """A coefficient in words, as the axis has it."""
    words = [number(_exp(end) if ratio else end) for end in _ends(row)]
    return f"{row.term}: {words[0]}" + (f" ({words[1]} … {words[2]})" if row.interval else "")


def _exp(value: float) -> float:
    return math.exp(min(value, 700.0))


def _row(frame: Frame, row: Row, words: tuple[str, str], y: float) -> list[Shape]:
    name, title = words
    shapes: list[Shape] = [Words(frame.left - 12, y + 4, name, "end")]
    if row.interval:
        ends = ((frame.x(row.interval.lower), y), (frame.x(row.interval.upper), y))
        shapes.append(Line(ends, "first", 2, title))
    return [*shapes, Dot(frame.x(row.value), y, "first", title=title)]


def roc(found: Classified) -> Picture:
    """True against false positives for every threshold; the line across is chance."""
    frame = _square()
    points = tuple(frame.point(false, true) for false, true in found.roc)
    told = ""
    if found.auc:
        told = _("area {value} ({lower} … {upper})").format(
            value=f"{found.auc.value:.3f}",
            lower=f"{found.auc.interval.lower:.3f}",
            upper=f"{found.auc.interval.upper:.3f}",
        )
    shapes: list[Shape] = [
        *frame.axes(_("false positives"), _("true positives")),
        Line((frame.point(0, 0), frame.point(1, 1))),
        Line(points, "first", 2, told),
        Words(frame.left + frame.width - 8, frame.top + frame.height - 12, told, "end"),
    ]
    return _picture(_("ROC curve"), told, frame, shapes)


def calibration(found: Classified) -> Picture:
    """How often label 1 was there, against how often it was expected; the line across is where they agree."""
    frame = _square()
    shapes = [
        *frame.axes(_("expected share"), _("observed share")),
        Line((frame.point(0, 0), frame.point(1, 1))),
    ]
    groups = [group for group in found.calibration if group.mean is not None]
    told = []
    for group in groups:
        drawn, title = _group(frame, group)
        shapes += drawn
        told.append(title)
    return _picture(_("Calibration"), "; ".join(told), frame, shapes)


def _group(frame: Frame, group: Group) -> tuple[list[Shape], str]:
    mean, seen = group.mean or 0.0, group.observed
    title = _("{count} of {records} where {mean} was expected").format(
        count=seen.count, records=seen.records, mean=f"{mean:.2f}"
    )
    shapes: list[Shape] = [Dot(*frame.point(mean, seen.value or 0.0), title=title)]
    if seen.interval:
        ends = (frame.point(mean, seen.interval.lower), frame.point(mean, seen.interval.upper))
        shapes.insert(0, Line(ends, "first", 2, title))
    return shapes, title


def losses(rounds: Sequence[Ran]) -> Picture:
    """The loss after each round that has one."""
    told = [(ran.number, ran.loss) for ran in rounds if ran.loss is not None and ran.stage != "evaluate"]
    along = scale([number for number, _loss in told], ticks=6)
    whole = tuple(tick for tick in along.ticks if float(tick[0]).is_integer())
    frame = _frame(Scale(along.low, along.high, whole), scale([loss for _number, loss in told]))
    points = tuple(frame.point(number, loss) for number, loss in told)
    shapes: list[Shape] = [*frame.axes(_("round"), _("loss")), Line(points, "first", 2)]
    shapes += [
        Dot(*point, radius=2.5, title=f"{place}: {number(loss)}")
        for point, (place, loss) in zip(points, told, strict=True)
    ]
    words = _("from {first} to {last}").format(first=number(told[0][1]), last=number(told[-1][1])) if told else ""
    return _picture(_("Loss by round"), words, frame, shapes)


def survival(part: Followed) -> Picture:
    """The part that is without the event at each time, and the interval of it, by group."""
    steps = [step for curve in part.survived.curves for step in curve.steps]
    frame = _frame(scale([0.0, *(step.time for step in steps)]), _UNIT)
    shapes = frame.axes(_short(part.time), _("without {event}").format(event=_short(part.event)))
    told = []
    for place, curve in enumerate(part.survived.curves):
        shapes += _curve(frame, curve, SERIES[place % len(SERIES)])
        name = part.labels[curve.group] if curve.group is not None else part.event
        told.append(_("{name}: {events} of {records}").format(name=name, events=curve.events, records=curve.records))
    shapes += legend([_short(name) for name in told], frame.left + 12, frame.top + frame.height - 18 * len(told))
    return _picture(_("Survival (Kaplan-Meier)"), "; ".join(told), frame, shapes)


def _curve(frame: Frame, curve: Curve, tone: Tone) -> list[Shape]:
    start = min(frame.along.low, 0.0)
    middle = [(step.time, step.survival) for step in curve.steps]
    shapes: list[Shape] = [Line(_stairs(frame, [(start, 1.0), *middle]), tone, 2)]
    for end in ("lower", "upper"):
        ends = [(step.time, getattr(step.interval, end)) for step in curve.steps if step.interval]
        if ends:
            shapes.append(Line(_stairs(frame, ends), tone, 0.7))
    return shapes


def _stairs(frame: Frame, points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """What holds from each point on to the next."""
    found = [frame.point(*points[0])]
    for time, value in points[1:]:
        found += [(frame.x(time), found[-1][1]), frame.point(time, value)]
    return tuple(found)


def histogram(bins: Bins) -> Picture:
    """Counts of a number in bins over its public range."""
    along = scale(bins.edges, ticks=6)
    frame = _frame(along, scale([0.0, *bins.counts]))
    shapes = frame.axes(_short(bins.column), _("records"))
    for place, count in enumerate(bins.counts):
        left, right, top = frame.x(bins.edges[place]), frame.x(bins.edges[place + 1]), frame.y(count)
        title = f"{number(bins.edges[place])} … {number(bins.edges[place + 1])}: {count}"
        bottom = frame.top + frame.height
        shapes.append(Box(left + 0.5, top, max(0.5, right - left - 1), bottom - top, "first", title))
    told = _("records {n}, without a value {missing}").format(n=sum(bins.counts), missing=bins.missing)
    return _picture(_("Distribution of {column}").format(column=_short(bins.column)), told, frame, shapes)


def _short(name: str) -> str:
    return fit(one_line(name), _NAME)


def _square() -> Frame:
    return Frame(_LEFT, _TOP, _HIGH, _HIGH, _UNIT, _UNIT)


def _frame(along: Scale, up: Scale) -> Frame:
    return Frame(_LEFT, _TOP, _WIDE, _HIGH, along, up)


def _picture(title: str, told: str, frame: Frame, shapes: Sequence[Shape]) -> Picture:
    width, height = frame.left + frame.width + _RIGHT, frame.top + frame.height + _BELOW
    return Picture(title, told, width, height, (Words(12, 18, title), *shapes))
