"""Pins of apt_preferences(5): which versions of which packages are wanted how much."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from secops.hosts.apt.names import is_read
from secops.hosts.apt.stanzas import stanzas
from secops.hosts.evidence import Item

PinType = Literal["version", "source-version", "release", "origin"]
_TYPES: tuple[PinType, ...] = ("version", "source-version", "release", "origin")

#: The priority of `never`, which is below all others.
NEVER = -32768
_HIGHEST = 32767
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")


class PinError(ValueError):
    """A record that apt refuses, and with it everything."""


@dataclass(frozen=True)
class Pin:
    """One record. `names` are empty for one of all packages, else names, `src:` names, wildcards and `/regexes/`."""

    type: PinType
    names: tuple[str, ...]
    data: str
    priority: int
    where: str


def in_order(items: Iterable[Item]) -> list[Item]:
    """The files that apt reads, in its order."""
    kept = [item for item in items if "/preferences.d/" not in item.path or is_read(item.path, ("", "pref"))]
    return sorted(kept, key=lambda item: ("/preferences.d/" in item.path, item.path))


def pins(item: Item) -> Iterator[Pin]:
    """The records of a file. Raises `PinError` at one that apt refuses."""
    for number, fields in enumerate(stanzas(item.lines), start=1):
        names = fields.get("package", "").split()
        if not names:
            raise PinError(f"record {number} names no package")
        kind, _, data = fields.get("pin", "").partition(" ")
        named = () if names == ["*"] else tuple(names)
        known = next((one for one in _TYPES if one == kind.lower()), None)
        if known is None or (known in ("version", "source-version") and not named):
            continue  # as apt does, with a warning
        yield Pin(known, named, data.strip(), _priority(fields, number, named=bool(named)), item.path)


def _priority(fields: dict[str, str], number: int, *, named: bool) -> int:
    text = fields.get("pin-priority", "")
    if text == "never" and not named:
        return NEVER
    found = _NUMBER.match(text)
    priority = max(int(found[0]), NEVER + 1) if found and int(found[0]) >= NEVER else 0
    if not priority or priority > _HIGHEST:
        raise PinError(f"record {number} has no priority that is one")
    return priority
