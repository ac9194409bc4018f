"""Rows of small fleets with keys, clients and addresses, for tests of the graph over hosts."""

from __future__ import annotations

from typing import Any

from secops.hosts.tables import Row
from secops.privilege.fleet.building import NEEDED, build
from secops.privilege.fleet.graph import At, Graph, Step
from secops.privilege.fleet.search import Search

Host = dict[str, list[Row]]


def host(**tables: list[Row]) -> Host:
    """A host with the accounts root and ops."""
    users = [{"user_name": "root", "uid": 0}, {"user_name": "ops", "uid": 1000}]
    return {**{table: [] for table in NEEDED}, "users": users} | tables


def opens(user: str = "ops", fingerprint: str = "SHA256:a", **more: Any) -> Row:
    return {
        "user_name": user, "fingerprint": fingerprint, "path": f"/home/{user}/.ssh/authorized_keys", "line": 1,
        "opens": True, "why": None, "from_text": None, "from_names": False, "agent_forwarding": True,
    } | more  # fmt: skip


def holds(owner: str = "ops", fingerprint: str = "SHA256:a", **more: Any) -> Row:
    row = {"fingerprint": fingerprint, "owner": owner, "readers": [], "encrypted": True, "by_public_file": False}
    return row | more


def forwards(value: str = "yes", context: str = "", user: str | None = "ops", line: int = 1, **more: Any) -> Row:
    source = f"/home/{user}/.ssh/config" if user else "/etc/ssh/ssh_config"
    return {
        "user_name": user, "context": context, "forward_agent": value, "aliases": [], "source": source, "line": line,
    } | more  # fmt: skip


def at(address: str, prefix: int | None = 24) -> Row:
    return {"address": address, "prefix": prefix}


def ways(graph: Graph, start: At, end: At) -> list[tuple[str, str]] | None:
    """The kinds and places of the ways on the shortest path, None without one."""
    found = Search(graph).between(start, end)
    return [(step.way, step.place) for step in found.steps] if found else None


def made(**hosts: Host) -> Graph:
    return build(hosts)


__all__ = ["At", "Step", "at", "forwards", "holds", "host", "made", "opens", "ways"]
