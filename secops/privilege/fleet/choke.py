"""Choke points: the single changes that cut the most pairs of an account and the root of a host it can become.

A pair is cut by a change when every path between the two goes through what is changed: that is domination, not the
number of paths. Counting exactly for every change would take a search for each; most need none:

- Seen from a root, what a node dominates is what loses that root without it.
- Roots that reach each other (one strongly connected component) share one such look, from one of them, the pivot: a
  pair (a, r) can be cut only when a loses the pivot, or the pivot loses r. The sum of both is an upper bound of what
  the change cuts, and exact when the pivot loses no root and no root of the component is among those that lose it.

Changes are looked at in the order of their bounds; only where the bound is not exact, pairs are counted without it.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from secops.privilege.fleet.components import components
from secops.privilege.fleet.dominators import Seen, Trees
from secops.privilege.fleet.graph import Graph, Key, Step, accounts, uncollected
from secops.privilege.fleet.reach import leading_to, reached_from

if TYPE_CHECKING:
    import networkx as nx


class Choke(NamedTuple):
    """A change, and how many pairs it cuts of all there are. `accounts` and `hosts` are those in the pairs."""

    node: Key | Step
    pairs: int
    accounts: int
    hosts: int


class ChokePoints:
    """The pairs of a fleet, and what cuts them. `network` are the edges of the graph that count."""

    @uncollected()
    def __init__(self, graph: Graph, network: nx.DiGraph[int]) -> None:
        self.graph, self.roots = graph, list(graph.roots.values())
        self._network = network.subgraph(leading_to(network.pred, self.roots)).copy()
        self._weights = {number: 1 for number, _ in accounts(graph) if number in self._network}
        self._trees = Trees(self._network, self.roots, self._weights)
        self._bits = {root: 1 << place for place, root in enumerate(self.roots)}
        self._reached = reached_from(self._trees.leads_to, self._bits, {})

    @property
    def pairs(self) -> int:
        """How many pairs there are of an account and another one, root of a host, that it can become."""
        return sum(self._lost(top, self._reached[top], self._trees.below[top]) for top in self._reached)

    @uncollected()
    def ranked(self, most: int) -> list[Choke]:
        """At most `most` changes, those that cut the most pairs first; of equal ones by host and place."""
        bounds, inexact = self._bounds()
        queue = [(-bound, node in inexact, self._order(node), node) for node, bound in bounds.items()]
        heapq.heapify(queue)
        found: list[Choke] = []
        while queue and len(found) < most:
            bound, unsure, order, node = heapq.heappop(queue)
            if unsure:
                heapq.heappush(queue, (-self._cut(node).pairs, False, order, node))
            elif bound:
                found.append(self._cut(node))
        return found

    def _order(self, node: int) -> tuple[str, ...]:
        return tuple("" if part is None else str(part) for part in self.graph.nodes[node])

    def _lost(self, top: int, bits: int, weight: int) -> int:
        """The pairs of a top's tree of that weight when all in it lose these roots. None is a pair with itself."""
        return weight * bits.bit_count() - (self._bits.get(top, 0) & bits).bit_count()

    def _cut(self, node: int) -> Choke:
        """What is cut without the node, counted: what is below it loses all, and what leads there maybe something."""
        trees = self._trees
        tree = trees.top[node]
        leading = {tree} | leading_to(trees.led_from, [tree])
        left: dict[int, Collection[int]] = {top: trees.leads_to[top] for top in leading if top != node}
        for top in trees.led_from[tree].keys() & left.keys():
            if all(trees.is_below(one, node) for one in trees.leads_to[top][tree]):
                left[top] = trees.leads_to[top].keys() - {tree}
        reached = reached_from(left, self._bits, {**self._reached, node: 0})
        count, gone = trees.below[node] * self._reached[tree].bit_count(), trees.below[node]
        hosts = self._reached[tree] if gone else 0
        for top in left:
            lost = self._reached[top] & ~reached[top]
            weight = trees.below[top] - (trees.below[node] if top == tree else 0)
            if weight:  # else no account is there to lose them
                count, gone, hosts = count + weight * lost.bit_count(), gone + weight * bool(lost), hosts | lost
        return Choke(self.graph.nodes[node], count, gone, hosts.bit_count())  # type: ignore[arg-type]

    def _bounds(self) -> tuple[dict[int, int], set[int]]:
        """For each change an upper bound of the pairs it cuts, and the changes for which that is not exact."""
        trees, inexact = self._trees, set[int]()
        bounds = Counter({node: trees.below[node] * self._reached[trees.top[node]].bit_count() for node in trees.top})
        for component in components(self._network.succ):
            own = self._bits.keys() & component
            if not own:
                continue
            pivot = min(own)
            back = Seen(trees, pivot)
            losing = back.sums(trees.below)
            for node, weight in losing.items():
                bounds[node] += weight * len(own)
            if len(own) > 1:
                everyone = losing.get(pivot, 0) + trees.below[pivot]
                lost = _dominated(self._network.subgraph(component).copy(), pivot, own)
                inexact |= back.sums(dict.fromkeys(own, 1)).keys() | lost.keys()
                for node, count in lost.items():
                    bounds[node] += count * everyone
        changes = (node for node in bounds if isinstance(self.graph.nodes[node], Key | Step))
        return {node: bounds[node] for node in changes}, inexact


def _dominated(network: nx.DiGraph[int], start: int, counted: Collection[int]) -> Counter[int]:
    """For each node that dominates any, how many of the counted ones `start` does not reach without it."""
    import networkx as nx

    above, found = nx.immediate_dominators(network, start), Counter[int]()
    for node in counted:
        while node != start:
            found[node] += 1
            node = above[node]
    return found
