"""JSON documents of one advisory each, read whole, and strictly."""

from __future__ import annotations

import json
import re
from typing import Any, BinaryIO, NoReturn

from secops.core.i18n import _
from secops.patches.feeds.format import FeedError

#: Bytes of the largest document: Red Hat's largest statement on a flaw of the kernel is below 20 MiB.
LARGEST = 64 << 20

#: An escape that is half of a character; without its other half it is no text.
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


def load(stream: BinaryIO, where: str) -> Any:
    """The document in `stream`. Raises `FeedError` for one cut off, no JSON, too large, or with a key twice."""
    data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise FeedError(_("larger than {n} MiB for one advisory").format(n=LARGEST >> 20), where=where)
    try:
        document = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_refuse)
        if _HALF.search(data):
            json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise FeedError(_("no JSON, or cut off: {error}").format(error=error), where=where) from error
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")
