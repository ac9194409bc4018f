"""Evidence made by hand, for parser tests: `evidence(passwd={"/etc/passwd": b"…"})`."""

from __future__ import annotations

from secops.hosts import tables
from secops.hosts.evidence import Evidence, Item, SectionEvidence, Status, summarise
from secops.hosts.section import Section
from secops.hosts.tables import Facts, Table, registry

Content = bytes | str | dict[str, bytes | str | Status] | Status


def sections() -> dict[str, Section]:
    """Every section of every table, by name."""
    return {section.name: section for table in registry().values() for section in table.all_sections}


def evidence(*known: Section, uid: int | None = 0, carrier: str = "local", **contents: Content) -> Evidence:
    """Evidence of one host. Each keyword is a section: a command's output, files by path, or a bare status.

    Sections not named are there, whole, and without content (`absent`). `known` adds sections outside the registry.
    """
    specs = sections() | {section.name: section for section in known}
    seen = {name: SectionEvidence(Status.ABSENT) for name in specs}
    for name, content in contents.items():
        seen[name] = _section(specs[name], content)
    return Evidence(carrier, "test", uid, seen)


def _section(section: Section, content: Content) -> SectionEvidence:
    if isinstance(content, Status):
        return SectionEvidence(content, reason=f"test: {content}")
    files = content if isinstance(content, dict) else {"": content}
    return summarise(section, [_item(path, data) for path, data in files.items()])


def _item(path: str, data: bytes | str | Status) -> Item:
    if isinstance(data, Status):
        return Item(path, status=data, reason=f"test: {data}")
    raw = data.encode() if isinstance(data, str) else data
    return Item(path, raw, Status.OK if raw else Status.EMPTY)


def derive(table: Table, seen: Evidence) -> Facts:
    """`secops.hosts.tables.derive`, but a parser that raises fails the test: the product makes it a failed table."""
    table.build(seen)
    return tables.derive(table, seen)
