"""Flaws of a run as CycloneDX VEX: what has which flaw, and what its vendor says of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

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

_SAME = (
    "flaw, advisory, feed, status, words, fixed, severity, score, published, title, url, exploited_since, epss,"
    " package, v.kind, v.architecture, installed, ecosystem, h.release"
)

#: One row for each flaw of each distinct package, with the hosts that have it, each named as people know it.
SELECT = (
    f"select {_SAME}, list(distinct host order by host) as hosts, list(distinct h.name) as names"  # noqa: S608 - ours
    f" from vulnerabilities v join hosts h using (host) group by {_SAME} order by {_SAME}"
)

_STATES = {
    "fixed-available": (ImpactAnalysisState.EXPLOITABLE, [ImpactAnalysisResponse.UPDATE]),
    "affected-no-fix": (ImpactAnalysisState.EXPLOITABLE, []),
    "will-not-fix": (ImpactAnalysisState.EXPLOITABLE, [ImpactAnalysisResponse.WILL_NOT_FIX]),
    "not-affected": (ImpactAnalysisState.NOT_AFFECTED, []),
    "unknown": (ImpactAnalysisState.IN_TRIAGE, []),
}

_TYPES = {"dpkg": "deb", "rpm": "rpm", "apk": "apk"}


def document(rows: Sequence[dict[str, Any]], run: str) -> str:
    """The rows that `SELECT` gives as one CycloneDX 1.6 document in JSON. `run` becomes a property of it."""
    bom = Bom()
    bom.properties.add(Property(name="citywall:run", value=run))
    where: defaultdict[str, set[str]] = defaultdict(set)
    components: dict[str, Component] = {}
    for row in rows:
        component = _component(row)
        components[str(component.bom_ref)] = component
        where[str(component.bom_ref)].update(row["hosts"])
    for ref, component in components.items():
        component.properties.update(Property(name="citywall:host", value=host) for host in sorted(where[ref]))
        bom.components.add(component)
    for _, same in groupby(rows, key=lambda row: [row[name] for name in ("flaw", "advisory", "feed", "status")]):
        bom.vulnerabilities.add(_vulnerability(list(same)))
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def _component(row: dict[str, Any]) -> Component:
    arch, distro = row["architecture"], f"{row['ecosystem']}-{row['release']}"
    qualifiers = {"distro": distro, **({"arch": arch} if arch else {})}
    purl = PackageURL(_TYPES[row["kind"]], row["ecosystem"], row["package"], row["installed"], qualifiers)
    return Component(
        name=row["package"], version=row["installed"], type=ComponentType.LIBRARY, purl=purl, bom_ref=purl.to_string()
    )


def _vulnerability(rows: Sequence[dict[str, Any]]) -> Vulnerability:
    """What one advisory says of one flaw, with the packages it concerns."""
    row = rows[0]
    state, responses = _STATES[row["status"]]
    fixes = sorted({f"{one['package']}: {one['fixed']}" for one in rows if one["fixed"]})
    known = [("exploited_since", row["exploited_since"]), ("epss", row["epss"]), ("feed", row["feed"])]
    return Vulnerability(
        bom_ref=" ".join([row["flaw"], row["advisory"], row["feed"], row["status"]]),
        id=row["flaw"],
        source=VulnerabilitySource(name=row["advisory"], url=XsUri(row["url"]) if row["url"] else None),
        ratings=_ratings(row),
        description=row["title"],
        recommendation="; ".join(fixes) or None,
        advisories=[VulnerabilityAdvisory(url=XsUri(row["url"]), title=row["advisory"])] if row["url"] else None,
        published=datetime.fromisoformat(f"{row['published']}T00:00:00+00:00") if row["published"] else None,
        analysis=VulnerabilityAnalysis(state=state, responses=responses, detail=row["words"]),
        affects=[BomTarget(ref=str(_component(one).bom_ref)) for one in rows],
        properties=[Property(name=f"citywall:{name}", value=str(value)) for name, value in known if value is not None],
    )


def _ratings(row: dict[str, Any]) -> list[VulnerabilityRating] | None:
    if row["severity"] is None and row["score"] is None:
        return None
    severity = VulnerabilitySeverity(row["severity"]) if row["severity"] else None
    score = Decimal(str(row["score"])) if row["score"] is not None else None
    return [VulnerabilityRating(score=score, severity=severity)]
