"""Pictures of `privilege paths` and `review`: written whole, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from secops.core.i18n import _

if TYPE_CHECKING:
    from secops.privilege.fleet.choke import Choke
    from secops.privilege.fleet.graph import Graph, Key, Step
    from secops.privilege.fleet.search import Path


def check(file: FilePath | None) -> None:
    """Refuse a place where no file can be put, before anything is worked out. Raises `UsageError`."""
    from secops.core.render import check_place

    if file:
        check_place(file)


def draw_paths(graph: Graph, file: FilePath, found: Sequence[Path], cuts: Sequence[Key | Step]) -> None:
    """Paths, the shortest first."""
    from secops.core.render import write_whole
    from secops.privilege.fleet.picture import page

    nodes = [path.nodes for path in sorted(found, key=lambda path: len(path.nodes))]
    write_whole(file, page(graph, nodes, cuts, title=_("Paths to root")).encode())


def draw_review(graph: Graph, file: FilePath, ranked: Sequence[Choke], *, possible: bool) -> None:
    """Choke points, with paths of those who go through them."""
    from secops.cli._changes import place_of
    from secops.cli._review import cut_by
    from secops.core.render import write_whole
    from secops.privilege.fleet import fixes
    from secops.privilege.fleet.picture import Row, page
    from secops.privilege.fleet.search import Search

    marked = {choke.node for choke in ranked}
    paths = [path.nodes for path in Search(graph, possible=possible).to_roots() if marked.intersection(path.nodes)]
    rows = [Row(place_of(graph, choke.node), cut_by(choke), fixes.command(choke.node)) for choke in ranked]
    title = _("Choke points: the changes that take the most away")
    write_whole(file, page(graph, paths, marked, title=title, rows=rows).encode())
