"""Settings of sudo: the Defaults entries of the sudoers policy."""

from __future__ import annotations

from secops.hosts.evidence import Evidence
from secops.hosts.sudoers import TooLargeError
from secops.hosts.tables import Built, Column, Table
from secops.hosts.tables._sudo import EXTRA_SECTIONS, SECTIONS, read_policy, tell_faults
from secops.hosts.tables.sudo_rules import MAX_ROWS


def build(evidence: Evidence) -> Built:
    built = Built()
    policy = read_policy(evidence, built)
    try:
        for position, setting in enumerate(policy.settings, start=1):
            for member in [None] if setting.scope == "global" else policy.expand_scope(setting):
                if len(built.rows) == MAX_ROWS:
                    raise TooLargeError(f"the Defaults expand to more than {MAX_ROWS} rows")
                built.rows.append(
                    {
                        "scope": setting.scope,
                        "scope_name": member.text if member else None,
                        "scope_negated": member.negated if member else False,
                        "option": setting.name,
                        "operator": setting.operator or None,
                        "value": setting.value,
                        "negated": setting.negated,
                        "source": setting.source,
                        "line": setting.line,
                        "position": position,
                    }
                )
    except TooLargeError as error:
        built.lack(str(error))
    tell_faults(policy, built)
    return built


TABLE = Table(
    name="sudo_defaults",
    doc="Defaults of sudo: one row per option × entry of its scope, in the order sudo reads them: the last one that "
    "matches decides, but command scopes come after all others. Options that are not set are not in it.",
    columns=(
        Column("scope", "text", "global, user, host, runas or command"),
        Column("scope_name", "text", "whom or what it is for, as written (alice, %wheel, ALL); NULL for global"),
        Column("scope_negated", "boolean", "this name is excepted from the scope"),
        Column("option", "text", "name of the option: authenticate, secure_path, timestamp_timeout, …"),
        Column("operator", "text", "=, += or -=; NULL for options without a value"),
        Column("value", "text", "value; NULL for options without one"),
        Column("negated", "boolean", "the option is switched off (!option)"),
        Column("source", "text", "file of the entry"),
        Column("line", "integer", "line where the entry starts"),
        Column("position", "integer", "order among all Defaults options, from 1"),
    ),
    sections=SECTIONS,
    build=build,
    extra_sections=EXTRA_SECTIONS,
)
