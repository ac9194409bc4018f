"""Accounts that /etc/gshadow lets take a group on: its administrators, and members that /etc/group does not name."""

from __future__ import annotations

from posixpath import basename

from secops.hosts.evidence import Evidence
from secops.hosts.section import Files, Listing
from secops.hosts.tables import Built, Column, Table
from secops.hosts.tables._listed import listed
from secops.hosts.tables.groups import GROUP, group_lines

# Passwords of groups stay on the host.
GSHADOW = Files(
    "gshadow",
    ("/etc/gshadow",),
    limit=16 << 20,
    rewrite=(("^([^:]+):[^:]*:([^:]*:[^:]*)$", r"\1::\2"), ("^.+$", "?")),
)
GROUP_TOOLS = Listing("group_tools", ("/usr/bin/gpasswd", "/usr/bin/newgrp"))

#: By which program who takes a group on.
_TOOLS = {True: "gpasswd", False: "newgrp"}


def build(evidence: Evidence) -> Built:
    built = Built()
    gids = {name: int(gid) for _, (name, _, gid, _) in reversed(list(group_lines(evidence, built)))}
    working = {basename(entry.path) for entry in listed(evidence, GROUP_TOOLS, built) if entry.mode & 0o4001 == 0o4001}
    for item in evidence[GSHADOW.name].files:
        for number, line in enumerate(item.lines, start=1):
            fields = line.split(":")
            if len(fields) != 4 and line.strip():
                built.lack(f"{item.path}:{number} is not a group entry")
            elif len(fields) == 4 and fields[0] in gids:
                people = [
                    *((name, True) for name in fields[2].split(",")),
                    *((name, False) for name in fields[3].split(",")),
                ]
                built.rows += [
                    {"group_name": fields[0], "gid": gids[fields[0]], "user_name": name, "line": number,
                     "administers": administers, "can_take": _TOOLS[administers] in working}
                    for name, administers in dict.fromkeys(people) if name
                ]  # fmt: skip
    return built


TABLE = Table(
    name="gshadow_members",
    doc="Accounts that /etc/gshadow names for a group: administrators, who may put themselves into it by gpasswd, and "
    "members, who get it by newgrp whatever /etc/group says.",
    columns=(
        Column("group_name", "text", "name of the group"),
        Column("gid", "integer", "numeric group id, from /etc/group"),
        Column("user_name", "text", "login name as written"),
        Column("line", "integer", "line in /etc/gshadow"),
        Column("administers", "boolean", "as an administrator, else as a member"),
        Column("can_take", "boolean", "gpasswd (newgrp, for members) is SUID and for all, as on most systems"),
    ),
    sections=(GSHADOW, GROUP, GROUP_TOOLS),
    build=build,
)
