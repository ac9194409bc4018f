"""A stream that ends what goes on and on: memory holds one entry at a time, so one entry must have an end."""

from __future__ import annotations

from typing import BinaryIO

from secops.core.i18n import _
from secops.patches.feeds.format import FeedError


class Metered:
    """A stream of which at most `largest` bytes are read between two rests; one more is a `FeedError`."""

    def __init__(self, stream: BinaryIO, where: str, largest: int) -> None:
        self._stream, self._where, self._largest = stream, where, largest
        self._since = 0

    def rest(self) -> None:
        """An entry has ended."""
        self._since = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._since += len(data)
        if self._since > self._largest:
            raise FeedError(_("one entry is larger than {n} MiB").format(n=self._largest >> 20), where=self._where)
        return data
