"""Files of an image by their grammar: which lines name paths. With `lines` the twin of the first awk program."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from posixpath import basename

from secops.hosts.trusted import patterns, words
from secops.hosts.trusted.lines import mask
from secops.hosts.trusted.places import Grammar
from secops.hosts.trusted.reader import Named, Reader
from secops.hosts.trusted.unit_lines import UnitLines

_BLANKS = "[ \t]+"
_FIELD = re.compile(f"[^ \t]+{_BLANKS}")
_SETTING = re.compile("[A-Za-z_][A-Za-z0-9_]*[ \t]*=")
_COMMAND, _PAM = re.compile(words.COMMAND), re.compile(words.PAM)
_EXPRESSION = re.compile(patterns.EXPRESSION, re.DOTALL)
_HOOK = re.compile(words.HOOK)
_ORDINARY = re.compile(words.ORDINARY)
OTHER_PROGRAM = re.compile("#!(?!.*sh([ \t]|$))|.ELF", re.DOTALL)

#: Grammars whose lines a backslash continues.
_CONTINUED = frozenset({"unit", "shell", "script", "rc", "words", "rotation", "rules", "sudo", "commands", "pam"})


@dataclass
class _File:
    """One file, while it is read. A handler gives a line's tokens; lines without a path are left out by `told_if`."""

    reader: Reader
    path: str
    grammar: Grammar
    inside: bool = False  # in a script of logrotate, or a hook of apt
    braced: bool = False  # which goes on to a brace

    def tell(self, number: int, tokens: list[str]) -> None:
        self.reader.named.append(Named(self.path, self.grammar, number, tokens))

    def told_if(self, number: int, tokens: list[str]) -> None:
        if any("/" in token or "@" in token for token in tokens):
            self.tell(number, tokens)

    def mask(self, text: str) -> list[str]:
        return mask(self.reader, text, self.grammar)

    def job(self, number: int, text: str) -> None:
        """A line of a crontab."""
        reader, text = self.reader, text.lstrip(" \t")
        if not text or text.startswith("#"):
            return None
        if _SETTING.match(text):
            reader.here = ""
            return self.told_if(number, reader.variables(text))
        for _ in range(1 if text.startswith("@") or self.grammar == "anacron" else 4 if self.grammar == "inetd" else 5):
            text = _FIELD.sub("", text, count=1) if _FIELD.match(text) else text
        who = {"tab": basename(self.path), "anacron": "root"}.get(self.grammar, "")
        for _ in range({"cron": 1, "inetd": 1, "anacron": 2}.get(self.grammar, 0)):
            found = _FIELD.match(text)
            if not found and self.grammar != "anacron":
                return None
            who = found[0].rstrip(" \t") if found and self.grammar != "anacron" else who
            text = text[found.end() :] if found else text
        who = re.split("[.:/]", who)[0] if self.grammar == "inetd" else who
        text = text.replace("\\%", " ").partition("%")[0]
        reader.here = reader.cwd = reader.homes.get(who, "")
        return self.told_if(number, [reader.user(who), *self.mask(text)])

    def rotation(self, number: int, text: str) -> None:
        """A line of a file of logrotate: commands stand in its scripts only."""
        text = text.lstrip(" \t")
        if re.match("(pre|post|first|last)(rotate|action)", text):
            self.inside, self.reader.cwd = True, ""
        elif text.startswith("endscript"):
            self.inside = False
        elif self.inside:
            self.told_if(number, self.mask(text))
        elif text.startswith("}"):
            self.tell(number, ["su="])
        elif re.match("su[ \t]", text):
            name = re.split("[ \t]", text[2:].lstrip(" \t"), maxsplit=1)[0]
            self.tell(number, ["su=", self.reader.user(name)])

    def variables(self, number: int, text: str) -> None:
        self.told_if(number, self.reader.variables(text))

    def script(self, number: int, text: str) -> None:
        """A line of a script that is long, as a rule: what names no path tells little, and is left out."""
        if "/" in text or self.reader.cwd or (self.reader.constants and "$" in text):
            self.shell(number, text)

    def shell(self, number: int, text: str) -> None:
        self.variables(number, text)
        self.told_if(number, self.mask(text))

    def rules(self, number: int, text: str) -> None:
        """A line of udev's."""
        if re.search(words.RULES, text):
            self.told_if(number, self.reader.absolute(re.sub('["=+, {}]+', " ", text)))

    def sshd(self, number: int, text: str) -> None:
        text = text.lstrip(" \t")
        found = re.match("[A-Za-z]+", text)
        key = found[0].lower() if found else ""
        if re.fullmatch(words.SSHD, key):
            self.told_if(number, self.reader.absolute(re.sub('["=]', " ", text), runs=False))
            return
        text = re.sub("^[ \t]*=?[ \t]*", "", text[len(key) :])
        if re.fullmatch(words.SSHD_COMMANDS, key):
            self.reader.cwd = ""
            self.tell(number, [f"{key}=", *self.mask(text)])
        elif key == "match":
            self.tell(number, ["match=", *self.matched(re.sub("[ \t\r]+", " ", text).strip(" "))])

    def matched(self, text: str) -> list[str]:
        """The accounts that a line `Match` is for: `*` for all, `?` where it does not say."""
        kind, _, names = text.partition(" ")
        if kind.lower() == "all" and not names:
            return ["*"]
        if kind.lower() != "user" or not names or " " in names:
            return ["?"]
        return [self.reader.user(name) for name in names.removesuffix(",").split(",")]

    def xinetd(self, number: int, text: str) -> None:
        """A line of a block of settings: what is served, and as whom."""
        parts = re.sub("[ \t\r=]+", " ", text).split(" ")
        key, value = ([part for part in parts if part] + ["", ""])[:2]
        if "}" in text or "{" in text:
            self.tell(number, ["end=" if "}" in text else "begin="])
        elif key == "server" and value.startswith("/"):
            self.reader.follow(value)
            self.tell(number, ["server=", self.reader.path(value)])
        elif key == "user" and value:
            self.tell(number, ["user=", self.reader.user(self.reader.names.get(value, value))])
        elif key == "disable":
            self.tell(number, ["disable=", *["9"] * (value == "yes")])

    def apt(self, number: int, text: str) -> None:
        """A line of apt.conf or dpkg.cfg: commands stand behind the names of hooks."""
        text = text.lstrip(" \t")
        if text.startswith("//"):
            return
        if found := _HOOK.search(text):
            text, self.inside, self.braced = text[found.end() :].lstrip(" \t:="), True, False
        if not self.inside:
            return
        self.reader.cwd = ""
        self.told_if(number, self.mask(text))
        self.braced = self.braced or "{" in text
        if re.search("}[ \t\r;]*$", text) or (not self.braced and text.strip(" \t\r")):
            self.inside = False

    def sudo(self, _: int, text: str) -> None:
        """A line of sudo's policy, of which the tables know more: it only makes us look."""
        for _ in range(patterns.MAX_PATTERNS):
            at = text.find("^/")
            found = _EXPRESSION.match(text, at) if at >= 0 else None
            if not found:
                break
            self.reader.spread(patterns.of_expression(found[0]))
            text = f"{text[:at]} {text[found.end() :]}"
        text = re.sub(r" ?[,=:!()][,=:!() ]*", " ; ", re.sub(r'[ \t\v\f\r"\\^$|]+', " ", text))
        before = ""
        for word in re.split("[ \t\n]+", text):
            if word.startswith("/"):
                if before == ";":
                    self.reader.spread(f"{word}*" if word.endswith("/") else word)
                self.reader.path(word)
                self.reader.follow(word)
            before = word

    def interpreter(self, text: str) -> None:
        """The first line of a script: what runs it, where it is no program of the system."""
        if text.startswith("#!") and not _ORDINARY.match(text):
            self.reader.here = self.reader.cwd = ""
            self.told_if(1, ["#!", *self.mask(text.removeprefix("#!"))])

    def commands(self, number: int, text: str) -> None:
        """A line on which a command stands behind a keyword."""
        if found := _COMMAND.match(text):
            self.reader.cwd = self.reader.here = ""
            self.told_if(number, self.mask(text[found.end() :]))

    def pam(self, number: int, text: str) -> None:
        """A rule of PAM: its module, and the files that it is told to read."""
        tokens = list[str]()
        for word in re.split("[ \t\v\f\r]+", text.partition("#")[0]):
            found = _PAM.match(word)
            if word.startswith("/"):
                self.reader.follow(word)
                tokens.append(self.reader.path(word))
            elif found and word[found.end() :].startswith("/"):
                tokens += [found[0], self.reader.path(word[found.end() :])]
        self.told_if(number, tokens)

    def words(self, number: int, text: str) -> None:
        text = re.sub('[ \t\r:,"]+', " ", text.partition("#")[0])
        if not text.lstrip(" ").startswith("Debug "):
            self.told_if(number, self.reader.absolute(text))


