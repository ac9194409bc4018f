"""Pending updates of dpkg's packages, as apt would decide on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from secops.hosts.apt.host import Apt, read_apt, read_pins
from secops.hosts.evidence import Evidence
from secops.hosts.tables import Built, Facts, Row
from secops.hosts.tables.hosts import machine_id
from secops.hosts.tables.packages import DPKG_STATUS, stanzas
from secops.patches.pending.apt_state import state
from secops.patches.pending.manager import Manager
from secops.patches.pending.matching import UndecidableError, Version
from secops.patches.pending.phasing import is_deferred
from secops.patches.pending.policy import Package, Policy, Priority, gather
from secops.patches.versions import compare


def updates(evidence: Evidence, tables: Mapping[str, Facts], built: Built) -> None:
    """One row for each package with a newer version that apt would install, or that a pin keeps away."""
    rows = [row for row in tables["packages"].rows if row["kind"] == "dpkg"]
    apt = read_apt(evidence, rows, built)
    pins = read_pins(evidence, built)
    everywhere = {row["name"] for row in rows if row["architecture"] == "all"}
    packages = gather((package_of(row, apt.native) for row in rows), apt.repositories, apt.native)
    held, machine = _held(evidence, apt.native), apt.settings.find("APT::Machine-ID") or machine_id(evidence)
    try:
        policy = Policy(pins, apt.settings.find("APT::Default-Release"), apt.repositories, apt.native)
        plain = Policy([], "", apt.repositories, apt.native)
        for package in packages:
            row = _row(package, policy, plain, apt, machine)
            if row:
                told = "all" if package.name in everywhere else package.architecture  # to apt it is its own
                built.rows.append(row | {"architecture": told, "held": (package.name, package.architecture) in held})
    except UndecidableError as error:
        built.lack(f"the preferences of apt cannot be worked out: {error}")


def package_of(row: Row, native: str) -> Package:
    """An installed package, of which no other version is known yet."""
    architecture = native if row["architecture"] in ("all", None) else row["architecture"]
    source = row["source_name"] or row["name"]
    version = Version(row["version"], source, row["source_version"] or row["version"], installed=True)
    return Package(row["name"], architecture, [version])


def _held(evidence: Evidence, native: str) -> frozenset[tuple[str, str]]:
    """Packages on hold, by name and architecture."""
    found = set()
    for item in evidence[DPKG_STATUS.name].files:
        for fields in stanzas(item, "Package", Built()):
            if fields.get("Status", "").startswith("hold "):
                architecture = fields.get("Architecture", "all")
                found.add((fields["Package"], native if architecture == "all" else architecture))
    return frozenset(found)


def _row(package: Package, policy: Policy, plain: Policy, apt: Apt, machine: str | None) -> Row | None:
    """The row of a package; None when nothing newer is wanted, nor would be without pins."""
    chosen, wanted = (_newer(package, one.candidate(package)) for one in (policy, plain))
    reached = wanted if chosen is None else chosen
    if reached is None:
        return None
    installed = package.installed
    assert installed  # noqa: S101 - `_newer` knows one
    version = package.versions[reached]
    security = any(one.is_security for one in package.versions[reached:] if _is_newer(one, installed))
    return {
        "kind": "dpkg",
        "package": package.name,
        "architecture": package.architecture,
        "installed": installed.text,
        "candidate": None if chosen is None else version.text,
        "source_name": version.source,
        "repository": _where(version),
        "security": security,
        "severity": None,
        "advisory": None,
        "pinned": None if chosen == 0 else _why(policy.priorities(package), chosen),
        "newest": package.versions[0].text,
        "priority": None if chosen is None else policy.priorities(package)[chosen].value,
        **_phased(None if chosen is None else version, apt, machine, security=security),
    }


def _is_newer(version: Version, installed: Version) -> bool:
    return compare("dpkg", version.text, installed.text) > 0


def _newer(package: Package, at: int | None) -> int | None:
    """The place, when the version there is newer than the installed one."""
    installed = package.installed
    return at if at is not None and installed and _is_newer(package.versions[at], installed) else None


def _where(version: Version) -> str | None:
    """A repository of the version, a security one before others."""
    best = sorted(version.repositories, key=lambda one: not one.is_security)
    return best[0].words if best else None


def _why(priorities: Sequence[Priority], chosen: int | None) -> str:
    """Why the newest version is not the candidate: its own pin, else that of what is preferred to it."""
    newest, others = priorities[0], priorities[1:] if chosen is None else [priorities[chosen]]
    preferred = max(others, key=lambda one: one.value, default=newest)
    if newest.by:
        return f"pin {newest.value} by {newest.by}"
    if preferred.by:
        return f"priority {newest.value}, below pin {preferred.value} by {preferred.by}"
    return f"priority {newest.value}"


def _phased(version: Version | None, apt: Apt, machine: str | None, *, security: bool) -> Row:
    if version is None:
        return {"phased": None, "deferred": None}
    text, percent = (version.source, version.source_version), version.phased
    deferred = is_deferred(*text, percent, machine, apt.settings, security=security)
    return {"phased": percent if percent < 100 else None, "deferred": deferred}


MANAGER = Manager(updates, state)
