"""The feeds that say which flaws the packages of a host have: filled out of the shelf by `secops.patches`."""

from __future__ import annotations

from secops.hosts.evidence import Evidence
from secops.hosts.tables import Built, Column, Table
from secops.hosts.tables.hosts import OS_RELEASE


def build(evidence: Evidence) -> Built:  # noqa: ARG001 - the rows come from `secops.patches`
    built = Built()
    built.lack("feeds were not looked at")
    return built


TABLE = Table(
    name="feeds",
    doc="The imported feeds that count for a host (docs/patches.md): those of its release, and those on flaws as such.",
    columns=(
        Column("feed", "text", "its name on the shelf"),
        Column("format", "text", "osv, csaf, oval, kev, epss, …"),
        Column("tells", "text", "fixed (advisories alone), unfixed (also what nothing mends yet), exploited, scores"),
        Column("as_of", "text", "its own date, ISO 8601; NULL when it has none"),
        Column("age_days", "integer", "how old it was when the host was judged", unit="days"),
        Column("max_age_days", "integer", "the age from which it counts as stale", unit="days"),
        Column("is_stale", "boolean", "it is older than that, or of no known date"),
        Column("is_whole", "boolean", "it holds all advisories of its publisher on the release, and all were read"),
        Column("imported_at", "text", "when it was imported, UTC"),
        Column("source", "text", "the file it came from"),
        Column("digest", "text", "SHA-256 of that file"),
    ),
    sections=(OS_RELEASE,),
    build=build,
    late="patches",
)
