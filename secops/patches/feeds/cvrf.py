"""CVRF 1.1 and 1.2 as openEuler writes it: one security advisory, or one advisory on hot patches.

The format: docs.oasis-open.org/csaf/csaf-cvrf/v1.2. openEuler's documents lie below repo.openeuler.org/security/data in
cvrf (openEuler-SA-…) and hotpatch_cvrf (openEuler-HotPatchSA-…, whose packages stand in a `HotPatchTree`). A status
names a release, and means all packages of the tree with the CPE name of that release. One `ProductID` is given to
all architectures of a package: what it is stands in the text, `firefox-128.8.0-1.oe2203sp3.aarch64.rpm`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import BinaryIO, NamedTuple
from xml.etree.ElementTree import Element

from secops.core.i18n import _
from secops.patches.feeds import vetting
from secops.patches.feeds.format import FeedError, Format
from secops.patches.feeds.platforms import of_cpe
from secops.patches.feeds.rpm_names import Build, guesses, of_file
from secops.patches.feeds.suse_products import Release
from secops.patches.feeds.vetting import (
    NO_PACKAGE,
    NO_PRODUCT,
    NO_STATUS,
    NOT_HOT,
    NOT_IN_TREE,
    STATUSES,
    TORN,
    UNKNOWN_RELEASE,
    Fault,
    line,
    merged,
    rejects,
    settled,
    torn,
    vetted,
)
from secops.patches.feeds.xml_records import below, child, name, records, text
from secops.patches.hot_patch import hot_patch
from secops.patches.statement import About, Entry, Statement, Status

_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?cvrfdoc[\s>]")
_TREES = ("ProductTree", "HotPatchTree")
_RECORDS = frozenset({"DocumentTitle", "DocumentTracking", "Vulnerability", *_TREES})


class _Package(NamedTuple):
    build: Build
    release: Release
    product: str
    hot: bool


@dataclass
class _Document:
    """What stands before the vulnerabilities."""

    title: str = ""
    id: str = ""
    published: date | None = None
    as_of: date | None = None
    modified: datetime | None = None
    packages: dict[Release | str, list[_Package]] = field(default_factory=dict)  # by release, and by product id
    releases: dict[str, Release] = field(default_factory=dict)  # by product id
    faults: set[Fault] = field(default_factory=set)
    guessed: set[_Package] = field(default_factory=set)  # what files may be whose names are not understood


def recognises(head: bytes) -> bool:
    """Whether a document's root is that of CVRF."""
    return bool(_ROOT.search(head))


def read(stream: BinaryIO, where: str) -> Iterator[Entry]:
    """What one document says. Raises `FeedError` when it is no CVRF as a whole."""
    document = _Document()
    flaws = 0
    for record in records(stream, where, "cvrfdoc", _RECORDS.__contains__):
        if name(record) == "Vulnerability":
            if not document.id or not (document.packages or document.faults):
                raise FeedError(_("vulnerabilities without an advisory and its packages"), where=where)
            if not flaws:
                yield About(as_of=document.as_of, modified=document.modified, whole=False)
            flaws += 1
            yield from _flaw(record, document, line(f"{where}: {document.id} {text(child(record, 'CVE')) or flaws}"))
        else:
            _note(record, document)
    if not flaws:
        raise FeedError(_("holds no vulnerability"), where=where)
    yield from rejects(line(f"{where}: {document.id}"), document.faults)


def _note(record: Element, document: _Document) -> None:
    if name(record) == "DocumentTitle":
        document.title = line(text(record))
    elif name(record) == "DocumentTracking":
        document.id = line(text(child(record, "Identification", "ID")))
        document.published = vetting.day(text(child(record, "InitialReleaseDate")))
        document.modified = vetting.moment(text(child(record, "CurrentReleaseDate")))
        made = (text(child(record, *path)) for path in (("CurrentReleaseDate",), ("Generator", "Date")))
        document.as_of = max(filter(None, (document.published, *map(vetting.day, made))), default=None)
    else:
        _note_tree(record, document)


