"""What every reader asks of a statement before it gives it out."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import TypeVar

import msgspec

from secops.patches import versions
from secops.patches.feeds.platforms import tagged_for_another
from secops.patches.statement import ANY_STREAM, Reject, Severity, Statement, Status

#: Vendors' words for how bad a flaw is.
_SEVERITIES: dict[str, Severity] = {
    "critical": "critical",
    "important": "high",
    "high": "high",
    "moderate": "medium",
    "medium": "medium",
    "low": "low",
    "minor": "low",
    "negligible": "low",
    "unimportant": "low",
}
#: The statuses of products in CSAF that say which versions a flaw is in. CVRF writes them with spaces.
STATUSES: dict[str, Status] = {
    "fixed": "fixed",
    "first_fixed": "fixed",
    "known_affected": "affected",
    "last_affected": "affected",
    "known_not_affected": "not-affected",
    "under_investigation": "unknown",
}
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+~^-]{0,199}")
_FLAW = re.compile(r"[A-Za-z]{2,20}[-:][A-Za-z0-9._:-]{1,60}")
_ADVISORY = re.compile(r"[A-Za-z][A-Za-z0-9._:/-]{1,79}")
_MODULE = re.compile(r"[A-Za-z0-9][\w.+-]{0,79}:[A-Za-z0-9][\w.+-]{0,79}", re.ASCII)
_ARCH = re.compile(r"[a-z0-9_]{2,20}")
_MODULE_BUILD = re.compile(r"[.]module(?:\+|_)")
_LONGEST = 200

Thing = TypeVar("Thing", bound=Hashable)

#: A thing, and why it counts for nothing. The reasons are few: they are counted.
Fault = tuple[str, str]

UNKNOWN_RELEASE = "no release of a distribution that is known here"
TORN = "statuses that exclude each other"
NO_STATUS = "a status that says nothing of a flaw"
NO_PRODUCT = "names no product"
NOT_HOT = "is not named like a hot patch"
NOT_IN_TREE = "is not in the product tree"
NO_PACKAGE = "no rpm package"
NO_URL = "a package that no package URL names"


def severity(word: str) -> Severity:
    """One of our words for the vendor's; "" for none, and for one that is not known."""
    return _SEVERITIES.get(word.strip().lower(), "")


def moment(text: str) -> datetime | None:
    """A date or a time in ISO 8601, in UTC where it names no zone; None when it is none."""
    try:
        found = datetime.fromisoformat(text.strip())
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def day(text: str) -> date | None:
    """The day, in UTC, of a date or a time in ISO 8601; None when it is none."""
    found = moment(text)
    return found.date() if found else None


def score(value: object) -> float | None:
    """A CVSS base score; None when it is none."""
    return float(value) if isinstance(value, int | float) and 0 <= value <= 10 else None


def line(text: str) -> str:
    """A text as one line of at most 200 characters that can be printed and stored."""
    text = text[: 4 * _LONGEST]
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def settled(said: Iterable[tuple[Thing, Status]]) -> tuple[dict[Thing, Status], set[Thing]]:
    """Things with their one status, and the things of which several are said that exclude each other: unknown."""
    found: dict[Thing, Status] = {}
    contradictory = {thing for thing, status in said if found.setdefault(thing, status) != status}
    return found | dict.fromkeys(contradictory, "unknown"), contradictory


def merged(statements: Iterable[Statement]) -> Iterator[Statement]:
    """Statements that differ in the architecture alone, as one.

    A package may come to be for every architecture, or cease to be: `noarch` goes with any,
    and what is for it is for all.
    """
    arches: dict[Statement, set[str]] = {}
    for statement in statements:
        kept = arches.setdefault(msgspec.structs.replace(statement, arch=()), set())
        kept.update(statement.arch or ("noarch",))
    for statement, names in arches.items():
        arch = () if "noarch" in names else tuple(sorted(names | {"noarch"}))
        yield msgspec.structs.replace(statement, arch=arch)


