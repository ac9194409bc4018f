"""The fleet as a graph: accounts, and the ways that lead from one to another, on a host and by SSH keys between hosts.

Nodes are accounts (`At`), private keys (`Key`) and ways (`Step`). A way is a node of its own, since one change closes
it for all who go it: an entry of sudoers, a group, a file that others may write, a line of authorized_keys. An edge
leads from what somebody has to what it opens, so that a path reads: account → way → account → key → way → account.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from secops.hosts.tables import Row
from secops.privilege.way import EVERYONE, ROOT

if TYPE_CHECKING:
    import networkx as nx

#: The rows of one host that the graph is made of, by table; see `NEEDED`.
Rows = Mapping[str, Sequence[Row]]

#: Tables and their columns from which the graph is made.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "hosts": ("name",),
    "users": ("user_name", "uid"),
    "root_ways": (
        "user_name", "way", "thing", "program", "gives", "how_en", "how_zh", "password", "certain", "source", "line",
    ),
    "account_ways": (
        "user_name", "way", "thing", "program", "gives", "how_en", "how_zh", "password", "certain", "source", "line",
        "becomes",
    ),
    "ssh_identities": ("fingerprint", "owner", "readers", "encrypted", "by_public_file"),
    "key_trust": ("user_name", "fingerprint", "path", "line", "opens", "from_restricted"),
}  # fmt: skip

#: What gives as much as being the other account. Who may only read files may find a way there, or not.
_FULL = frozenset({"shell", "write", "load", "account"})

#: The way of a line in authorized_keys.
KEY = "key"


class At(NamedTuple):
    """An account of a host. `EVERYONE` stands for all accounts of the host."""

    user: str
    host: str


class Key(NamedTuple):
    """A private key, wherever it lies."""

    fingerprint: str


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


Node = At | Key | Step


class Detail(NamedTuple):
    """What a way gives and how, for people."""

    gives: str
    how_en: str
    how_zh: str
    program: str | None = None
    password: str = "none"  # noqa: S105 - whose password is asked


_BY_KEY = Detail("shell", "the private key logs in there by SSH", "持有该私钥即可通过 SSH 登录")


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

    def said(self, node: Node) -> str:
        """A node in words that need no language."""
        match node:
            case At(user, host):
                return f"{user}@{self.names.get(host, host)}"
            case Step():
                return f"{node.way} ({node.place})" if node.way == KEY else f"{node.way} {node.thing} ({node.place})"
        return node.fingerprint

    def holders(self, key: Key) -> list[At]:
        """The accounts that can use a private key."""
        number = self.numbers.get(key)
        found = (self.nodes[one] for one, other in self.edges if other == number)
        return sorted(node for node in found if isinstance(node, At))

    def network(self, *, possible: bool = False) -> nx.DiGraph[int]:
        """The edges as a graph of networkx; with `possible` also those that are not certain."""
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


@uncollected()
def build(hosts: Mapping[str, Rows]) -> Graph:
    """The graph of a fleet, from rows of its hosts."""
    graph = Graph()
    for host, rows in hosts.items():
        graph.roots[host] = graph.number(At(root_name(rows), host))
        _local(graph, host, rows)
        _holders(graph, host, rows)
        _opened(graph, host, rows)
    for host, rows in hosts.items():
        _everyone(graph, host, rows)
    graph.names = _names(hosts)
    return graph


def _names(hosts: Mapping[str, Rows]) -> dict[str, str]:
    """What hosts call themselves, where no other does so too."""
    called = {host: next((row["name"] for row in rows["hosts"] if row["name"]), host) for host, rows in hosts.items()}
    times = Counter(called.values())
    return {host: name if times[name] == 1 else host for host, name in called.items()}


def root_name(rows: Rows) -> str:
    """The name of the account that is root."""
    names = [row["user_name"] for row in rows["users"] if row["uid"] == 0]
    return ROOT if ROOT in names else next(iter(names), ROOT)


def _local(graph: Graph, host: str, rows: Rows) -> None:
    """Ways from accounts of a host to others of it."""
    root = root_name(rows)
    for row in (*rows["root_ways"], *rows["account_ways"]):
        becomes = row.get("becomes") or root
        step = Step(host, row["way"], row["thing"], becomes, row["source"], row["line"])
        if row["gives"] in _FULL or step not in graph.details:  # of accounts with different powers the greater is told
            graph.details[step] = Detail(
                row["gives"], row["how_en"], row["how_zh"], row["program"], row["password"] or "none"
            )
        certain = bool(row["certain"]) and row["gives"] in _FULL
        graph.link(At(row["user_name"], host), step, certain=certain)
        graph.link(step, At(becomes, host))


def _holders(graph: Graph, host: str, rows: Rows) -> None:
    """Who can use the private keys that lie on a host: root, their owner, and whoever may read the file."""
    for row in rows["ssh_identities"]:
        if not row["fingerprint"]:
            continue
        key, told = Key(row["fingerprint"]), not row["by_public_file"]
        if row["owner"]:
            graph.link(At(row["owner"], host), key, certain=told)
        for user in (root_name(rows), *(row["readers"] or ())):  # who has no passphrase to it
            graph.link(At(user, host), key, certain=told and row["encrypted"] is False)


def _opened(graph: Graph, host: str, rows: Rows) -> None:
    """What keys open on a host."""
    for row in rows["key_trust"]:
        if row["fingerprint"] and row["user_name"] and row["opens"] is not False:
            step = Step(host, KEY, row["fingerprint"], row["user_name"], row["path"], row["line"])
            graph.details[step] = _BY_KEY
            graph.link(Key(row["fingerprint"]), step, certain=bool(row["opens"]) and not row["from_restricted"])
            graph.link(step, At(row["user_name"], host))


def _everyone(graph: Graph, host: str, rows: Rows) -> None:
    """Every account may go the ways that are for all."""
    everyone = At(EVERYONE, host)
    if everyone in graph.numbers:
        for row in rows["users"]:
            graph.link(At(row["user_name"], host), everyone)


def accounts(graph: Graph) -> Iterator[tuple[int, At]]:
    """The accounts that have a node, with their numbers."""
    for number, node in enumerate(graph.nodes):
        if isinstance(node, At) and node.user != EVERYONE:
            yield number, node


def trimmed(tables: Mapping[str, Iterable[Row]]) -> Rows:
    """Of tables' rows only what the graph needs."""
    return {
        table: [{column: row.get(column) for column in columns} for row in tables.get(table, ())]
        for table, columns in NEEDED.items()
    }
