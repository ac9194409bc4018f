"""CISA's catalogue of known exploited vulnerabilities (https://www.cisa.gov/known-exploited-vulnerabilities-catalog)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from secops.core.i18n import _
from secops.patches.feeds import strict_json
from secops.patches.feeds.format import FeedError, Format
from secops.patches.feeds.vetting import day, line
from secops.patches.statement import About, Entry, Flaw, Reject

_LIST = "vulnerabilities"
_CVE = re.compile(r"CVE-\d{4}-\d{4,19}", re.ASCII)


#: Entries of one catalogue, of which each id is remembered. There were 1,404 in August 2025.
MOST = 100_000


class _Listed(msgspec.Struct, frozen=True):
    cveID: str  # noqa: N815 - the catalogue's name
    dateAdded: str  # noqa: N815
    dueDate: str = ""  # noqa: N815
    knownRansomwareCampaignUse: str = ""  # noqa: N815
    vulnerabilityName: str = ""  # noqa: N815


def _recognises(head: bytes) -> bool:
    keys = strict_json.top_keys(head)
    return _LIST in keys and ("catalogVersion" in keys or b'"cveID"' in head)


def read(stream: BinaryIO, where: str) -> Iterator[Entry]:
    """The flaws of a catalogue. Raises `FeedError` also when it says to hold more or fewer than it does."""
    seen: set[str] = set()
    count = said = 0
    for key, value in strict_json.members(stream, where, _LIST):
        if key == _LIST:
            count += 1
            if count > MOST:
                raise FeedError(_("lists more than {n} flaws").format(n=MOST), where=where)
            yield _flaw(value, seen, f"{where}: entry {count}")
        elif key == "count" and type(value) is int:
            said = value
        elif key == "dateReleased" and isinstance(value, str):
            yield About(as_of=day(value))
    if said and said != count:
        what = _("says that it has {said} entries, but has {count}").format(said=said, count=count)
        raise FeedError(what, where=where)


def _flaw(found: Any, seen: set[str], where: str) -> Flaw | Reject:
    try:
        listed = msgspec.convert(found, _Listed)
    except msgspec.ValidationError:
        return Reject(where, "is no entry of the catalogue")
    where = f"{where}: {line(listed.cveID)}"
    added = day(listed.dateAdded)
    if not _CVE.fullmatch(listed.cveID):
        return Reject(where, "no id of a flaw")
    if added is None:
        return Reject(where, "does not say since when it is exploited")
    if listed.cveID in seen:
        return Reject(where, "stands in the catalogue twice")
    seen.add(listed.cveID)
    return Flaw(
        flaw=listed.cveID,
        exploited_since=added,
        due=day(listed.dueDate),
        ransomware=True if listed.knownRansomwareCampaignUse == "Known" else None,
        name=line(listed.vulnerabilityName),
    )


FORMAT = Format(name="kev", recognises=_recognises, read=read)
