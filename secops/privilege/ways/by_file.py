"""Ways by files that root or another account runs or reads: who can change them, or read them where that is enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from secops.core.content import Text
from secops.hosts.tables import Built, Row
from secops.hosts.tables._sudo import read_policy
from secops.hosts.tables.trusted_files import rows
from secops.hosts.trusted.access import Who
from secops.hosts.trusted.changers import EVERYONE, TooManyError
from secops.hosts.trusted.host import Host
from secops.hosts.trusted.roles import BY_NAME
from secops.privilege.techniques import Power, by_group
from secops.privilege.way import Kind, View, Way

#: Files of keys that sshd reads and nobody collected: who may change them was not seen either.
_ELSEWHERE = "which is not collected"

#: Why a file that others may change may give nothing.
_IDLE = ": whether something runs or reads it is not known"

#: Why a directory of sudo's secure_path may give nothing.
_BY_NAME = ": whether what it is set for looks for programs by their names is not known"


def find(view: View, built: Built) -> Iterator[Way]:
    """Of several files by which one point gives an account another's power, the first that is certain is told."""
    built.problems += [lack for lack in view.tables["authorized_keys"].problems[""] if _ELSEWHERE in lack.reason]
    told, scoped = set(), _scoped_paths(view)
    found = (*view.rows("trusted_files"), *_of_steps(view, built))
    for row in sorted(found, key=lambda row: not row["certain"]):
        if row["refused"] or _is_told_by_group(view, row):
            continue
        if not row["accounts"] and view.has_directory:
            built.lack(f"{row['point']}: {row['writer']} may be an account or a group of a directory")
        owner = view.accounts.get(row["as_user"])
        becomes = view.root.name if owner and owner.uid == 0 else row["as_user"]
        for user in row["accounts"]:
            if (user, becomes, row["point"]) not in told:
                told.add((user, becomes, row["point"]))
                yield _way(user, becomes, row, in_doubt=(row["source"], row["line"]) in scoped)


def _of_steps(view: View, built: Built) -> Iterator[Row]:
    """What groups that may be chosen can change, of what is not open to all anyhow."""
    whose = [Who(one.name, one.uid or 0, one.gids) for one in view.chosen.values()]
    if not whose:
        return
    try:
        for row in rows(replace(Host.of(view.evidence), whose=whose), Built()):
            if row["accounts"] and EVERYONE not in row["accounts"]:
                yield row
    except TooManyError:
        built.lack("too many accounts may change too much for all of it to be worked out")


def _is_told_by_group(view: View, row: Row) -> bool:
    """Whether it is what a group is known for: shadow's members read the hashes."""
    reads = row["access"] == "read" and row["writer_kind"] == "group"
    return reads and view.group_name(row["writer"]) in by_group()


def _scoped_paths(view: View) -> frozenset[tuple[str, int]]:
    """Where sudo's policy sets secure_path for some alone: what they run need not look for anything there."""
    settings = read_policy(view.evidence, Built()).settings
    return frozenset((one.source, one.line) for one in settings if one.name == "secure_path" and one.scope != "global")


def _way(user: str, becomes: str, row: Row, *, in_doubt: bool) -> Way:
    role = BY_NAME[row["role"]]
    gives: Power = "read" if row["access"] == "read" else role.gives
    how = Text(row["how_en"], row["how_zh"])
    doubt = _BY_NAME if in_doubt else "" if row["certain"] else _IDLE
    source = row["source"] or row["path"]
    return Way(user, becomes, "file", row["point"], gives, how, source, row["line"], certain=not doubt, doubt=doubt)


KIND = Kind("file", ("trusted_files.acls",), find)
