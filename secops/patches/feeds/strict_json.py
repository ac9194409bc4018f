"""JSON that says one thing only: no key twice, no text that is no text, no number that is none. In pieces or whole."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from itertools import pairwise
from typing import Any, BinaryIO, NoReturn, cast

import ijson

from secops.core.i18n import _
from secops.patches.feeds import json_faults
from secops.patches.feeds.format import FeedError
from secops.patches.feeds.json_faults import NotStrictError
from secops.patches.feeds.metered import Metered
from secops.patches.feeds.unpacking import Readable

#: Bytes of one entry. The advisories with the most packages take a few MiB.
MAX_ENTRY = 64 << 20

_DEEPEST = 40
_BOM = b"\xef\xbb\xbf"
_STARTS = ("start_map", "start_array")
_ENDS = ("end_map", "end_array")

#: Escapes of which each is half a character.
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")

Event = tuple[str, Any]


def loads(raw: bytes) -> Any:
    """A document held in memory. Raises `NotStrictError` for one that is not strictly JSON in UTF-8."""
    try:
        value = json.loads(
            raw.removeprefix(_BOM).decode(), object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite
        )
        if _HALF.search(raw):
            json.dumps(value, ensure_ascii=False).encode()  # fails for half a character
    except NotStrictError:
        raise
    except (ValueError, RecursionError) as error:
        raise NotStrictError(json_faults.of_json(error)) from error
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise json_faults.twice(_twice(pairs))
    return found


def _refuse(_word: str) -> NoReturn:
    raise NotStrictError(json_faults.NO_NUMBER)


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise NotStrictError(json_faults.TOO_LARGE)
    return number


@lru_cache(2)  # every format asks for those of the same document
def top_keys(head: bytes) -> frozenset[str]:
    """The keys of the object that a document begins with, or of the first one in its list, as far as they are seen."""
    keys, depth, listed = set(), 0, 0
    try:
        # without use_float ijson ends the process at a number of thousands of digits
        for event, value in ijson.basic_parse(BytesIO(head.removeprefix(_BOM)), use_float=True):
            if event in _STARTS:
                listed += event == "start_array" and not depth
                depth += 1
            elif event in _ENDS:
                depth -= 1
                if depth <= listed:
                    break
            elif event == "map_key" and depth == 1 + listed:
                keys.add(value)
    except (ijson.JSONError, SystemError, ValueError, OverflowError):
        pass  # the head ends somewhere
    return frozenset(keys)


def elements(stream: Readable, where: str) -> Iterator[Any]:
    """The elements of a document that is one list, one by one. Raises `FeedError` for what is not strictly JSON."""
    paced = _metered(stream, where)
    events = _events(paced, where)
    if next(events, ("", None))[0] != "start_array":
        raise FeedError(_("is no list in JSON"), where=where)
    yield from _elements(events, paced, where)
    _end(events)


def members(stream: Readable, where: str, listed: str) -> Iterator[tuple[str, Any]]:
    """What a document that is one object holds: its texts and numbers, and each element of the list called `listed`.

    The rest is passed over, and nothing is kept: the document may be of any size. Raises `FeedError` as `elements`.
    """
    paced = _metered(stream, where)
    events = _events(paced, where)
    if next(events, ("", None))[0] != "start_map":
        raise FeedError(_("is no object in JSON"), where=where)
    seen = set()
    for event, key in events:
        if event == "end_map":
            break
        if key in seen:
            raise FeedError(json_faults.twice(key).what, where=where)
        seen.add(key)
        paced.rest()
        event, value = next(events)
        if key == listed:
            if event != "start_array":
                raise FeedError(_("has no list in {key}").format(key=key), where=where)
            yield from ((key, element) for element in _elements(events, paced, where))
        elif event in _STARTS:
            _pass_over(events, paced)
        else:
            yield key, value
    _end(events)


class Joined:
    """A stream of which the beginning was read already."""

    def __init__(self, first: bytes, rest: Readable) -> None:
        self._first, self._rest = BytesIO(first), rest

    def read(self, size: int, /) -> bytes:
        return self._first.read(size) or self._rest.read(size)


def _metered(stream: Readable, where: str) -> Metered:
    """The document without the mark that Windows puts before it."""
    return Metered(cast(BinaryIO, Joined(stream.read(len(_BOM)).removeprefix(_BOM), stream)), where, MAX_ENTRY)


def _events(stream: Metered, where: str) -> Iterator[Event]:
    try:
        yield from ijson.basic_parse(stream, use_float=True)
    except (ijson.JSONError, SystemError, ValueError, OverflowError) as error:  # SystemError: thousands of digits
        raise FeedError(json_faults.of_yajl(error), where=where) from error


def _elements(events: Iterator[Event], paced: Metered, where: str) -> Iterator[Any]:
    for event, value in events:
        if event == "end_array":
            return
        paced.rest()
        yield _value(event, value, events, where, 1)


def _value(event: str, value: Any, events: Iterator[Event], where: str, depth: int) -> Any:
    if event not in _STARTS:
        return value
    if depth > _DEEPEST:
        raise FeedError(json_faults.TOO_DEEP, where=where)
    if event == "start_array":
        items = []
        for inner, item in events:
            if inner == "end_array":
                break
            items.append(_value(inner, item, events, where, depth + 1))
        return items
    pairs = []
    for inner, key in events:
        if inner == "end_map":
            break
        pairs.append((key, _value(*next(events), events, where, depth + 1)))
    try:
        return _unique(pairs)
    except NotStrictError as error:
        raise FeedError(error.what, where=where) from error


def _twice(pairs: list[tuple[str, Any]]) -> str:
    keys = sorted(key for key, _value in pairs)
    return next(a for a, b in pairwise(keys) if a == b)


def _pass_over(events: Iterator[Event], paced: Metered) -> None:
    depth = 1
    while depth:
        event = next(events)[0]
        depth += (event in _STARTS) - (event in _ENDS)
        paced.rest()


def _end(events: Iterator[Event]) -> None:
    """Read on to the end, so that what follows the document is an error of it."""
    for _event in events:
        pass