def _note_tree(tree: Element, document: _Document) -> None:
    hot = name(tree) == "HotPatchTree"
    for full in below(tree, "FullProductName"):
        product, release, build = full.get("ProductID", ""), of_cpe(full.get("CPE", "")), of_file(text(full))
        is_file = build is not None or text(full).endswith(".rpm")
        if release is None:
            document.faults.add((text(full), UNKNOWN_RELEASE))
        elif not is_file:
            if document.releases.setdefault(product, release) != release:
                document.faults.add((product, "stands for two releases"))
        elif build and hot and not build.source and not hot_patch(build.name):
            document.faults.add((build.name, NOT_HOT))
        else:
            builds = (build,) if build else guesses(text(full).removesuffix(".rpm"))
            packages = [_Package(one, release, product, hot) for one in builds]
            document.packages.setdefault(release, []).extend(packages)
            document.packages.setdefault(product, []).extend(packages)
            if not build:
                document.faults.add((text(full), NO_PACKAGE))
                document.guessed.update(packages)


def _flaw(flaw: Element, document: _Document, where: str) -> Iterator[Entry]:
    faults: set[Fault] = set()
    said = list(_said(flaw, document, faults))
    found, contradictory = settled((package, status) for package, status in said if status)
    vague = {package for package, status in said if not status} - found.keys()
    guessed = document.guessed & found.keys() - contradictory
    if not said and not faults:
        faults.add(("-", NO_PRODUCT))
    yield from rejects(where, faults)
    for packages, why in ((contradictory, TORN), (vague, NO_STATUS), (guessed, NO_PACKAGE)):
        yield from torn(_statements(dict.fromkeys(packages, "unknown"), flaw, document), where, why)
    clear = {package: status for package, status in found.items() if package not in contradictory | guessed}
    yield from (vetted(statement, where) for statement in merged(_statements(clear, flaw, document)))


def _said(flaw: Element, document: _Document, faults: set[Fault]) -> Iterator[tuple[_Package, Status | None]]:
    """Packages with each status given to them, or to their release; None for one that says nothing of a flaw."""
    for element in below(flaw, "Status"):
        status = STATUSES.get(element.get("Type", "").lower().replace(" ", "_"))
        if status is None:
            faults.add((element.get("Type", ""), NO_STATUS))
        for product in map(text, below(element, "ProductID")):
            packages = document.packages.get(document.releases.get(product, product), [])
            if not packages:
                faults.add((product, NOT_IN_TREE))
            yield from ((package, status) for package in packages)


def _statements(found: dict[_Package, Status], flaw: Element, document: _Document) -> Iterator[Statement]:
    builds = {(p.release, p.hot, p.build.version) for p in found if not p.build.source}
    url, will_not_fix = _remedy(flaw)
    impact = next((text(child(one, "Description")) for one in below(flaw, "Threat") if one.get("Type") == "Impact"), "")
    for package, kind in found.items():
        build, (ecosystem, release) = package.build, package.release
        if build.source and (package.release, package.hot, build.version) in builds:
            continue  # the source of binaries that stand beside it
        yield Statement(
            advisory=document.id,
            flaws=(text(child(flaw, "CVE")),),
            ecosystem=ecosystem,
            release=release,
            kind="rpm",
            package=build.name,
            by_source=build.source,
            arch=() if build.source else (build.arch,),
            introduced=build.version if kind == "not-affected" else "",
            fixed=build.version if kind == "fixed" else "",
            last_affected=build.version if kind in ("affected", "unknown") else "",
            no_epochs=ecosystem == "openeuler",
            hot=package.hot,
            status="will-not-fix" if kind == "affected" and will_not_fix else kind,
            severity=vetting.severity(impact),
            score=_score(flaw),
            published=document.published,
            title=document.title,
            url=url,
        )


def _remedy(flaw: Element) -> tuple[str, bool]:
    """The URL of the fix, and whether there will be none."""
    remedies = list(below(flaw, "Remediation"))
    fixes = (text(child(remedy, "URL")) for remedy in remedies if remedy.get("Type") == "Vendor Fix")
    return line(next(fixes, "")), any(remedy.get("Type") == "Will Not Fix" for remedy in remedies)


def _score(flaw: Element) -> float | None:
    for element in flaw.iter():
        if name(element) in ("BaseScore", "BaseScoreV3"):
            try:
                return vetting.score(float(text(element)))
            except ValueError:
                return None
    return None


FORMAT = Format("cvrf", recognises, read)
