"""Graphs made by hand or by chance, for tests of paths and choke points."""

from __future__ import annotations

from collections.abc import Iterable

from secops.privilege.fleet.graph import At, Detail, Graph, Key, Node, Step

DETAIL = Detail("shell", "how", "how")


def step(name: str, host: str = "h") -> Step:
    return Step(host, "sudo", name, "root", "/etc/sudoers", None)


def graph(
    hosts: Iterable[str], edges: Iterable[tuple[Node, Node]], possible: Iterable[tuple[Node, Node]] = ()
) -> Graph:
    made = Graph()
    for host in hosts:
        made.roots[host] = made.number(At("root", host))
    for one, other in edges:
        made.link(one, other)
    for one, other in possible:
        made.link(one, other, certain=False)
    made.details.update({node: DETAIL for node in made.nodes if isinstance(node, Step)})
    return made


__all__ = ["At", "Key", "graph", "step"]
