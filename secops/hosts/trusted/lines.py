"""Words of lines, masked: with `grammars`, for images, the twin of the first awk program (see `awk`).

Text is bytes decoded as Latin-1, one character a byte, as awk sees it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from posixpath import basename

from secops.hosts.trusted import patterns, words
from secops.hosts.trusted.places import Grammar

_CUTS = [(re.compile(expression), text) for expression, text in words.CUTS]
_OPEN = re.compile(words.OPEN)
_OWN_HOME = re.compile(words.OWN_HOME)
_VARIABLE = re.compile(words.VARIABLE)
_KINDS = [
    (re.compile(words.OPTION_EXEC), "-exec"), (re.compile(words.OPTION_C), "-c"), (re.compile("^-"), "-"),
    (re.compile(words.NUMBER), "9"), (re.compile(words.ASSIGNMENT), "="),
]  # fmt: skip
_OPTION_X, _OPTION_USER = re.compile(words.OPTION_X), re.compile(words.OPTION_USER)
_RELATIVE, _BARE = re.compile(words.RELATIVE), re.compile(words.BARE)
_QUOTES = ('"', "'")


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

    def expand(self, word: str) -> str:
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

    def mask(self, text: str) -> list[str]:
        return _Line(self).mask(text)


@dataclass
class _Line:
    """The state of masking one line."""

    reader: Reader
    lead: bool = True  # a command is to come
    switched: bool = False  # accounts are named
    starter: bool = False  # of start-stop-daemon
    locked: bool = False  # flock's own file is to come
    reads: bool = False  # a script is to come
    command: str = ""
    last: str = ""
    open: str = ""  # the quote that we are in
    outer: str = ""  # the quote in which a command stands

    def mask(self, text: str) -> list[str]:
        for expression, by in _CUTS:
            text = expression.sub(by, text)
        tokens = []
        for word in re.split("[ \t\n]+", text):
            if word:
                tokens.append(self.token(word))
                self.step(word, tokens[-1])
        return tokens

    def token(self, word: str) -> str:
        if word == ";" or word in _QUOTES:
            return word
        if self.starter and _OPTION_X.match(word):
            return "-exec"
        if self.switched and (found := _OPTION_USER.match(word)):
            name = word[found.end() :].partition(":")[0]
            return f"~{name}" if name in self.reader.homes else "-u"
        if kind := next((kind for expression, kind in _KINDS if expression.match(word)), None):
            return kind
        reader = self.reader
        name = word.partition(":")[0] if self.starter else word
        if self.switched and name in reader.homes:
            reader.cwd = reader.homes[name]
            return f"~{name}"
        if self.command in words.TRICKED and word[0] in "*?" and reader.cwd.startswith("/") and not self.open:
            reader.wanted[f"{reader.cwd}/"] = None
            return f"*{reader.cwd}/"
        if word in words.KEPT:
            return word
        if len(word) > words.MAX_PATH:
            return "?"
        word = reader.expand(word)
        return reader.path(word) if word.startswith("/") else self.elsewhere(word)

    def elsewhere(self, word: str) -> str:
        """A word that is no absolute path: a file below the directory that the line is in, or a program."""
        if "/" in word or not self.lead:
            if not self.reader.cwd or not _RELATIVE.match(word):
                return "?"
            path = f"{self.reader.cwd}/{re.sub('^([.]/+)+', '', word)}"
            self.reader.candidate(path)
            return f"@{path}"
        if not _BARE.match(word):
            return "?"
        folders = (folder for folder in words.SEARCHED if folder not in self.reader.merged)
        self.reader.candidate(*(f"{folder}/{word}" for folder in folders))
        return f"@{word}"

    def step(self, word: str, masked: str) -> None:
        if masked in _QUOTES:
            self.quote(masked)
            return
        if self.last == "cd":
            self.reader.cwd = masked.removeprefix("@") if masked.startswith(("/", "@/")) else ""
        self.last = masked
        if masked == ";":
            self.lead, self.switched, self.starter, self.locked, self.reads, self.command = True, *[False] * 4, ""
        elif masked in ("-c", "-exec") or masked.startswith("~"):
            self.lead, self.reads = True, False
        elif word == "--":
            self.command = ""
        elif masked not in ("-", "-u", "9", "="):
            self.named(word, masked)

    def quote(self, mark: str) -> None:
        if self.last == "-c":
            self.lead, self.outer = True, mark
        elif self.outer == mark and not self.open:
            self.outer = ""
        elif self.open == mark:
            self.open = ""
        else:
            self.open = self.open or mark
        self.last = self.last if self.last in ("-c", "cd") else mark

    def named(self, word: str, masked: str) -> None:
        """A word that is no option."""
        if self.lead:
            if not self.locked:
                self.reader.follow(masked)
                if re.match("@[^/]", masked):
                    self.reader.follow(f"/usr/local/sbin/{word}", f"/usr/local/bin/{word}")
            self.program(basename(word))
        elif self.reads:
            self.reader.follow(masked)
            self.reads = False

    def program(self, name: str) -> None:
        """What comes behind a program that stands where a command begins."""
        if name in words.SWITCHES:
            self.switched, self.starter = True, name == "start-stop-daemon"
        elif name in words.LEADS:
            self.locked = name == "flock"
        elif self.locked:
            self.locked = False
        else:
            self.lead, self.command, self.reads = False, name, name in words.SHELLS
