"""Who is in which group, primary and supplementary, from /etc/passwd and /etc/group."""

from __future__ import annotations

from secops.hosts.evidence import Evidence
from secops.hosts.tables import Built, Column, Table
from secops.hosts.tables.groups import GROUP, group_lines
from secops.hosts.tables.users import PASSWD, passwd_lines


def build(evidence: Evidence) -> Built:
    built = Built()
    names: dict[int, str] = {}
    for _, (group, _, gid, members) in group_lines(evidence, built):
        names.setdefault(int(gid), group)
        for user in dict.fromkeys(filter(None, members.split(","))):
            built.rows.append({"group_name": group, "gid": int(gid), "user_name": user, "is_primary": False})
    for _, (user, _, _, gid, *_) in passwd_lines(evidence, built):
        built.rows.append({"group_name": names.get(int(gid)), "gid": int(gid), "user_name": user, "is_primary": True})
    return built


TABLE = Table(
    name="group_members",
    doc="One row per user and group, supplementary and primary. A user may be named who does not exist.",
    columns=(
        Column("group_name", "text", "name of the group; NULL when a primary group has no entry"),
        Column("gid", "integer", "numeric group id"),
        Column("user_name", "text", "login name as written"),
        Column("is_primary", "boolean", "the group of the passwd entry, not a listed membership"),
    ),
    sections=(PASSWD, GROUP),
    build=build,
)
