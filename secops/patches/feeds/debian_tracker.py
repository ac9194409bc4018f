"""Debian's security tracker: one JSON object, source package → flaw → release → what became of it.

The format: security-tracker.debian.org/tracker/data/json. `resolved` with the version 0 is Debian's way to say that a
release was never affected. The document has no date of its own. It is read package by package.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import ijson
import msgspec

from secops.core.i18n import _
from secops.patches.feeds import json_faults, vetting
from secops.patches.feeds.format import FeedError, Format
from secops.patches.feeds.metered import Metered
from secops.patches.feeds.vetting import UNKNOWN_RELEASE, line, vetted
from secops.patches.statement import About, Entry, Reject, Statement, Status

#: Releases by code name; sid, which has no number, is called so in os-release as well.
RELEASES = {
    "jessie": "8",
    "stretch": "9",
    "buster": "10",
    "bullseye": "11",
    "bookworm": "12",
    "trixie": "13",
    "forky": "14",
    "sid": "sid",
}

#: Bytes of what is said of one package at most, which take ten times as much memory; the kernel has some 30 MiB.
LARGEST = 128 << 20

_START = re.compile(rb'\s*\{\s*"[a-z0-9][a-z0-9+.-]*"\s*:\s*\{\s*"(?:CVE|TEMP)-[\w-]+"\s*:\s*\{')
_URL = "https://security-tracker.debian.org/tracker/"


class _Object(dict[str, Any]):
    """A JSON object that knows whether a key stood in it twice."""

    twice = False

    def __setitem__(self, key: str, value: Any) -> None:
        if key in self:
            self.twice = True
        super().__setitem__(key, value)


def recognises(head: bytes) -> bool:
    """Whether a document begins with a package that has a flaw."""
    return bool(_START.match(head))


def read(stream: BinaryIO, where: str) -> Iterator[Entry]:
    """What the document says. Raises `FeedError` when it is no tracker as a whole, or is cut off."""
    metered = Metered(stream, where, LARGEST)
    seen: set[str] = set()
    elsewhere: Counter[str] = Counter()
    try:
        for package, flaws in ijson.kvitems(metered, "", map_type=_Object, use_float=True):
            metered.rest()
            if package in seen:
                again = _package(package, flaws, elsewhere, line(f"{where}: {package}"))
                yield _doubted(again, line(f"{where}: {package}"), "stands twice in the document")
            else:
                yield from _package(package, flaws, elsewhere, line(f"{where}: {package}"))
            seen.add(package)
    except (ijson.JSONError, SystemError, ValueError, OverflowError) as error:  # SystemError: thousands of digits
        raise FeedError(json_faults.of_yajl(error), where=where) from error
    if not seen:
        raise FeedError(_("holds no package"), where=where)
    for codename, count in sorted(elsewhere.items()):
        yield Reject(line(f"{where}: {codename} ({count} entries)"), UNKNOWN_RELEASE)
    yield About()


def _package(package: str, flaws: object, elsewhere: Counter[str], where: str) -> Iterator[Statement | Reject]:
    found = (one for flaw, about in _items(flaws) for one in _flaw(package, flaw, about, elsewhere, where))
    if not isinstance(flaws, _Object) or flaws.twice:
        doubtful = _doubted(found, where, "no object of flaws, or a flaw stands in it twice")
        yield msgspec.structs.replace(doubtful, lost=not isinstance(flaws, _Object))
    else:
        yield from found


def _flaw(package: str, flaw: str, about: object, elsewhere: Counter[str], where: str) -> Iterator[Statement | Reject]:
    where = line(f"{where} {flaw}")
    told = about if isinstance(about, _Object) else _Object()
    releases, description = told.get("releases"), told.get("description")
    title = line(description) if isinstance(description, str) else ""
    elsewhere.update(codename for codename, _ in _items(releases) if codename not in RELEASES)
    found = (
        _statement(package, flaw, title, codename, state, f"{where} {codename}")
        for codename, state in _items(releases)
        if codename in RELEASES
    )
    if told.twice or not isinstance(releases, _Object) or releases.twice:
        doubtful = _doubted(found, where, "no object of releases, or a key stands in it twice")
        yield msgspec.structs.replace(doubtful, lost=not isinstance(releases, _Object))
    else:
        yield from found


def _items(value: object) -> Iterable[tuple[str, object]]:
    return value.items() if isinstance(value, _Object) else ()


def _doubted(entries: Iterable[Statement | Reject], where: str, why: str) -> Reject:
    """One reject for them all: they stand beside others that may say otherwise, so nobody knows."""
    said = [one for entry in entries for one in ((entry,) if isinstance(entry, Statement) else entry.unclear)]
    return Reject(where, why, tuple(vetting.unclear(statement, why) for statement in said))


def _statement(package: str, flaw: str, title: str, codename: str, state: object, where: str) -> Statement | Reject:
    found = _status(state)
    status, words, fixed, urgency = _UNKNOWN if isinstance(found, str) else found
    statement = Statement(
        advisory=flaw,
        flaws=(flaw,),
        ecosystem="debian",
        release=RELEASES[codename],
        kind="dpkg",
        package=package,
        by_source=True,
        fixed=fixed,
        status=status,
        words=words,
        severity=vetting.severity(urgency.rstrip("*")),
        title=title,
        url=_URL + line(flaw),
    )
    return vetting.doubted(statement, where, found) if isinstance(found, str) else vetted(statement, where)


_UNKNOWN: tuple[Status, str, str, str] = ("unknown", "", "", "")


def _status(state: object) -> tuple[Status, str, str, str] | str:
    """Status, Debian's words, the version that mends it and the urgency; or what is wrong."""
    if not isinstance(state, _Object) or state.twice:
        return "no object, or a key stands in it twice"
    texts = [state.get(key, "") for key in ("status", "fixed_version", "urgency", "nodsa", "nodsa_reason")]
    if not all(isinstance(text, str) for text in texts):
        return "a word that is no text"
    status, fixed, urgency, _nodsa, reason = texts
    if status == "resolved" and fixed:
        unimportant = urgency if urgency == "unimportant" and fixed != "0" else ""
        return ("not-affected", "", "", urgency) if fixed == "0" else ("fixed", unimportant, fixed, urgency)
    if status not in ("open", "undetermined") or fixed:
        return "a status and a version that do not go together"
    if status == "undetermined":
        return "unknown", status, "", urgency
    word = "end-of-life" if urgency == "end-of-life" else line(reason) or ("no-dsa" if "nodsa" in state else "")
    word = word or ("unimportant" if urgency == "unimportant" else "")
    return ("will-not-fix" if word in ("end-of-life", "ignored") else "affected"), word, "", urgency


FORMAT = Format("debian-tracker", recognises, read)
