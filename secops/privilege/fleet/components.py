"""Strongly connected components: nodes that all reach each other. Ours: networkx takes a tenth of a second to load."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping


def components(edges: Mapping[int, Iterable[int]]) -> Iterator[list[int]]:
    """The components of the nodes of `edges`, what is reached before what reaches it; other nodes do not count.

    The algorithm of Tarjan ("Depth-First Search and Linear Graph Algorithms", 1972) without recursion: `back` is the
    earliest node that one is known to lead back to, by its number in the order in which they are met.
    """
    met: dict[int, int] = {}
    back: dict[int, int] = {}
    settled: set[int] = set()
    unsettled: list[int] = []
    for start in edges:
        trail = [] if start in met else [start]
        rests: dict[int, Iterator[int]] = {}
        while trail:
            node = trail[-1]
            if node not in met:
                met[node] = back[node] = len(met)
                unsettled.append(node)
                rests[node] = (other for other in edges[node] if other in edges)
            new = _next(node, rests[node], met, back, settled)
            if new is not None:
                trail.append(new)
                continue
            trail.pop()
            if trail:
                back[trail[-1]] = min(back[trail[-1]], back[node])
            if back[node] == met[node]:
                component = _taken(unsettled, node)
                settled.update(component)
                yield component


def _next(node: int, rest: Iterator[int], met: dict[int, int], back: dict[int, int], settled: set[int]) -> int | None:
    """The next node to go to; of those that have been met it is noted how far back they are."""
    for other in rest:
        if other not in met:
            return other
        if other not in settled:
            back[node] = min(back[node], met[other])
    return None


def _taken(nodes: list[int], first: int) -> list[int]:
    """Take all from `first` on out of a list in which it stands."""
    taken = [nodes.pop()]
    while taken[-1] != first:
        taken.append(nodes.pop())
    return taken
