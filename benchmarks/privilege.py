"""Paths to root over synthetic fleets: graph, shortest paths, choke points; how time and memory grow from 10 hosts."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

#: Hosts of a fleet, accounts on each, and the limits that the largest is held to.
SIZES, ACCOUNTS = (10, 100, 1000), 50
SECONDS, MEGABYTES = 10, 1024

#: Every so many hosts one is a bastion, where the people of a department have their private keys.
_DEPARTMENT = 100

Row = dict[str, Any]
Host = dict[str, list[Row]]


def lines() -> list[str]:
    """The report of this benchmark."""
    out = [
        f"## Paths to root: {ACCOUNTS} accounts a host",
        "",
        "Every account has a key, held at one bastion in a hundred hosts; of 49 accounts 20 have sudo, 10 more become",
        "each other. `chains`: keys of services lead from host to host by chance. `trust`: the roots of each hundred",
        "hosts share one key, as in clusters. `mesh`: each root has a key that opens root and an account of two other",
        "hosts by chance. Of the limits: processor seconds of 10 s, memory of 1 GiB. Growth is against 10 hosts, per",
        "host: 1.0 would be linear.",
        "",
        "| fleet | hosts | nodes | pairs | graph s | paths s | choke points s | of 10 s | of 1 GiB | growth |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for kind in _KINDS:
        rows = [_one(kind, size) for size in SIZES]
        for row in rows:
            total = row["graph"] + row["paths"] + row["choke"]
            first = rows[0]["graph"] + rows[0]["paths"] + rows[0]["choke"]
            growth = total / row["hosts"] / (first / rows[0]["hosts"])
            out.append(
                f"| {kind} | {row['hosts']:,} | {row['nodes']:,} | {row['pairs']:,} | {row['graph']:.2f} "
                f"| {row['paths']:.2f} | {row['choke']:.2f} | {total / SECONDS:.2f} | {row['peak'] / MEGABYTES:.2f} "
                f"| {growth:.2f} |"
            )
    return out


def _one(kind: str, size: int) -> Row:
    """One fleet in a process of its own, so that its peak memory is its own."""
    command = [sys.executable, "-m", "benchmarks.privilege", kind, str(size)]
    result: Row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return result


def _run(kind: str, size: int) -> Row:
    import resource
    from time import process_time

    from secops.privilege.fleet.building import build
    from secops.privilege.fleet.choke import ChokePoints
    from secops.privilege.fleet.paths import root_paths

    hosts = fleet(kind, size)
    marks = [process_time()]
    graph = build(hosts)
    marks.append(process_time())
    root_paths(graph)
    marks.append(process_time())
    points = ChokePoints(graph, graph.network())
    points.ranked(10)
    marks.append(process_time())
    made, paths, choke = (after - before for before, after in pairwise(marks))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "hosts": size, "nodes": len(graph.nodes), "pairs": points.pairs, "graph": made, "paths": paths, "choke": choke,
        "peak": peak,
    }  # fmt: skip


def fleet(kind: str, size: int) -> dict[str, Host]:
    """Rows of `size` hosts, by chance but every time the same."""
    rng = random.Random(7)  # noqa: S311 - no secret
    hosts = {f"host{number:04d}": _host(rng, number) for number in range(size)}
    _KINDS[kind](rng, list(hosts.values()))
    return hosts


def _host(rng: random.Random, number: int) -> Host:
    """A host of which everyone has a key, and some have sudo."""
    users = [f"u{n}" for n in range(ACCOUNTS - 1)]
    at_bastion = users if number % _DEPARTMENT == 0 else []
    return {
        "hosts": [{"name": f"host{number:04d}"}],
        "host_addresses": [{"address": f"10.{number >> 8}.{number & 255}.1", "prefix": 24}],
        "ssh_client": [],
        "users": [{"user_name": "root", "uid": 0}, *({"user_name": u, "uid": 1000 + n} for n, u in enumerate(users))],
        "root_ways": list(_sudo(users)),
        "account_ways": [
            _way(u, "/bin/sh", 30 + n) | {"becomes": rng.choice(users)} for n, u in enumerate(users[20:30])
        ],
        "ssh_identities": [_identity(f"SHA256:{n}", u, encrypted=True) for n, u in enumerate(at_bastion)],
        "key_trust": [_line(f"SHA256:{n}", u) for n, u in enumerate(users)],
    }


def _sudo(users: list[str]) -> Iterator[Row]:
    for number, user in enumerate(users[:20]):
        yield _way(user, "ALL", 20) if number < 5 else _way(user, f"/usr/bin/vim /srv/{number}", 100 + number)


def _way(user: str, thing: str, line: int) -> Row:
    return {
        "user_name": user, "way": "sudo", "thing": thing, "program": None, "gives": "shell", "how_en": "", "how_zh": "",
        "password": "own", "certain": True, "source": "/etc/sudoers", "line": line,
    }  # fmt: skip


def _identity(fingerprint: str, owner: str, *, encrypted: bool = False) -> Row:
    return {"fingerprint": fingerprint, "owner": owner, "readers": [], "encrypted": encrypted, "by_public_file": False}


def _line(fingerprint: str, user: str, number: int = 1) -> Row:
    path = f"/home/{user}/.ssh/authorized_keys"
    return {
        "user_name": user, "fingerprint": fingerprint, "path": path, "line": number, "opens": True,
        "why": None, "from_text": None, "from_names": False, "agent_forwarding": True,
    }  # fmt: skip


def _chains(rng: random.Random, hosts: list[Host]) -> None:
    services = range(3, len(hosts), 10)
    for number in services:
        hosts[number]["ssh_identities"].append(_identity(f"SHA256:service{number}", "u30"))
    for host in hosts:
        host["key_trust"].append(_line(f"SHA256:service{rng.choice(services)}", f"u{rng.randrange(ACCOUNTS - 1)}", 2))


def _trust(rng: random.Random, hosts: list[Host]) -> None:  # noqa: ARG001 - one of `_KINDS`
    for number, host in enumerate(hosts):
        key = f"SHA256:cluster{number // _DEPARTMENT}"
        host["ssh_identities"].append(_identity(key, "root"))
        host["key_trust"].append(_line(key, "root"))


def _mesh(rng: random.Random, hosts: list[Host]) -> None:
    for number, host in enumerate(hosts):
        host["ssh_identities"].append(_identity(f"SHA256:root{number}", "root"))
        for line, user in enumerate(("root", f"u{rng.randrange(ACCOUNTS - 1)}"), start=2):
            host["key_trust"].append(_line(f"SHA256:root{rng.randrange(len(hosts))}", user, line))


_KINDS: dict[str, Callable[[random.Random, list[Host]], None]] = {
    "people": lambda _rng, _hosts: None, "chains": _chains, "trust": _trust, "mesh": _mesh,
}  # fmt: skip

if __name__ == "__main__":
    sys.stdout.write(json.dumps(_run(sys.argv[1], int(sys.argv[2]))))
