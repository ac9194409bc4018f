"""Small feeds under the names that the documentation has for large ones."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime


def feeds() -> dict[str, bytes]:
    """File name → content: two advisories of Debian 12, one of them on an exploited flaw. As new as today."""
    paper = io.BytesIO()
    with zipfile.ZipFile(paper, "w") as archive:
        for name, package, flaw in (("DSA-1-1", "openssh", "CVE-2024-6387"), ("DSA-2-1", "sudo", "CVE-2026-2")):
            archive.writestr(f"{name}.json", json.dumps(_advisory(name, package, flaw)))
    kev = {"catalogVersion": "1", "dateReleased": _now(), "count": 1, "vulnerabilities": [
        {"cveID": "CVE-2024-6387", "vendorProject": "OpenBSD", "product": "OpenSSH", "vulnerabilityName": "regreSSHion",
         "dateAdded": "2024-07-01", "shortDescription": "", "requiredAction": "", "dueDate": "2024-07-22",
         "knownRansomwareCampaignUse": "Unknown", "notes": ""},
    ]}  # fmt: skip
    return {"debian-osv.zip": paper.getvalue(), "known_exploited_vulnerabilities.json": json.dumps(kev).encode()}


def _advisory(name: str, package: str, flaw: str) -> dict[str, object]:
    events = [{"introduced": "0"}, {"fixed": "9:99-1"}]
    return {
        "id": name, "schema_version": "1.6.0", "modified": _now(), "published": "2026-01-01T00:00:00Z",
        "summary": f"{package} - security update", "upstream": [flaw],
        "affected": [{"package": {"name": package, "ecosystem": "Debian:12"},
                      "ranges": [{"type": "ECOSYSTEM", "events": events}]}],
    }  # fmt: skip


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
