"""Which host is which: what hosts say of themselves, settled over the whole run so that none takes another's place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def settle(calls: Sequence[str], claims: Sequence[str]) -> list[str]:
    """The identity of each host of a run, no two alike; the order in which the hosts are named changes nothing.

    `calls` is what the user calls each (its inventory name, else how it is reached; no two alike), `claims` what it
    says it is (its machine-id, …). A claim counts when no other host makes it or is called so; else every host that
    makes it becomes `claim@call`: nobody can tell the true one, and its waivers and history are for no other.
    """
    times, given = Counter(claims), set(calls)
    settled = {
        call: claim
        for call, claim in zip(calls, claims, strict=True)
        if claim == call or (times[claim] == 1 and claim not in given)
    }
    taken = given.union(settled.values())
    for call, claim in sorted(zip(calls, claims, strict=True)):
        if call not in settled:
            name = f"{claim}@{call}"
            while name in taken:
                name += "+"
            settled[call] = name
            taken.add(name)
    return [settled[call] for call in calls]
