"""Lines of text documents, one by one: in UTF-8, with or without its mark, or in GB18030."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from secops.core.i18n import _
from secops.patches.feeds.format import FeedError

#: Bytes of one line.
MAX_LINE = 1 << 20

#: What a decoder puts in the place of bytes that are no character.
LOST = "\ufffd"


class Lines:
    """Decodes lines. Chinese in GB18030 is hardly ever valid UTF-8: the first line with more than ASCII decides."""

    def __init__(self) -> None:
        self._encoding = ""

    def text(self, raw: bytes) -> str:
        """The text of a line. Bytes that are no character become U+FFFD."""
        if raw.isascii():
            return raw.decode()
        self._encoding = self._encoding or _encoding(raw)
        return raw.decode(self._encoding, "replace")


def _encoding(raw: bytes) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def lines(stream: BinaryIO, where: str) -> Iterator[str]:
    """The lines with their ends. Raises `FeedError` for one that is too long to be a line."""
    decoder = Lines()
    raw = stream.readline(MAX_LINE + 1).removeprefix(b"\xef\xbb\xbf")
    while raw:
        if len(raw) > MAX_LINE:
            raise FeedError(_("a line is longer than {n} KiB").format(n=MAX_LINE >> 10), where=where)
        yield decoder.text(raw)
        raw = stream.readline(MAX_LINE + 1)
