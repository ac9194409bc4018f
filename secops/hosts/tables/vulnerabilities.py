"""Flaws in the packages of a host, by what imported feeds say. Worked out over all hosts by `secops.patches.match`."""

from __future__ import annotations

from secops.hosts.evidence import Evidence
from secops.hosts.tables import Built, Column, Table, hosts, kernels, live_patches, packages, running_code
from secops.hosts.tables.hosts import OS_RELEASE

_READ = (hosts.TABLE, packages.TABLE, kernels.TABLE, running_code.TABLE, live_patches.TABLE)


def build(evidence: Evidence) -> Built:  # noqa: ARG001 - the rows come from `secops.patches`
    """Not whole: what is known of flaws, feeds tell."""
    built = Built()
    built.lack("no feed is imported")
    return built


TABLE = Table(
    name="vulnerabilities",
    doc="Flaws in installed packages by what the imported feeds say (docs/patches.md), one row for each flaw and "
    "package. What a feed's fix has mended is not in it. Its parts: unfixed (rows of flaws that nothing mends yet: "
    "many feeds tell of fixes alone), exploited (CISA's list, KEV), scored (EPSS), exposure (whether the code runs).",
    columns=(
        Column("flaw", "text", "CVE id, or the feed's own where it has none"),
        Column("package", "text", "name of the (binary) package, as in packages"),
        Column("kind", "text", "package manager that installed it: dpkg, rpm or apk"),
        Column("architecture", "text", "its architecture"),
        Column("installed", "text", "its version"),
        Column("source_name", "text", "the source package it was built from"),
        Column("advisory", "text", "the advisory that says so; the flaw's id where the feed has none"),
        Column("status", "text", "fixed-available, affected-no-fix, will-not-fix, not-affected or unknown"),
        Column("words", "text", "the vendor's own words for it: no-dsa, postponed, Fix deferred, …; NULL for none"),
        Column("fixed", "text", "the version that mends it; of the source package where the feed is by source"),
        Column("upgrade", "text", "the package to install for it: itself, but for kernels of Debian and Ubuntu, whose "
               "names hold their version, the one that brings the newest (linux-image-amd64)"),
        Column("reboot", "boolean", "code of a kernel: what mends it is in force once the host was started again"),
        Column("severity", "text", "critical, high, medium, low: the vendor's, else by the CVSS score; NULL for none"),
        Column("score", "number", "CVSS base score"),
        Column("published", "text", "day of the advisory, ISO 8601"),
        Column("age_days", "integer", "how long ago that was when the host was judged", unit="days"),
        Column("title", "text", "the advisory's title"),
        Column("url", "text", "where it can be read"),
        Column("feed", "text", "the feed that says so, as in feeds"),
        Column("exploited_since", "text", "day on which CISA listed it as exploited; NULL: not listed",
               parts=("exploited",)),
        Column("due", "text", "day by which CISA wants it mended", parts=("exploited",)),
        Column("ransomware", "boolean", "known to be used by ransomware", parts=("exploited",)),
        Column("epss", "number", "EPSS: the probability that it is exploited within 30 days", parts=("scored",)),
        Column("percentile", "number", "EPSS: the share of flaws that are less probable", parts=("scored",)),
        Column("urgency", "integer", "1 exploited, 2 probably soon (EPSS of 10 % and more), 3 critical or high, 4 else",
               parts=("exploited",)),
        Column("exposed", "boolean", "false: a kernel that does not run, or a package that holds none of its code",
               parts=("exposure",)),
        Column("listening", "boolean", "code of the package runs in a process that others can reach; NULL: none runs",
               parts=("exposure",)),
        Column("as_root", "boolean", "code of the package runs in a process of root; NULL: none runs",
               parts=("exposure",)),
    ),
    sections=(OS_RELEASE,),
    parts={"unfixed": (), "exploited": (), "scored": (), "exposure": ()},
    extra_sections=tuple(section for table in _READ for section in table.all_sections),
    build=build,
    late="patches",
)  # fmt: skip
