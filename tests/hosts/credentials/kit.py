"""Reading one file with the reader of its service."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from secops.hosts.credentials import KINDS, Kind, UnreadableError

BY_SERVICE = {kind.service: kind for kind in KINDS}

Found = tuple[int | None, str, str, bytes]


def kind_of(path: str) -> Kind:
    """The kind that looks for this file; `/root` and `/home/*` are homes."""
    for kind in KINDS:
        for pattern in kind.patterns:
            forms = [home + pattern[1:] for home in ("/root", "/home/*")] if pattern.startswith("~/") else [pattern]
            if any(fnmatchcase(path, form) and path.count("/") == form.count("/") for form in forms):
                return kind
    raise AssertionError(f"nobody looks for {path}")


def read(path: str, content: str | bytes) -> list[Found]:
    """(line, account, form, value) of each credential."""
    raw = content.encode() if isinstance(content, str) else content
    kind = kind_of(path)
    found = list(kind.read(path, raw))
    assert {(each.service, each.path) for each in found} <= {(kind.service, path)}
    return [(each.line, each.account, each.form, each.value.reveal()) for each in found]


def refused(path: str, content: str | bytes) -> str:
    """Why the reader refuses the file."""
    with pytest.raises(UnreadableError) as caught:
        read(path, content)
    return str(caught.value)
