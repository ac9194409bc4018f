"""Rows of `root_paths`: for each account of a fleet the roots it can become, and the shortest path to one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from secops.hosts.tables import Row
from secops.privilege.fleet.graph import Graph, uncollected
from secops.privilege.fleet.reach import roots_reached
from secops.privilege.fleet.search import Path, Search

#: Names of hosts that a row tells; `roots` counts all.
MOST_HOSTS = 20


@uncollected()
def root_paths(graph: Graph) -> dict[str, list[Row]]:
    """Rows by host, of every account that can become root of its host or of another. Linear in the fleet's size."""
    hosts, roots = list(graph.roots), list(graph.roots.values())
    search = Search(graph)
    networks = {certain: network for network, certain in search.networks}
    reached: dict[bool, dict[int, int]] = {}
    bits = {host: 1 << place for place, host in enumerate(hosts)}
    found: dict[str, list[Row]] = {host: [] for host in hosts}
    for path in search.to_roots():
        if path.certain not in reached:
            reached[path.certain] = roots_reached(networks[path.certain], roots)
        number, own = graph.numbers[path.start], bits[path.start.host]
        others = reached[path.certain][number] & ~(own if graph.roots[path.start.host] == number else 0)
        names = [graph.names.get(host, host) for host in islice(_set(hosts, others), MOST_HOSTS)]
        row = _row(graph, path) | {"roots": others.bit_count(), "hosts": names, "own_root": bool(others & own)}
        found[path.start.host].append(row)
    return found


def _set(hosts: Sequence[str], bits: int) -> Iterator[str]:
    """The hosts whose bits are set."""
    while bits:
        lowest = bits & -bits
        yield hosts[lowest.bit_length() - 1]
        bits ^= lowest


def _row(graph: Graph, path: Path) -> Row:
    start, end, first = path.start, path.end, path.steps[0]
    return {
        "user_name": start.user,
        "certain": path.certain,
        "nearest": graph.names.get(end.host, end.host),
        "steps": len(path.steps),
        "path": [graph.said(node) for node in path.nodes],
        "first_way": first.way,
        "first_thing": first.thing,
        "source": first.source,
        "line": first.line,
    }
