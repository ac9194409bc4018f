"""CSAF documents in the making."""

from __future__ import annotations

import json
from typing import Any


def document(products: dict[str, str], related: list[tuple[str, str]], flaw: dict[str, Any], key: str) -> bytes:
    """A document: products by id with their CPE name or package URL, products as a part of others, and one flaw."""
    branches = [
        {"category": "product_version", "name": product, "product": {
            "name": product, "product_id": product,
            "product_identification_helper": {"cpe" if helper.startswith("cpe") else "purl": helper} if helper else {},
        }} for product, helper in products.items()
    ]  # fmt: skip
    relations = [
        {"category": "default_component_of", "product_reference": part, "relates_to_product_reference": whole,
         "full_product_name": {"product_id": f"{whole}:{part.removesuffix('.rpm')}", "name": "x"}}
        for part, whole in related
    ]  # fmt: skip
    tracking = {"id": key, "initial_release_date": "2025-03-30T01:00:00+08:00"}
    head = {
        "csaf_version": "2.0", "category": "csaf_vex", "title": "vim security update",
        "tracking": tracking | {"current_release_date": "2025-04-01T00:00:00Z"},
        "aggregate_severity": {"text": "Moderate"}, "references": [{"category": "self", "url": "https://x/self"}],
    }  # fmt: skip
    tree = {"branches": [{"category": "vendor", "name": "x", "branches": branches}], "relationships": relations}
    return json.dumps(
        {"document": head, "product_tree": tree, "vulnerabilities": [{"cve": "CVE-2025-1"} | flaw]}
    ).encode()


SP3 = "openEuler-22.03-LTS-SP3"
OPENEULER = {SP3: "cpe:/a:openEuler:openEuler:22.03-LTS-SP3"}


def openeuler(*files: str, status: str = "fixed", key: str = "openEuler-SA-2025-1351", **flaw: Any) -> bytes:
    ids = [f"{SP3}:{name.removesuffix('.rpm')}" for name in files]
    products = OPENEULER | dict.fromkeys(files, "")
    return document(products, [(name, SP3) for name in files], {"product_status": {status: ids}} | flaw, key)


REDHAT = {
    "AppStream-9": "cpe:/a:redhat:enterprise_linux:9::appstream",
    "AppStream-8.8.EUS": "cpe:/a:redhat:rhel_eus:8.8::appstream",
    "rhel_8": "cpe:/o:redhat:enterprise_linux:8",
    "jboss": "cpe:/a:redhat:jboss_core_services:1",
}


def redhat(part: str, purl: str, whole: str, status: str = "fixed", key: str = "RHSA-2025:1", **flaw: Any) -> bytes:
    flaw = {"product_status": {status: [f"{whole}:{part}"]}} | flaw
    return document(REDHAT | {part: purl}, [(part, whole)], flaw, key)
