"""What the tables made from listings share."""

from __future__ import annotations

from collections.abc import Iterator

from secops.hosts.evidence import Evidence
from secops.hosts.listing import Entry, scan_listing
from secops.hosts.section import Listing
from secops.hosts.tables import Built


def listed(evidence: Evidence, section: Listing, built: Built) -> Iterator[Entry]:
    """The entries of a listing; a record that does not parse, after which nothing is read, is told to `built`."""
    for item in evidence[section.name].files:
        for entry in scan_listing(item.data):
            if entry is None:
                built.lack(f"{section.name}: a record of the listing does not parse")
            else:
                yield entry
