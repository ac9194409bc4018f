"""Paths that are asked for: they are there, they are shortest, and what is said to cut them does."""

from __future__ import annotations

from itertools import permutations

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from secops.privilege.fleet.graph import At, Key, Node, Step, accounts
from secops.privilege.fleet.search import Path, Search
from tests.privilege.graph_kit import graph, step
from tests.privilege.test_choke import EDGES, HOSTS, Edges
from tests.privilege.test_reach import length


@given(EDGES, EDGES)
def test_of_every_two_accounts_the_path_and_what_cuts_it(edges: Edges, more: Edges) -> None:
    made = graph(HOSTS, edges, possible=more)
    search, certain, every = Search(made), made.network(), made.network(possible=True)
    for (start, one), (end, other) in permutations(accounts(made), 2):
        ends = {end, made.roots[other.host]}
        near, far = ([length(made, network, start, target) for target in ends] for network in (certain, every))
        known = [n for n in near if n is not None]
        found = search.between(one, other)
        assert bool(found) == any(n is not None for n in far)
        if found:
            assert found.certain == bool(known)
            assert len(found.steps) == min(known or [n for n in far if n is not None])
            network = certain if found.certain else every
            cut = search.cuts(found)
            assert cut == [node for node in found.nodes if _cuts(network, made.numbers[node], start, ends, node)]


def _cuts(network: nx.DiGraph, number: int, start: int, ends: set[int], node: Node) -> bool:
    if not isinstance(node, Key | Step):
        return False
    left = network.copy()
    left.remove_node(number)
    return not ends & ({start} | nx.descendants(left, start))


@given(EDGES, EDGES, st.booleans())
def test_lists_of_paths_hold_one_for_each_account(edges: Edges, more: Edges, possible: bool) -> None:
    made = graph(HOSTS, edges, possible=more)
    search = Search(made, possible=possible)
    every = [node for _, node in accounts(made)]
    roots = [At("root", host) for host in HOSTS]
    for target in every:
        found = {(path.start, len(path.steps), path.certain) for path in search.to(target)}
        assert found == _between(
            search, [(one, target) for one in every if one not in (target, At("root", target.host))], 0
        )
        found = {(path.end, len(path.steps), path.certain) for path in search.of(target)}
        assert found == _between(search, [(target, root) for root in roots if root != target], -1)


def _between(search: Search, pairs: list[tuple[At, At]], end: int) -> set[tuple[At, int, bool]]:
    found = (search.between(*pair) for pair in pairs)
    return {((path.start if end == 0 else path.end), len(path.steps), path.certain) for path in found if path}


def test_paths_to_roots_are_those_of_everyone_and_of_roots_to_others() -> None:
    web, db, key = At("root", "web"), At("root", "db"), Key("SHA256:k")
    line = Step("db", "key", "SHA256:k", "root", "/root/x", 1)
    edges = [(At("a", "web"), step("vim", "web")), (step("vim", "web"), web), (web, key), (key, line), (line, db)]
    made = graph(["web", "db"], edges)
    assert {(path.start, path.end) for path in Search(made).to_roots()} == {(At("a", "web"), web), (web, db)}


def test_who_is_root_of_the_host_is_whoever_is_on_it() -> None:
    root, bob = At("root", "h"), At("bob", "h")
    made = graph(["h"], [(At("a", "h"), step("sudo")), (step("sudo"), root), (bob, Key("k"))])
    found = Search(made).between(At("a", "h"), bob)
    assert found == Path((At("a", "h"), step("sudo"), root), bob, certain=True)
