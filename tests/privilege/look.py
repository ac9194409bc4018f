"""What ways are worked out of, seen on a running test host: only the sections that their tables need."""

from __future__ import annotations

from collections.abc import Mapping

from secops.hosts.evidence import decode
from secops.hosts.script import generate
from secops.hosts.snapshot import observe
from secops.hosts.tables import Facts, registry
from secops.privilege.ways import privileges
from tests.testroot import TestHost

_TABLES = ("users", "groups", "group_members", "gshadow_members", "hosts", "packages")


def look(host: TestHost, *tables: str) -> Mapping[str, Facts]:
    """The tables of a host, and the ways that come of these."""
    wanted = {section.name: section for name in (*_TABLES, *tables) for section in registry()[name].all_sections}
    stream = host.run(["sh"], generate(wanted.values()).encode(), check=True).stdout
    return observe(decode(stream, wanted.values(), carrier="local", label="test"), "testhost", privileges).tables
