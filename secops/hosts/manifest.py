"""The manifest: the one list of what is collected, gathered from the tables that need it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Literal

from secops.hosts.credentials import LISTING
from secops.hosts.held import SEALED
from secops.hosts.section import Section, Walk
from secops.hosts.tables import registry

#: How stored password hashes and the credential files of services travel: not at all, encrypted to the operator's key,
#: or in clear: over a pipe or an SSH connection, from memory to memory.
Hashes = Literal["none", "sealed", "clear"]


@cache
def manifest(hashes: Hashes = "none") -> tuple[Section, ...]:
    """Every section once, the walk last since it takes longest. Two different sections of one name are our mistake."""
    sections: dict[str, Section] = {}
    if hashes != "none":
        sections |= {section.name: replace(section, seal=hashes == "sealed") for section in SEALED}
        sections[LISTING.name] = LISTING
    for table in registry().values():
        for section in table.all_sections:
            if sections.setdefault(section.name, section) != section:
                raise ValueError(f"the section {section.name} is declared twice, differently")
    return tuple(sorted(sections.values(), key=lambda section: (isinstance(section, Walk), section.name)))
