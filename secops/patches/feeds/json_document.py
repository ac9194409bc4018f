"""JSON documents of one advisory each, read whole, and strictly."""

from __future__ import annotations

from typing import Any, BinaryIO

from secops.core.i18n import _
from secops.patches.feeds.format import FeedError
from secops.patches.feeds.json_faults import NotStrictError
from secops.patches.feeds.strict_json import loads

#: Bytes of the largest document: Red Hat's largest statement on a flaw of the kernel is below 20 MiB.
LARGEST = 64 << 20


def load(stream: BinaryIO, where: str) -> Any:
    """The document in `stream`. Raises `FeedError` for one cut off, no JSON, too large, or with a key twice."""
    data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise FeedError(_("larger than {n} MiB for one advisory").format(n=LARGEST >> 20), where=where)
    try:
        return loads(data)
    except NotStrictError as error:
        raise FeedError(error.what, where=where) from error
