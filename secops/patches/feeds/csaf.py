"""CSAF 2.0: one advisory, or what a vendor says of one flaw (VEX), by openEuler, Red Hat and SUSE.

The format: docs.oasis-open.org/csaf/csaf/v2.0. openEuler's documents lie below repo.openeuler.org/security/data/csaf,
Red Hat's below access.redhat.com/security/data/csaf/v2, SUSE's below ftp.suse.com/pub/projects/security. A status
names products; a product is a package as a part of a release, by `relationships`. openEuler names packages by file name
and without epoch, Red Hat and SUSE by package URL. SUSE has no word for what mends a flaw but that it recommends it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from secops.core.i18n import _
from secops.patches.feeds import vetting
from secops.patches.feeds.channels import without_rivals
from secops.patches.feeds.csaf_document import Head, View, Vulnerability
from secops.patches.feeds.csaf_tree import NoPart, Part, Products, Tree
from secops.patches.feeds.format import FeedError, Format
from secops.patches.feeds.json_document import load
from secops.patches.feeds.rpm_names import Build
from secops.patches.feeds.vetting import (
    NO_PRODUCT,
    NO_STATUS,
    NO_URL,
    NOT_HOT,
    NOT_IN_TREE,
    STATUSES,
    TORN,
    Fault,
    line,
    merged,
    rejects,
    settled,
    torn,
    vetted,
)
from secops.patches.hot_patch import hot_patch
from secops.patches.statement import About, Entry, Reject, Statement, Status

_VERSION = re.compile(rb'"csaf_version"\s*:\s*"2\.')


def recognises(head: bytes) -> bool:
    """Whether a document says that it is CSAF 2."""
    return bool(_VERSION.search(head))


def read(stream: BinaryIO, where: str) -> Iterator[Entry]:
    """What one document says. Raises `FeedError` when it is no CSAF as a whole."""
    document = load(stream, where)
    try:
        head = msgspec.convert(document["document"], Head)
        tree = msgspec.convert(document.get("product_tree", {}), Tree)
        flaws = msgspec.convert(document["vulnerabilities"], list[Any])
    except (msgspec.ValidationError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FeedError(_("no CSAF document: {error}").format(error=error), where=where) from error
    products = Products(tree)
    if products.contradictory:
        raise FeedError(_("one product id stands for two products"), where=where)
    yield About(as_of=head.as_of, modified=vetting.moment(head.tracking.current_release_date), whole=False)
    for number, flaw in enumerate(flaws, 1):
        yield from _flaw(flaw, head, products, line(f"{where}: {head.tracking.id} {number}"))


def _flaw(raw: object, head: Head, products: Products, where: str) -> Iterator[Entry]:
    try:
        flaw = msgspec.convert(raw, Vulnerability)
    except (msgspec.ValidationError, RecursionError) as error:
        yield Reject(line(f"{where}: {error}"), "no vulnerability of CSAF", lost=True)
        return
    view = View(flaw, head, products.group)
    where = line(f"{where} {flaw.id}")
    parts, doubts, faults = _parts(flaw, products, view)
    builds = {(status, part.platform, build.version) for _, status, part in parts for build in _binaries(part)}
    statements: dict[str, list[Statement]] = {}  # by what makes them doubtful
    for product, status, part in parts:
        for build in part.builds:
            if build.source and build.version and (status, part.platform, build.version) in builds:
                continue  # the source of binaries that stand beside it
            if head.hot and not hot_patch(build.name):
                faults.add((build.name, NOT_HOT))
                continue
            told = _statements(build, part, product, status, flaw, head, view)
            statements.setdefault(doubts.get(product, ""), []).extend(told)
    for reject in rejects(where, faults):
        yield msgspec.structs.replace(reject, lost=reject.reason == NOT_IN_TREE)
    sound = statements.pop("", ())
    for why, doubtful in statements.items():
        yield from torn(doubtful, where, why)
    yield from (vetted(statement, where) for statement in merged(without_rivals(sound)))


def _parts(
    flaw: Vulnerability, products: Products, view: View
) -> tuple[list[tuple[str, Status, Part]], dict[str, str], set[Fault]]:
    """Products with what is said of them and what they are, why that is in doubt of some, and other faults."""
    known = {word: ids for word, ids in flaw.product_status.items() if word in STATUSES}
    said = [(product, STATUSES[word]) for word, ids in known.items() for product in ids]
    found, contradictory = settled([*said, *_recommended(flaw, view)])
    doubts = dict.fromkeys(contradictory, TORN)
    vague = {word: set(ids) - found.keys() for word, ids in flaw.product_status.items() if word not in known}
    faults: set[Fault] = {(word, NO_STATUS) for word, ids in vague.items() if ids or not flaw.product_status[word]}
    for product in set().union(*vague.values()):  # of which nothing else is said
        found[product], doubts[product] = "unknown", NO_STATUS
    parts = []
    for product, status in found.items():
        part = products.part(product)
        if isinstance(part, NoPart):
            faults.add((part.platform, part.reason))
            continue
        if part.doubt and status == "not-affected":  # that it is not said harms nobody
            faults.add((product, NO_URL))
            continue
        parts.append((product, status, part))
        if part.doubt:
            doubts.setdefault(product, part.doubt)
    return parts, doubts, faults if found or faults else {("-", NO_PRODUCT)}


def _recommended(flaw: Vulnerability, view: View) -> Iterator[tuple[str, Status]]:
    """What is recommended mends the flaw where a remediation says so, and is the first to where no other is named."""
    if not any(STATUSES.get(word) == "fixed" for word in flaw.product_status):
        named = flaw.product_status.get("recommended", ())
        yield from ((product, "fixed") for product in named if view.fix(product))


def _binaries(part: Part) -> Iterator[Build]:
    return (build for build in part.builds if not build.source)


def _statements(
    build: Build, part: Part, product: str, said: Status, flaw: Vulnerability, head: Head, view: View
) -> Iterator[Statement]:
    status, words = view.said(product, said)
    for ecosystem, release in part.releases:
        yield Statement(
            advisory=view.advisory(product),
            flaws=(flaw.id,),
            ecosystem=ecosystem,
            release=release,
            kind="rpm",
            package=build.name,
            by_source=build.source,
            arch=(build.arch,) if build.version and build.arch and not build.source else (),
            module=build.module,
            introduced=build.version if status == "not-affected" else "",
            fixed=build.version if status == "fixed" else "",
            last_affected=build.version if status in ("affected", "will-not-fix", "unknown") else "",
            no_epochs=ecosystem != "rhel",
            hot=head.hot or (ecosystem == "rhel" and hot_patch(build.name) is not None),
            status=status,
            words=part.channel if status == "fixed" else words,
            severity=view.severity(product),
            score=view.score(product),
            published=view.published(product),
            title=view.title,
            url=view.url(product),
        )


FORMAT = Format("csaf", recognises, read)
