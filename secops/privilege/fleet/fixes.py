"""What kinds of ways are called, and what closes one: `rules/privilege/ways.yml`."""

from __future__ import annotations

from functools import cache
from shlex import quote

import msgspec

from secops.core.content import Text
from secops.privilege.fleet.graph import Graph, Key, Step
from secops.privilege.techniques import by_program, content

#: The kind of a private key in `ways.yml`.
PRIVATE_KEY = "private_key"


class Closing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of way: its name, and what closes one of it. In `fix` and `command` stand {thing}, {place}, {source}.

    `narrow` is `fix` where one program opens it by its arguments, `never` where its arguments do not count.
    """

    name: Text
    fix: Text
    command: str
    narrow: Text | None = None
    never: Text | None = None


class _Ways(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ways: dict[str, Closing]


@cache
def closings() -> dict[str, Closing]:
    """By kind of way. Raises `UsageError` for content that does not fit."""
    return content("ways", _Ways).ways


def name(node: Key | Step, lang: str) -> str:
    return closings()[_kind(node)].name.get(lang)


def fix(graph: Graph, node: Key | Step, lang: str) -> str:
    """What to do, for people."""
    closing = closings()[_kind(node)]
    detail = graph.details[node] if isinstance(node, Step) else None
    program = detail.program if detail else None
    text = closing.fix
    if detail and program:
        text = (closing.never if _is_any(program, detail.gives) else closing.narrow) or text
    return text.get(lang).format(**_values(node), program=program)


def _is_any(program: str, gives: str) -> bool:
    """Whether a program gives it whatever its arguments are."""
    return any(one.when == "any" and one.gives == gives for one in by_program().get(program, ()))


def command(node: Key | Step) -> str:
    """A command that does or begins it, on the host of the way."""
    return closings()[_kind(node)].command.format(**{key: quote(value) for key, value in _values(node).items()})


def _kind(node: Key | Step) -> str:
    return node.way if isinstance(node, Step) else PRIVATE_KEY


def _values(node: Key | Step) -> dict[str, str]:
    if isinstance(node, Key):
        return {"thing": node.fingerprint, "place": "", "source": ""}
    return {"thing": node.thing, "place": node.place, "source": node.source}
