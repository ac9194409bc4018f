"""Ways and keys for people and programs: what one is, where it stands, and what closes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from secops.core.i18n import _, language

if TYPE_CHECKING:
    from secops.privilege.fleet.graph import Graph, Key, Step

#: Holders of a private key that a person is told; JSON has all.
_MOST = 3


def detail_of(graph: Graph, node: Key | Step) -> dict[str, Any]:
    """A way as a program reads it."""
    from secops.privilege.fleet.graph import Step

    if not isinstance(node, Step):
        held = [graph.said(holder) for holder in graph.holders(node)]
        return {"way": "private_key", "thing": node.fingerprint, "held_by": held}
    detail = graph.details[node]
    return {
        "host": graph.names.get(node.host, node.host),
        "way": node.way,
        "thing": node.thing,
        "program": detail.program,
        "becomes": node.becomes,
        "gives": detail.gives,
        "how": {"en": detail.how_en, "zh": detail.how_zh},
        "password": detail.password,
        "source": node.source,
        "line": node.line,
    }


def change_of(graph: Graph, node: Key | Step) -> dict[str, Any]:
    """A way as a program reads it, with what closes it."""
    from secops.privilege.fleet import fixes

    fix = {lang: fixes.fix(graph, node, lang) for lang in ("en", "zh")}
    return detail_of(graph, node) | {"fix": fix, "command": fixes.command(node)}


def place_of(graph: Graph, node: Key | Step) -> str:
    """A way with its host, and what closes it, in one sentence."""
    from secops.privilege.fleet import fixes
    from secops.privilege.fleet.graph import Step

    lang = language()
    if isinstance(node, Step):
        what = f"{node.thing} @ {graph.names.get(node.host, node.host)}"
    else:
        holders = graph.holders(node)
        held = ", ".join(graph.said(holder) for holder in holders[:_MOST]) + (", …" if len(holders) > _MOST else "")
        what = _("{key}, held by {holders}").format(key=node.fingerprint, holders=held)
    return f"{fixes.name(node, lang)} {what}: {fixes.fix(graph, node, lang)}"
