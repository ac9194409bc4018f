"""Who reaches which root, and by which path: against searches of networkx, one for each account."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.tables import column_types
from secops.hosts.tables.root_paths import TABLE
from secops.privilege.fleet.components import components
from secops.privilege.fleet.graph import At, Graph, Key, Step, accounts
from secops.privilege.fleet.paths import root_paths
from secops.privilege.fleet.reach import path, path_to_other, roots_reached, shortest, steps, to_others, towards
from tests.privilege.graph_kit import graph, step
from tests.privilege.test_choke import EDGES, HOSTS, Edges


def length(made: Graph, network: nx.DiGraph, start: int, target: int) -> int | None:
    """Ways on a shortest path, by a search of networkx with the ways for weights."""
    if start not in network or target not in network:
        return None
    for one, other in network.edges:
        network.edges[one, other]["weight"] = int(isinstance(made.nodes[other], Step))
    try:
        return int(nx.shortest_path_length(network, start, target, weight="weight"))
    except nx.NetworkXNoPath:
        return None


@given(st.dictionaries(st.integers(0, 9), st.lists(st.integers(0, 12), max_size=4)))
def test_components_are_those_of_networkx_and_what_is_reached_comes_first(edges: dict[int, list[int]]) -> None:
    network = nx.DiGraph([(one, other) for one, others in edges.items() for other in others if other in edges])
    network.add_nodes_from(edges)
    found = list(components(edges))
    assert sorted(map(sorted, found)) == sorted(map(sorted, nx.strongly_connected_components(network)))
    place = {node: number for number, component in enumerate(found) for node in component}
    assert all(place[other] <= place[one] for one, other in network.edges)


def test_components_of_a_long_chain_take_no_stack() -> None:
    assert len(list(components({node: [node + 1] for node in range(20_000)}))) == 20_000


@given(EDGES)
def test_what_is_reached_and_how_far(edges: Edges) -> None:
    made = graph(HOSTS, edges)
    network, ours, roots = made.network(), made.adjacent(), list(made.roots.values())
    reached, following = roots_reached(ours, roots), towards(ours, made, roots)
    for number, _ in accounts(made):
        lengths = {root: length(made, network, number, root) for root in roots} if number in network else {}
        near = {root: length for root, length in lengths.items() if length is not None}
        assert reached.get(number, 0) == sum(1 << roots.index(root) for root in near)
        found = path(following, number)
        assert bool(found) == bool(near)
        if near:
            assert len(steps(made, found)) == min(near.values())
            assert all(network.has_edge(*pair) for pair in pairwise(found))
        others = near.keys() - {number}
        found = shortest(ours, made, number, others) if number in network else []
        assert len(steps(made, found)) == min((near[root] for root in others), default=0)


@given(EDGES)
def test_of_two_targets_the_nearest_other_is_found_at_once(edges: Edges) -> None:
    made = graph(HOSTS, edges)
    network, ours, roots = made.network(), made.adjacent(), set(made.roots.values())
    following = to_others(ours, made, roots)
    for root in roots:
        one, other = path_to_other(following, root), shortest(ours, made, root, roots - {root})
        assert bool(one) == bool(other)
        assert len(steps(made, one)) == len(steps(made, other))
        assert all(network.has_edge(*pair) for pair in pairwise(one))
        assert not one or (one[0] == root and one[-1] in roots - {root})


@given(EDGES)
def test_rows_are_those_of_accounts_that_reach_another_root(edges: Edges) -> None:
    made = graph(HOSTS, edges)
    found = {At(row["user_name"], host): row for host, rows in root_paths(made).items() for row in rows}
    network = made.network()
    for number, account in accounts(made):
        below = nx.descendants(network, number) if number in network else set()
        hosts = {host for host, root in made.roots.items() if root in below and root != number}
        assert (account in found) == bool(hosts)
        if hosts:
            row = found[account]
            assert (set(row["hosts"]), row["roots"], row["certain"]) == (hosts, len(hosts), True)
            assert row.keys() == column_types(TABLE).keys()
            assert row["path"][0] == made.said(account)
            assert row["path"][-1] == f"root@{row['nearest']}"


def test_a_path_says_how_each_step_is_made() -> None:
    alice, root, far = At("alice", "web"), At("root", "web"), At("root", "db")
    vim, line, key = step("/usr/bin/vim", "web"), Step("db", "key", "SHA256:k", "root", "/root/x", 3), Key("SHA256:k")
    made = graph(["web", "db"], [(alice, vim), (vim, root), (root, key), (key, line), (line, far)])
    rows = {row["user_name"]: row for row in root_paths(made)["web"]}
    assert (rows["alice"]["nearest"], rows["alice"]["steps"], rows["alice"]["roots"]) == ("web", 1, 2)
    assert rows["alice"]["path"] == ["alice@web", "sudo /usr/bin/vim (/etc/sudoers)", "root@web"]
    assert rows["root"]["path"] == ["root@web", "SHA256:k", "key (/root/x:3)", "root@db"]


def test_what_is_not_certain_is_said_to_be() -> None:
    alice, bob, root = At("alice", "h"), At("bob", "h"), At("root", "h")
    made = graph(["h"], [(step("s"), root), (bob, step("s"))], possible=[(alice, step("s"))])
    assert {row["user_name"]: row["certain"] for row in root_paths(made)["h"]} == {"alice": False, "bob": True}
