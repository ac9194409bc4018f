"""Flaws of a run as CycloneDX VEX: what has which flaw, and what its vendor says of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any
from urllib.parse import quote

from cyclonedx.model import Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.impact_analysis import ImpactAnalysisResponse, ImpactAnalysisState
from cyclonedx.model.vulnerability import (
    BomTarget,
    Vulnerability,
    VulnerabilityAdvisory,
    VulnerabilityAnalysis,
    VulnerabilityRating,
    VulnerabilitySeverity,
    VulnerabilitySource,
)
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from secops.core.inert import json_escape, replace_hidden
from secops.patches.listing import STATUSES, where

_SAME = (
    "flaw, advisory, feed, status, words, fixed, severity, score, published, title, url, exploited_since, epss,"
    " package, v.kind, v.architecture, installed, ecosystem, h.release"
)


def select(hosts: Sequence[str] = ()) -> str:
    """The SELECT that gives one row for each flaw of each distinct package, with the hosts that have it."""
    return (
        f"select {_SAME}, min(coalesce(upgrade, package)) as upgrade, list(distinct host order by host) as hosts"  # noqa: S608 - quoted
        " from vulnerabilities v join hosts h using (host)"
        f" where {where(tuple(STATUSES), hosts)} group by {_SAME} order by {_SAME}"
    )


#: What one vulnerability of the document stands for; these come first in `_SAME`, too.
_GROUP = ("flaw", "advisory", "feed", "status")

_STATES = {
    "fixed-available": (ImpactAnalysisState.EXPLOITABLE, [ImpactAnalysisResponse.UPDATE]),
    "affected-no-fix": (ImpactAnalysisState.EXPLOITABLE, []),
    "will-not-fix": (ImpactAnalysisState.EXPLOITABLE, [ImpactAnalysisResponse.WILL_NOT_FIX]),
    "not-affected": (ImpactAnalysisState.NOT_AFFECTED, []),
    "unknown": (ImpactAnalysisState.IN_TRIAGE, []),
}

_TYPES = {"dpkg": "deb", "rpm": "rpm", "apk": "apk"}

#: Whose packages they are in the words of the purl specification, where that is not the ID of os-release.
_VENDORS = {"rhel": "redhat", "sles": "suse", "sled": "suse", "opensuse-leap": "opensuse", "ol": "oracle"}


def document(
    rows: Sequence[dict[str, Any]], run: str, feeds: Sequence[dict[str, Any]], missing: Sequence[dict[str, Any]]
) -> str:
    """The rows that `select` gives as one CycloneDX 1.6 document in JSON.

    The run, the feeds with their dates, and why flaws may be missing (`listing.missing`) are properties of it.
    """
    bom = Bom()
    bom.properties.add(Property(name="citywall:run", value=run))
    for feed in feeds:
        date = f"{feed['as_of'] or 'no date'}{', stale' if feed['is_stale'] else ''}"
        bom.properties.add(Property(name=f"citywall:feed:{feed['feed']}", value=date))
    for lack in missing:
        who = lack["host"] if lack["n"] == 1 else f"{lack['n']} hosts"
        bom.properties.add(Property(name="citywall:not-judged", value=f"{who}: {lack['reason']}"))
    on: defaultdict[str, set[str]] = defaultdict(set)
    components: dict[str, Component] = {}
    for row in rows:
        ref = _ref(row)
        components[ref] = components.get(ref) or _component(row)
        on[ref].update(row["hosts"])
    for ref, component in components.items():
        component.properties.update(Property(name="citywall:host", value=host) for host in sorted(on[ref]))
        bom.components.add(component)
    for _, same in groupby(rows, key=lambda row: [row[name] for name in _GROUP]):
        bom.vulnerabilities.add(_vulnerability(list(same)))
    return replace_hidden(JsonV1Dot6(bom).output_as_string(indent=1), json_escape) + "\n"


def _component(row: dict[str, Any]) -> Component:
    return Component(
        name=row["package"], version=row["installed"], type=ComponentType.LIBRARY, purl=_purl(row), bom_ref=_ref(row)
    )


def _ref(row: dict[str, Any]) -> str:
    """What a package is called in the document: unique, and the same for all hosts."""
    names = ("ecosystem", "release", "kind", "package", "installed", "architecture")
    return "/".join(quote(row[name] or "", safe=":+~") for name in names)


def _purl(row: dict[str, Any]) -> PackageURL | None:
    """None for a name that no purl can have, which a host may tell all the same."""
    version, arch = row["installed"], row["architecture"]
    qualifiers = {"distro": f"{row['ecosystem']}-{row['release']}", **({"arch": arch} if arch else {})}
    if row["kind"] == "rpm" and ":" in version:
        qualifiers["epoch"], _, version = version.partition(":")
    vendor = _VENDORS.get(row["ecosystem"], row["ecosystem"])
    try:
        purl = PackageURL(_TYPES[row["kind"]], vendor, row["package"], version, qualifiers)
        return purl if PackageURL.from_string(purl.to_string()) == purl else None
    except (TypeError, ValueError):
        return None


def _vulnerability(rows: Sequence[dict[str, Any]]) -> Vulnerability:
    """What one advisory says of one flaw, with the packages it concerns."""
    row = rows[0]
    state, responses = _STATES[row["status"]]
    fixes = sorted({f"{one['upgrade']}: {one['fixed']}" for one in rows if one["fixed"]})
    known = [("exploited_since", row["exploited_since"]), ("epss", row["epss"]), ("feed", row["feed"])]
    return Vulnerability(
        bom_ref="/".join(quote(row[name], safe=":") for name in _GROUP),
        id=row["flaw"],
        source=VulnerabilitySource(name=row["advisory"], url=XsUri(row["url"]) if row["url"] else None),
        ratings=_ratings(row),
        description=row["title"],
        recommendation="; ".join(fixes) or None,
        advisories=[VulnerabilityAdvisory(url=XsUri(row["url"]), title=row["advisory"])] if row["url"] else None,
        published=datetime.fromisoformat(f"{row['published']}T00:00:00+00:00") if row["published"] else None,
        analysis=VulnerabilityAnalysis(state=state, responses=responses, detail=row["words"]),
        affects=[BomTarget(ref=_ref(one)) for one in rows],
        properties=[Property(name=f"citywall:{name}", value=str(value)) for name, value in known if value is not None],
    )


def _ratings(row: dict[str, Any]) -> list[VulnerabilityRating] | None:
    if row["severity"] is None and row["score"] is None:
        return None
    severity = VulnerabilitySeverity(row["severity"]) if row["severity"] else None
    score = Decimal(str(row["score"])) if row["score"] is not None else None
    return [VulnerabilityRating(score=score, severity=severity)]
