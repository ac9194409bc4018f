"""Groups whose members are as good as root: by number, since that is what the kernel and the daemons look at."""

from __future__ import annotations

from collections.abc import Iterator

from secops.hosts.tables import Built
from secops.privilege.techniques import by_group
from secops.privilege.way import Kind, View, Way


def find(view: View, built: Built) -> Iterator[Way]:  # noqa: ARG001 - a `Kind`
    names = {row["gid"]: row["group_name"] for row in view.rows("groups") if row["group_name"] in by_group()}
    told = set()
    for row in view.memberships:
        name, user = names.get(row["gid"]), row["user_name"]
        if name and user in view.accounts and view.accounts[user].uid != 0 and (user, name) not in told:
            told.add((user, name))
            power = by_group()[name]
            place = "/etc/group" if "can_take" not in row else "/etc/gshadow"
            yield Way(user, view.root.name, "group", name, power.gives, power.how, place, row.get("line"))


KIND = Kind("group", ("gshadow_members",), find)
