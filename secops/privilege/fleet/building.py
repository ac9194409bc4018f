"""The graph of a fleet, built from rows of its hosts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from secops.hosts.tables import Row
from secops.privilege.fleet.agents import Forwarded
from secops.privilege.fleet.graph import At, Detail, Graph, Step, uncollected
from secops.privilege.fleet.uses import Uses
from secops.privilege.way import EVERYONE, ROOT

#: The rows of one host that the graph is made of, by table; see `NEEDED`.
Rows = Mapping[str, Sequence[Row]]

#: Tables and their columns from which the graph is made.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "hosts": ("name",),
    "host_addresses": ("address", "prefix"),
    "users": ("user_name", "uid"),
    "root_ways": (
        "user_name", "way", "thing", "program", "gives", "how_en", "how_zh", "password", "certain", "source", "line",
    ),
    "account_ways": (
        "user_name", "way", "thing", "program", "gives", "how_en", "how_zh", "password", "certain", "source", "line",
        "becomes",
    ),
    "ssh_identities": ("fingerprint", "owner", "readers", "encrypted", "by_public_file"),
    "ssh_client": ("user_name", "context", "forward_agent", "aliases", "source", "line"),
    "key_trust": (
        "user_name", "fingerprint", "path", "line", "opens", "why", "from_text", "from_names", "agent_forwarding",
    ),
}  # fmt: skip

#: What gives as much as being the other account. Who may only read files may find a way there, or not.
_FULL = frozenset({"shell", "write", "load", "account"})


@uncollected()
def build(hosts: Mapping[str, Rows]) -> Graph:
    """The graph of a fleet, from rows of its hosts."""
    graph, uses = Graph(), Uses.of(hosts)
    for host, rows in hosts.items():
        graph.roots[host] = graph.number(At(root_name(rows), host))
        _local(graph, host, rows)
        _holders(graph, host, rows, uses)
    Forwarded.of(hosts, uses).link(graph)
    uses.link(graph)
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


def _holders(graph: Graph, host: str, rows: Rows, uses: Uses) -> None:
    """Who can use the private keys that lie on a host: root, their owner, and whoever may read the file."""
    for row in rows["ssh_identities"]:
        if not row["fingerprint"]:
            continue
        key, told = uses.key(row["fingerprint"], host), not row["by_public_file"]
        if row["owner"]:
            graph.link(At(row["owner"], host), key, certain=told)
        for user in (root_name(rows), *(row["readers"] or ())):  # who has no passphrase to it
            graph.link(At(user, host), key, certain=told and row["encrypted"] is False)


def _everyone(graph: Graph, host: str, rows: Rows) -> None:
    """Every account may go the ways that are for all."""
    everyone = At(EVERYONE, host)
    if everyone in graph.numbers:
        for row in rows["users"]:
            graph.link(At(row["user_name"], host), everyone)


def trimmed(tables: Mapping[str, Iterable[Row]]) -> Rows:
    """Of tables' rows only what the graph needs."""
    return {
        table: [{column: row.get(column) for column in columns} for row in tables.get(table, ())]
        for table, columns in NEEDED.items()
    }
