"""How a host is kept up to date. Worked out by `secops.patches.pending`."""

from __future__ import annotations

from secops.hosts.apk import sections as apk
from secops.hosts.apt import sections as apt
from secops.hosts.dnf import sections as dnf
from secops.hosts.dnf.index_section import INDEXES as DNF_INDEXES
from secops.hosts.tables import Column, Table, packages
from secops.hosts.tables._ways import elsewhere
from secops.hosts.tables.hosts import OS_RELEASE

TABLE = Table(
    name="update_state",
    doc="When a host last looked for updates and last upgraded, and whether it does so by itself: one row for each "
    "package manager.",
    columns=(
        Column("kind", "text", "dpkg, rpm or apk"),
        Column(
            "lists_updated_at",
            "integer",
            "when the package manager last fetched indexes, as far as it is known at least; NULL when it never did",
            "seconds since 1970-01-01 UTC",
        ),
        Column(
            "indexes_made_at",
            "integer",
            "when the newest of the fetched indexes was made, by its own word",
            "seconds since 1970-01-01 UTC",
        ),
        Column(
            "last_upgrade_at",
            "integer",
            "when a package was last upgraded; NULL when the logs that are kept know of none",
            "seconds since 1970-01-01 UTC",
        ),
        Column("automatic", "boolean", "updates are installed without anybody; NULL when not known"),
        Column("automatic_security", "boolean", "those from a security repository are; NULL when not known"),
        Column("why_not", "text", "what keeps updates from being automatic; NULL when they are, or it is not known"),
        Column("security_repository", "boolean", "a configured repository is one for security updates"),
    ),
    sections=(),
    extra_sections=(
        apt.INDEXES, apt.CONF, apt.SOURCES, apt.ARCHITECTURES, apt.HISTORY, apt.STAMPS, OS_RELEASE,
        DNF_INDEXES, dnf.CONF, dnf.REPOS, dnf.VARS, dnf.PARTS, dnf.AUTOMATIC, dnf.HISTORY,
        apk.INDEXES, apk.REPOSITORIES,
        *packages.TABLE.all_sections,
    ),
    build=elsewhere,
    late="patches",
)  # fmt: skip
