"""What the tables of ways share: `root_ways` and `account_ways`."""

from __future__ import annotations

from collections.abc import Mapping

from secops.hosts.evidence import Evidence
from secops.hosts.section import Section
from secops.hosts.tables import (
    Built,
    Column,
    control_sockets,
    doas_rules,
    gshadow_members,
    pam_rules,
    polkit_rules,
    special_files,
    sudo_rules,
    trusted_files,
)
from secops.hosts.tables.mounts import FSTAB, MOUNTINFO

#: Parts by kind of way, with the sections without which they cannot be whole.
PARTS: Mapping[str, tuple[Section, ...]] = {
    "sudo": sudo_rules.SECTIONS,
    "doas": doas_rules.SECTIONS,
    "polkit": polkit_rules.SECTIONS,
    "suid": (*special_files.TABLE.sections, FSTAB),
    "socket": control_sockets.TABLE.sections,
    "file": trusted_files.TABLE.sections,
    "pam": pam_rules.TABLE.sections,
    "group": gshadow_members.TABLE.sections,
}

#: What else the ways are worked out from.
EXTRA_SECTIONS = (
    *sudo_rules.EXTRA_SECTIONS,
    *doas_rules.EXTRA_SECTIONS,
    *special_files.TABLE.extra_sections,
    *trusted_files.TABLE.extra_sections,
    MOUNTINFO,
    *gshadow_members.TABLE.sections,
)

COLUMNS = (
    Column(
        "user_name", "text", "login name; * for every local account, -g NAME for whoever may choose this group by sudo"
    ),
    Column(
        "way",
        "text",
        "uid0, group, sudo, doas, polkit; suid, sgid, capability: a program whose file gives more rights than whoever "
        "starts it has; socket: a daemon of root that obeys, or a disk as a device file; file: one that decides what "
        "runs with another account's rights, and that may be changed; pam: su lets in without a password",
    ),
    Column(
        "thing",
        "text",
        "what is to be changed to close it: the group, the command or rule as the policy has it, a setting of sudo "
        "(Defaults env_keep, …), the action or administrator of polkit, the file or directory",
    ),
    Column("program", "text", "the program by which it works; NULL when any does, or it is not known"),
    Column("gives", "text", "shell, account, load, write or read: the most that the way gives"),
    Column("how_en", "text", "how it works"),
    Column("how_zh", "text", "the same in Chinese"),
    Column("password", "text", "whose password is asked: own, or none"),
    Column("besides_all", "boolean", "of sudo and doas: another entry lets the account do everything anyhow"),
    Column(
        "certain",
        "boolean",
        "false when it hangs on what is not known: a netgroup, a digest, the host's name, a program of no package",
    ),
    Column("source", "text", "file that gives it"),
    Column("line", "integer", "line there"),
)


def elsewhere(evidence: Evidence) -> Built:  # noqa: ARG001 - the rows come from `secops.privilege`
    """Not whole: what is seen here alone is no way."""
    built = Built()
    built.lack("not collected")
    return built
