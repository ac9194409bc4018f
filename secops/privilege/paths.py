"""Rows of `root_paths`: for each account of a fleet the roots it can become, and the shortest path to one."""

from __future__ import annotations

from collections.abc import Iterator

from secops.hosts.tables import Row
from secops.privilege.graph import Graph
from secops.privilege.reach import roots_reached
from secops.privilege.search import Path, Search

#: Names of hosts that a row tells; `roots` counts all.
MOST_HOSTS = 20


def root_paths(graph: Graph) -> dict[str, list[Row]]:
    """Rows by host, of every account that can become root of its host or of another. Linear in the fleet's size."""
    roots = list(graph.roots.values())
    reached = {certain: roots_reached(graph.network(possible=not certain), roots) for certain in (True, False)}
    found: dict[str, list[Row]] = {host: [] for host in graph.roots}
    for path in Search(graph).to_roots():
        bits = reached[path.certain][graph.numbers[path.start]]
        found[path.start.host].append(_row(graph, path, list(_hosts(graph, path, bits))))
    return found


def _hosts(graph: Graph, path: Path, bits: int) -> Iterator[str]:
    """The hosts whose root the account reaches, but for the one whose root it is."""
    own = graph.numbers[path.start]
    for place, (host, root) in enumerate(graph.roots.items()):
        if bits >> place & 1 and root != own:
            yield graph.names.get(host, host)


def _row(graph: Graph, path: Path, hosts: list[str]) -> Row:
    start, end, first = path.start, path.end, path.steps[0]
    return {
        "user_name": start.user,
        "certain": path.certain,
        "roots": len(hosts),
        "hosts": hosts[:MOST_HOSTS],
        "own_root": graph.names.get(start.host, start.host) in hosts,
        "nearest": graph.names.get(end.host, end.host),
        "steps": len(path.steps),
        "path": [graph.said(node) for node in path.nodes],
        "first_way": first.way,
        "first_thing": first.thing,
        "source": first.source,
        "line": first.line,
    }
