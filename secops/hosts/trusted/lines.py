"""Words of lines, masked: with `grammars`, for images, the twin of the first awk program (see `awk_words`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from posixpath import basename

from secops.hosts.trusted import words
from secops.hosts.trusted.reader import Reader

_CUTS = [(re.compile(expression), text) for expression, text in words.CUTS]
_KINDS = [
    (re.compile(words.OPTION_EXEC), "-exec"), (re.compile(words.OPTION_C), "-c"), (re.compile("^-"), "-"),
    (re.compile(words.NUMBER), "9"), (re.compile(words.ASSIGNMENT), "="),
]  # fmt: skip
_OPTION_X, _OPTION_USER = re.compile(words.OPTION_X), re.compile(words.OPTION_USER)
_OPTION_F, _OPTION_AT = re.compile(words.OPTION_F), re.compile(words.OPTION_AT)
_USER_VALUE, _NAME, _FULL = re.compile(words.USER_VALUE), re.compile(words.NAME), re.compile(words.FULL)
_RELATIVE, _BARE = re.compile(words.RELATIVE), re.compile(words.BARE)
_OWN_PROGRAM, _OWN_WILDCARD = re.compile(words.OWN_PROGRAM), re.compile(words.OWN_WILDCARD)
_PYTHON = re.compile("(/.*)/bin/python[0-9.]*")
_QUOTES = ('"', "'")

#: Grammars of scripts: what a line decides holds for those behind it.
_SCRIPTS = frozenset({"shell", "script", "rc"})


def mask(reader: Reader, text: str, grammar: str = "") -> list[str]:
    """The tokens of a line, see `words`."""
    if grammar not in _SCRIPTS:
        reader.looped = ""
        reader.constants.clear()
    reader.constant(text)
    return _Line(reader, grammar in _SCRIPTS, grammar == "unit").mask(text)


@dataclass
class _Line:
    """The state of masking one line."""

    reader: Reader
    is_script: bool = False
    is_unit: bool = False
    lead: bool = True  # a command is to come
    switched: bool = False  # accounts are named
    starter: bool = False  # of start-stop-daemon
    locked: bool = False  # flock's own file is to come
    reads: bool = False  # a script is to come
    command: str = ""
    leader: str = ""  # the last program that only starts another
    value: str = ""  # of an option, which is to come: any, or an account
    jail: str = ""  # the directory that chroot takes for the root; ? where it is not known
    looping: int = 0  # in the head of a loop: 1 before its variable, 2 before in, 3 behind
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
        if self.value:
            return self.of_option(word)
        if told := self.option(word):
            return told
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
        return self.jailed(word) if word.startswith("/") else self.elsewhere(word)

    def option(self, word: str) -> str:
        """The token of an option that the program at hand gives a meaning; empty when it has none."""
        if self.lead and self.leader and word.startswith("-"):
            head = f"{self.leader}:{word}"
            if head in words.AS_USER or head in words.VALUED:
                self.value = "user" if head in words.AS_USER else "any"
                return "-"
            named = _USER_VALUE.match(word) if self.leader in words.AS_OTHERS else None
            return self.reader.account(word[named.end() :].partition(":")[0]) if named else ""
        if self.command in words.GIVEN and _OPTION_F.match(word):
            return "-f"
        return "-C" if self.command in words.MAKES and _OPTION_AT.match(word) else ""

    def of_option(self, word: str) -> str:
        """The token of an option's value."""
        kind, self.value = self.value, ""
        if kind == "user":
            return self.reader.account(word)
        is_user = self.leader == "systemd-run" and word.startswith("User=")
        return self.reader.account(word.removeprefix("User=")) if is_user else "9"

    def jailed(self, word: str) -> str:
        """An absolute path, below the directory that chroot takes for the root."""
        if self.jail:
            return "?" if self.jail == "?" else self.reader.path(self.jail + word)
        runs = self.lead or self.reads or self.looping == 3 or self.command == "run-parts"
        return self.reader.all_in(word, is_unit=self.is_unit) if runs or self.is_unit else self.reader.path(word)

    def elsewhere(self, word: str) -> str:
        """A word that is no absolute path: a file below the directory that the line is in, or a program."""
        if "/" in word or not self.lead:
            return self.below(word)
        if not _BARE.match(word):
            return "?"
        folders = (folder for folder in words.SEARCHED if folder not in self.reader.merged)
        self.reader.candidate(*(f"{folder}/{word}" for folder in folders))
        return f"@{word}"

    def below(self, word: str) -> str:
        """A word that means a file below the directory that the line is in."""
        path = f"{self.reader.cwd}/{re.sub('^([.]/+)+', '', word)}"
        if self.reader.cwd.startswith("/") and self.lead and _OWN_WILDCARD.match(word):
            return self.reader.all_in(path, is_unit=self.is_unit)
        if not self.reader.cwd or not _RELATIVE.match(word):
            return "?"
        if self.lead and _OWN_PROGRAM.match(word) and not self.is_script:
            return self.reader.path(path)
        self.reader.candidate(path)
        return f"@{path}"

    def step(self, word: str, masked: str) -> None:
        if masked in _QUOTES:
            self.quote(masked)
            return
        if self.looping:
            self.loop(word, masked)
        if self.last == "-C" and masked.startswith(("/", "@/")):
            self.make_in(masked.removeprefix("@"))
        if self.last == "cd":
            self.reader.cwd = masked.removeprefix("@") if masked.startswith(("/", "@/")) else ""
        self.last = masked
        if masked == ";":
            self.lead, self.switched, self.starter, self.locked, self.reads, self.looping = True, *[False] * 4, 0
            self.command = self.leader = self.jail = self.value = ""
        elif masked in ("-c", "-exec") or masked.startswith("~"):
            self.lead, self.reads = True, False
        elif word == "--":
            self.command = ""
        elif masked not in ("-", "-u", "-f", "-C", "9", "="):
            self.named(word, masked)

    def loop(self, word: str, masked: str) -> None:
        """A word in the head of a loop."""
        if self.looping == 1 and _NAME.match(word):
            self.reader.loop_name, self.reader.looped, self.looping = word, "", 2
        elif self.looping == 2:
            self.looping = 3 if word == "in" else 0
        elif self.looping == 3 and not self.reader.looped and masked.startswith("/") and masked.endswith("/"):
            self.reader.looped = masked

    def make_in(self, folder: str) -> None:
        self.reader.candidate(*(f"{folder}/{name}" for name in words.MAKEFILES))

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
            self.program(basename(word), masked)
        elif self.reads:
            self.reader.follow(masked)
            self.reads = False

    def program(self, name: str, masked: str) -> None:
        """What comes behind a program that stands where a command begins."""
        if name in words.SWITCHES:
            self.switched, self.starter = True, name == "start-stop-daemon"
        elif name in words.LEADS:
            self.locked, self.leader = name in ("flock", "chroot"), name
        elif self.locked:
            self.locked = False
            if self.leader == "chroot":
                self.jail = masked if masked.startswith("/") else "?" if name else ""
        else:
            self.lead, self.command, self.reads, self.looping = False, name, name in words.SHELLS, int(name == "for")
            if name in words.MAKES and self.reader.cwd.startswith("/"):
                self.make_in(self.reader.cwd)
            self.environment(masked)

    def environment(self, program: str) -> None:
        """Have the modules looked at of a Python that has its own."""
        found = _PYTHON.fullmatch(program)
        if found and not _FULL.match(program):
            self.reader.candidate(f"{found[1]}/pyvenv.cfg")
            self.reader.spread(f"{found[1]}/lib*/python3*/site-packages")
