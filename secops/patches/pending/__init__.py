"""Pending updates of one host, from its own indexes: one module for each package manager."""

from __future__ import annotations

from collections.abc import Mapping

from secops.hosts.evidence import Evidence, Problem, Status
from secops.hosts.tables import Built, Facts, Table, pending_updates, update_state
from secops.patches.pending import apk, apt, rpm
from secops.patches.pending.manager import Manager

#: Package managers by the kind of packages they look after.
MANAGERS: Mapping[str, Manager] = {"apk": apk.MANAGER, "dpkg": apt.MANAGER, "rpm": rpm.MANAGER}

_TABLES = (pending_updates.TABLE, update_state.TABLE)


def pending(evidence: Evidence, tables: Mapping[str, Facts]) -> dict[str, Facts]:
    """The tables that this room works out of one host's others. Never raises: what breaks is not whole."""
    built = {table.name: Built() for table in _TABLES}
    try:
        _work_out(evidence, tables, built[pending_updates.TABLE.name], built[update_state.TABLE.name])
    except Exception as error:  # one host must not stop a fleet
        for one in built.values():
            one.lack(f"cannot be worked out ({type(error).__name__})")
    return {table.name: _facts(table, built[table.name]) for table in _TABLES}


def _work_out(evidence: Evidence, tables: Mapping[str, Facts], updates: Built, state: Built) -> None:
    packages = tables["packages"]
    for built in (updates, state):
        built.problems += packages.problems[""]
    for kind in sorted({row["kind"] for row in packages.rows}):
        if manager := MANAGERS.get(kind):
            manager.updates(evidence, tables, updates)
            manager.state(evidence, tables, state)
        else:
            for built in (updates, state):
                built.lack(f"of {kind} packages it is not known what is pending", Status.ABSENT)


def _facts(table: Table, built: Built) -> Facts:
    parts: dict[str, list[Problem]] = {
        part: [*built.problems, *built.part_problems.get(part, [])] for part in table.parts
    }
    return Facts(built.rows, {"": built.problems, **parts})
