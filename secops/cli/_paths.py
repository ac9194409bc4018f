"""How `privilege paths` and `who` show what they found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from secops.cli._changes import change_of, detail_of, place_of
from secops.cli._document import show_document
from secops.cli._say import say
from secops.core.i18n import _, language, ngettext

if TYPE_CHECKING:
    from secops.privilege.fleet.graph import At, Graph, Key, Node, Step
    from secops.privilege.fleet.search import Path

_ARROW = " → "


def show_list(graph: Graph, found: Sequence[Path], fmt: str) -> None:
    """One row a path."""
    from secops.cli._tables import show

    if fmt == "json":
        show_document([_document(graph, path) for path in found])
    elif found:
        rows = [
            [graph.said(path.start), graph.said(path.end), len(path.steps), _sure(path) + _said(graph, path.nodes[1:])]
            for path in found
        ]
        show([_("account"), _("becomes"), _("steps"), _("path")], rows, fmt)
    else:
        say(_("No path was found."))


def _document(graph: Graph, path: Path) -> dict[str, Any]:
    return {
        "from": graph.said(path.start),
        "to": graph.said(path.end),
        "certain": path.certain,
        "path": [graph.said(node) for node in path.nodes],
        "steps": [detail_of(graph, step) for step in path.steps],
    }


def _said(graph: Graph, nodes: Iterable[Node]) -> str:
    return _ARROW.join(_spoken(graph, node) for node in nodes)


def _spoken(graph: Graph, node: Node) -> str:
    """A node in the language in use."""
    from secops.privilege.fleet import fixes
    from secops.privilege.fleet.graph import Agents, At

    if isinstance(node, At | Agents):
        return graph.said(node)
    _way, _, rest = graph.said(node).partition(" ")
    return f"{fixes.name(node, language())} {rest or _way}".strip()


def _sure(path: Path) -> str:
    return "" if path.certain else _("(possibly)") + " "


def show_one(graph: Graph, path: Path | None, cuts: Sequence[Key | Step], asked: tuple[At, At], fmt: str) -> None:
    """A path step by step, and what cuts every path between the two."""
    if fmt == "json":
        found = _document(graph, path) | {"cuts": [change_of(graph, node) for node in cuts]} if path else None
        show_document(found)
        return
    start, target = map(graph.said, asked)
    if not path:
        say(_("No path was found from {start} to {target}.").format(start=start, target=target))
        return
    steps = ngettext("{n} step", "{n} steps", len(path.steps)).format(n=len(path.steps))
    say(f"{_sure(path)}{start}{_ARROW}{graph.said(path.end)}: {steps}")
    for number, line in enumerate(_told(graph, path.nodes), start=1):
        say(f"{number:>3}. {line}", indent=5)
    say()
    if cuts:
        say(_("Each of these changes alone leaves no path between the two:"))
    else:
        say(_("No single change leaves no path between the two: review the ways one by one."))
    for node in cuts:
        say(f"  - {place_of(graph, node)}", indent=4)


def _told(graph: Graph, nodes: Sequence[Node]) -> Iterator[str]:
    """What each way on a path is, and who one is then."""
    from secops.privilege.fleet import fixes
    from secops.privilege.fleet.graph import Step

    for node, following in pairwise(nodes):
        if isinstance(node, Step):
            detail, lang = graph.details[node], language()
            how = detail.how_zh if lang == "zh" else detail.how_en
            what = f"{fixes.name(node, lang)} {node.thing} ({node.place}): {how}"
            yield f"{what}{_ARROW}{graph.said(following)}"


def show_who(graph: Graph, one: At, becomes: Sequence[Path], others: Sequence[Path], fmt: str) -> None:
    """The ways of one account, what it can become, and who can become it."""
    ways = _ways(graph, one)
    if fmt == "json":
        show_document(
            {
                "account": graph.said(one),
                "ways": [detail_of(graph, node) for node in ways],
                "becomes": [_document(graph, path) for path in becomes],
                "becomes_it": [_document(graph, path) for path in others],
            }
        )
        return
    say(graph.said(one))
    _section(_("Its ways, one step each"), [_step(graph, node) for node in ways])
    _section(
        _("Roots that it can become"), [f"{_sure(path)}{graph.said(path.end)}: {_via(graph, path)}" for path in becomes]
    )
    _section(_("Who can become it"), [f"{_sure(path)}{graph.said(path.start)}: {_via(graph, path)}" for path in others])


def _ways(graph: Graph, one: At) -> list[Key | Step]:
    from secops.privilege.fleet.graph import Agents, At, Key, Step
    from secops.privilege.way import EVERYONE

    numbers = {graph.numbers.get(at) for at in (one, At(EVERYONE, one.host))}
    others = {other for number, other in graph.edges if number in numbers}
    numbers |= {other for other in others if isinstance(graph.nodes[other], Agents)}
    found = dict.fromkeys(graph.nodes[other] for number, other in graph.edges if number in numbers)
    return [node for node in found if isinstance(node, Key | Step)]


def _step(graph: Graph, node: Key | Step) -> str:
    from secops.privilege.fleet import fixes
    from secops.privilege.fleet.graph import Step

    lang = language()
    if not isinstance(node, Step):
        return f"{fixes.name(node, lang)} {node.fingerprint}"
    detail = graph.details[node]
    return f"{fixes.name(node, lang)} {node.thing} ({node.place}){_ARROW}{node.becomes}: " + (
        detail.how_zh if lang == "zh" else detail.how_en
    )


def _via(graph: Graph, path: Path) -> str:
    return _said(graph, path.nodes[1:-1])


def _section(title: str, lines: Sequence[str]) -> None:
    say(f"\n{title} ({len(lines)})")
    for line in lines:
        say(f"  - {line}", indent=4)
