"""The fleet as a graph: accounts, and the ways that lead from one to another, on a host and by SSH keys between hosts.

Nodes are accounts (`At`), private keys (`Key`), agents that are forwarded (`Agents`) and ways (`Step`). A way is a node
of its own, since one change closes it for all who go it: an entry of sudoers, a group, a file that others may write, a
line of authorized_keys. An edge leads from what somebody has to what it opens, so that a path reads: account → way →
account → key → way → account. By an agent: root of a host that it comes to → agents → the setting that forwards it, a
way → key → way → account.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from secops.privilege.way import EVERYONE, STEP

if TYPE_CHECKING:
    import networkx as nx

#: The ways of a line in authorized_keys, and of an agent that a client forwards.
KEY, AGENT = "key", "agent"


class At(NamedTuple):
    """An account of a host; a group that one may choose is a step, too. `EVERYONE` is all accounts of the host."""

    user: str
    host: str


class Key(NamedTuple):
    """A private key, wherever it lies. Where from= lets not every host in, a host that stands for all alike."""

    fingerprint: str
    host: str = ""


class Agents(NamedTuple):
    """Agents that come with sessions by a key, forwarded by settings that are alike: those of one place in them."""

    key: Key
    settings: int
    place: int


class Step(NamedTuple):
    """A way on a host; what it is like is in `Graph.details`."""

    host: str
    way: str
    thing: str
    becomes: str
    source: str
    line: int | None

    @property
    def place(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


Node = At | Key | Agents | Step


class Detail(NamedTuple):
    """What a way gives and how, for people."""

    gives: str
    how_en: str
    how_zh: str
    program: str | None = None
    password: str = "none"  # noqa: S105 - whose password is asked


class Network(NamedTuple):
    """Edges there and back: for each node those that it leads to, and those that lead to it."""

    succ: dict[int, list[int]]
    pred: dict[int, list[int]]


@dataclass
class Graph:
    """Nodes by number, and edges between them. `certain` edges are there whatever is not known."""

    nodes: list[Node] = field(default_factory=list)
    numbers: dict[Node, int] = field(default_factory=dict)
    edges: dict[tuple[int, int], bool] = field(default_factory=dict)  # → whether it is certain
    details: dict[Step, Detail] = field(default_factory=dict)
    roots: dict[str, int] = field(default_factory=dict)  # host → number of its root
    names: dict[str, str] = field(default_factory=dict)  # host → what people call it

    def number(self, node: Node) -> int:
        """The node's number, which it gets when it is first asked for."""
        if node not in self.numbers:
            self.numbers[node] = len(self.nodes)
            self.nodes.append(node)
        return self.numbers[node]

    def link(self, one: Node, other: Node, *, certain: bool = True) -> None:
        """An edge; of two between the same nodes the certain one stays."""
        if one != other:
            at = self.number(one), self.number(other)
            self.edges[at] = self.edges.get(at, False) or certain

    def root(self, host: str) -> Node:
        """The account that is root of a host."""
        return self.nodes[self.roots[host]]

    def said(self, node: Node) -> str:
        """A node in words that need no language."""
        match node:
            case At(user, host):
                return f"{user}@{self.names.get(host, host)}"
            case Step():
                return f"{node.way} ({node.place})" if node.way == KEY else f"{node.way} {node.thing} ({node.place})"
            case Agents(key):
                return f"agents {key.fingerprint}"
        return node.fingerprint

    def holders(self, key: Key) -> list[At]:
        """The accounts that can use a private key, and those whose agents others use it by."""
        number = self.numbers.get(key)
        found = (self.nodes[one] for one, other in self.edges if other == number)
        named = (At(node.becomes, node.host) if isinstance(node, Step) else node for node in found)
        return sorted({node for node in named if isinstance(node, At)})

    def adjacent(self, *, possible: bool = False) -> Network:
        """The edges by node; with `possible` also those that are not certain. A root is a node without any, too."""
        found = Network({root: [] for root in self.roots.values()}, {root: [] for root in self.roots.values()})
        for (one, other), certain in self.edges.items():
            if certain or possible:
                found.succ.setdefault(one, []).append(other)
                found.succ.setdefault(other, [])
                found.pred.setdefault(other, []).append(one)
                found.pred.setdefault(one, [])
        return found

    def network(self, *, possible: bool = False) -> nx.DiGraph[int]:
        """The same as a graph of networkx, which takes a tenth of a second to load."""
        import networkx as nx

        found: nx.DiGraph[int] = nx.DiGraph()
        found.add_nodes_from(self.roots.values())
        found.add_edges_from(edge for edge, certain in self.edges.items() if certain or possible)
        return found


@contextmanager
def uncollected() -> Iterator[None]:
    """While a graph grows there is no circular garbage: to look for it takes a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def accounts(graph: Graph) -> Iterator[tuple[int, At]]:
    """The accounts that have a node, with their numbers."""
    for number, node in enumerate(graph.nodes):
        if isinstance(node, At) and node.user != EVERYONE and not node.user.startswith(STEP):
            yield number, node
