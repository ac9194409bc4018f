"""What kinds of ways are called, and what closes one: `rules/privilege/ways.yml`."""

from __future__ import annotations

from functools import cache
from shlex import quote

import msgspec

from secops.core.content import Text
from secops.privilege.fleet.graph import Key, Step
from secops.privilege.techniques import content

#: The kind of a private key in `ways.yml`.
PRIVATE_KEY = "private_key"


class Closing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of way: its name, and what closes one of it. In `fix` and `command` stand {thing}, {place}, {source}."""

    name: Text
    fix: Text
    command: str


class _Ways(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ways: dict[str, Closing]


@cache
def closings() -> dict[str, Closing]:
    """By kind of way. Raises `UsageError` for content that does not fit."""
    return content("ways", _Ways).ways


def name(node: Key | Step, lang: str) -> str:
    return closings()[_kind(node)].name.get(lang)


def fix(node: Key | Step, lang: str) -> str:
    """What to do, for people."""
    return closings()[_kind(node)].fix.get(lang).format(**_values(node))


def command(node: Key | Step) -> str:
    """A command that does or begins it, on the host of the way."""
    return closings()[_kind(node)].command.format(**{key: quote(value) for key, value in _values(node).items()})


def _kind(node: Key | Step) -> str:
    return node.way if isinstance(node, Step) else PRIVATE_KEY


def _values(node: Key | Step) -> dict[str, str]:
    if isinstance(node, Key):
        return {"thing": node.fingerprint, "place": "", "source": ""}
    return {"thing": node.thing, "place": node.place, "source": node.source}
