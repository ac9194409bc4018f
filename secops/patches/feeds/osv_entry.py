"""What one entry of OSV says (https://ossf.github.io/osv-schema/), as distributions write them.

Flaws are the CVE ids among `aliases` and `upstream`, else among `related` (where Debian and AlmaLinux have them).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from secops.patches.feeds import cvss_scores
from secops.patches.feeds.channels import without_rivals
from secops.patches.feeds.osv_products import Product, products_of
from secops.patches.feeds.osv_ranges import Range, RangeError, Span, spans
from secops.patches.feeds.vetting import doubted, line, moment, severity, vetted
from secops.patches.statement import About, Entry, Reject, Severity, Statement, Status

_CVE = re.compile(r"(?:[A-Za-z]+-)?(CVE-\d{4}-\d{4,})")
_STREAM = re.compile(r"(?<!\S)[\w.+-]+:[\w.+-]+(?=[\s,]|$)", re.ASCII)
_MODULE_BUILD = re.compile(r"[.]module[+_]")
_RPM_SOURCES = ("src", "nosrc")

#: Live patches: that a kernel has one, its package does not tell.
_LIVE = "LSN-"

#: The beginning of a time that some publishers write for none.
_NEVER = "0001-"

#: Debian's urgencies that are more than a severity.
_URGENCIES = ("unimportant", "end-of-life")


class _Severity(msgspec.Struct, frozen=True):
    type: str
    score: str


class _Reference(msgspec.Struct, frozen=True):
    type: str = ""
    url: str = ""


class _Package(msgspec.Struct, frozen=True):
    ecosystem: str
    name: str


class _Named(msgspec.Struct, frozen=True):
    package: _Package


class _Affected(msgspec.Struct, frozen=True):
    package: _Package | None = None
    ranges: list[Range] | None = None
    versions: list[str] | None = None
    severity: list[_Severity] | None = None
    ecosystem_specific: Any = None
    database_specific: Any = None


class _Advisory(msgspec.Struct, frozen=True):
    id: str
    modified: str = ""
    published: str | None = None
    withdrawn: str | None = None
    aliases: list[str] | None = None
    upstream: list[str] | None = None
    related: list[str] | None = None
    summary: str | None = None
    severity: list[_Severity] | None = None
    affected: list[Any] | None = None
    references: list[_Reference] | None = None
    database_specific: Any = None


def entries(found: Any, where: str, *, many: bool) -> Iterator[Entry]:
    """What one entry says. `many`: the document holds others."""
    try:
        advisory = msgspec.convert(found, _Advisory)
    except msgspec.ValidationError:
        yield Reject(where, "is no entry of OSV", lost=True)
        return
    changed = _since_1970(advisory.modified)
    yield About(as_of=changed and changed.date(), modified=changed, whole=many)
    where = f"{where}: {line(advisory.id)}"
    if advisory.withdrawn and not advisory.withdrawn.startswith(_NEVER):
        yield Reject(where, "withdrawn by its publisher")
    elif advisory.id.startswith(_LIVE):
        yield Reject(where, "a notice of live patches, which no package is told by")
    else:
        yield from _judged(advisory, where)


def _judged(advisory: _Advisory, where: str) -> Iterator[Entry]:
    if not advisory.affected:
        yield Reject(where, "names no package")
    statements: list[Statement] = []
    strange: set[str] = set()
    common = _common(advisory)
    for found in advisory.affected or ():
        affected, fault = _affected(found)
        if affected is None:
            yield Reject(where, fault, lost=True)
            continue
        products = products_of(affected.package.ecosystem) if affected.package else ()
        if not products:
            strange.add(affected.package.ecosystem if affected.package else "")
        for said in (_Said(advisory, affected, product, common) for product in products):
            try:
                statements += said.statements(fault)
            except RangeError as error:
                yield doubted(said.of_all(), f"{where}: {line(said.package)}", str(error))
    for ecosystem in sorted(strange):
        yield Reject(f"{where}: {line(ecosystem)}", "no package of a distribution that is known here")
    for statement in without_rivals(statements):
        yield vetted(statement, where)


def _affected(found: object) -> tuple[_Affected | None, str]:
    """What is said of one package; where it has another shape, that, and of which package it is if that is told."""
    try:
        return msgspec.convert(found, _Affected), ""
    except msgspec.ValidationError:
        fault = "one of its packages is not as OSV has them"
    try:
        return _Affected(msgspec.convert(found, _Named).package), fault
    except msgspec.ValidationError:
        return None, fault


def _common(advisory: _Advisory) -> dict[str, Any]:
    """The fields that all its statements have in common."""
    published = _since_1970(advisory.published or "")
    return {
        "advisory": advisory.id,
        "flaws": _flaws(advisory),
        "published": published and published.date(),
        "title": line(advisory.summary or ""),
        "url": _url(advisory),
    }


class _Said:
    """What an advisory says of one package of one release."""

    def __init__(self, advisory: _Advisory, affected: _Affected, product: Product, common: dict[str, Any]) -> None:
        self._advisory, self._affected, self._product, self._common = advisory, affected, product, common
        self._specific = affected.ecosystem_specific if isinstance(affected.ecosystem_specific, dict) else {}
        self._urgency = _word(self._specific.get("urgency"))
        assert affected.package  # noqa: S101 - whoever calls this knows its product
        self.package = affected.package.name

    def of_all(self) -> Statement:
        """One on all versions."""
        return self._statement(self.package, Span(), by_source=self._product.by_source)

    def statements(self, fault: str) -> list[Statement]:
        """One for each span of versions, and each stream of a module; of SUSE, for each binary package.

        Raises `RangeError` for that fault, or for one of its ranges.
        """
        if fault:
            raise RangeError(fault)
        name, product = self.package, self._product
        if product.lists_binaries and (binaries := self._binaries()):
            return [self._statement(name, Span(fixed=version), by_source=False) for name, version in binaries]
        found = spans(product.kind, self._affected.ranges or (), self._affected.versions or ())
        return [
            self._statement(name, span, by_source=product.by_source, module=stream)
            for span in found
            for stream in self._streams(span)
        ]

    def _statement(self, package: str, span: Span, *, by_source: bool, module: str = "") -> Statement:
        product = self._product
        never = span == Span(fixed="0")  # Debian's way to say that no version was ever affected
        return Statement(
            **self._common,
            ecosystem=product.ecosystem,
            release=product.release,
            kind=product.kind,
            package=package,
            by_source=by_source,
            arch=self._arches(),
            module=module,
            introduced=span.introduced,
            fixed="" if never else span.fixed,
            last_affected=span.last_affected,
            no_epochs=product.no_epochs,
            status="not-affected" if never else self._status(span),
            words=product.words or (self._urgency if self._urgency in _URGENCIES else ""),
            severity=self._severity(),
            score=_score(self._affected.severity or self._advisory.severity or ()),
        )

    def _status(self, span: Span) -> Status:
        if span.fixed:
            return "fixed"
        return "will-not-fix" if self._urgency == "end-of-life" else "affected"

    def _severity(self) -> Severity:
        """In the word of who publishes it: for the package, for the advisory, before its title."""
        advisory = self._advisory
        told = [word.score for word in self._affected.severity or advisory.severity or () if word.type == "Ubuntu"]
        title = (advisory.summary or "").partition(":")[0]
        words = (self._urgency, *told, _severity_in(self._affected.database_specific),
                 _severity_in(advisory.database_specific), title if self._product.kind == "rpm" else "")  # fmt: skip
        return next((found for word in words if (found := severity(word))), "")

    def _arches(self) -> tuple[str, ...]:
        """openEuler lists its builds by architecture; what is built for none goes with any."""
        names = {name for name, builds in self._specific.items() if isinstance(builds, list) and builds}
        if self._product.ecosystem != "openeuler" or "noarch" in names:
            return ()
        names = names.difference(_RPM_SOURCES)
        return tuple(sorted({*names, "noarch"})) if names else ()

    def _streams(self, span: Span) -> Sequence[str]:
        """Streams of modules that a build may be of: AlmaLinux, Rocky Linux and Red Hat name them in the title."""
        if not _MODULE_BUILD.search(span.fixed + span.last_affected):
            return ("",)
        return _STREAM.findall(self._advisory.summary or "") or ("",)

    def _binaries(self) -> list[tuple[str, str]]:
        listed = self._specific.get("binaries")
        tables = [table for table in listed if isinstance(table, dict)] if isinstance(listed, list) else []
        return sorted({(name, version) for table in tables for name, version in table.items() if _word(version)})


def _flaws(advisory: _Advisory) -> tuple[str, ...]:
    direct = (*(advisory.aliases or ()), *(advisory.upstream or ()))
    for ids in (direct, advisory.related or (), (advisory.id,)):
        if found := [match[1] for name in ids if (match := _CVE.fullmatch(name))]:
            return tuple(dict.fromkeys(found))
    return (advisory.id,)


def _score(told: Sequence[_Severity]) -> float | None:
    """Of version 3 where it is there: other feeds have that."""
    vectors = {word.type: word.score for word in told}
    return next(
        (cvss_scores.base(vectors[name]) for name in ("CVSS_V3", "CVSS_V4", "CVSS_V2") if name in vectors), None
    )


def _url(advisory: _Advisory) -> str:
    """The page of the advisory itself: AlmaLinux names that of Red Hat before its own."""
    pages = [found.url for found in advisory.references or () if found.type == "ADVISORY"]
    named = [url for url in pages if advisory.id.replace(":", "-") in url]
    url = next(iter([*named, *pages]), "")
    return url if re.fullmatch(r"https?://[\x21-\x7e]{1,500}", url) else ""


def _severity_in(specific: Any) -> str:
    return _word(specific.get("severity")) if isinstance(specific, dict) else ""


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _since_1970(text: str) -> datetime | None:
    """A time; publishers write the year 1 where they know none."""
    found = moment(text)
    return found if found and found.year >= 1970 else None
