"""Choke points against counting by hand: every change taken away in turn, and every pair looked for again."""

from __future__ import annotations

import networkx as nx
from hypothesis import example, given
from hypothesis import strategies as st

from secops.privilege.fleet.choke import ChokePoints
from secops.privilege.fleet.graph import At, Graph, Key, Node, Step, accounts
from tests.privilege.graph_kit import graph, step

HOSTS = ["h0", "h1", "h2"]


Edges = list[tuple[Node, Node]]


def pairs(made: Graph, network: nx.DiGraph[int]) -> set[tuple[int, str]]:
    """Every pair of an account and the host whose root it can become, found by a search for each account."""
    found = set()
    for number, _ in accounts(made):
        if number in network:
            reached = nx.descendants(network, number)
            found |= {(number, host) for host, root in made.roots.items() if root in reached and root != number}
    return found


def by_hand(made: Graph) -> dict[Key | Step, tuple[int, int, int]]:
    """What each change cuts: pairs, accounts, hosts."""
    network = made.network()
    whole, cut = pairs(made, network), {}
    for number, node in enumerate(made.nodes):
        if isinstance(node, Key | Step) and number in network:
            left = network.copy()
            left.remove_node(number)
            if lost := whole - pairs(made, left):
                cut[node] = (len(lost), len({one for one, _ in lost}), len({host for _, host in lost}))
    return cut


_ACCOUNTS = st.builds(At, st.sampled_from(["root", "root", "a", "b", "c", "*"]), st.sampled_from(HOSTS))
_STEPS = st.builds(step, st.sampled_from("pqr"), st.sampled_from(HOSTS))
_CHANGES = st.one_of(_STEPS, st.builds(Key, st.sampled_from(["k1", "k2", "k3"])))
EDGES = st.lists(
    st.one_of(st.tuples(_ACCOUNTS, _CHANGES), st.tuples(_STEPS, _ACCOUNTS), st.tuples(_CHANGES, _STEPS)), max_size=40
)


#: The root of h0 reaches, by a key that nobody else has, a step that leads to h2 and back to h0.
_BACK: Edges = [
    (At("root", "h0"), Key("k1")), (Key("k1"), step("p", "h2")), (Key("k1"), step("q", "h0")),
    (step("p", "h2"), At("root", "h0")), (step("p", "h2"), At("root", "h2")), (step("q", "h0"), At("root", "h1")),
]  # fmt: skip

#: All that the root of h1 leads to is settled before itself: it must not be settled twice.
_TWICE: Edges = [
    (At("root", "h0"), Key("k1")), (At("root", "h0"), step("p", "h0")), (Key("k1"), step("r", "h1")),
    (step("r", "h1"), At("root", "h0")), (step("r", "h1"), At("root", "h1")),
    (At("root", "h1"), step("r", "h0")), (step("r", "h0"), At("root", "h2")),
]  # fmt: skip


@given(EDGES)
@example(_BACK)
@example(_TWICE)
def test_every_change_cuts_what_it_cuts_by_hand(edges: Edges) -> None:
    made = graph(HOSTS, edges)
    ours = ChokePoints(made, made.network())
    assert ours.pairs == len(pairs(made, made.network()))
    ranked = ours.ranked(1_000)
    assert {one.node: tuple(one[1:]) for one in ranked} == by_hand(made)
    assert [one.pairs for one in ranked] == sorted((one.pairs for one in ranked), reverse=True)


@given(EDGES, st.integers(0, 4))
def test_the_first_ones_are_the_greatest(edges: Edges, most: int) -> None:
    made = graph(HOSTS, edges)
    found = [one.pairs for one in ChokePoints(made, made.network()).ranked(most)]
    assert found == sorted((cut[0] for cut in by_hand(made).values()), reverse=True)[:most]


def test_a_key_of_one_that_opens_many_is_the_choke_point() -> None:
    bastion, key = At("ops", "bastion"), Key("SHA256:k")
    edges = [(At(f"u{n}", "bastion"), step("su", "bastion")) for n in range(5)]
    edges += [(step("su", "bastion"), bastion), (bastion, key)]
    for host in ("web1", "web2"):
        edges += [(key, step("line", host)), (step("line", host), At("root", host))]
    made = graph(["bastion", "web1", "web2"], edges)
    first, *rest = ChokePoints(made, made.network()).ranked(3)
    assert (first.node, first.pairs, first.accounts, first.hosts) == (key, 12, 6, 2)
    assert [one.pairs for one in rest] == [10, 6]


def test_what_two_ways_lead_to_is_cut_by_neither() -> None:
    edges = [(At("a", "h"), step("one")), (At("a", "h"), step("two"))]
    edges += [(step("one"), At("root", "h")), (step("two"), At("root", "h"))]
    made = graph(["h"], edges)
    assert ChokePoints(made, made.network()).ranked(9) == []


def test_what_is_not_certain_counts_only_when_asked_for() -> None:
    edges = [(step("sudo"), At("root", "h"))]
    made = graph(["h"], edges, possible=[(At("a", "h"), step("sudo"))])
    assert ChokePoints(made, made.network()).pairs == 0
    assert ChokePoints(made, made.network(possible=True)).pairs == 1
