"""Carriers: how a host is reached. Each has `collect() -> Evidence`; none of them judges anything."""

from __future__ import annotations

from typing import Protocol

from secops.hosts.evidence import Evidence


class Carrier(Protocol):
    """One host, reached in one way. `label` is how the user named it; `name` its inventory name, if any."""

    @property
    def label(self) -> str: ...

    @property
    def name(self) -> str: ...

    def collect(self) -> Evidence:
        """Everything the host answers. Raises `IncompleteError` when there is no evidence at all."""
        ...
