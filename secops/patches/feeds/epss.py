"""Probabilities of exploitation: the daily CSV of EPSS (https://www.first.org/epss/data_stats), columns in any order.

Above the names of the columns stands `#model_version:v2025.03.14,score_date:2026-01-31T00:00:00+0000`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from secops.core.i18n import _
from secops.patches.feeds.format import FeedError, Format
from secops.patches.feeds.text_lines import lines
from secops.patches.feeds.vetting import day, line
from secops.patches.statement import About, Entry, Flaw, Reject

_CVE = re.compile(r"CVE-(\d{4})-(\d{4,19})", re.ASCII)
_SHARE = re.compile(r"\d(?:\.\d{1,20})?(?:[eE]-\d{1,2})?", re.ASCII)
_DATE = re.compile(r"score_date:([0-9T:.+-]+)")

#: Flaws of one list, of which each is remembered: all CVE ids there are, ten times over.
MAX_FLAWS = 4_000_000


def _recognises(head: bytes) -> bool:
    rows = [row for row in head.removeprefix(b"\xef\xbb\xbf").splitlines()[:5] if row.strip() and row[:1] != b"#"]
    return bool(rows) and {b"cve", b"epss"} <= {name.strip().lower() for name in rows[0].split(b",")}


def read(stream: BinaryIO, where: str) -> Iterator[Entry]:
    """The scores of a list. A last line without an end may be cut off, and is a reject."""
    columns: list[str] = []
    seen: set[tuple[str, str]] = set()
    for number, row in enumerate(lines(stream, where), 1):
        if row.startswith("#"):
            found = _DATE.search(row)
            yield About(as_of=day(found[1]) if found else None)
        elif not row.strip():
            continue
        elif not columns:
            columns = _columns(row, where)
        elif len(seen) >= MAX_FLAWS:
            raise FeedError(_("lists more than {n} flaws").format(n=MAX_FLAWS), where=where)
        else:
            yield _flaw(row, columns, seen, f"{where}: line {number}")
    if not columns:
        raise FeedError(_("has no row of column names"), where=where)


def _columns(row: str, where: str) -> list[str]:
    names = [name.strip().lower() for name in row.split(",")]
    for name in ("cve", "epss"):
        if names.count(name) != 1:
            raise FeedError(_("has not one column {name}").format(name=name), where=where)
    return names


def _flaw(row: str, columns: Sequence[str], seen: set[tuple[str, str]], where: str) -> Flaw | Reject:
    if not row.endswith("\n"):
        return Reject(where, "the last line has no end: it may be cut off")
    fields = [field.strip() for field in row.split(",")]
    if len(fields) != len(columns):
        return Reject(where, "has more or fewer fields than there are columns")
    values = dict(zip(columns, fields, strict=True))
    name = _CVE.fullmatch(values["cve"])
    epss, percentile = _share(values["epss"]), _share(values.get("percentile", ""))
    if not name:
        return Reject(f"{where}: {line(values['cve'])}", "no id of a flaw")
    if epss is None or (percentile is None and values.get("percentile")):
        return Reject(where, "a number is not between 0 and 1")
    if name.groups() in seen:
        return Reject(f"{where}: {name[0]}", "stands in the list twice")
    seen.add((name[1], name[2]))
    return Flaw(flaw=name[0], epss=epss, percentile=percentile)


def _share(text: str) -> float | None:
    value = float(text) if _SHARE.fullmatch(text) else -1.0
    return value if 0 <= value <= 1 else None


FORMAT = Format(name="epss", recognises=_recognises, read=read)
