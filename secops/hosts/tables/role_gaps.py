"""Where what accounts hold differs from what `roles.yml` declares. Worked out over the fleet by `secops.privilege`."""

from __future__ import annotations

from secops.hosts.evidence import Evidence
from secops.hosts.tables import Built, Column, Table, authorized_keys, last_logins, root_ways, shadow_meta, sudo_use
from secops.hosts.tables.groups import GROUP
from secops.hosts.tables.users import PASSWD

_MADE_OF = (root_ways.TABLE, shadow_meta.TABLE, authorized_keys.TABLE, last_logins.TABLE, sudo_use.TABLE)


def build(evidence: Evidence) -> Built:  # noqa: ARG001 - the rows come from `secops.privilege.roles.grading`
    """Not whole: nobody has said who should hold what."""
    built = Built()
    built.lack("no roles are declared")
    return built


TABLE = Table(
    name="role_gaps",
    doc="Where roles.yml (docs/roles.md) and reality differ, one row for each account and level. A level is system, "
    "security or audit (administrator), operator or viewer. Its parts: rights (what accounts hold), conflicts (that "
    "of the same people on other hosts too), shared (whose keys open accounts), use (whether rights were used; known "
    "without roles.yml too).",
    columns=(
        Column("user_name", "text", "login name; NULL when a person is to hold a level here and has no account"),
        Column("person", "text", "who is declared for it: a person, or the owner of a service; NULL when nobody is"),
        Column(
            "gap",
            "text",
            "too_much (holds more than declared), missing (declared and not held), conflict (duties that are to be "
            "kept apart), undeclared (nobody is declared for the account), shared, expired (declared up to a day that "
            "is past), unused",
        ),
        Column("level", "text", "the level that the gap is about; NULL when it is about the account"),
        Column("conflicts_with", "text", "of conflict: the other duty"),
        Column("declared", "text", "the levels declared here, joined by commas; NULL for none"),
        Column("held", "text", "the levels really held here, joined by commas; NULL for none"),
        Column("way", "text", "what gives the level: uid0, group, sudo, login, …, as in root_ways; NULL for none"),
        Column("detail_en", "text", "what is wrong, with the evidence"),
        Column("detail_zh", "text", "the same in Chinese"),
        Column("source", "text", "file of the evidence; roles.yml for what is only declared"),
        Column("line", "integer", "line there"),
    ),
    sections=(PASSWD, GROUP),
    parts={"rights": (), "conflicts": (), "shared": (), "use": ()},
    extra_sections=tuple(section for table in _MADE_OF for section in table.all_sections),
    build=build,
    late="privilege",
)
