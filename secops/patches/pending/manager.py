"""What a package manager has to give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from secops.hosts.evidence import Evidence
from secops.hosts.tables import Built, Facts

#: Adds rows of a table, and why they are not all of them, out of a host's evidence and its other tables.
Add = Callable[[Evidence, Mapping[str, Facts], Built], None]


@dataclass(frozen=True)
class Manager:
    """`updates` adds rows of `pending_updates`; `state` adds one row of `update_state`. They are asked only of a host
    that has packages of the manager's kind."""

    updates: Add
    state: Add
