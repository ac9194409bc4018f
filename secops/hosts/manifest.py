"""The manifest: the one list of what is collected, gathered from the tables that need it."""

from __future__ import annotations

from functools import cache

from secops.hosts.section import Files, Section, Walk
from secops.hosts.tables import registry

#: The stored password hashes themselves. Collected only when sealed to the operator's key; no table holds them.
SHADOW_HASHES = Files("shadow_hashes", ("/etc/shadow",), limit=16 << 20, seal=True, image=False)


@cache
def manifest(*, with_hashes: bool = False) -> tuple[Section, ...]:
    """Every section once, the walk last since it takes longest. Two different sections of one name are our mistake.

    `with_hashes` adds the stored password hashes, which a host sends only sealed.
    """
    sections: dict[str, Section] = {SHADOW_HASHES.name: SHADOW_HASHES} if with_hashes else {}
    for table in registry().values():
        for section in table.all_sections:
            if sections.setdefault(section.name, section) != section:
                raise ValueError(f"the section {section.name} is declared twice, differently")
    return tuple(sorted(sections.values(), key=lambda section: (isinstance(section, Walk), section.name)))
