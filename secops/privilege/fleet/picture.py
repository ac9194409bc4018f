"""Paths to root as a picture: one HTML file with an SVG in it, which needs nothing else and runs nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from secops.core.columns import cell_len, fit, one_line
from secops.core.i18n import N_, _
from secops.core.picture import CELL, document, inert, legend, svg, table
from secops.privilege.fleet.graph import AGENT, Agents, At, Graph, Key, Node, Step
from secops.privilege.fleet.layout import Layout, arranged

#: Paths that are drawn; more would be no picture.
MOST_PATHS = 60

#: Columns of text in a box, and names in one that stands for several accounts.
_WIDEST, _NAMES = 34, 3

#: Pixels of a box, and between boxes.
_HEIGHT, _GAP, _BETWEEN, _MARGIN = 28, 12, 60, 20

_STYLE = """
:root { --root: #c62828; --key: #b26a00; --agent: #6a1b9a; --cut: #e65100; }
@media (prefers-color-scheme: dark) { :root { --root: #ff6b6b; --key: #ffb74d; --agent: #ce93d8; --cut: #ff9d5c; } }
.way rect { fill: var(--paper); } .key rect { stroke: var(--key); }
.agent rect { fill: var(--paper); stroke: var(--agent); stroke-width: 2; }
.root rect { stroke: var(--root); stroke-width: 2; } .cut rect { stroke: var(--cut); stroke-width: 3; }
.unsure { stroke-dasharray: 5 4; }
"""


#: What the boxes and lines mean, by class.
_LEGEND = (
    ("account", N_("account")),
    ("root", N_("root of a host")),
    ("way", N_("way")),
    ("key", N_("private key")),
    ("agent", N_("agent that is forwarded")),
    ("cut", N_("choke point")),
    ("unsure", N_("possibly")),
)


class Row(NamedTuple):
    """A change in the table below the picture."""

    change: str
    cuts: str
    command: str


class _Box(NamedTuple):
    x: float
    y: float
    width: float


def page(
    graph: Graph, paths: Sequence[Sequence[Node]], marked: Collection[Node], title: str, rows: Iterable[Row] = ()
) -> str:
    """The document. `marked` are the changes to stand out; of more than `MOST_PATHS` paths the first are drawn."""
    drawn = list(_merged(paths[:MOST_PATHS]))
    left = len(paths) - MOST_PATHS
    told = _("{n} more paths are not drawn.").format(n=left)
    note = f"<p>{inert(told)}</p>" if left > 0 else ""
    changes = ((inert(row.change), inert(row.cuts), f"<code>{inert(row.command)}</code>") for row in rows)
    body = [
        _picture(graph, arranged(drawn), frozenset(marked)), "\n", _legend(), note,
        table((_("change"), _("cuts"), _("begin with")), changes),
    ]  # fmt: skip
    return document(title, "".join(body), _STYLE)


Drawn = tuple[Node, ...]  # a node, or accounts that lead to the same and are one box


def _merged(paths: Iterable[Sequence[Node]]) -> Iterator[list[Drawn]]:
    """Paths of which accounts that begin one and lead to the same are drawn as one."""
    inner = {node for path in paths for node in path[1:]}
    begin: dict[tuple[Node, ...], list[Node]] = {}
    for path in paths:
        begin.setdefault(tuple(path[1:]), []).append(path[0])
    for rest, starts in begin.items():
        alone = [start for start in starts if start in inner]
        for start in alone:
            yield [(start,), *((node,) for node in rest)]
        if others := tuple(start for start in starts if start not in inner):
            yield [others, *((node,) for node in rest)]


def _picture(graph: Graph, layout: Layout[Drawn], marked: frozenset[Node]) -> str:
    """The picture alone: boxes in columns, joined by curves."""
    boxes = _boxes(graph, layout)
    width = max((box.x + box.width for box in boxes.values()), default=0) + _MARGIN
    height = max((box.y for box in boxes.values()), default=0) + _HEIGHT + _MARGIN
    parts = [_edge(graph, edge, boxes) for edge in layout.edges]
    parts += [_drawn(graph, node, box, cut=bool(marked.intersection(node))) for node, box in boxes.items()]
    return svg("".join(parts), width, height)


def _boxes(graph: Graph, layout: Layout[Drawn]) -> Mapping[Drawn, _Box]:
    found: dict[Drawn, _Box] = {}
    x, tallest = float(_MARGIN), max(map(len, layout.columns), default=0)
    for column in layout.columns:
        widths = {node: CELL * cell_len(_said(graph, node)) + 2 * _GAP for node in column}
        widest = max(widths.values(), default=0)
        top = _MARGIN + (tallest - len(column)) * (_HEIGHT + _GAP) / 2
        for place, node in enumerate(column):
            found[node] = _Box(x + (widest - widths[node]) / 2, top + place * (_HEIGHT + _GAP), widths[node])
        x += widest + _BETWEEN
    return found


def _said(graph: Graph, node: Drawn) -> str:
    names = [graph.said(one) for one in node]
    if len(names) > _NAMES:
        return fit(one_line(_("{n} accounts: {names}, …").format(n=len(names), names=", ".join(names[:2]))), _WIDEST)
    return fit(one_line(", ".join(names)), _WIDEST)


def _edge(graph: Graph, edge: tuple[Drawn, Drawn], boxes: Mapping[Drawn, _Box]) -> str:
    one, other = (boxes[node] for node in edge)
    at = (graph.numbers[edge[0][0]], graph.numbers[edge[1][0]])
    unsure = "" if graph.edges.get(at, True) else ' class="unsure"'
    x, y, to_x, to_y = one.x + one.width, one.y + _HEIGHT / 2, other.x, other.y + _HEIGHT / 2
    bend = max(30.0, (to_x - x) / 2)
    curve = f"C{x + bend:.0f} {y:.0f} {to_x - bend:.0f} {to_y:.0f} {to_x:.0f} {to_y:.0f}"
    return f'<path{unsure} d="M{x:.0f} {y:.0f}{curve}"/>'


def _drawn(graph: Graph, node: Drawn, box: _Box, *, cut: bool) -> str:
    kind = {Key: "key", Step: "way", Agents: "agent"}.get(type(node[0]), "account")
    if isinstance(node[0], Step) and node[0].way == AGENT:
        kind = "agent"
    if graph.numbers[node[0]] in graph.roots.values():
        kind = "root"
    round_ = _HEIGHT / 2 if isinstance(node[0], At) else 4
    title = inert("\n".join(graph.said(one) for one in node))
    return (
        f'<g class="{kind}{" cut" if cut else ""}"><title>{title}</title>'
        f'<rect x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{_HEIGHT}" rx="{round_:.0f}"/>'
        f'<text x="{box.x + _GAP:.0f}" y="{box.y + _HEIGHT / 2 + 4:.0f}">{inert(_said(graph, node))}</text></g>'
    )


def _legend() -> str:
    """A small box or line for each kind, and what it means."""
    items = []
    for kind, meaning in _LEGEND:
        round_ = 8 if kind in ("account", "root") else 3
        box = f'<g class="{kind}"><rect x="2" y="2" width="28" height="14" rx="{round_}"/></g>'
        items.append(('<path class="unsure" d="M2 9L30 9"/>' if kind == "unsure" else box, _(meaning)))
    return legend(items)
