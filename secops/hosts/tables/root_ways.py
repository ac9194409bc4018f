"""Ways of accounts to root. Worked out from what the other tables and the sudoers policy say, by `secops.privilege`."""

from __future__ import annotations

from secops.hosts.evidence import Evidence
from secops.hosts.tables import Built, Column, Table, sudo_rules
from secops.hosts.tables.groups import GROUP
from secops.hosts.tables.users import PASSWD


def build(evidence: Evidence) -> Built:  # noqa: ARG001 - the rows come from `secops.privilege`
    """Not whole: what is seen here alone is no way."""
    built = Built()
    built.lack("not collected")
    return built


TABLE = Table(
    name="root_ways",
    doc="What makes an account root, or as good as root, one row for each way: a second uid 0, groups, sudo as sudo "
    "itself decides (the last rule that matches, exceptions, arguments, NOEXEC, whose password is asked). The part "
    "`sudo` is whole when all of sudo's policy was seen, and it is known of each entry whether it counts.",
    columns=(
        Column("user_name", "text", "login name"),
        Column("way", "text", "uid0, group or sudo"),
        Column("thing", "text", "the group, or the command as the policy has it"),
        Column("program", "text", "of sudo: the program by which it works; NULL when any does"),
        Column("gives", "text", "shell, account, load, write or read: the most that the way gives"),
        Column("how_en", "text", "how it works"),
        Column("how_zh", "text", "the same in Chinese"),
        Column("password", "text", "whose password is asked: own, or none"),
        Column("besides_all", "boolean", "of sudo: another entry lets the account do everything anyhow"),
        Column("certain", "boolean", "false when it hangs on what is not known: a netgroup, a digest, the host's name"),
        Column("source", "text", "file that gives it"),
        Column("line", "integer", "line there"),
    ),
    sections=(PASSWD, GROUP),
    parts={"sudo": sudo_rules.SECTIONS},
    extra_sections=sudo_rules.EXTRA_SECTIONS,
    build=build,
    late="privilege",
)
