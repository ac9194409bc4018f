"""How `privilege review` shows choke points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from secops.cli._changes import change_of, place_of
from secops.core.document import show_document
from secops.core.i18n import _, ngettext
from secops.core.say import say

if TYPE_CHECKING:
    from secops.privilege.fleet.choke import Choke, ChokePoints
    from secops.privilege.fleet.graph import Graph


def show_review(graph: Graph, points: ChokePoints, ranked: Sequence[Choke], fmt: str) -> None:
    """The pairs there are, and what cuts the most of them."""
    if fmt == "json":
        changes = [
            change_of(graph, one.node) | {"pairs": one.pairs, "accounts": one.accounts, "hosts": one.hosts}
            for one in ranked
        ]
        show_document({"pairs": points.pairs, "hosts": len(graph.roots), "choke_points": changes})
        return
    text = ngettext(
        "{n} pair of an account and a host whose root it can become.",
        "{n} pairs of an account and a host whose root it can become.",
        points.pairs,
    )
    say(text.format(n=f"{points.pairs:,}"))
    if points.pairs and not ranked:
        say(_("No single change cuts a pair: wherever there is a way there is another."))
    for number, one in enumerate(ranked, start=1):
        _show(graph, number, one)


def cut_by(one: Choke) -> str:
    """What a change cuts, in words."""
    cut = ngettext("cuts {n} pair", "cuts {n} pairs", one.pairs).format(n=f"{one.pairs:,}")
    who = ngettext("{n} account", "{n} accounts", one.accounts).format(n=f"{one.accounts:,}")
    where = ngettext("{n} host", "{n} hosts", one.hosts).format(n=f"{one.hosts:,}")
    return f"{cut} ({who}, {where})"


def _show(graph: Graph, number: int, one: Choke) -> None:
    from secops.privilege.fleet import fixes

    say(f"\n{number:>3}. {cut_by(one)}")
    say(f"     {place_of(graph, one.node)}", indent=5)
    say(f"     $ {fixes.command(one.node)}")
