"""The life of a data set as a picture: a lane for its versions, for each contract, for each request.

Events stand from left to right in the order of the ledger: what happened within a second is told apart too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from privacy.release.telling import Event
from privacy.release.trace import Row
from secops.core.columns import cell_len, fit, one_line
from secops.core.i18n import N_, _
from secops.core.picture import CELL, document, inert, legend, svg, table

#: Requests that are drawn, the latest; the table has all.
MOST_REQUESTS = 60

#: Columns of text in front of a lane.
_WIDEST = 30

#: Pixels: of a lane, of an event, of its mark, above the lanes, and around all.
_LANE, _STEP, _MARK, _TOP, _MARGIN = 40, 44, 10, 36, 20

_STYLE = """
:root { --good: #2e7d32; --bad: #c62828; --wait: #b26a00; --done: #1565c0; }
@media (prefers-color-scheme: dark) { :root { --good: #81c784; --bad: #ff6b6b; --wait: #ffb74d; --done: #64b5f6; } }
.wide { overflow-x: auto; } .wide > svg { max-width: none; } svg .small { font-size: 10px; } .lane { stroke-width: 2; }
.day, .link { stroke-dasharray: 3 4; } circle { fill: var(--box); stroke: var(--line); }
.good circle { stroke: var(--good); } .bad circle { stroke: var(--bad); } .wait circle { stroke: var(--wait); }
.done circle { stroke: var(--done); stroke-width: 3; } .false circle { stroke: var(--bad); stroke-width: 4;
  stroke-dasharray: 3 2; } tr > td:first-child { text-align: right; }
td:nth-child(2) { white-space: nowrap; } .fault { color: var(--bad); }
"""

#: Of each type of entry: its class, its sign, and what it means.
_MARKS = {
    "roster": ("", "◆", N_("roster changed")),
    "dataset": ("done", "▤", N_("registered")),
    "shared": ("", "§", N_("contract offered")),
    "accepted": ("good", "✓", N_("contract accepted")),
    "request": ("", "?", N_("requested")),
    "checked": ("", "≡", N_("checked")),
    "approval": ("good", "✓", N_("approved")),
    "changes": ("wait", "↩", N_("changes wanted")),
    "refused": ("bad", "✕", N_("refused")),
    "release": ("done", "➔", N_("published")),
}


def page(rows: Sequence[Row], title: str) -> str:
    """The document. Rows are in the order of the ledger."""
    requests = list(dict.fromkeys(row.event.about for row in rows if _lane(row.event)[0] == "request"))
    left = set(requests[:-MOST_REQUESTS])
    drawn = [row for row in rows if row.event.about not in left or _lane(row.event)[0] != "request"]
    told = _("{n} earlier requests are not drawn; the table has them.").format(n=len(left))
    note = f"<p>{inert(told)}</p>" if left else ""
    body = [f'<div class="wide">{_drawing(drawn)}</div>\n', _legend(), note, _table(rows)]
    return document(title, "".join(body), _STYLE)


Lane = tuple[str, str]  # kind, and what it is about


def _lane(event: Event) -> Lane:
    if event.type == "roster":
        return ("roster", "")
    if event.type == "dataset":
        return ("dataset", event.dataset)
    return ("contract" if event.type in ("shared", "accepted") else "request", event.about)


def _drawing(rows: Sequence[Row]) -> str:
    order = ("roster", "dataset", "contract", "request")
    lanes = sorted(dict.fromkeys(_lane(row.event) for row in rows), key=lambda lane: order.index(lane[0]))
    names = {lane: fit(one_line(_name(lane)), _WIDEST) for lane in lanes}
    first = 2 * _MARGIN + CELL * max(map(cell_len, names.values()), default=0)
    heights = {lane: float(_TOP + _LANE * (at + 0.5)) for at, lane in enumerate(lanes)}
    places = [first + _STEP * (at + 0.5) for at in range(len(rows))]
    width, height = first + _STEP * len(rows) + _MARGIN, _TOP + _LANE * len(lanes) + _MARGIN
    parts = [*_days(rows, places, height), *_lines(rows, places, heights), *_links(rows, places, heights)]
    parts += [f'<text x="{_MARGIN}" y="{heights[lane] + 4:.0f}">{inert(name)}</text>' for lane, name in names.items()]
    parts += [_mark(row, x, heights[_lane(row.event)]) for row, x in zip(rows, places, strict=True)]
    return svg("".join(parts), width, height)


def _name(lane: Lane) -> str:
    kind, about = lane
    words = {
        "roster": _("roster"),
        "dataset": _("data set {name}"),
        "contract": _("contract {name}"),
        "request": _("request {name}"),
    }
    return words[kind].format(name=about)


def _days(rows: Sequence[Row], places: Sequence[float], height: float) -> Iterator[str]:
    """Where a day begins, a line through all lanes."""
    before, free = "", 0.0
    for row, x in zip(rows, places, strict=True):
        day, at = row.event.time[:10], x - _STEP / 2
        if day != before:
            yield f'<path class="day" d="M{at:.0f} {_TOP - 6}V{height:.0f}"/>'
        if day != before and at >= free:
            yield f'<text class="small" x="{at + 3:.0f}" y="{_TOP - 12}">{inert(day)}</text>'
            free = at + 2 * _STEP
        before = day


def _lines(rows: Sequence[Row], places: Sequence[float], heights: Mapping[Lane, float]) -> Iterator[str]:
    """A line from the first to the last event of each lane; all stands on the data set, so its line goes on."""
    for lane, y in heights.items():
        own = [x for row, x in zip(rows, places, strict=True) if _lane(row.event) == lane]
        end = places[-1] if lane[0] == "dataset" else own[-1]
        yield f'<path class="lane" d="M{own[0]:.0f} {y:.0f}H{end:.0f}"/>'


def _links(rows: Sequence[Row], places: Sequence[float], heights: Mapping[Lane, float]) -> Iterator[str]:
    """From the data set down to each contract that is offered, and to each request."""
    top = min((y for (kind, _about), y in heights.items() if kind == "dataset"), default=None)
    for row, x in zip(rows, places, strict=True):
        if top is not None and row.event.type in ("shared", "request"):
            yield f'<path class="link" d="M{x:.0f} {top:.0f}V{heights[_lane(row.event)] - _MARK - 14:.0f}"/>'


def _mark(row: Row, x: float, y: float) -> str:
    event = row.event
    kind, sign, _meaning = _MARKS.get(event.type, ("", "·", ""))
    title = "\n".join(
        part for part in (f"{event.number} · {event.time}", event.what, event.who, row.fault or "") if part
    )
    return (
        f'<g class="{kind}{" false" if row.fault else ""}"><title>{inert(title)}</title>'
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{_MARK}"/>'
        f'<text x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle">{sign}</text>'
        f'<text class="small" x="{x:.0f}" y="{y - _MARK - 3:.0f}" text-anchor="middle">{event.number}</text></g>'
    )


def _legend() -> str:
    sample = '<g class="{}"><circle cx="16" cy="9" r="8"/><text x="16" y="13" text-anchor="middle">{}</text></g>'
    marks = [(sample.format(kind, sign), _(meaning)) for kind, sign, meaning in _MARKS.values()]
    return legend([*marks, (sample.format("false", ""), _("the signature does not count"))])


def _table(rows: Sequence[Row]) -> str:
    heads = (_("entry"), _("time"), _("what"), _("who"), _("signature"))
    return table(heads, [[*map(inert, _cells(row)), _proof(row)] for row in rows])


def _cells(row: Row) -> list[str]:
    event = row.event
    return [str(event.number), event.time, event.what, event.who]


def _proof(row: Row) -> str:
    if row.fault:
        return f'<span class="fault">{inert(row.fault)}</span>'
    return "" if row.fault is None else inert(_("counts"))
