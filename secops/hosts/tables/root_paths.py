"""Paths of accounts to root, on their own host or another. Worked out over the fleet by `secops.privilege`."""

from __future__ import annotations

from secops.hosts.tables import Column, Table
from secops.hosts.tables._ways import elsewhere
from secops.hosts.tables.key_trust import TABLE as KEY_TRUST
from secops.hosts.tables.root_ways import TABLE as ROOT_WAYS

TABLE = Table(
    name="root_paths",
    doc="Which accounts can become root of which hosts, in any number of steps: ways on a host (root_ways, "
    "account_ways), keys from host to host (key_trust) and agents that are forwarded (ssh_client), one row for each "
    "account that can. Private keys are known of the hosts of the run alone. Whole when all ways of all hosts were "
    "seen that the account's host leads to.",
    columns=(
        Column("user_name", "text", "login name; of root the paths to the roots of other hosts"),
        Column("certain", "boolean", "false when every path of the account hangs on what is not known"),
        Column("roots", "integer", "hosts whose root it can become"),
        Column("hosts", "text[]", "these hosts by name, the first 20"),
        Column("own_root", "boolean", "its own host is among them"),
        Column("nearest", "text", "the host of the nearest root, by name"),
        Column("steps", "integer", "ways on the shortest path to it"),
        Column("path", "text[]", "that path: accounts, keys, and the ways between them"),
        Column("first_way", "text", "the kind of the first way on it, as in root_ways; key, agent"),
        Column("first_thing", "text", "what is to be changed to close that way"),
        Column("source", "text", "file that gives that way"),
        Column("line", "integer", "line there"),
    ),
    sections=ROOT_WAYS.sections,
    extra_sections=tuple(dict.fromkeys([*ROOT_WAYS.all_sections, *KEY_TRUST.all_sections])),
    build=elsewhere,
    late="privilege",
)
