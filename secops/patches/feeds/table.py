"""A table of advisories as CSV, for vendors without a machine feed. docs/feeds-csv.md says what it looks like."""

from __future__ import annotations

import csv
import re
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from datetime import date
from io import StringIO
from itertools import accumulate, islice, takewhile
from typing import BinaryIO

from secops.core.dates import Days
from secops.core.i18n import _
from secops.patches.feeds import table_words as words
from secops.patches.feeds.format import FeedError, Format
from secops.patches.feeds.text_lines import LOST, Lines, lines
from secops.patches.feeds.vetting import line, score, severity, vetted
from secops.patches.statement import About, Entry, Kind, Reject, Severity, Statement, Status

#: Lines that a row with breaks in its fields may have.
MOST_LINES = 20

_DELIMITERS = (",", ";", "\t")
_SEPARATORS = re.compile(r"[\s,;|、，；]+")
_AS_OF = re.compile(r"(?:as of|截至)\s*[:：]?\s*([0-9年月日/.-]+)", re.IGNORECASE)
_CVE = re.compile(r"CVE-\d{4}-\d{4,}", re.ASCII)
_SYSTEM = re.compile(r"[a-z0-9][a-z0-9._-]{0,40}")
_RELEASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,40}")
_ARCH = re.compile(r"[a-z0-9_]{2,20}")
_SCORE = re.compile(r"\d{1,2}(?:\.\d)?", re.ASCII)
_URL = re.compile(r"https?://[\x21-\x7e]{1,500}")

_NAMES = {re.sub(r"[\s_-]", "", name): ours for ours, others in words.COLUMNS.items() for name in (ours, *others)}
_days = Days()


class _RowError(ValueError):
    """Why a row says nothing, in plain words."""


def _recognises(head: bytes) -> bool:
    decoder = Lines()
    rows = (decoder.text(row) for row in head.removeprefix(b"\xef\xbb\xbf").split(b"\n"))
    names = set(_columns(next((row for row in rows if _is_row(row)), "")))
    return "package" in names and not names.isdisjoint(("flaws", "advisory"))


def read(stream: BinaryIO, where: str) -> Iterator[Entry]:
    """What the rows of a table say. Raises `FeedError` when a column is missing, or stands twice."""
    source, before = lines(stream, where), 0
    for row in source:
        before += 1
        if _is_row(row):
            break
        if found := _AS_OF.search(row):
            yield About(as_of=_days.read(found[1]))
    else:
        raise FeedError(_("has no row of column names"), where=where)
    columns = _columns(row)
    _check(columns, where)
    delimiter = _delimiter(row)
    for number, text in _records(source, before + 1, delimiter, len(columns)):
        yield from _row(text, delimiter, columns, f"{where}: line {number}")


def _records(source: Iterator[str], number: int, delimiter: str, columns: int) -> Iterator[tuple[int, str]]:
    """Rows with the number of their first line. One whose quotation mark is not closed takes no other row with it."""
    ahead: deque[str] = deque()
    while text := ahead.popleft() if ahead else next(source, ""):
        count = 1
        if '"' in text and _fields(text, delimiter) is None:
            ahead.extend(islice(source, MOST_LINES - len(ahead)))
            more = list(takewhile(lambda line: line.count(delimiter) < max(1, columns - 1), ahead))
            joined = accumulate(more, initial=text)
            whole = ((at, one) for at, one in enumerate(joined, 1) if _fields(one, delimiter) is not None)
            count, text = next(whole, (1, text))
            for _line in range(count - 1):
                ahead.popleft()
        yield number, text
        number += count


