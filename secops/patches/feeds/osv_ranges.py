"""Which versions an entry of OSV covers: its events put in order, and taken apart into spans."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cmp_to_key, lru_cache, partial
from typing import NamedTuple

import msgspec

from secops.patches import versions
from secops.patches.statement import Kind


class Event(msgspec.Struct, frozen=True):
    """A version at which something begins or ends. Only one of these is there."""

    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None


class Range(msgspec.Struct, frozen=True):
    """A range of versions. SEMVER and GIT are no orders of packages."""

    type: str
    events: list[Event] | None = None


class Span(NamedTuple):
    """Versions from `introduced` on ("" = the first), up to `fixed` or with `last_affected`; with neither, all."""

    introduced: str = ""
    fixed: str = ""
    last_affected: str = ""


class RangeError(ValueError):
    """A range that says nothing, or contradicts itself. Its text is a reason in plain words."""


#: What happens, and at which version.
Point = tuple[str, str]

#: Spans times listed versions of one package that are compared, of one entry. Real ones come to some thousands.
MOST_COMPARED = 100_000

_FIRST = "0"  # an `introduced` before all versions
_KINDS = ("introduced", "fixed", "last_affected", "limit")


def spans(kind: Kind, ranges: Sequence[Range], listed: Sequence[str]) -> list[Span]:
    """The spans of versions that are affected. Raises `RangeError`.

    `listed` versions are affected too: beside a range most are its expansion.
    """
    ordered = [found for found in ranges if found.type == "ECOSYSTEM"]
    found = [span for one in ordered for span in _of_range(kind, one.events or [])]
    if not found and not listed:
        raise RangeError("its versions are commits" if ranges else "names no versions")
    if len(found) * len(listed) > MOST_COMPARED:
        raise RangeError("lists more ranges and versions than are compared")
    return [*found, *(Span(one, last_affected=one) for one in listed if not any(_holds(kind, it, one) for it in found))]


def _holds(kind: Kind, span: Span, version: str) -> bool:
    return (
        (not span.introduced or _compared(kind, version, span.introduced) >= 0)
        and (not span.fixed or _compared(kind, version, span.fixed) < 0)
        and (not span.last_affected or _compared(kind, version, span.last_affected) <= 0)
    )


@lru_cache(1 << 16)  # entries on one package list the same versions over and over
def _compared(kind: Kind, version: str, other: str) -> int:
    return versions.compare(kind, version, other)


def _of_range(kind: Kind, events: Sequence[Event]) -> list[Span]:
    told = [_told(event) for event in events]
    limits = [version for name, version in told if name == "limit" and version != "*"]
    points = [(name, version) for name, version in told if name != "limit"]
    names = {name for name, _version in points}
    if limits:
        raise RangeError("its range ends in a limit, which is no fix")
    if {"fixed", "last_affected"} <= names:
        raise RangeError("its range has both fixed and last_affected")
    real = [version for name, version in points if not _is_first(name, version)]
    if len(real) > 1 and (fault := next(filter(None, (versions.fault(kind, version) for version in real)), "")):
        raise RangeError(f"a version of its range is not valid: {fault}")
    return _walk(sorted(points, key=cmp_to_key(partial(_order, kind))))


def _told(event: Event) -> Point:
    found = [(name, version) for name in _KINDS if (version := getattr(event, name)) is not None]
    if len(found) != 1:
        raise RangeError("an event of its range is not one of introduced, fixed, last_affected, limit")
    return found[0]


def _is_first(name: str, version: str) -> bool:
    return name == "introduced" and version == _FIRST


def _order(kind: Kind, a: Point, b: Point) -> int:
    """By version; at the same one, what ends there comes after what begins there."""
    first = _is_first(*b) - _is_first(*a)
    return first or versions.compare(kind, a[1], b[1]) or _KINDS.index(a[0]) - _KINDS.index(b[0])


def _walk(points: Sequence[Point]) -> list[Span]:
    """Spans of events in order."""
    found: list[Span] = []
    begin: str | None = None
    ended = False
    for name, version in points:
        if name == "introduced":
            begin = version if begin is None else begin
            continue
        if begin is None and not ended:
            raise RangeError("its range is mended before it begins")
        if begin is not None:
            if version == begin and name == "fixed" and begin != _FIRST:
                raise RangeError("its range is mended where it begins")
            found.append(_span(begin, name, version))
        begin, ended = None, True
    if begin is not None:
        found.append(Span("" if begin == _FIRST else begin))
    if not found:
        raise RangeError("names no versions")
    return found


def _span(begin: str, name: str, version: str) -> Span:
    introduced = "" if begin == _FIRST else begin
    return Span(introduced, fixed=version) if name == "fixed" else Span(introduced, last_affected=version)
