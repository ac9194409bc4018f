"""Channels of fixes: what all hosts of a release get, and what a subscription brings (`Statement.words` names it)."""

from __future__ import annotations

from collections.abc import Iterable

from secops.patches.statement import Statement

#: Distributions that say of one package of a release what comes through each of several channels.
_WITH_CHANNELS = ("ubuntu", "sles", "sled", "sle_hpc", "sle_rt")


def without_rivals(statements: Iterable[Statement]) -> list[Statement]:
    """Of what one advisory, or one flaw, says of a package channel by channel: the first that mends it counts.

    What all get is the first. Otherwise a host with the fix of a subscription (Ubuntu Pro, LTSS) would stay affected,
    since the other entry has no end; and one with the common fix too, since that of a subscription is a later one.
    """
    found: dict[tuple[object, ...], list[Statement]] = {}
    for statement in statements:
        key = (statement.ecosystem, statement.release, statement.package, statement.by_source, statement.module)
        found.setdefault((*key, statement.arch), []).append(statement)
    return [statement for group in found.values() for statement in _chosen(group)]


def _chosen(group: list[Statement]) -> list[Statement]:
    words = {statement.words for statement in group}
    mending = sorted(statement.words for statement in group if statement.fixed)
    if group[0].ecosystem not in _WITH_CHANNELS or len(words) == 1:
        return group
    if not mending and len({statement.status for statement in group}) > 1:
        return group  # the graver counts
    chosen = mending[0] if mending else min(words)
    return [statement for statement in group if statement.words == chosen]
