"""What a format makes of a document, and what no document may do to it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import msgspec
import pytest

from secops.patches import versions
from secops.patches.feeds.format import HEAD, FeedError, Format
from secops.patches.statement import About, Entry, Reject, Statement


def read(format_: Format, document: bytes) -> list[Entry]:
    """All entries of a document that the format recognises."""
    assert format_.recognises(document[:HEAD])
    return list(format_.read(BytesIO(document), "doc"))


def statements(format_: Format, document: bytes) -> list[Statement]:
    return [entry for entry in read(format_, document) if isinstance(entry, Statement)]


def rejects(format_: Format, document: bytes) -> list[tuple[str, str]]:
    return [(entry.where, entry.reason) for entry in read(format_, document) if isinstance(entry, Reject)]


def doubted(format_: Format, document: bytes) -> list[Statement]:
    """What is left unknown of entries that are rejects."""
    return [one for entry in read(format_, document) if isinstance(entry, Reject) for one in entry.unclear]


def about(format_: Format, document: bytes) -> About:
    (found,) = (entry for entry in read(format_, document) if isinstance(entry, About))
    return found


def refused(format_: Format, document: bytes) -> str:
    """What the format says of a document that it refuses as a whole."""
    with pytest.raises(FeedError) as caught:
        list(format_.read(BytesIO(document), "doc"))
    return caught.value.what


def stands(format_: Format, document: bytes) -> None:
    """The format gives sound entries for any document, or refuses it as a whole."""
    try:
        entries = list(format_.read(BytesIO(document), "doc"))
    except FeedError:
        return
    msgspec.json.encode(entries)
    for entry in entries:
        if isinstance(entry, Statement):
            _is_sound(entry)
        elif isinstance(entry, Reject):
            for statement in entry.unclear:
                _is_sound(statement)
                assert statement.status == "unknown"


def _is_sound(statement: Statement) -> None:
    bounds = (statement.introduced, statement.fixed, statement.last_affected)
    assert all(versions.fault(statement.kind, version) == "" for version in bounds if version)
    assert (statement.status == "fixed") == bool(statement.fixed)
    assert statement.package.isprintable()
    assert statement.package.isascii()
    assert statement.flaws
    assert statement.release
    assert statement.advisory
    assert all(text.isprintable() for text in (statement.title, statement.url, statement.words))


def peak(program: str, *arguments: object) -> int:
    """KiB that a program in Python takes at most; it is run in a process of its own."""
    told = "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    command = [sys.executable, "-c", program + told, *map(str, arguments)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def nodes(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of everything in a JSON document."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from nodes(inner, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A JSON document with something else at a path."""
    if not path:
        return new
    first, *rest = path
    if isinstance(value, dict):
        return {key: replaced(inner, tuple(rest), new) if key == first else inner for key, inner in value.items()}
    return [replaced(inner, tuple(rest), new) if at == first else inner for at, inner in enumerate(value)]


#: What stands where something else is expected.
JUNK: list[Any] = [
    None, True, -1, 10**400, 10**4000, 1e308, "", "x", "\0", "\ud800", "1:2:3-4-5", " ",
    "ü" * 5000, [], {}, [[]], {"a": {}}, ["x"],
]  # fmt: skip
