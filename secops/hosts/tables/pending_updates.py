"""Updates that wait on a host, by its own indexes. Worked out by `secops.patches.pending`."""

from __future__ import annotations

from secops.hosts.apt import sections as apt
from secops.hosts.tables import Column, Table, packages
from secops.hosts.tables._ways import elsewhere
from secops.hosts.tables.hosts import MACHINE_ID

TABLE = Table(
    name="pending_updates",
    doc="Installed packages of which the host's package manager knows a newer version, by the indexes it has fetched "
    "and by its own policy: pins, holds, default release, backports. Also those whose newer version a pin keeps away, "
    "without a candidate. Not whole where an index of a configured source is not there.",
    columns=(
        Column("kind", "text", "dpkg, rpm or apk"),
        Column("package", "text", "name of the package"),
        Column("architecture", "text", "architecture of the installed one, in the package manager's words"),
        Column("installed", "text", "installed version"),
        Column("candidate", "text", "version that the package manager would install; NULL when a pin keeps all away"),
        Column("source_name", "text", "name of the source package"),
        Column(
            "repository",
            "text",
            "where the candidate is (without one, the newest version), a security repository first: for apt as "
            "o=origin,a=suite,n=codename,l=label,c=component, or its site",
        ),
        Column(
            "security",
            "boolean",
            "a version newer than the installed one, up to the candidate (without one, to the newest), is in a "
            "security repository",
        ),
        Column("held", "boolean", "the package is on hold: it is not upgraded until that is taken off"),
        Column("pinned", "text", "why the newest version is not the candidate; NULL when it is"),
        Column("newest", "text", "the newest version in any index"),
        Column("priority", "integer", "apt's priority of the candidate"),
        Column("phased", "integer", "share of hosts that get the candidate by now; NULL for all", "percent"),
        Column(
            "deferred",
            "boolean",
            "this host's turn of a phased update has not come, as apt draws it by the machine-id; NULL when not known",
        ),
    ),
    sections=(),
    extra_sections=(
        apt.INDEXES, apt.CONF, apt.SOURCES, apt.PREFERENCES, apt.ARCHITECTURES, MACHINE_ID,
        *packages.TABLE.all_sections,
    ),
    build=elsewhere,
    late="patches",
)  # fmt: skip
