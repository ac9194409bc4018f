"""What a CSAF document says of itself, and of one flaw product by product: remediations, threats, scores, flags."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import msgspec

from secops.patches.feeds import vetting
from secops.patches.statement import Severity, Status

#: Ids of advisories at the end of a remediation's URL: a VEX document names there where a flaw was mended.
_ADVISORY = re.compile(r"[/=]((?:RH[SBE]A|openEuler-(?:HotPatch)?SA)-\d{4}[:-]\d+)$")

#: Words that say no more than their status, and the length from which a detail is a text and no word.
_EMPTY = ("affected", "fixed", "not affected")
_LONGEST_WORD = 60


class _Text(msgspec.Struct):
    text: str = ""


class _Tracking(msgspec.Struct):
    id: str
    initial_release_date: str = ""
    current_release_date: str = ""
    generator: Any = None


class _Reference(msgspec.Struct):
    category: str = ""
    url: str = ""


class Head(msgspec.Struct):
    """`document`."""

    tracking: _Tracking
    title: str = ""
    aggregate_severity: _Text = msgspec.field(default_factory=_Text)
    references: list[_Reference] = []

    @property
    def as_of(self) -> date | None:
        """The day it was changed, or made anew though nothing in it had changed."""
        generator = self.tracking.generator if isinstance(self.tracking.generator, dict) else {}
        stamps = (self.tracking.current_release_date, generator.get("date"))
        days = (vetting.day(stamp) for stamp in stamps if isinstance(stamp, str))
        return max(filter(None, days), default=None)

    @property
    def hot(self) -> bool:
        """Whether it is an advisory on hot patches."""
        return "HotPatchSA" in self.tracking.id

    @property
    def url(self) -> str:
        return next((reference.url for reference in self.references if reference.category == "self"), "")


class Saying(msgspec.Struct):
    """A remediation, a threat or a flag, and the products it is said of; of all when it names none."""

    category: str = ""
    label: str = ""
    details: str = ""
    url: str = ""
    date: str = ""
    product_ids: list[str] = []
    group_ids: list[str] = []


class _Cvss3(msgspec.Struct):
    base: float | None = msgspec.field(name="baseScore", default=None)


class _Score(msgspec.Struct):
    cvss_v3: _Cvss3 | None = None
    products: list[str] = []


class Vulnerability(msgspec.Struct):
    """`vulnerabilities[]`."""

    cve: str = ""
    ids: list[_Text] = []
    title: str = ""
    release_date: str = ""
    product_status: dict[str, list[str]] = {}
    remediations: list[Saying] = []
    threats: list[Saying] = []
    flags: list[Saying] = []
    scores: list[_Score] = []

    @property
    def id(self) -> str:
        """The CVE, else the first id that the vendor gives."""
        return self.cve or next((other.text for other in self.ids), "")


class View:
    """One flaw of a document, asked by product."""

    def __init__(self, flaw: Vulnerability, head: Head, group: Callable[[str], list[str]]) -> None:
        self._flaw, self._head = flaw, head
        self._remediations = _by_product(flaw.remediations, group)
        self._threats = _by_product((threat for threat in flaw.threats if threat.category == "impact"), group)
        self._flags = _by_product(flaw.flags, group)
        scores = [(score.products, score.cvss_v3.base) for score in flaw.scores if score.cvss_v3]
        self._scores = {product: vetting.score(base) for products, base in scores for product in products}

    @property
    def title(self) -> str:
        named = self._flaw.title != self._flaw.id
        return vetting.line((self._flaw.title if named else "") or self._head.title)

    def said(self, product: str, status: Status) -> tuple[Status, str]:
        """Status and the vendor's words for it. A flaw that is not going to be mended has another status."""
        if status == "not-affected":
            flag = next(iter(self._of(self._flags, product)), None)
            return status, vetting.line(flag.label.replace("_", " ")) if flag else ""
        if status != "affected":
            return status, ""
        for remediation in self._of(self._remediations, product):
            if remediation.category == "no_fix_planned":
                return "will-not-fix", _word(remediation.details)
            if remediation.category == "none_available":
                return status, _word(remediation.details)
        return status, ""

    def fix(self, product: str) -> Saying | None:
        """The remediation that mends it."""
        return next((said for said in self._of(self._remediations, product) if said.category == "vendor_fix"), None)

    def advisory(self, product: str) -> str:
        """The advisory that mends it, where the remediation names one; else the document's own id."""
        fix = self.fix(product)
        found = _ADVISORY.search(fix.url) if fix else None
        return found[1] if found else self._head.tracking.id

    def url(self, product: str) -> str:
        fix = self.fix(product)
        return vetting.line(fix.url if fix and fix.url else self._head.url)

    def published(self, product: str) -> date | None:
        """When the vendor mended it, or said that he has not. A flaw's own age is not the age of its fix."""
        fix = self.fix(product)
        if fix is None:
            return vetting.day(self._flaw.release_date or self._head.tracking.initial_release_date)
        own = self.advisory(product) == self._head.tracking.id
        return vetting.day(fix.date or (self._head.tracking.initial_release_date if own else ""))

    def severity(self, product: str) -> Severity:
        threat = next(iter(self._of(self._threats, product)), None)
        return vetting.severity(threat.details if threat else self._head.aggregate_severity.text)

    def score(self, product: str) -> float | None:
        return self._scores.get(product)

    def _of(self, said: dict[str, list[Saying]], product: str) -> list[Saying]:
        return said.get(product, []) + said.get("", [])


def _by_product(sayings: Iterable[Saying], group: Callable[[str], list[str]]) -> dict[str, list[Saying]]:
    """What is said by product; under "" what is said of all."""
    found: dict[str, list[Saying]] = {}
    for saying in sayings:
        products = [*saying.product_ids, *(product for one in saying.group_ids for product in group(one))]
        for product in products if saying.product_ids or saying.group_ids else [""]:
            found.setdefault(product, []).append(saying)
    return found


def _word(details: str) -> str:
    short = vetting.line(details)
    return "" if len(short) > _LONGEST_WORD or short.lower() in _EMPTY else short
