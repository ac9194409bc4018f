"""Paragraphs of `Field: value`, as apt reads its own settings in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def stanzas(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """Each paragraph by field, in lower case; lines that begin with a space go on. Of a field twice the last counts.

    Lines that begin with `#` are no part of it; they do not end it either.
    """
    fields: dict[str, str] = {}
    name = ""
    for line in (*lines, ""):
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, name = {}, ""
        elif line[0] in " \t":
            if name:
                fields[name] += "\n" + line.strip()
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
        else:
            name = ""
