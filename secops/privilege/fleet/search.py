"""Paths between accounts that somebody asks for: from one, to one, or both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from secops.privilege.fleet.graph import At, Graph, Key, Network, Node, Step, accounts
from secops.privilege.fleet.reach import path, path_to_other, reached_by, shortest, to_others, towards


@dataclass(frozen=True)
class Path:
    """A shortest path to an account, or to who is root of its host. `certain` is false when it hangs on the unknown."""

    nodes: tuple[Node, ...]
    target: At
    certain: bool

    @property
    def start(self) -> At:
        return _account(self.nodes[0])

    @property
    def end(self) -> At:
        return _account(self.nodes[-1])

    @property
    def steps(self) -> list[Step]:
        return [node for node in self.nodes if isinstance(node, Step)]


def _account(node: Node) -> At:
    assert isinstance(node, At)  # noqa: S101 - paths begin and end at accounts
    return node


class Search:
    """Shortest paths over the certain ways, and where there is none over all; `possible` False leaves that out.

    `networks` are the edges that count, each with whether all of them are certain.
    """

    def __init__(self, graph: Graph, *, possible: bool = True) -> None:
        self._graph = graph
        hangs = possible and not all(graph.edges.values())
        self.networks = [(graph.adjacent(possible=more), not more) for more in (False, True)[: 1 + hangs]]

    def to_roots(self) -> Iterator[Path]:
        """From each account that can become root of any host, the shortest path to one; from roots to another."""
        roots, told = set(self._graph.roots.values()), set[int]()
        for network, certain in self.networks:
            yield from self._towards(network, list(roots), told, certain=certain)
            others = to_others(network, self._graph, roots)
            for root in roots - told:
                if nodes := path_to_other(others, root):
                    told.add(root)
                    yield self._path(nodes, certain=certain)

    def to(self, target: At) -> Iterator[Path]:
        """From each account that can become the target; who is root of its host can."""
        ends, told = self._ends(target), set[int]()
        for network, certain in self.networks:
            yield from self._towards(network, ends, told, target, certain=certain)

    def of(self, start: At) -> Iterator[Path]:
        """From the account to each root that it can become."""
        number = self._graph.numbers.get(start, -1)
        roots = [root for root in self._graph.roots.values() if root != number]
        for network, certain in self.networks:
            came = reached_by(network, self._graph, number) if number in network.succ else {}
            yield from (self._path(path(came, root)[::-1], certain=certain) for root in roots if root in came)
            roots = [root for root in roots if root not in came]

    def between(self, start: At, target: At) -> Path | None:
        """The shortest path from one account to another, or to the root of its host."""
        number, ends = self._graph.numbers.get(start, -1), set(self._ends(target))
        for network, certain in self.networks:
            if number in network.succ and (nodes := shortest(network, self._graph, number, ends)):
                return self._path(nodes, target, certain=certain)
        return None

    def cuts(self, found: Path) -> list[Key | Step]:
        """The single changes each of which leaves no path between the ends of one, in the order of the way."""
        import networkx as nx

        start, nodes = self._graph.numbers[found.start], self._graph.nodes
        edges = next(one.succ for one, certain in self.networks if certain is found.certain)
        network = nx.DiGraph(edges)
        network.add_edges_from((end, -1) for end in self._ends(found.target))
        above, cut, number = nx.immediate_dominators(network, start), list[Key | Step](), -1
        while (number := above[number]) != start:
            if isinstance(node := nodes[number], Key | Step):
                cut.append(node)
        return cut[::-1]

    def _ends(self, target: At) -> list[int]:
        numbers = (self._graph.numbers.get(target), self._graph.roots[target.host])
        return list(dict.fromkeys(number for number in numbers if number is not None))

    def _towards(
        self, network: Network, ends: list[int], told: set[int], target: At | None = None, *, certain: bool
    ) -> Iterator[Path]:
        """Paths of the accounts that are not `told` yet, which they are then."""
        following = towards(network, self._graph, [end for end in ends if end in network.succ])
        done = told.union(ends)
        for number, _ in accounts(self._graph):
            if number in following and number not in done:
                told.add(number)
                yield self._path(path(following, number), target, certain=certain)

    def _path(self, numbers: list[int], target: At | None = None, *, certain: bool) -> Path:
        nodes = tuple(self._graph.nodes[number] for number in numbers)
        return Path(nodes, target or _account(nodes[-1]), certain)
