"""Reading sshd_config and ssh_config files: lines, quotes, Include and blocks, as OpenSSH reads them.

What the keywords mean is not known here. Pure: it is given the files that were collected and says which ones it missed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from posixpath import normpath

from secops.hosts.evidence import Item, Problem, Status

#: The context of `Match all`: it holds for every connection.
ALL = "all"

_MAX_DEPTH = 16  # sshd's own limit of nested includes
_BUDGET = 4 << 20  # characters read in all, repeated includes counted each time: no configuration may stall a scan
_MAX_FAULTS = 20
_MAX_PATH = 4096

_KEYWORD = re.compile(r'"([^"]*)"[ \t]*|([^ \t"=]+)[ \t]*(?:=[ \t]*)?')
_WORD = re.compile(r"[^ \t]+")
_CRITERIA = frozenset({"user", "group", "host", "address", "localaddress", "localport", "rdomain", "version"})


@dataclass(frozen=True)
class Setting:
    """One line that sets something. `context` is what the blocks around it ask for, empty outside every block."""

    context: str
    keyword: str  # lower-case, as written
    words: tuple[str, ...]
    rest: str  # everything after the keyword, for keywords that take a command line
    source: str
    line: int | None


@dataclass
class Parsed:
    """The settings in the order sshd meets them, and what kept the reading from being whole."""

    settings: list[Setting] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Dialect:
    """What the server's and the client's files differ in.

    `blocks`: by keyword, what makes a block's words one text, or None when the program refuses them. `base` is where
    relative includes are looked for, `home` what `~` stands for; `between` parts the contexts of nested blocks.
    `numbers`: those of the lines, by path, of files of which only some lines are known.
    """

    program: str
    blocks: Mapping[str, Callable[[Sequence[str]], str | None]]
    base: str = "/etc/ssh"
    home: str = ""
    between: str = " "
    numbers: Mapping[str, Sequence[int]] = field(default_factory=dict)


def parse(main: str, files: Mapping[str, Item], collected: Sequence[str], dialect: Dialect | None = None) -> Parsed:
    """Read `main` and what it includes, as sshd unless another dialect is given.

    `files` holds every file that was found, also unreadable ones; `collected` are the patterns that were asked for, so
    that an include of something never asked for is told from one that matches nothing.
    """
    reader = _Reader(files, collected, dialect or Dialect("sshd", {"match": criteria}))
    reader.file(main, "", ())
    return reader.parsed


def split_words(text: str) -> list[str] | None:
    """Arguments as OpenSSH splits them: quotes, a few backslash escapes, `#` at a word's start ends the line.

    None when a quote is not closed.
    """
    if not any(char in text for char in "\"'\\"):
        words = _WORD.findall(text)
        comment = next((i for i, word in enumerate(words) if word.startswith("#")), len(words))
        return words[:comment]
    return _split_quoted(text)


def _split_quoted(text: str) -> list[str] | None:
    words: list[str] = []
    word: list[str] | None = None
    quote = ""
    at = 0
    while at < len(text):
        char, after = text[at], text[at + 1 : at + 2]
        if word is None and char == "#":
            break
        if not quote and char in " \t":
            if word is not None:
                words.append("".join(word))
            word = None
        else:
            word = [] if word is None else word
            if char == "\\" and after and (after in "\"'\\" or (after == " " and not quote)):
                word.append(after)
                at += 1
            elif char == quote:
                quote = ""
            elif not quote and char in "\"'":
                quote = char
            else:
                word.append(char)
        at += 1
    if word is not None:
        words.append("".join(word))
    return None if quote else words


def directive(line: str) -> tuple[str, str] | None:
    """(keyword in lower case, rest) of a line; `("", "")` for a blank or a comment; None when it has no argument."""
    text = line.strip(" \t\r\f")
    if not text or text.startswith("#"):
        return "", ""
    match = _KEYWORD.match(text)
    if match is None or match.end() == len(text):
        return None
    return (match.group(1) or match.group(2) or "").lower(), text[match.end() :]


def criteria(words: Sequence[str]) -> str | None:
    """Match criteria as one text, `user=x` and `User x` alike; None when sshd would refuse them."""
    found: list[str] = []
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        name = name.lower()
        if name in (ALL, "invalid-user") and not equals:
            found.append(name)
        elif name in _CRITERIA and (value := value if equals else next(rest, "")):
            found.append(f'{name} "{value}"' if " " in value else f"{name} {value}")
        else:
            return None
    return None if not found or (ALL in found and len(found) > 1) else " ".join(found)


def join_contexts(outer: str, inner: str, between: str = " ") -> str:
    """A block inside an included file adds to the block around the Include."""
    narrow = [context for context in (outer, inner) if context not in ("", ALL)]
    return between.join(narrow) or (ALL if ALL in (outer, inner) else "")


def covers(collected: str, wanted: str) -> bool:
    """Does asking for the pattern `collected` bring every file that the pattern `wanted` can match?"""
    if collected == wanted:
        return True
    folder, _, name = collected.rpartition("/")
    wanted_folder, _, wanted_name = wanted.rpartition("/")
    suffix = name.removeprefix("*")
    return (
        folder == wanted_folder
        and name.startswith("*")
        and not wanted_name.startswith(".")
        and wanted_name.endswith(suffix)
        and not any(char in suffix for char in "*?[")
    )


def glob_matches(pattern: str, path: str) -> bool:
    """As glob(3): a wildcard matches neither a slash nor a leading dot."""
    parts, names = pattern.split("/"), path.split("/")
    return len(parts) == len(names) and all(
        fnmatchcase(name, part) and (part.startswith(".") or not name.startswith("."))
        for part, name in zip(parts, names, strict=True)
    )


@dataclass
class _Reader:
    files: Mapping[str, Item]
    collected: Sequence[str]
    dialect: Dialect
    parsed: Parsed = field(default_factory=Parsed)
    budget: int = _BUDGET

    def fault(self, reason: str, status: Status = Status.FAILED) -> None:
        if len(self.parsed.problems) < _MAX_FAULTS:
            self.parsed.problems.append(Problem(status, reason))

    def file(self, path: str, outer: str, chain: tuple[str, ...]) -> None:
        """Read one file in the context of the block around its Include. Its own blocks end with it."""
        item = self.files[path]
        if path in chain or len(chain) > _MAX_DEPTH:
            self.fault(f"{path}: included in itself or too deeply")
            return
        if item.status not in (Status.OK, Status.EMPTY):
            self.fault(f"{path}: {item.reason or item.status}", item.status)
        context = outer
        numbers = self.dialect.numbers.get(path) or range(1, len(item.lines) + 1)
        for number, line in zip(numbers, item.lines, strict=True):
            self.budget -= len(line) + 1
            if self.budget < 0:
                self.fault(f"{path}:{number}: the configuration is too large to be read")
                return
            context = self.line(line, Place(path, number, outer, context, (*chain, path)))

    def line(self, line: str, place: Place) -> str:
        """Read one line; the context of the next one."""
        found = directive(line)
        words = split_words(found[1]) if found else None
        if found is None or words is None or (found[0] and not words):
            self.fault(f"{place}: {self.dialect.program} refuses this line (no argument, or an open quote)")
            return place.context
        keyword, rest = found
        if block := self.dialect.blocks.get(keyword):
            own = block(words)
            if own is None:
                self.fault(f"{place}: {self.dialect.program} refuses these Match criteria")
                own = " ".join(words)
            return join_contexts(place.outer, own, self.dialect.between)
        if keyword == "include":
            for pattern in words:
                self.include(pattern, place)
        elif keyword:
            self.parsed.settings.append(Setting(place.context, keyword, tuple(words), rest, place.path, place.number))
        return place.context

    def include(self, pattern: str, place: Place) -> None:
        self.budget -= 16 * len(self.files)
        if self.dialect.home and pattern.startswith("~/"):
            pattern = self.dialect.home + pattern[1:]
        wanted = normpath(pattern if pattern.startswith(("/", "~")) else f"{self.dialect.base}/{pattern}")
        if len(wanted) > _MAX_PATH or not any(covers(known, wanted) for known in self.collected):
            self.fault(f"{place}: includes {pattern[:200]}, which was not collected")
            return
        for path, item in sorted(self.files.items()):
            if "*" in path and covers(path, wanted):  # a directory that could not be listed stands as its pattern
                self.fault(f"{path}: {item.reason or item.status}", item.status)
            elif glob_matches(wanted, path) and self.budget >= 0:
                self.file(path, place.context, place.chain)


@dataclass(frozen=True)
class Place:
    """Where the reader is: file, line, the context the file came with, the context in force, the files around."""

    path: str
    number: int
    outer: str
    context: str
    chain: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.path}:{self.number}"
