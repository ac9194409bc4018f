"""What the tables made from users' files for SSH share."""

from __future__ import annotations

from collections.abc import Iterator

from secops.hosts.evidence import Evidence, Status
from secops.hosts.ssh_files import SSH_FILES
from secops.hosts.ssh_records import ConfigLine, Directory, Found, Unseen, records
from secops.hosts.tables import Built

_MAX_TOLD = 20


def told_records(evidence: Evidence, built: Built) -> Iterator[Found | Directory | ConfigLine]:
    """The records of a host; those of what was not seen, and what is no record, are told to `built`."""
    for item in evidence[SSH_FILES.name].files:
        for record in records(item.data):
            if not (record is None or isinstance(record, Unseen)):
                yield record
            elif len(built.problems) < _MAX_TOLD:
                _lack(record, built)


def _lack(record: Unseen | None, built: Built) -> None:
    if record is None:
        built.lack("ssh_files: a record of the listing does not parse")
    elif record.large:
        built.lack(f"{record.path}: the configuration is too large to be read", Status.TRUNCATED)
    else:
        built.lack(f"{record.path}: permission denied", Status.DENIED)
