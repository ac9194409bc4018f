"""Alpine's security database: of each branch and repository, the versions that mend flaws (https://secdb.alpinelinux.org/).

`packages[].pkg.secfixes` is a version → what it mends, where `0` means that no version was ever affected. Each text
there is one flaw with all its names, as in `CVE-2018-7540 XSA-252`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from secops.core.i18n import _
from secops.patches.feeds import strict_json
from secops.patches.feeds.format import FeedError, Format
from secops.patches.feeds.vetting import line, vetted
from secops.patches.statement import About, Entry, Reject, Statement

_LIST = "packages"
_RELEASE = re.compile(r"v?(\d+\.\d+|edge)")
_PART = re.compile(r"[a-z]{1,20}")
_NAME_OF_FLAW = re.compile(r"[A-Z][A-Z0-9]*-[A-Za-z0-9][A-Za-z0-9._:-]*", re.ASCII)
_CVE = re.compile(r"CVE-\d{4}-\d{4,}", re.ASCII)

#: Packages that are kept while the release is not yet told; it stands before them in every database seen.
_MOST_WAITING = 100_000


class _Package(msgspec.Struct, frozen=True):
    name: str
    secfixes: dict[str, Any] = {}


class _Listed(msgspec.Struct, frozen=True):
    pkg: _Package


def _recognises(head: bytes) -> bool:
    keys = strict_json.top_keys(head)
    return _LIST in keys and (b'"secfixes"' in head or not keys.isdisjoint(("distroversion", "reponame")))


def read(stream: BinaryIO, where: str) -> Iterator[Entry]:
    """What a database says; `About.part` is the repository."""
    release, number = "", 0
    waiting: list[tuple[int, Any]] = []
    for key, value in strict_json.members(stream, where, _LIST):
        if key == "distroversion":
            release = _release(value, where)
            yield from (entry for at, found in waiting for entry in _package(found, release, f"{where}: package {at}"))
            waiting = []
        elif key == "reponame" and isinstance(value, str) and _PART.fullmatch(value):
            yield About(part=value)
        elif key == _LIST:
            number += 1
            if release:
                yield from _package(value, release, f"{where}: package {number}")
            elif len(waiting) < _MOST_WAITING:
                waiting.append((number, value))
            else:
                raise FeedError(_("names no release"), where=where)
    if not release:
        raise FeedError(_("names no release"), where=where)


def _release(value: Any, where: str) -> str:
    if isinstance(value, str) and (found := _RELEASE.fullmatch(value)):
        return found[1]
    raise FeedError(_("names no release"), where=where)


def _package(found: Any, release: str, where: str) -> Iterator[Entry]:
    try:
        package = msgspec.convert(found, _Listed).pkg
    except msgspec.ValidationError:
        yield Reject(where, "is no package of the database", lost=True)
        return
    where = f"{where}: {line(package.name)}"
    for version, flaws in package.secfixes.items():
        place = f"{where} {line(version)}"
        if not isinstance(flaws, list) or not flaws:
            yield Reject(place, "names no flaw")
        else:
            yield from (_said(package.name, version, flaw, release, place) for flaw in flaws)


def _said(package: str, version: str, flaw: Any, release: str, where: str) -> Statement | Reject:
    names = _NAME_OF_FLAW.findall(flaw) if isinstance(flaw, str) else []
    if not names:
        return Reject(where, "names no flaw")
    flaws = tuple(name for name in names if _CVE.fullmatch(name)) or (names[0],)
    never = version == "0"
    statement = Statement(
        advisory=flaws[0],
        flaws=flaws,
        ecosystem="alpine",
        release=release,
        kind="apk",
        package=package,
        by_source=True,
        fixed="" if never else version,
        status="not-affected" if never else "fixed",
    )
    return vetted(statement, where)


FORMAT = Format(name="secdb", recognises=_recognises, read=read)
