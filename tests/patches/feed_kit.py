"""Feeds as vendors publish them, small: files to import."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

TODAY = datetime.now(UTC).date()


def days_ago(days: int) -> str:
    return (TODAY - timedelta(days)).isoformat()


def osv(name: str, *affected: tuple[str, str, str], flaws: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    """An advisory, of CVE-2026-1001 when it ends in `:1`, on (ecosystem, package, fixed version or none)."""
    return {
        "id": name, "modified": f"{days_ago(1)}T00:00:00Z", "published": f"{days_ago(40)}T00:00:00Z",
        "summary": f"{name} in words",
        "related": list(flaws) or [f"CVE-2026-{1000 + int(name.rpartition(':')[2])}"],
        "affected": [
            {"package": {"ecosystem": ecosystem, "name": package},
             "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]}]}
            for ecosystem, package, fixed in affected
        ],
        **more,
    }  # fmt: skip


def archive(path: Path, documents: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Path:
    """A zip of documents by name, or of advisories by their ids; what is no text or bytes becomes JSON."""
    named = documents if isinstance(documents, Mapping) else {f"{one['id']}.json": one for one in documents}
    with zipfile.ZipFile(path, "w") as target:
        for name, content in named.items():
            target.writestr(name, content if isinstance(content, str | bytes) else json.dumps(content))
    return path


def kev(path: Path, *flaws: str, as_of: str = "", **more: Any) -> Path:
    """CISA's list with these flaws."""
    entries = [
        {"cveID": flaw, "vendorProject": "A", "product": "B", "vulnerabilityName": f"{flaw} in words",
         "dateAdded": "2026-03-01", "shortDescription": "x", "requiredAction": "y", "dueDate": "2026-03-22",
         "knownRansomwareCampaignUse": "Known", "notes": "", "cwes": [], **more}
        for flaw in flaws
    ]  # fmt: skip
    day = as_of or days_ago(1)
    path.write_text(json.dumps({
        "title": "CISA Catalog of Known Exploited Vulnerabilities", "catalogVersion": day.replace("-", "."),
        "dateReleased": f"{day}T15:00:00.0000Z", "count": len(entries), "vulnerabilities": entries,
    }))  # fmt: skip
    return path


def epss(path: Path, scores: Mapping[str, float]) -> Path:
    lines = [f"{flaw},{score},0.9" for flaw, score in scores.items()]
    text = f"#model_version:v2026.03.14,score_date:{days_ago(1)}T00:00:00+0000\ncve,epss,percentile\n"
    path.write_text(text + "\n".join(lines) + "\n")
    return path
