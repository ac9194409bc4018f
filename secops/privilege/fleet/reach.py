"""What accounts of a fleet can become: the roots they reach, and the shortest path to one."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import TypeVar

from secops.privilege.fleet.components import components
from secops.privilege.fleet.graph import At, Graph, Network, Node, Step
from secops.privilege.way import EVERYONE

T = TypeVar("T")

#: Targets that are told of a node.
_NEAREST = 2


def roots_reached(network: Network, roots: Sequence[int]) -> dict[int, int]:
    """For each node the roots that it reaches, itself among them, as a number with bit n set for `roots[n]`."""
    return reached_from(network.succ, {root: 1 << place for place, root in enumerate(roots)}, {})


def reached_from(
    edges: Mapping[int, Iterable[int]], bits: Mapping[int, int], known: Mapping[int, int]
) -> dict[int, int]:
    """What each node of `edges` reaches of those that have `bits`; of nodes that are not in it that is `known`."""
    reached: dict[int, int] = {}
    for component in components(edges):
        found = 0
        for node in component:
            found |= bits.get(node, 0)
            for following in edges[node]:
                found |= reached.get(following, 0) if following in edges else known.get(following, 0)
        reached.update(dict.fromkeys(component, found))
    return reached


def leading_to(before: Mapping[T, Iterable[T]], targets: Iterable[T]) -> set[T]:
    """The nodes that lead to one of the targets, these among them; `before` has those that lead to a node."""
    found = set(targets)
    todo = list(found)
    while todo:
        new = set(before[todo.pop()]) - found
        found |= new
        todo += new
    return found


def towards(network: Network, graph: Graph, targets: Iterable[int]) -> dict[int, int]:
    """For each node that reaches a target the next one on a shortest path; a target leads to itself.

    The length of a path is the number of its ways. Of two as long an account goes its own, not what every account has.
    """
    following = {target: target for target in targets}
    distance = dict.fromkeys(following, 0)
    todo = deque(following)
    everyones = {graph.numbers.get(At(EVERYONE, host)) for host in graph.roots}
    while todo:
        node = todo.popleft()
        for before in network.pred[node]:
            length = distance[node] + isinstance(graph.nodes[before], Step)
            if before in distance and distance[before] <= length:
                if distance[before] == length and following[before] in everyones:
                    following[before] = node
                continue
            distance[before], following[before] = length, node
            (todo.append if length > distance[node] else todo.appendleft)(before)
    return following


def to_others(network: Network, graph: Graph, targets: Iterable[int]) -> dict[int, dict[int, int]]:
    """For each node the two nearest targets, if it reaches as many, and the next node on a shortest path to each.

    A target itself is the first of its own. Two of every node are enough: of one behind it no third is asked for.
    """
    found: dict[int, dict[int, int]] = {node: {} for node in network.succ}
    todo = deque((target, target, target) for target in targets if target in found)
    while todo:
        node, target, following = todo.popleft()
        own = found[node]
        if len(own) == _NEAREST or target in own:
            continue
        own[target] = following
        for before in network.pred[node]:
            if len(found[before]) < _NEAREST and target not in found[before]:
                way = isinstance(graph.nodes[before], Step)
                (todo.append if way else todo.appendleft)((before, target, node))
    return found


def path_to_other(following: Mapping[int, Mapping[int, int]], start: int) -> list[int]:
    """The nodes from `start`, a target, to the nearest other one; none when it leads to none."""
    target = next((target for target in following.get(start, ()) if target != start), None)
    if target is None:
        return []
    found = [start]
    while found[-1] != target:
        found.append(following[found[-1]][target])
    return found


def shortest(network: Network, graph: Graph, start: int, targets: Container[int]) -> list[int]:
    """The nodes of a shortest path from `start` to the first of the targets; none when it leads to none."""
    came = reached_by(network, graph, start, targets)
    last = next(reversed(came))
    return path(came, last)[::-1] if last in targets else []


def reached_by(network: Network, graph: Graph, start: int, until: Container[int] = frozenset()) -> dict[int, int]:
    """For each node that `start` reaches the one before it on a shortest path, in the order of their distance.

    With `until` no further than to the first of these, which is then the last.
    """
    came: dict[int, int] = {}
    before, distance, todo = {start: start}, {start: 0}, deque([start])
    while todo:
        node = todo.popleft()
        if node in came:
            continue
        came[node] = before[node]
        if node in until:
            break
        for following in network.succ[node]:
            length = distance[node] + isinstance(graph.nodes[following], Step)
            if following not in distance or distance[following] > length:
                distance[following], before[following] = length, node
                (todo.append if length > distance[node] else todo.appendleft)(following)
    return came


def path(following: Mapping[int, int], start: int) -> list[int]:
    """The nodes from `start` to the target it leads to; none when it leads to none."""
    if start not in following:
        return []
    found = [start]
    while following[found[-1]] != found[-1]:
        found.append(following[found[-1]])
    return found


def steps(graph: Graph, nodes: Iterable[int]) -> list[Step]:
    """The ways on a path."""
    named: Iterable[Node] = (graph.nodes[number] for number in nodes)
    return [node for node in named if isinstance(node, Step)]