_HANDLERS: Mapping[str, Callable[[_File, int, str], None]] = {
    "cron": _File.job, "tab": _File.job, "anacron": _File.job, "rotation": _File.rotation,
    "variables": _File.variables, "shell": _File.shell, "script": _File.script, "rc": _File.shell,
    "rules": _File.rules, "sshd": _File.sshd, "sudo": _File.sudo, "words": _File.words,
    "inetd": _File.job, "xinetd": _File.xinetd, "apt": _File.apt, "commands": _File.commands, "pam": _File.pam,
}  # fmt: skip

#: Grammars of what may be a program of another kind, which its first line tells.
_SCRIPTS = frozenset({"shell", "script"})

#: Grammars in which a line that begins with `#` says nothing. Those of units and crontabs see for themselves.
_COMMENTED = frozenset(
    {"rotation", "variables", "shell", "script", "rc", "rules", "sshd", "words", "xinetd", "apt", "commands", "pam"}
)


def read(reader: Reader, path: str, grammar: Grammar, content: str) -> bool:
    """Hand a file's lines to the reader. False when it was not read to its end, since it names too much."""
    file = _File(reader, path, grammar)
    reader.here, reader.cwd, reader.looped = path.rpartition("/")[0] if grammar == "rc" else "", "", ""
    reader.constants.clear()
    if grammar in _SCRIPTS:
        first = content.partition("\n")[0]
        file.interpreter(first)
        if OTHER_PROGRAM.match(first):
            return True
    if grammar == "unit":
        unit = UnitLines(reader, file.tell)
        whole = _each_line(reader, grammar, content, unit.line)
        unit.finish()
        return whole
    handle = _HANDLERS[grammar]
    return _each_line(reader, grammar, content, lambda number, text: handle(file, number, text))


def _each_line(reader: Reader, grammar: Grammar, content: str, handle: Callable[[int, str], None]) -> bool:
    """False when they name too much, and some were left."""
    most = words.MAX_OF_POLICY if grammar == "sudo" else words.MAX_OF_FILE
    before = len(reader.wanted) + len(reader.candidates)
    for number, text in _logical(content, grammar):
        count = len(reader.wanted) + len(reader.candidates)
        if text is None or count - before > most or count > words.MAX_OF_HOST:
            return False
        if not (grammar in _COMMENTED and text.lstrip(" \t").startswith("#")):
            handle(number, text)
    return True


def _logical(content: str, grammar: Grammar) -> Iterator[tuple[int, str | None]]:
    """(number of its first line, text) of each line, those joined that a backslash continues; None ends too many."""
    first, joined = 0, list[str]()
    for number, text in enumerate(content.removesuffix("\n").split("\n") if content else [], start=1):
        first = first or number
        if number - first > words.MAX_JOINED:
            yield first, None
            return
        if text.endswith("\\") and grammar in _CONTINUED:
            joined += text[:-1], " "
            continue
        yield first, "".join(joined) + text
        first, joined = 0, []
    if joined:
        yield first, "".join(joined)
