"""Actions: what polkit is asked about, and what it answers where no rule says otherwise (.policy files, XML).

Read as polkitd reads them, by the same parser and its elements; but a file that defines entities is not read at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from secops.hosts.polkit.local_authority import RESULTS

_MAX_DEPTH = 32
_PREFIX = "org.freedesktop.policykit."
_DEFAULTS = ("allow_any", "allow_inactive", "allow_active")


@dataclass
class Action:
    """One action. `program` is what pkexec runs by it, `argument` the first argument it then must have (None = any).

    Whoever may do it without being asked may also do what it `implies`.
    """

    id: str
    source: str
    line: int
    defaults: dict[str, str] = field(default_factory=lambda: dict.fromkeys(_DEFAULTS, "no"))
    annotations: dict[str, str] = field(default_factory=dict)

    @property
    def program(self) -> str | None:
        return self.annotations.get(f"{_PREFIX}exec.path")

    @property
    def argument(self) -> str | None:
        return self.annotations.get(f"{_PREFIX}exec.argv1")

    @property
    def implies(self) -> list[str]:
        return self.annotations.get(f"{_PREFIX}imply", "").split(" ")


class PolicyError(ValueError):
    """The file is no policy from a line on; `actions` are those before it."""

    def __init__(self, line: int, actions: list[Action]) -> None:
        super().__init__(f"line {line}")
        self.line, self.actions = line, actions


def read(data: bytes, source: str) -> list[Action]:
    """The actions of one file. Raises `PolicyError` where polkitd, too, stops reading."""
    reader = _Reader(source)
    try:
        reader.parser.Parse(data, True)
    except (expat.ExpatError, _Refused):
        raise PolicyError(reader.parser.CurrentLineNumber, reader.actions) from None
    return reader.actions


class _Refused(Exception):  # noqa: N818 - never leaves this module
    pass


class _Reader:
    def __init__(self, source: str) -> None:
        self.actions: list[Action] = []
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler, self.parser.EndElementHandler = self._start, self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._entity
        self._source, self._stack = source, list[str]()
        self._action: Action | None = None
        self._key = ""

    def _entity(self, *_: object) -> None:
        raise _Refused

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._stack) == _MAX_DEPTH:
            raise _Refused
        self._stack.append(name)
        match self._stack:
            case ["policyconfig", "action"]:
                self._action = Action(self._only(attributes, "id"), self._source, self.parser.CurrentLineNumber)
            case ["policyconfig", "action", "annotate"]:
                self._key = self._only(attributes, "key")

    def _only(self, attributes: dict[str, str], name: str) -> str:
        if list(attributes) != [name]:
            raise _Refused
        return attributes[name]

    def _text(self, text: str) -> None:
        """A piece of text: where there are more, as after a newline, the last one counts, and each must be right."""
        match self._stack:
            case ["policyconfig", "action", "defaults", name] if name in _DEFAULTS and self._action:
                if text not in RESULTS:
                    raise _Refused
                self._action.defaults[name] = text
            case ["policyconfig", "action", "annotate"] if self._action:
                self._action.annotations[self._key] = text

    def _end(self, _: str) -> None:
        if self._stack == ["policyconfig", "action"] and self._action:
            self.actions.append(self._action)
        self._stack.pop()
