"""Updates that wait on a host, by its own indexes. Worked out by `secops.patches.pending`."""

from __future__ import annotations

from secops.hosts.apk import sections as apk
from secops.hosts.apt import sections as apt
from secops.hosts.dnf import sections as dnf
from secops.hosts.dnf.index_section import INDEXES as DNF_INDEXES
from secops.hosts.tables import Column, Table, packages
from secops.hosts.tables._ways import elsewhere
from secops.hosts.tables.hosts import MACHINE_ID, OS_RELEASE

TABLE = Table(
    name="pending_updates",
    doc="Installed packages of which the host's package manager knows a newer version, by the indexes it has fetched "
    "and by its own policy: pins, holds, default release, backports; excludes, locks, modules and priorities. "
    "Also those whose newer version a pin keeps away, "
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
            "o=origin,a=suite,n=codename,l=label,c=component, or its site; for dnf and zypper its name, "
            "for apk its address",
        ),
        Column(
            "security",
            "boolean",
            "a version newer than the installed one, up to the candidate (without one, to the newest), is in a "
            "security repository, or brought by a security advisory; NULL when the indexes do not tell",
        ),
        Column("severity", "text", "rpm: how bad, in the vendor's word, the worst of these advisories is"),
        Column("advisory", "text", "rpm: the worst of these advisories"),
        Column("held", "boolean", "the package is on hold: it is not upgraded until that is taken off"),
        Column("pinned", "text", "why the newest version is not the candidate; NULL when it is"),
        Column("newest", "text", "the newest version in any index"),
        Column(
            "priority",
            "integer",
            "apt's priority of the candidate; for dnf and zypper that of its repository, where the lower one wins",
        ),
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
        DNF_INDEXES, dnf.CONF, dnf.REPOS, dnf.VARS, dnf.PARTS, dnf.MODULES, dnf.LOCKS, OS_RELEASE,
        apk.INDEXES, apk.REPOSITORIES, apk.WORLD,
        *packages.TABLE.all_sections,
    ),
    build=elsewhere,
    late="patches",
)  # fmt: skip
