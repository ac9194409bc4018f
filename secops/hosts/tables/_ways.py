"""What the tables of ways share: `root_ways` and `account_ways`."""

from __future__ import annotations

from collections.abc import Mapping

from secops.hosts.evidence import Evidence
from secops.hosts.section import Section
from secops.hosts.tables import Built, Column, sudo_rules, trusted_files

#: Parts by kind of way, with the sections without which they cannot be whole.
PARTS: Mapping[str, tuple[Section, ...]] = {"sudo": sudo_rules.SECTIONS, "file": trusted_files.TABLE.sections}

COLUMNS = (
    Column("user_name", "text", "login name; * for every local account"),
    Column("way", "text", "uid0, group, sudo or file"),
    Column(
        "thing",
        "text",
        "what is to be changed to close it: the group, the command as the policy has it, the file or directory",
    ),
    Column("program", "text", "of sudo: the program by which it works; NULL when any does"),
    Column("gives", "text", "shell, account, load, write or read: the most that the way gives"),
    Column("how_en", "text", "how it works"),
    Column("how_zh", "text", "the same in Chinese"),
    Column("password", "text", "whose password is asked: own, or none"),
    Column("besides_all", "boolean", "of sudo: another entry lets the account do everything anyhow"),
    Column("certain", "boolean", "false when it hangs on what is not known: a netgroup, a digest, the host's name"),
    Column("source", "text", "file that gives it"),
    Column("line", "integer", "line there"),
)


def elsewhere(evidence: Evidence) -> Built:  # noqa: ARG001 - the rows come from `secops.privilege`
    """Not whole: what is seen here alone is no way."""
    built = Built()
    built.lack("not collected")
    return built
