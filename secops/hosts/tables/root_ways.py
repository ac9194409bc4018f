"""Ways of accounts to root. Worked out from what the other tables and the evidence say, by `secops.privilege`."""

from __future__ import annotations

from secops.hosts.tables import Table
from secops.hosts.tables._ways import COLUMNS, EXTRA_SECTIONS, PARTS, elsewhere
from secops.hosts.tables.groups import GROUP
from secops.hosts.tables.users import PASSWD

TABLE = Table(
    name="root_ways",
    doc="What makes an account root, or as good as root, one row for each way: a second uid 0, groups, sudo and doas "
    "as they themselves decide (the last rule that matches, exceptions, arguments, NOEXEC, whose password is asked), "
    "polkit, programs, sockets, files that others may change. Each part is whole when all that ways of its kind hang "
    "on was seen, and it is known of each way whether it counts.",
    columns=COLUMNS,
    sections=(PASSWD, GROUP),
    parts=PARTS,
    extra_sections=EXTRA_SECTIONS,
    build=elsewhere,
    late="privilege",
)
