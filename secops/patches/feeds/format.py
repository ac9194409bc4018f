"""What a format of feeds is: how it is recognised, and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from secops.core.errors import UsageError
from secops.patches.statement import Entry

#: Bytes of a document by which its format is recognised.
HEAD = 64 << 10


class FeedError(UsageError):
    """A document that is not of its format as a whole, or is cut off."""


class PackingError(FeedError):
    """What documents are packed in cannot be read whole, or is beyond the limits: none of it counts."""


@dataclass(frozen=True)
class Format:
    """`recognises` looks at the first HEAD bytes of a document; `read` streams one, `where` names it in rejects.

    `read` raises `FeedError` when the document as a whole cannot be read; what it gave before then counts for nothing.
    """

    name: str
    recognises: Callable[[bytes], bool]
    read: Callable[[BinaryIO, str], Iterator[Entry]]
