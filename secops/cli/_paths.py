"""How `privilege paths` and `who` show what they found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from secops.cli._changes import change_of, detail_of, place_of
from secops.core.document import show_document
from secops.core.i18n import _, language, ngettext
from secops.core.say import say

if TYPE_CHECKING:
    from secops.privilege.fleet.graph import At, Graph, Key, Node, Step
    from secops.privilege.fleet.search import Path

_ARROW = " → "

#: Ways of one kind, of those that every account has, that a person is told; JSON and --all have all.
_EXAMPLES = 3


def show_list(graph: Graph, found: Sequence[Path], fmt: str) -> None:
    """One row a path; a way that all accounts of a host have in one row for all of them."""
    from secops.core.rows import show

    if fmt == "json":
        show_document([_document(graph, path) for path in found])
    elif found:
        rows = [
            [who, graph.said(path.end), len(path.steps), _sure(path) + _said(graph, nodes)]
            for who, path, nodes in _told_once(graph, found)
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


def _told_once(graph: Graph, found: Sequence[Path]) -> Iterator[tuple[str, Path, Sequence[Node]]]:
    """Who goes a path, the path, and the nodes behind them. What several go by what every account has is told once."""
    shared = Counter(path.nodes[1:] for path in found if _is_everyones(path.nodes[1]))
    told = set[Sequence[object]]()
    for path in found:
        nodes = path.nodes[1:]
        if shared[nodes] < 2:
            yield graph.said(path.start), path, nodes
        elif nodes not in told:
            told.add(nodes)
            host = graph.names.get(path.start.host, path.start.host)
            yield _("every account of {host}").format(host=host), path, nodes[1:]


def _is_everyones(node: Node) -> bool:
    from secops.privilege.fleet.graph import At
    from secops.privilege.way import EVERYONE

    return isinstance(node, At) and node.user == EVERYONE


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


def show_who(
    graph: Graph, one: At, becomes: Sequence[Path], others: Sequence[Path], fmt: str, *, every: bool = False
) -> None:
    """The ways of one account, what it can become, and who can become it; `every` one, or those of all in short."""
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
    shared = {} if every else _shared(graph, one, ways)
    _section(_("Its ways, one step each"), _way_lines(graph, ways, shared), len(ways))
    roots = [f"{_sure(path)}{graph.said(path.end)}: {_said(graph, path.nodes[1:-1])}" for path in becomes]
    _section(_("Roots that it can become"), roots, len(becomes))
    told = [(graph.said(path.start), path, path.nodes[1:]) for path in others] if every else _told_once(graph, others)
    by = [f"{_sure(path)}{who}: {_said(graph, nodes[:-1])}" for who, path, nodes in told]
    _section(_("Who can become it"), by, len(others))


def _ways(graph: Graph, one: At) -> list[Key | Step]:
    from secops.privilege.fleet.graph import Agents, At, Key, Step
    from secops.privilege.way import EVERYONE

    numbers = {graph.numbers.get(at) for at in (one, At(EVERYONE, one.host))}
    others = {other for number, other in graph.edges if number in numbers}
    numbers |= {other for other in others if isinstance(graph.nodes[other], Agents)}
    found = dict.fromkeys(graph.nodes[other] for number, other in graph.edges if number in numbers)
    return [node for node in found if isinstance(node, Key | Step)]


def _shared(graph: Graph, one: At, ways: Iterable[Key | Step]) -> Mapping[str, list[Step]]:
    """By kind, in the language in use, the ways that the account has as every other does; kinds of few are left out."""
    from secops.privilege.fleet import fixes
    from secops.privilege.fleet.graph import At, Step
    from secops.privilege.way import EVERYONE

    number, everyone = graph.numbers.get(one), graph.numbers.get(At(EVERYONE, one.host))
    found: dict[str, list[Step]] = {}
    for node in ways:
        at = graph.numbers[node]
        if isinstance(node, Step) and (everyone, at) in graph.edges and (number, at) not in graph.edges:
            found.setdefault(fixes.name(node, language()), []).append(node)
    return {kind: nodes for kind, nodes in found.items() if len(nodes) > _EXAMPLES}


def _way_lines(graph: Graph, ways: Iterable[Key | Step], shared: Mapping[str, Sequence[Step]]) -> Iterator[str]:
    """A line a way, and one for each kind of the `shared` ones."""
    short = {node for nodes in shared.values() for node in nodes}
    yield from (_step(graph, node) for node in ways if node not in short)
    for kind, nodes in shared.items():
        things = ", ".join(node.thing for node in nodes[:_EXAMPLES])
        text = _("every account: {kind} ({count}): {things}, … (--all lists them)")
        yield text.format(kind=kind, count=len(nodes), things=things)


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


def _section(title: str, lines: Iterable[str], count: int) -> None:
    say(f"\n{title} ({count})")
    for line in lines:
        say(f"  - {line}", indent=4)
