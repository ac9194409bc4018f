"""One host as the table of trusted files sees it: its accounts, what they can change, what guards a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from posixpath import basename

from secops.hosts.evidence import Evidence
from secops.hosts.listing import scan_listing
from secops.hosts.tables import gshadow_members, hosts, services, sshd_effective
from secops.hosts.tables.groups import group_lines
from secops.hosts.tables.users import NO_LOGIN, passwd_lines
from secops.hosts.trusted.access import By, Who
from secops.hosts.trusted.changers import Changers
from secops.hosts.trusted.idle import Idle
from secops.hosts.trusted.named import ROOT
from secops.hosts.trusted.roles import Guard, Role
from secops.hosts.trusted.script import TRUSTED_PATHS
from secops.hosts.trusted.stream import Seen, parse
from secops.hosts.trusted.tree import Point


@dataclass
class Host:
    """What is known of one host's accounts, and what it told of trusted paths.

    `whose`: of whom it is asked what they can change, if not of all accounts.
    """

    evidence: Evidence
    seen: Seen
    users: list[list[str]]  # fields of passwd entries
    whose: Sequence[Who] = ()

    @classmethod
    def of(cls, evidence: Evidence) -> Host:
        seen = parse(evidence[TRUSTED_PATHS.name].only.data)
        return cls(evidence, seen, [fields for _, fields in passwd_lines(evidence)])

    @cached_property
    def uids(self) -> dict[str, int]:
        return {fields[0]: int(fields[2]) for fields in reversed(self.users)}

    @cached_property
    def homes(self) -> dict[str, list[str]]:
        """Accounts that may log in, by their home."""
        found: dict[str, list[str]] = {}
        for name, _, _, _, _, home, shell in self.users:
            if home.startswith("/") and basename(shell) not in NO_LOGIN:
                found.setdefault(home.rstrip("/"), []).append(name)
        return found

    @cached_property
    def changers(self) -> Changers:
        groups = [fields for _, fields in group_lines(self.evidence)]
        gids: dict[str, set[int]] = {fields[0]: {int(fields[3])} for fields in reversed(self.users)}
        for _, _, gid, members in groups:
            for name in members.split(","):
                if name in gids:
                    gids[name].add(int(gid))
        for row in gshadow_members.build(self.evidence).rows:
            if row["can_take"] and row["user_name"] in gids:
                gids[row["user_name"]].add(row["gid"])
        accounts = [Who(name, uid, frozenset(gids[name])) for name, uid in self.uids.items() if uid != 0]
        return Changers(self.seen.tree, self.whose or accounts, frozenset(int(fields[2]) for fields in groups))

    @cached_property
    def sshd(self) -> set[tuple[str, str]]:
        return {(row["key"], row["value"]) for row in sshd_effective.build(self.evidence).rows}

    @cached_property
    def logins(self) -> list[str]:
        """Whom sshd lets in, as far as it matters: root, unless it may not."""
        if ("permitrootlogin", "no") not in self.sshd:
            return [ROOT]
        return [name for names in self.homes.values() for name in names if self.uids[name] != 0]

    @cached_property
    def idle(self) -> Idle:
        shells = {fields[0]: basename(fields[6]) for fields in reversed(self.users)}
        items = (item for item in self.evidence[services.SERVICE_SCRIPTS.name].files)
        links = (entry for item in items for entry in scan_listing(item.data) if entry and entry.kind == "l")
        started = {basename(entry.link) for entry in links}
        return Idle(self.seen, hosts.family(hosts.os_release(self.evidence)), shells, started)

    def name_of(self, uid: str) -> str | None:
        """The account of a number."""
        return next((fields[0] for fields in self.users if fields[2] == uid), None)

    @cached_property
    def guards(self) -> dict[Guard, bool]:
        """Guards that stand here, and whether they look at the mode too."""
        crond = self.seen.tree.leads_to("/usr/sbin/crond") or ""
        lax = ("strictmodes", "no") in self.sshd
        found: dict[Guard, bool] = {"strict": True, "sudo": True, "cron": basename(crond) != "busybox"}
        return found if lax else {**found, "sshd": True}

    def refused(self, role: Role, point: Point, by: By) -> bool:
        """Whether the program that reads the file refuses it when it was changed there: it is another's then."""
        if role.guard not in self.guards:
            return False
        if role.guard == "sudo" and point.kind == "file":
            return bool(point.entry.uid or point.entry.gid or point.entry.mode & 0o002)
        return self.guards[role.guard] or point.kind != "file" or by[0] == "user"
