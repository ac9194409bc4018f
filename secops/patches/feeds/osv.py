"""OSV entries of distributions: one a document, a list, or one a line (https://ossf.github.io/osv-schema/)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, BinaryIO

from secops.core.i18n import _
from secops.patches.feeds import strict_json
from secops.patches.feeds.format import FeedError, Format
from secops.patches.feeds.json_faults import NotStrictError
from secops.patches.feeds.osv_entry import entries
from secops.patches.statement import Entry, Reject

#: Bytes in which the keys of most entries are: there are feeds of a hundred thousand documents.
_FIRST_LOOK = 1 << 10


def _recognises(head: bytes) -> bool:
    return any(_is_entry(strict_json.top_keys(part)) for part in (head[:_FIRST_LOOK], head))


def _is_entry(keys: frozenset[str]) -> bool:
    return "id" in keys and not keys.isdisjoint(("affected", "modified", "withdrawn"))


def read(stream: BinaryIO, where: str) -> Iterator[Entry]:
    """What the entries of a document say. One entry that is no OSV is a reject, a document that is no JSON an error."""
    first = b"\n"
    while first.isspace():
        first = stream.readline(strict_json.MAX_ENTRY)
    if first.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        for number, found in enumerate(strict_json.elements(strict_json.Joined(first, stream), where), 1):
            yield from entries(found, f"{where}: entry {number}", many=True)
    elif _is_whole(first) and (second := stream.readline(strict_json.MAX_ENTRY)):
        yield from _lines((first, second), stream, where)
    else:
        yield from entries(_single(first, stream, where), where, many=False)


def _is_whole(raw: bytes) -> bool:
    try:
        return isinstance(strict_json.loads(raw), dict)
    except ValueError:
        return False


def _single(first: bytes, stream: BinaryIO, where: str) -> Any:
    raw = first + stream.read(strict_json.MAX_ENTRY)
    if len(raw) > strict_json.MAX_ENTRY:
        what = _("one entry is larger than {n} MiB").format(n=strict_json.MAX_ENTRY >> 20)
        raise FeedError(what, where=where)
    try:
        return strict_json.loads(raw)
    except NotStrictError as error:
        raise FeedError(error.what, where=where) from error


def _lines(begun: Iterable[bytes], stream: BinaryIO, where: str) -> Iterator[Entry]:
    for number, raw in enumerate(chain(begun, iter(lambda: stream.readline(strict_json.MAX_ENTRY), b"")), 1):
        if raw.strip():
            place = f"{where}: line {number}"
            try:
                found = strict_json.loads(raw)
            except NotStrictError as error:
                yield Reject(place, str(error), lost=True)
            else:
                yield from entries(found, place, many=True)


FORMAT = Format(name="osv", recognises=_recognises, read=read)
