"""Ways of accounts to other accounts than root. Worked out by `secops.privilege`."""

from __future__ import annotations

from secops.hosts.tables import Column, Table
from secops.hosts.tables._ways import COLUMNS, PARTS, elsewhere
from secops.hosts.tables.root_ways import TABLE as ROOT_WAYS

TABLE = Table(
    name="account_ways",
    doc="What makes an account another that is not root, one row for each way, as in root_ways: steps to root.",
    columns=(
        *COLUMNS,
        Column(
            "becomes", "text", "the account whose power it gives; `-g NAME` for a group that one may choose by sudo"
        ),
    ),
    sections=ROOT_WAYS.sections,
    parts=PARTS,
    extra_sections=ROOT_WAYS.extra_sections,
    build=elsewhere,
    late="privilege",
)
