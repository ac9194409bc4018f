"""Files of an image by their grammar: which lines name paths. With `lines` the twin of the first awk program."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from posixpath import basename

from secops.hosts.trusted import patterns, words
from secops.hosts.trusted.lines import Named, Reader
from secops.hosts.trusted.places import Grammar

_BLANKS = "[ \t]+"
_FIELD = re.compile(f"[^ \t]+{_BLANKS}")
_SETTING = re.compile("[A-Za-z_][A-Za-z0-9_]*[ \t]*=")
_KEY = re.compile("([A-Za-z]+)[ \t]*=")
_UNIT, _INSTALL = re.compile(words.UNIT), re.compile(words.INSTALL)
_EXPRESSION = re.compile(patterns.EXPRESSION, re.DOTALL)
_UNIT_NAME = re.compile(r"[A-Za-z0-9:_.@\\-]+")
_OTHER_PROGRAM = re.compile("#!(?!.*sh([ \t]|$))|.ELF", re.DOTALL)

#: Grammars whose lines a backslash continues.
_CONTINUED = frozenset({"unit", "shell", "rc", "words", "rotation", "rules", "sudo"})


@dataclass
class _File:
    """One file, while it is read. A handler gives a line's tokens; lines without a path are left out by `told_if`."""

    reader: Reader
    path: str
    grammar: Grammar
    inside: bool = False  # in a script of logrotate

    def tell(self, number: int, tokens: list[str]) -> None:
        self.reader.named.append(Named(self.path, self.grammar, number, tokens))

    def told_if(self, number: int, tokens: list[str]) -> None:
        if any("/" in token or "@" in token for token in tokens):
            self.tell(number, tokens)

    def job(self, number: int, text: str) -> None:
        """A line of a crontab."""
        reader, text = self.reader, text.lstrip(" \t")
        if not text or text.startswith("#"):
            return None
        if _SETTING.match(text):
            reader.here = ""
            return self.told_if(number, reader.variables(text))
        for _ in range(1 if text.startswith("@") or self.grammar == "anacron" else 5):
            text = _FIELD.sub("", text, count=1) if _FIELD.match(text) else text
        who = {"tab": basename(self.path), "anacron": "root"}.get(self.grammar, "")
        for _ in range({"cron": 1, "anacron": 2}.get(self.grammar, 0)):
            found = _FIELD.match(text)
            if not found and self.grammar == "cron":
                return None
            who = found[0].rstrip(" \t") if found and self.grammar == "cron" else who
            text = text[found.end() :] if found else text
        text = text.replace("\\%", " ").partition("%")[0]
        reader.here = reader.cwd = reader.homes.get(who, "")
        return self.told_if(number, [reader.user(who), *reader.mask(text)])

    def unit(self, number: int, text: str) -> None:
        text = text.lstrip(" \t")
        found = _KEY.match(text) if _UNIT.match(text) else None
        if not found:
            return
        key, value = found[1], text[found.end() :].replace("\r", "").lstrip(" \t")
        if _INSTALL.match(key):
            if value:
                self.tell(number, ["Install="])
        elif re.fullmatch("Exec[A-Z][A-Za-z]*", key) and key != "ExecSearchPath":
            mark = re.match("[-@:+!|]*", value)[0]  # type: ignore[index]  # it matches always
            elevated = any(char in "+!" for char in mark.replace("!!", ""))
            self.reader.cwd = ""
            self.tell(number, [f"{key}=", *["+"] * elevated, *self.reader.mask(value[len(mark) :])])
        elif (tokens := self.setting(key, re.split("[ \t]", value, maxsplit=1)[0])) is not None:
            self.tell(number, [f"{key}=", *tokens])

    def setting(self, key: str, value: str) -> list[str] | None:
        """The tokens of a setting of a unit that is no command; None for one that does not matter."""
        match key:
            case "EnvironmentFile":
                value = value.removeprefix("-")
                return [self.reader.path(value)] if value.startswith("/") else []
            case "User":
                return [self.reader.user(self.reader.names.get(value, value))] if value else []
            case "DynamicUser":
                return ["9"] if re.match("[yY1tT]|on", value) else []
            case "RootDirectory" | "RootImage" | "BusName":
                return ["9"] if value else []
            case "Unit" | "Service" if _UNIT_NAME.fullmatch(value):
                return [value]
        return None

    def rotation(self, number: int, text: str) -> None:
        """A line of a file of logrotate: commands stand in its scripts only."""
        text = text.lstrip(" \t")
        if re.match("(pre|post|first|last)(rotate|action)", text):
            self.inside, self.reader.cwd = True, ""
        elif text.startswith("endscript"):
            self.inside = False
        elif self.inside:
            self.told_if(number, self.reader.mask(text))
        elif text.startswith("}"):
            self.tell(number, ["su="])
        elif re.match("su[ \t]", text):
            name = re.split("[ \t]", text[2:].lstrip(" \t"), maxsplit=1)[0]
            self.tell(number, ["su=", self.reader.user(name)])

    def variables(self, number: int, text: str) -> None:
        self.told_if(number, self.reader.variables(text))

    def shell(self, number: int, text: str) -> None:
        self.variables(number, text)
        self.told_if(number, self.reader.mask(text))

    def rules(self, number: int, text: str) -> None:
        """A line of udev's."""
        if re.search(words.RULES, text):
            self.told_if(number, self.reader.absolute(re.sub('["=+, {}]+', " ", text)))

    def sshd(self, number: int, text: str) -> None:
        if re.match(words.SSHD, text):
            self.told_if(number, self.reader.absolute(re.sub('["=]', " ", text)))

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
            before = word

    def words(self, number: int, text: str) -> None:
        text = re.sub('[ \t\r:,"]+', " ", text.partition("#")[0])
        if not text.lstrip(" ").startswith("Debug "):
            self.told_if(number, self.reader.absolute(text))


