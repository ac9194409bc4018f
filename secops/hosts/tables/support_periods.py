"""Until when the vendor mends what the host runs."""

from __future__ import annotations

from secops.hosts.evidence import Evidence, Status
from secops.hosts.section import Files, Listing
from secops.hosts.support import Extended, known
from secops.hosts.tables import Built, Column, Table
from secops.hosts.tables._listed import listed
from secops.hosts.tables.hosts import OS_RELEASE, PRODUCT, distribution

# The state of Ubuntu Pro is one line of JSON with much about the contract: two words of it leave the host.
UBUNTU_PRO = Files(
    "ubuntu_pro",
    ("/var/lib/ubuntu-advantage/status.json",),
    rewrite=(
        (r'^.*"name": ?"esm-infra", ?"status": ?"([a-z/-]{1,20})".*$', r"esm-infra \1"),
        (r'^.*"attached": ?(true|false).*$', r"attached \1"),
    ),
)
SUSE_LTSS = Listing("suse_ltss", ("/etc/products.d/*LTSS*.prod", "/etc/products.d/*ltss*.prod"))


def build(evidence: Evidence) -> Built:
    built = Built()
    ecosystem, release = distribution(evidence)
    if not ecosystem or not release:
        built.lack("the release of the distribution is not told")
        return built
    product = known().get(ecosystem)
    period = product.releases.get(release) if product else None
    if product is None or period is None:
        built.lack(f"until when {ecosystem} {release} is supported is not known", Status.ABSENT)
        return built
    extended = product.extended if period.extended_ends else None
    built.rows.append(
        {
            "product": product.name,
            "release": release,
            "ends": period.ends.isoformat(),
            "extended_ends": period.extended_ends.isoformat() if period.extended_ends else None,
            "extended_name": extended.name if extended else None,
            "extended_active": _is_active(ecosystem, extended, evidence, built) if extended else None,
            "source": product.source,
            "extended_source": (extended.source or product.source) if extended else None,
            "as_of": product.as_of.isoformat(),
        }
    )
    return built


def _is_active(ecosystem: str, extended: Extended, evidence: Evidence, built: Built) -> bool | None:
    """Whether the host gets extended support; None where nothing on it tells."""
    if not extended.enrol:
        return True
    if ecosystem == "ubuntu":
        return _pro(evidence)
    if ecosystem == "sles" and any(listed(evidence, SUSE_LTSS, built)):
        return True
    return None


def _pro(evidence: Evidence) -> bool | None:
    words = dict(line.split(" ", 1) for line in evidence[UBUNTU_PRO.name].only.lines if " " in line)
    if "esm-infra" in words:
        return words["esm-infra"] == "enabled"
    return False if words.get("attached") == "false" else None


TABLE = Table(
    name="support_periods",
    doc="One row a host: until when the vendor mends its release. A release whose days are not known has no row, and "
    "the table is not whole then.",
    columns=(
        Column("product", "text", "the distribution"),
        Column("release", "text", "its release, as in hosts"),
        Column("ends", "text", "last day of the support that every user gets, as YYYY-MM-DD"),
        Column("extended_ends", "text", "last day of the support beyond it; NULL when none is offered"),
        Column("extended_name", "text", "what that is called: LTS, ESM, ELS, LTSS, …"),
        Column(
            "extended_active",
            "boolean",
            "the host gets it: everybody does (Debian), Ubuntu Pro or LTSS is enabled; NULL where nothing tells",
        ),
        Column("source", "text", "the vendor's page"),
        Column("extended_source", "text", "the page on extended support"),
        Column("as_of", "text", "the day on which the page was read"),
    ),
    sections=(OS_RELEASE,),
    extra_sections=(PRODUCT, UBUNTU_PRO, SUSE_LTSS),
    build=build,
)
