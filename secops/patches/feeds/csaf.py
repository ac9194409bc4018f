"""CSAF 2.0: one advisory, or what a vendor says of one flaw (VEX), by openEuler and Red Hat.

The format: docs.oasis-open.org/csaf/csaf/v2.0. openEuler's documents lie below repo.openeuler.org/security/data/csaf,
Red Hat's below access.redhat.com/security/data/csaf/v2. A status names products; a product is a package as a part of a
release, by `relationships`. openEuler names packages by file name and without epoch, Red Hat by package URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from secops.core.i18n import _
from secops.patches.feeds import vetting
from secops.patches.feeds.csaf_document import Head, View, Vulnerability
from secops.patches.feeds.csaf_tree import NoPart, Part, Products, Tree
from secops.patches.feeds.format import FeedError, Format
from secops.patches.feeds.json_document import load
from secops.patches.feeds.vetting import (
    NO_PRODUCT,
    NO_STATUS,
    NOT_HOT,
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
        yield Reject(line(f"{where}: {error}"), "no vulnerability of CSAF")
        return
    view = View(flaw, head, products.group)
    where = line(f"{where} {flaw.id}")
    parts, doubts, faults = _parts(flaw, products)
    builds = {(status, part.platform, part.build.version) for _, status, part in parts if not part.build.source}
    statements: dict[str, list[Statement]] = {}  # by what makes them doubtful
    for product, status, part in parts:
        if part.build.source and part.build.version and (status, part.platform, part.build.version) in builds:
            continue  # the source of binaries that stand beside it
        if head.hot and not hot_patch(part.build.name):
            faults.add((part.build.name, NOT_HOT))
            continue
        statements.setdefault(doubts.get(product, ""), []).append(_statement(part, product, status, flaw, head, view))
    yield from rejects(where, faults)
    sound = statements.pop("", ())
    for why, doubtful in statements.items():
        yield from torn(doubtful, where, why)
    yield from (vetted(statement, where) for statement in merged(sound))


def _parts(
    flaw: Vulnerability, products: Products
) -> tuple[list[tuple[str, Status, Part]], dict[str, str], set[Fault]]:
    """Products with what is said of them and what they are, why that is in doubt of some, and other faults."""
    known = {word: ids for word, ids in flaw.product_status.items() if word in STATUSES}
    found, contradictory = settled((product, STATUSES[word]) for word, ids in known.items() for product in ids)
    doubts = dict.fromkeys(contradictory, TORN)
    vague = {word: set(ids) - found.keys() for word, ids in flaw.product_status.items() if word not in known}
    faults: set[Fault] = {(word, NO_STATUS) for word in vague}
    for product in set().union(*vague.values()):  # of which nothing else is said
        found[product], doubts[product] = "unknown", NO_STATUS
    parts = []
    for product, status in found.items():
        part = products.part(product)
        if isinstance(part, NoPart):
            faults.add((part.platform, part.reason))
        else:
            parts.append((product, status, part))
    return parts, doubts, faults if found or faults else {("-", NO_PRODUCT)}


def _statement(part: Part, product: str, said: Status, flaw: Vulnerability, head: Head, view: View) -> Statement:
    build, (ecosystem, release) = part.build, part.release
    status, words = view.said(product, said)
    return Statement(
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
        no_epochs=ecosystem == "openeuler",
        hot=head.hot or (ecosystem == "rhel" and hot_patch(build.name) is not None),
        status=status,
        words=words,
        severity=view.severity(product),
        score=view.score(product),
        published=view.published(product),
        title=view.title,
        url=view.url(product),
    )


FORMAT = Format("csaf", recognises, read)