def rejects(where: str, faults: Iterable[Fault]) -> Iterator[Reject]:
    """What is wrong with things in one place."""
    return (Reject(line(f"{where}: {thing}"), reason) for thing, reason in sorted(set(faults)))


def vetted(statement: Statement, where: str) -> Statement | Reject:
    """The statement, or why it counts for nothing."""
    bounds = [version for version in (statement.introduced, statement.fixed, statement.last_affected) if version]
    place = line(" ".join([f"{where}: {statement.package}", *bounds]))
    fault = _identity_fault(statement) or _kind_fault(statement, bounds) or _bounds_fault(statement, bounds)
    return doubted(statement, place, fault) if fault else statement


def doubted(statement: Statement, where: str, why: str) -> Reject:
    """The reject of a statement that leaves its flaw unknown; if it is not clear what it is on, it is lost."""
    if statement.flaws and not _ADVISORY.fullmatch(statement.advisory):
        statement = msgspec.structs.replace(statement, advisory=statement.flaws[0])
    if statement.hot:  # what is not mended by a hot patch stays open
        return Reject(where, why)
    clear = not _identity_fault(statement)
    return Reject(where, why, (unclear(statement, why),) if clear else (), lost=not clear)


def torn(statements: Iterable[Statement], where: str, why: str = TORN) -> Iterator[Reject]:
    """Rejects of what is said in ways that exclude each other (`settled`), or that are not understood."""
    unknown = merged(unclear(statement, why) for statement in statements)
    return (doubted(statement, line(f"{where}: {statement.package}"), why) for statement in unknown)


def unclear(statement: Statement, why: str) -> Statement:
    """What is left to say where nobody knows which versions have the flaw."""
    bounds = (statement.introduced, statement.fixed, statement.last_affected)
    arch = statement.arch if all(map(_ARCH.fullmatch, statement.arch)) else ()
    module = ANY_STREAM if _stream_fault(statement, bounds) else statement.module
    return msgspec.structs.replace(
        statement,
        arch=arch,
        module=module,
        introduced="",
        fixed="",
        last_affected="",
        status="unknown",
        words=statement.words or why,
    )


def _identity_fault(statement: Statement) -> str:
    """What is wrong with what a statement is on."""
    if not _NAME.fullmatch(statement.package):
        return "no name of a package"
    if not statement.flaws or not all(_FLAW.fullmatch(flaw) for flaw in statement.flaws):
        return "no id of a flaw"
    if not _ADVISORY.fullmatch(statement.advisory):
        return "no id of an advisory"
    return ""


def _kind_fault(statement: Statement, bounds: Iterable[str]) -> str:
    """What is wrong with which builds of a package a statement is on."""
    if not all(map(_ARCH.fullmatch, statement.arch)):
        return "no name of an architecture"
    return _stream_fault(statement, bounds)


def _stream_fault(statement: Statement, bounds: Iterable[str]) -> str:
    if statement.module and not _MODULE.fullmatch(statement.module):
        return "no name of a module and its stream"
    if not statement.module and statement.kind == "rpm" and any(_MODULE_BUILD.search(version) for version in bounds):
        return "a module's build whose stream is not named"
    return ""


def _bounds_fault(statement: Statement, bounds: Sequence[str]) -> str:
    """What is wrong with the versions it names."""
    for version in bounds:
        if fault := versions.fault(statement.kind, version):
            return fault
    if statement.ecosystem == "openeuler":
        names = (*bounds, statement.package) if statement.hot else bounds
        if any(tagged_for_another(statement.release, name) for name in names):
            return "a build for another release"
    return _order_fault(statement)


def _order_fault(statement: Statement) -> str:
    if statement.fixed and statement.last_affected:
        return "both mended in a version and affected up to one"
    last = statement.fixed or statement.last_affected
    if statement.introduced and last:
        order = versions.compare(statement.kind, statement.introduced, last)
        if order > 0 or (order == 0 and statement.fixed):
            return "mended no later than it began"
    if (statement.status == "fixed") != bool(statement.fixed):
        return "mended, but in no version" if statement.status == "fixed" else "mended in a version, and yet not mended"
    return ""
