"""What a reader of credential files is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from secops.core.secret import Secret
from secops.hosts.section import DEFAULT_LIMIT

#: `obfuscated`: anyone can turn it back without a key; its value is the plain text.
Form = Literal["plain", "hash", "obfuscated"]


class UnreadableError(ValueError):
    """Why a file, or the rest of it, cannot be read. The reason never holds any of its content."""


@dataclass(frozen=True)
class Credential:
    """One password, token or community that a file holds. An empty value: the service lets the account in without.

    `account` is the name it logs in with, else the setting that holds it. A hash has the form that
    `secops.passwords` verifies, which may hold more than the file's own field (the account, the service).
    """

    service: str
    path: str
    line: int | None
    account: str
    form: Form
    value: Secret[bytes]


Reader = Callable[[str, bytes], Iterator[Credential]]


@dataclass(frozen=True)
class Kind:
    """The credential files of one service. `patterns` as in `section.Files`.

    `read(path, content)` yields what one file holds and raises `UnreadableError`, nothing else, whatever the content.
    """

    service: str
    patterns: tuple[str, ...]
    read: Reader
    limit: int = DEFAULT_LIMIT
