"""What files of an image name, while they are read: the twin of the first awk program's state (see `awk_names`).

Text is bytes decoded as Latin-1, one character a byte, as awk sees it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from posixpath import basename

from secops.hosts.trusted import patterns, words
from secops.hosts.trusted.places import Grammar

_OPEN = re.compile(words.OPEN)
_OWN_HOME, _HOME_OF = re.compile(words.OWN_HOME), re.compile(words.HOME_OF)
_VARIABLE = re.compile(words.VARIABLE)
_FULL = re.compile(words.FULL)
_CONSTANT, _CONSTANT_HEAD = re.compile(words.CONSTANT), re.compile(words.CONSTANT_HEAD)
_CONSTANT_USE = re.compile(words.CONSTANT_USE)


@dataclass(frozen=True)
class Named:
    """A masked line of a file."""

    file: str
    grammar: Grammar
    line: int
    tokens: list[str]


@dataclass
class Reader:
    """Reads files one by one. `homes` by account, `names` of accounts by number, both as in /etc/passwd.

    `merged` are directories of the root that are links into /usr: programs are looked for where they are.
    """

    homes: Mapping[str, str]
    names: Mapping[str, str]
    merged: Set[str] = frozenset()
    named: list[Named] = field(default_factory=list)
    wanted: dict[str, None] = field(default_factory=dict)  # paths to look at
    candidates: dict[str, None] = field(default_factory=dict)  # paths of which only those count that are there
    patterns: dict[str, None] = field(default_factory=dict)  # of which all matches are to be looked at
    scripts: dict[str, None] = field(default_factory=dict)  # to be read too
    here: str = ""  # the home of the account that a line is for
    cwd: str = ""
    loop_name: str = ""  # of the variable that a loop sets, and the directory of what it goes over
    looped: str = ""
    constants: dict[str, str] = field(default_factory=dict)  # paths, by the variable that a script gives them

    def path(self, word: str) -> str:
        """The path of a word, up to its last directory where a shell completes it; `?` when it is none to look at."""
        if re.match("/(/|(proc|sys)(/|$))", word) or len(word) > words.MAX_PATH:
            return "?"
        word = re.sub("//+", "/", word)
        if found := _OPEN.search(word):
            word = word[: found.start()]
            word = word[: len(word) - len(basename(word))]
        if word in ("/", ""):
            return "?"
        self.wanted[word] = None
        return word

    def all_in(self, word: str, *, is_unit: bool = False) -> str:
        """The path of a word: where a wildcard ends it, what that matches is looked at. Units have `%i` for one."""
        pattern = re.sub("%[A-Za-z]", "*", word) if is_unit else word
        last = basename(pattern)
        if ("*" in last or "?" in last) and not _FULL.match(pattern):
            self.spread(pattern)
        return self.path(word)

    def constant(self, text: str) -> None:
        """Keep a path that a line gives a variable."""
        if "=" in text and _CONSTANT.search(text):
            name, _, value = _CONSTANT_HEAD.sub("", text).partition("=")
            self.constants[name] = re.split("[ \t\r;&#]", re.sub("[\"']", "", value), maxsplit=1)[0]

    def expand(self, word: str) -> str:
        used = _CONSTANT_USE.match(word) if self.constants else None
        if used and used[1].strip("{}") in self.constants and word[used.end() :][:1] in ("", "/"):
            return self.constants[used[1].strip("{}")] + word[used.end() :]
        if self.looped and word in (f"${self.loop_name}", f"${{{self.loop_name}}}"):
            return self.looped
        if found := _HOME_OF.match(word):
            home = self.homes.get(word[1 : found.end() - 1])
            return f"{home}/{word[found.end() :]}" if home else "?"
        found = _OWN_HOME.match(word)
        if not found:
            return word
        return f"{self.here}/{word[found.end() :]}" if self.here else "?"

    def candidate(self, *paths: str) -> None:
        self.candidates.update(dict.fromkeys(paths))

    def spread(self, pattern: str) -> None:
        """Have the matches of a pattern looked at, unless there are too many; or what it is, if it has none."""
        pattern = patterns.listed(pattern)
        wild = sum(map(patterns.is_wild, pattern.split("/")))
        is_place = re.match("/(?!(proc|sys)(/|$))", pattern) and len(pattern) <= words.MAX_PATH
        if is_place and not wild:
            self.path(pattern)
            self.follow(pattern)
        elif is_place and wild <= patterns.MAX_WILD and len(self.patterns) < patterns.MAX_PATTERNS:
            self.patterns[pattern] = None

    def user(self, name: str) -> str:
        return f"~{name}" if name in self.homes else "?"

    def account(self, name: str) -> str:
        """The account of a name or number that a program runs another as."""
        name = self.names.get(name, name)
        return f"~{name}" if name in self.homes else "-u"

    def variables(self, text: str) -> list[str]:
        """The paths in the value of a variable that is trusted, behind its name."""
        found = _VARIABLE.search(text)
        if not found:
            return []
        value = re.sub("[\"']", "", text[found.end() :]).lstrip(" \t")
        value = re.split("[ \t\r;&|)]", value, maxsplit=1)[0]
        expanded = [self.expand(word) for word in value.split(":")]
        paths = [self.path(word) for word in expanded if word.startswith("/")]
        return [re.sub("[^A-Z_]", "", found[0]) + "=", *paths]

    def assigned(self, text: str) -> list[str]:
        """The same of a line of a unit, which may hold several: before each path its variable."""
        tokens = []
        while found := _VARIABLE.search(text):
            text = text[found.end() :]
            name = re.sub("[^A-Z_]", "", found[0])
            value = re.split("[ \t\"']", text, maxsplit=1)[0]
            for word in value.split(":"):
                tokens += [f"{name}=", self.path(word)] if word.startswith("/") else []
        return tokens

    def follow(self, *words: str) -> None:
        """Have scripts read that words, masked or not, name."""
        for word in (word.removeprefix("@") for word in words):
            if re.match("/(?!dev/)", word) and not word.endswith("/") and "'" not in word:
                self.scripts[word] = None

    def absolute(self, text: str, *, runs: bool = True) -> list[str]:
        """Absolute paths in a line. `runs`: they may be scripts."""
        found = [word for word in re.split("[ \t\v\f\r]+", text) if word.startswith("/")]
        if runs:
            self.follow(*found)
        return [self.path(word) for word in found]
