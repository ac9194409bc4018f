"""What cannot reach a root without what: dominators of the fleet's graph, seen from the roots.

Most of a graph is alike for every root: an account with one way, the way, the line of a key that leads to the account.
Wherever all that a node leads to lies below one other node, it is dominated by it whichever root is asked for. These
nodes form trees (`Trees`), worked out once; what remains, the tops of the trees, is a much smaller graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import networkx as nx


class Trees:
    """Nodes below others, whichever root is asked for: `above` leads to a top; roots are always tops.

    `weights` are those of nodes, `below` those of all below a node, itself with them. Of tops, `leads_to` has the trees
    they lead into, and where; `led_from` the tops that lead into theirs, and the lowest node that all of those meet.
    All nodes of the network must lead to a root.
    """

    def __init__(self, network: nx.DiGraph[int], roots: Iterable[int], weights: Mapping[int, int]) -> None:
        self.above: dict[int, int] = {}
        self.top: dict[int, int] = {}
        self.depth: dict[int, int] = {}
        self.below = {node: weights.get(node, 0) for node in network}
        self._leads_to: dict[int, list[int]] = {}
        self._grow(network, frozenset(roots))
        for node in sorted(self.above, key=lambda one: -self.depth[one]):
            self.below[self.above[node]] += self.below[node]
        self.leads_to: dict[int, dict[int, list[int]]] = {top: {} for top in self._leads_to}
        self.led_from: dict[int, dict[int, int]] = {top: {} for top in self._leads_to}
        for top, following in self._leads_to.items():
            for node in following:
                self.leads_to[top].setdefault(self.top[node], []).append(node)
            for tree, entered in self.leads_to[top].items():
                self.led_from[tree][top] = self.meeting(entered)

    def _grow(self, network: nx.DiGraph[int], roots: frozenset[int]) -> None:
        """Settle each node once, when all that it leads to is settled; a circle is broken at its first node."""
        unsettled = {node: len(network.succ[node]) for node in network}
        ready, rest = list(roots), iter(sorted(network))
        while ready:
            node = ready.pop()
            self._settle(node, list(network.succ[node]), is_top=node in roots or unsettled[node] > 0)
            for before in network.pred[node]:
                unsettled[before] -= 1
                if unsettled[before] == 0 and before not in self.top and before not in roots:
                    ready.append(before)
            if not ready:
                ready += islice((one for one in rest if one not in self.top), 1)

    def _settle(self, node: int, following: list[int], *, is_top: bool) -> None:
        if is_top or len({self.top[one] for one in following}) != 1:
            self.top[node], self.depth[node], self._leads_to[node] = node, 0, following
            return
        meeting = self.meeting(following)
        self.above[node], self.top[node], self.depth[node] = meeting, self.top[meeting], self.depth[meeting] + 1

    def meeting(self, nodes: Sequence[int]) -> int:
        """The lowest node that all are below, of one tree."""
        one = nodes[0]
        for other in nodes[1:]:
            while one != other:
                if self.depth[one] >= self.depth[other]:
                    one = self.above[one]
                else:
                    other = self.above[other]
        return one

    def is_below(self, node: int, upper: int) -> bool:
        """Whether a node is `upper` or below it."""
        while self.depth[node] > self.depth[upper]:
            node = self.above[node]
        return node == upper


class Seen:
    """The tops from which `start`, a root, is reached, and what dominates each on every path to it.

    The algorithm of Cooper, Harvey and Kennedy ("A Simple, Fast Dominance Algorithm", 2001), with trees for leaves.
    """

    def __init__(self, trees: Trees, start: int) -> None:
        self._trees = trees
        self.order = _postorder(trees.led_from, start)  # each top after all that it dominates
        self._place = {top: place for place, top in enumerate(self.order)}
        self._met: dict[int, list[int]] = {top: [] for top in self.order}  # of tops: the nodes that they lead to
        for tree in self.order:
            for top, node in trees.led_from[tree].items():
                self._met[top].append(node)
        self.above = {start: start}
        changed = True
        while changed:
            changed = False
            for top in reversed(self.order[:-1]):
                new = self._meeting(top)
                if self.above.get(top) != new:
                    self.above[top], changed = new, True

    def _meeting(self, top: int) -> int:
        """The lowest node through which all goes that a top leads to, as far as it is known."""
        tree, above, found = self._trees.top, self.above, -1
        for one in self._met[top]:
            if tree[one] in above:
                found = one if found < 0 else self._common(found, one)
                if found == self.order[-1]:
                    break  # it is below nothing but the start
        return found

    def _common(self, one: int, other: int) -> int:
        trees, place, above = self._trees, self._place, self.above
        while one != other:
            mine, its = place[trees.top[one]], place[trees.top[other]]
            if mine < its or (mine == its and trees.depth[one] >= trees.depth[other]):
                one = trees.above[one] if one in trees.above else above[one]
            else:
                other = trees.above[other] if other in trees.above else above[other]
        return one

    def sums(self, weights: Mapping[int, int]) -> dict[int, int]:
        """For each node that has any: the weights of the tops that it dominates, a top's own not among them."""
        trees, found = self._trees, dict[int, int]()
        for top in self.order[:-1]:
            weight, node = weights.get(top, 0) + found.get(top, 0), self.above[top]
            while weight:
                found[node] = found.get(node, 0) + weight
                if node not in trees.above:
                    break
                node = trees.above[node]
        return found


def _postorder(following: Mapping[int, Iterable[int]], start: int) -> list[int]:
    """What `start` reaches, in the order in which a search is done with it."""
    order, seen, path = [], {start}, [(start, iter(following[start]))]
    while path:
        rest = path[-1][1]
        new = next((one for one in rest if one not in seen), None)
        if new is None:
            order.append(path.pop()[0])
        else:
            seen.add(new)
            path.append((new, iter(following[new])))
    return order