def _fields(text: str, delimiter: str) -> list[str] | None:
    """The fields of a row; None when its quotation marks do not match."""
    try:
        return next(csv.reader(StringIO(text, newline="\n"), delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None


def _row(text: str, delimiter: str, columns: Sequence[str], where: str) -> Iterator[Entry]:
    fields = _fields(text, delimiter)
    if fields is None:
        yield Reject(where, "its quotation marks do not match", lost=True)
    elif any(map(str.strip, fields)):
        yield _entry([field.strip() for field in fields], columns, where)


def _entry(fields: Sequence[str], columns: Sequence[str], where: str) -> Statement | Reject:
    if len(fields) != len(columns):
        return Reject(where, "has more or fewer fields than there are columns", lost=True)
    if any(LOST in field for field in fields):
        return Reject(where, "holds bytes that are no characters", lost=True)
    try:
        return vetted(_statement(defaultdict(str, zip(columns, fields, strict=True))), where)
    except _RowError as error:
        return Reject(where, str(error), lost=True)


def _statement(cells: defaultdict[str, str]) -> Statement:
    """A column that is not there is one of empty fields."""
    system = _system(cells["system"])
    status = _status(cells["status"], cells["fixed"])
    flaws = _flaws(cells["flaws"], cells["advisory"])
    return Statement(
        advisory=line(cells["advisory"]) or flaws[0],
        flaws=flaws,
        ecosystem=system,
        release=_matching(_RELEASE, cells["release"], "no release of a system"),
        kind=_kind(cells["type"], system),
        package=cells["package"],
        by_source=_answer(cells["source"]),
        arch=_arches(cells["arch"]),
        module=line(cells["module"]),
        introduced=cells["introduced"],
        fixed=cells["fixed"],
        last_affected=cells["last_affected"],
        hot=_answer(cells["hot"]),
        status=status,
        words=_own_words(cells["status"], status),
        severity=_severity(cells["severity"]),
        score=score(float(cells["score"])) if _SCORE.fullmatch(cells["score"]) else None,
        published=_published(cells["published"]),
        title=line(cells["title"]),
        url=cells["url"] if _URL.fullmatch(cells["url"]) else "",
    )


def _system(text: str) -> str:
    name = text.lower().replace(" ", "")
    return _matching(_SYSTEM, words.SYSTEMS.get(name, name), "no name of a system")


def _matching(pattern: re.Pattern[str], text: str, fault: str) -> str:
    if pattern.fullmatch(text):
        return text
    raise _RowError(fault)


def _kind(text: str, system: str) -> Kind:
    kind = words.KINDS.get(text.lower()) if text else words.KINDS_OF_SYSTEMS.get(system)
    if kind is None:
        raise _RowError("does not say whether its packages are of dpkg, rpm or apk")
    return kind


def _status(text: str, fixed: str) -> Status:
    if not text and fixed:
        return "fixed"
    status = words.STATUSES.get(text.lower())
    if status is None:
        raise _RowError("has neither a fixed version nor a status that is known")
    return status


def _own_words(text: str, status: Status) -> str:
    return "" if status == "fixed" or text.lower() == status else line(text)


def _flaws(text: str, advisory: str) -> tuple[str, ...]:
    names = [name for name in _SEPARATORS.split(text) if name]
    return tuple(dict.fromkeys([name for name in names if _CVE.fullmatch(name)] or names or [advisory]))


def _answer(text: str) -> bool:
    if text.lower() not in words.ANSWERS:
        raise _RowError("a field is neither yes nor no")
    return words.ANSWERS[text.lower()]


def _arches(text: str) -> tuple[str, ...]:
    names = sorted({name for name in _SEPARATORS.split(text.lower()) if name})
    if any(name in words.EVERY_ARCH for name in names):
        return ()
    return tuple(_matching(_ARCH, name, "no name of an architecture") for name in names)


def _severity(text: str) -> Severity:
    return words.SEVERITIES.get(text) or severity(text)


def _published(text: str) -> date | None:
    return _days.read(text) if text else None


def _is_row(text: str) -> bool:
    return bool(text.strip(" \t\r\n,;")) and not text.lstrip('" ').startswith("#")


def _columns(row: str) -> list[str]:
    """Our names of the columns; of those that are none of ours, "" and their place."""
    try:
        names = next(csv.reader([row], delimiter=_delimiter(row)), [])
    except csv.Error:
        names = []
    plain = [re.sub(r"[\s_-]", "", name).lower() for name in names]
    return [_NAMES.get(name, f"#{at}") for at, name in enumerate(plain)]


def _check(columns: Sequence[str], where: str) -> None:
    for group in words.NEEDED:
        if not set(group) & set(columns):
            names = ", ".join(f"{name} ({words.COLUMNS[name][-1]})" for name in group)
            hint = _("The columns of a table are in docs/feeds-csv.md.")
            raise FeedError(_("has no column {name}").format(name=names), where=where, hint=hint)
    if twice := sorted(name for name in set(columns) if columns.count(name) > 1):
        raise FeedError(_("has not one column {name}").format(name=twice[0]), where=where)


def _delimiter(row: str) -> str:
    return max(_DELIMITERS, key=row.count)


FORMAT = Format(name="table", recognises=_recognises, read=read)
