"""Rows of `root_paths`: for each account of a fleet the roots it can become, and the shortest path to one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from secops.hosts.tables import Row
from secops.privilege.graph import At, Graph, Node, Step, accounts
from secops.privilege.reach import path, roots_reached, shortest, steps, towards

#: Names of hosts that a row tells; `roots` counts all.
MOST_HOSTS = 20


def root_paths(graph: Graph) -> dict[str, list[Row]]:
    """Rows by host, of every account that can become root of its host or of another. Linear in the fleet's size.

    An account that can do so only by what is not certain has a row with `certain` false.
    """
    found: dict[str, list[Row]] = {host: [] for host in graph.roots}
    told: set[At] = set()
    for possible in (False, True):
        for account, row in _rows(graph, possible=possible):
            if account not in told:
                told.add(account)
                found[account.host].append(row | {"certain": not possible})
    return found


def _rows(graph: Graph, *, possible: bool) -> Iterator[tuple[At, Row]]:
    network = graph.network(possible=possible)
    hosts, roots = list(graph.roots), list(graph.roots.values())
    own = {root: 1 << place for place, root in enumerate(roots)}
    reached, following = roots_reached(network, roots), towards(network, graph, roots)
    for number, account in accounts(graph):
        bits = reached.get(number, 0) & ~own.get(number, 0)
        if bits:
            nodes = path(following, number)
            if number in own:
                nodes = shortest(network, graph, number, own.keys() - {number})
            yield account, _row(graph, account, [host for place, host in enumerate(hosts) if bits >> place & 1], nodes)


def _row(graph: Graph, account: At, hosts: list[str], nodes: list[int]) -> Row:
    first, last = steps(graph, nodes)[0], graph.nodes[nodes[-1]]
    assert isinstance(last, At)  # noqa: S101 - a path ends at a root
    return {
        "user_name": account.user,
        "roots": len(hosts),
        "hosts": hosts[:MOST_HOSTS],
        "own_root": account.host in hosts,
        "nearest": last.host,
        "steps": len(steps(graph, nodes)),
        "path": said(graph, nodes),
        "first_way": first.way,
        "first_thing": first.thing,
        "source": first.source,
        "line": first.line,
    }


def said(graph: Graph, nodes: Iterable[int]) -> list[str]:
    """A path in words that need no language: accounts, keys, and the ways between them."""
    return [_word(graph.nodes[number]) for number in nodes]


def _word(node: Node) -> str:
    return f"{node.way} {node.thing} ({node.place})" if isinstance(node, Step) else str(node)
