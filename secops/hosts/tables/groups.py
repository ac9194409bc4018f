"""Local groups, from /etc/group."""

from __future__ import annotations

from collections.abc import Iterator

from secops.hosts.evidence import Evidence
from secops.hosts.section import Files, without_password
from secops.hosts.tables import Built, Column, Table
from secops.hosts.tables.users import is_id

GROUP = Files("group", ("/etc/group",), required=True, limit=16 << 20, rewrite=without_password("[0-9]*:[^:]*"))


def group_lines(evidence: Evidence, built: Built | None = None) -> Iterator[tuple[int, list[str]]]:
    """(line number, four fields) of each well-formed group entry; malformed ones are told to `built`."""
    for number, line in enumerate(evidence[GROUP.name].only.lines, start=1):
        fields = line.split(":")
        if not line.strip() or line.startswith(("#", "+", "-")):
            continue
        if len(fields) == 4 and fields[0] and is_id(fields[2]):
            yield number, fields
        elif built is not None:
            built.lack(f"/etc/group:{number} is not a group entry")


def build(evidence: Evidence) -> Built:
    built = Built()
    built.rows = [
        {"group_name": name, "gid": int(gid), "line": number}
        for number, (name, _, gid, _) in group_lines(evidence, built)
    ]
    return built


TABLE = Table(
    name="groups",
    doc="Local groups. Members are in group_members.",
    columns=(
        Column("group_name", "text", "name of the group"),
        Column("gid", "integer", "numeric group id"),
        Column("line", "integer", "line in /etc/group"),
    ),
    sections=(GROUP,),
    build=build,
)
