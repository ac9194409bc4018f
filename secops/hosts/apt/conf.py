"""apt.conf as apt reads it (apt.conf(5)): nested scopes to names with `::`, later settings over earlier ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

#: Statements that are read; a host has some hundred.
MAX_STATEMENTS = 5_000

#: Comments of `#` that are none.
_DIRECTIVES = ("#clear", "#include", "#x-apt-configure-index")
_WORD = re.compile(r'\s*((?:"[^"]*"|[^\s"])+)')
_QUOTED = re.compile(r'\s*"([^"]*)"')
_DUMPED = re.compile(r'(\S+) "(.*)";', re.DOTALL)

_TRUE = frozenset({"1", "yes", "true", "with", "on", "enable"})
_FALSE = frozenset({"0", "no", "false", "without", "off", "disable"})


class ConfError(ValueError):
    """A file that apt refuses, and with it everything."""


@dataclass
class Settings:
    """Settings by name, as `apt-config dump` has them: `x::` is an unnamed entry of x. Names are in lower case."""

    pairs: list[tuple[str, str]] = field(default_factory=list)
    read: int = 0  # statements so far

    def find(self, name: str, default: str = "") -> str:
        """The value; the default when there is none, or an empty one."""
        key = name.lower()
        return next((value for known, value in self.pairs if known == key), "") or default

    def values(self, name: str) -> list[str]:
        """The entries of a list, named or not, that say something; of a plain value its parts between commas."""
        if plain := self.find(name):
            return plain.split(",")
        start = name.lower() + "::"
        return [
            value
            for known, value in self.pairs
            if value and known.startswith(start) and (known.endswith("::") or "::" not in known[len(start) :])
        ]

    def flag(self, name: str, *fallback: str) -> bool:
        """Whether it is on; when it is not set, the first of `fallback` that is."""
        for one in (name, *fallback):
            if value := self.find(one):
                return truth(value)
        return False

    def set(self, name: str, value: str) -> None:
        """Add a setting, in the place of one of that name. Raises `ConfError` when there are too many."""
        key = name.lower()
        self._count()
        for at, (known, _) in enumerate(self.pairs):
            if known == key and not key.endswith("::"):
                self.pairs[at] = (key, value)
                return
        self.pairs.append((key, value))

    def clear(self, name: str) -> None:
        """Take away a setting, and all below it."""
        key = name.lower().removesuffix("::")
        self._count()
        self.pairs = [pair for pair in self.pairs if pair[0] != key and not pair[0].startswith(key + "::")]

    def _count(self) -> None:
        self.read += 1
        if self.read > MAX_STATEMENTS:
            raise ConfError(f"more than {MAX_STATEMENTS} settings")


def truth(text: str, *, default: bool = False) -> bool:
    """A word as apt takes it for yes or no."""
    word = text.strip().lower()
    return word in _TRUE or (default and word not in _FALSE)


def dumped(lines: Iterable[str]) -> Settings:
    """What `apt-config dump` prints."""
    found = (_DUMPED.fullmatch(line) for line in lines)
    return Settings([(match[1].lower(), match[2]) for match in found if match])


def read_conf(settings: Settings, text: str) -> None:
    """Read one file into `settings`. Raises `ConfError` where apt gives up, and at an `#include`."""
    parents: list[str] = []
    held = ""
    for line in _uncommented(text):
        for piece, end in _pieces(line):
            held = f"{held} {piece}".strip() if piece else held
            if not end:
                continue
            if held:
                _statement(settings, held, end, parents)
            elif end == "{":
                raise ConfError("a block starts with no name")
            if end == "}" and parents:
                parents.pop()
            held = ""
    if held:
        raise ConfError("extra junk at the end of the file")


def _statement(settings: Settings, text: str, end: str, parents: list[str]) -> None:
    """One statement, ended by `;`, `{` or `}`."""
    word = _WORD.match(text)
    tag = word[1].replace('"', "") if word else ""
    value = _value(text[word.end() :] if word else "")
    if value is None and end != "{":
        tag, value = "", tag
        if value == "#clear":
            raise ConfError("#clear names nothing")
    if tag.startswith("#"):
        if parents or tag not in ("#clear", "#x-apt-configure-index"):
            raise ConfError(f"{tag} is not followed")
        if tag == "#clear":
            settings.clear(value or "")
        return
    above = parents[-1] if parents else ""
    name = f"{above}::{tag}" if above else tag
    if end == "{":
        parents.append(name)
    if value is not None:
        settings.set(name, value)


def _value(rest: str) -> str | None:
    """The value after a tag; None when there is none."""
    if not rest.strip():
        return None
    parts, at = [], 0
    while quoted := _QUOTED.match(rest, at):
        parts.append(quoted[1])
        at = quoted.end()
    if not parts and (word := _WORD.match(rest)):
        parts, at = [word[1].replace('"', "")], word.end()
    if rest[at:].strip():
        raise ConfError("extra junk after a value")
    return " ".join(parts)


def _pieces(line: str) -> Iterator[tuple[str, str]]:
    """Pieces between `;`, `{` and `}` outside quotes, each with what ended it (empty at the end of the line)."""
    start, quoted = 0, False
    for at, char in enumerate(line):
        if char == '"':
            quoted = not quoted
        elif char in ";{}" and not quoted:
            yield line[start:at].strip(), char
            start = at + 1
    yield line[start:].strip(), ""


def _uncommented(text: str) -> Iterator[str]:
    """Lines without comments. Within quotes nothing begins one."""
    inside = False
    for raw in text.split("\n"):
        line = raw.replace("\t", " ").strip()
        if inside:
            _, mark, line = line.partition("*/")
            if not mark:
                continue
            inside = False
        line = _until(line, "//", ())
        line = _until(line, "#", _DIRECTIVES)
        line, inside = _without_blocks(line)
        if line:
            yield line


def _until(line: str, mark: str, kept: tuple[str, ...]) -> str:
    """The line up to a comment's mark."""
    quoted = False
    for at, char in enumerate(line):
        if char == '"':
            quoted = not quoted
        elif char == mark[0] and not quoted and line.startswith(mark, at) and not line.startswith(kept, at):
            return line[:at]
    return line


def _without_blocks(line: str) -> tuple[str, bool]:
    """The line without `/* … */`, and whether such a comment goes on."""
    kept, start, at = [], 0, 0
    quoted = False
    while at < len(line):
        if line[at] == '"':
            quoted = not quoted
        elif not quoted and line.startswith("/*", at):
            kept.append(line[start:at])
            end = line.find("*/", at + 2)
            if end < 0:
                return "".join(kept), True
            start = at = end + 2
            quoted = False
            continue
        at += 1
    return "".join([*kept, line[start:]]), False
