"""Where the nodes of paths stand in a picture: columns by the distance to the end, rows with few crossings. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import mean
from typing import Generic, TypeVar

N = TypeVar("N", bound=Hashable)

#: Times that rows are put in order, from left to right and back.
_SWEEPS = 4


@dataclass
class Layout(Generic[N]):
    """`columns` from left to right hold nodes from top to bottom; `edges` lead to the right, or back in a circle."""

    columns: list[list[N]] = field(default_factory=list)
    edges: dict[tuple[N, N], None] = field(default_factory=dict)  # ordered, each once


def arranged(paths: Iterable[Sequence[N]]) -> Layout[N]:
    """The nodes of paths, those at the ends of paths on the right."""
    kept = list(paths)
    edges = dict.fromkeys(pair for path in kept for pair in pairwise(path))
    distance = _distances(dict.fromkeys(node for path in kept for node in path), edges)
    most = max(distance.values(), default=-1)
    columns: list[list[N]] = [[] for _ in range(most + 1)]
    for node, steps in distance.items():
        columns[most - steps].append(node)
    return Layout(_ordered(columns, edges), edges)


def _distances(nodes: Iterable[N], edges: Iterable[tuple[N, N]]) -> dict[N, int]:
    """The longest way from each node to an end; an edge that closes a circle does not count."""
    following: dict[N, list[N]] = {}
    for one, other in edges:
        following.setdefault(one, []).append(other)
    found: dict[N, int] = {}
    for start in nodes:
        trail, rest = [start], [iter(following.get(start, ()))]
        while trail:
            node = next((node for node in rest[-1] if node not in found and node not in trail), None)
            if node is not None:
                trail.append(node)
                rest.append(iter(following.get(node, ())))
                continue
            node, _ = trail.pop(), rest.pop()
            found.setdefault(node, max((found[one] + 1 for one in following.get(node, ()) if one in found), default=0))
    return found


def _ordered(columns: list[list[N]], edges: Iterable[tuple[N, N]]) -> list[list[N]]:
    """Each node near the middle of those that it is joined to in the column before, then in the one behind."""
    beside: dict[N, list[N]] = {}
    for one, other in edges:
        beside.setdefault(one, []).append(other)
        beside.setdefault(other, []).append(one)
    for sweep in range(_SWEEPS):
        places = {node: place for column in columns for place, node in enumerate(column)}
        order = range(1, len(columns)) if sweep % 2 == 0 else range(len(columns) - 2, -1, -1)
        for at in order:
            before = frozenset(columns[at - 1] if sweep % 2 == 0 else columns[at + 1])
            columns[at].sort(key=lambda node, before=before: _middle(places, beside[node], before, places[node]))  # type: ignore[misc]
            places |= {node: place for place, node in enumerate(columns[at])}
    return columns


def _middle(places: Mapping[N, int], beside: Iterable[N], before: frozenset[N], otherwise: int) -> float:
    found = [places[node] for node in beside if node in before]
    return mean(found) if found else float(otherwise)