_HANDLERS: Mapping[str, Callable[[_File, int, str], None]] = {
    "cron": _File.job, "tab": _File.job, "anacron": _File.job, "unit": _File.unit, "rotation": _File.rotation,
    "variables": _File.variables, "shell": _File.shell, "rc": _File.shell, "rules": _File.rules, "sshd": _File.sshd,
    "sudo": _File.sudo, "words": _File.words,
}  # fmt: skip

#: Grammars in which a line that begins with `#` says nothing. Those of units and crontabs see for themselves.
_COMMENTED = frozenset({"rotation", "variables", "shell", "rc", "rules", "sshd", "words"})


def read(reader: Reader, path: str, grammar: Grammar, content: str) -> bool:
    """Hand a file's lines to the reader. False when it was not read to its end, since it names too much."""
    file = _File(reader, path, grammar)
    reader.here, reader.cwd = path.rpartition("/")[0] if grammar == "rc" else "", ""
    most = words.MAX_OF_POLICY if grammar == "sudo" else words.MAX_OF_FILE
    handle, before = _HANDLERS[grammar], len(reader.wanted) + len(reader.candidates)
    for number, text in _logical(content, grammar):
        count = len(reader.wanted) + len(reader.candidates)
        if text is None or count - before > most or count > words.MAX_OF_HOST:
            return False
        if not (grammar in _COMMENTED and text.lstrip(" \t").startswith("#")):
            handle(file, number, text)
    return True


def _logical(content: str, grammar: Grammar) -> Iterator[tuple[int, str | None]]:
    """(number of its first line, text) of each line, those joined that a backslash continues; None ends too many."""
    first, joined = 0, list[str]()
    for number, text in enumerate(content.removesuffix("\n").split("\n") if content else [], start=1):
        if number == 1 and grammar == "shell" and _OTHER_PROGRAM.match(text):
            return
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
