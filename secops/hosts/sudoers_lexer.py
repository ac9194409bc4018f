"""Sudoers text → logical lines of tokens.

sudo's own scanner takes the longest match and, of equals, the earlier rule; so does this one, because the language
leans on it (`/bin/ls a=b` is an argument, `/bin/ls =` is not). Text is Latin-1 inside: one character per byte, as
sudo sees it. Patterns are possessive, so that a hostile line costs no more than its length. What fits no token becomes an
error token, and the rest of the entry is read on, as sudo does: where it ends must be known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from secops.hosts.evidence import readable

TAGS = ("PASSWD", "EXEC", "INTERCEPT", "SETENV", "LOG_OUTPUT", "LOG_INPUT", "MAIL", "FOLLOW")  # each also with NO
#: PRIVS and LIMITPRIVS are Solaris's: elsewhere they are names of aliases.
OPTIONS = ("TIMEOUT", "NOTBEFORE", "NOTAFTER", "CWD", "CHROOT", "ROLE", "TYPE", "APPARMOR_PROFILE")
_DIGEST_BYTES = {"sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}


class Token(NamedTuple):
    """A token: `kind` is its class or, for punctuation, itself. `arguments` only for commands (None = any).

    The text of an error says what is wrong.
    """

    kind: str
    text: str = ""
    arguments: str | None = None


@dataclass(frozen=True)
class Line:
    """One entry: `keyword` is empty for user specifications; it is `open` when the file ends before it does."""

    number: int
    keyword: str
    tokens: list[Token]
    open: bool = False


class SudoersError(ValueError):
    """This entry is not sudoers syntax."""


_WORD = r'(?:[^#>!=:,() \t\r\n\\"]++|\\[^\t\n])++'
_ID = r"#-?[0-9]++"
_PATH = r"/(?:[^,:=\\ \t\r\n#]++|\\[,:= \t#])++"
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})"
_V4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_HEX16 = r"[0-9A-Fa-f]{1,4}"
_V6 = rf"(?:(?:(?:{_HEX16})?:){{2,6}}:{_V4}|(?:(?:{_HEX16})?:){{2,7}}(?:{_HEX16})?)"
_RULES = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("tag", rf"(?:NO)?(?:{'|'.join(TAGS)})[ \t]*+:"),
        ("nothing", r"\+|%:?"),
        ("netgroup", rf"\+{_WORD}"),
        ("group", rf"%:?(?:{_WORD}|{_ID})"),
        ("network", rf"{_V4}(?:/{_V4})?"),
        ("network", rf"{_V4}/(?:3[0-2]|[12]?[0-9])"),
        ("network", rf"{_V6}(?:/{_V6})?"),
        ("network", rf"{_V6}/(?:12[0-8]|1[01][0-9]|[1-9][0-9]|[0-9])"),
        ("ALL", r"ALL"),
        ("option", "|".join(OPTIONS)),
        ("alias", r"[A-Z][A-Z0-9_]*+"),
        ("digest", r"sha(?:224|256|384|512)"),
        ("command", r"sudoedit"),
        ("command", _PATH),
        ("command", r"\^(?:[^#\r\n$\\]++|\\[#$]|\\)*\$"),
        ("include", r"@include(?:dir)?"),
        ("word", rf"{_ID}|{_WORD}"),
        ("mark", r"[(),=:]"),
        ("not", r"!++"),
    )
)
_EQUALS = re.compile("=")
_PATH_VALUE = re.compile(rf"{_PATH}|{_WORD}")
_BLANK = re.compile(r"[ \t]++")
_CONTINUED = re.compile(r"\\[ \t]*+\r?\n")
_SKIPPED = re.compile(r"(?:[ \t]++|\\[ \t]*+\r?\n)*+")
_END = re.compile(r"(?:#(?!-?[0-9]|-[\r\n])[^\n]*+)?\r?\n")  # a comment is not a #uid
_STRING = re.compile(r'"((?:[^"\r\n\\]++|\\"|\\[ \t]*+\r?\n[ \t]*+|\\)*+)("?)')
_STRING_BREAK = re.compile(r"\\[ \t]*\r?\n[ \t]*")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_SPECIAL = re.compile(r"\\([,:= \t#])")
_COMMA = re.compile(r"[ \t]*+,[ \t]*+")
_NOT = re.compile("!++")
_NAME = re.compile(r"[a-z_]++")
_OPERATOR = re.compile(r"[+-]?=")
_VALUE = re.compile(r'(?:[^#!=, \t\r\n\\"]|\\[^\r\n])(?:[^#=, \t\r\n\\"]++|\\[^\r\n])*+')
_ARGUMENT = re.compile(r"\\[*?\[\]!^]|\\[:\\,= \t#]|=[^#\\:, \t\r\n]++|[^#\\:,= \t\r\n][^#\\:, \t\r\n]*+")
_ARGUMENT_REGEX = re.compile(r"\^((?:[^#\\\r\n$]++|\\[ \t]*+\r?\n[ \t]*+|\\[^\r\n])*+)(\$?)")
_NUL = re.compile(r"\0[^\n]*+")
_HEX = re.compile(r"[0-9A-Fa-f]++")
_DIGEST = re.compile(r"[ \t]*+:[ \t]*+([A-Za-z0-9+/=]++)")
_DEFAULTS = re.compile(rf'[ \t]*+Defaults(?:([:@>!])[ \t]*+(?=!*+"?(?:{_ID}|{_WORD}))|(?=[\s#\\]|\Z))')
_ALIAS = re.compile(r"[ \t]*+((?:Host|Cmnd|Cmd|User|Runas)_Alias)(?=[\s\\]|\Z)")
_INCLUDE = re.compile(r"(?:[ \t]*+@|#(?=\w++[ \t]))(include(?:dir)?)(?=[\s\"\\]|\Z)")
_INCLUDED = re.compile(r'[^"\s](?:\\[ \t]|\S)*+')


def logical_lines(data: bytes) -> Iterator[Line]:
    """The entries of one file in order, without blank lines and comments. Never raises."""
    text = _NUL.sub("", data.decode("latin-1"))  # sudo cuts a line there
    scanner = _Scanner(text if text.endswith("\n") else f"{text}\n")
    number, at = 1, 0
    while scanner.at < len(scanner.text):
        keyword = scanner.keyword()
        tokens = list(scanner.entry(keyword))
        if keyword or tokens:
            yield Line(number, keyword, tokens, open=scanner.is_open)
        number += scanner.text.count("\n", at, scanner.at)
        at = scanner.at


class _Scanner:
    """`is_open` says whether the text ended inside the entry that was read last."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.is_open = False

    def keyword(self) -> str:
        for pattern in (_DEFAULTS, _ALIAS, _INCLUDE):
            if match := self._take(pattern):
                return f"Defaults{match[1] or ''}" if pattern is _DEFAULTS else match[1].replace("Cmd_", "Cmnd_")
        return ""

    def entry(self, keyword: str) -> Iterator[Token]:
        """The tokens of the entry; it ends after the newline that is not continued."""
        if keyword.startswith("Defaults"):
            return self._scoped()
        return self._included() if keyword.startswith("include") else self._tokens()

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def _ended(self) -> bool:
        """Skip blanks and continued line ends; true when the entry's end was taken."""
        self._take(_SKIPPED)
        self.is_open = self.at == len(self.text)
        return self.is_open or self._take(_END) is not None

    def _tokens(self) -> Iterator[Token]:
        while not self._ended():
            yield from self._token()

    def _token(self, *, arguments: bool = True) -> Iterator[Token]:
        if self.text.startswith('"', self.at):
            yield self._string()
            return
        matches = [(match.end(), kind) for kind, rule in _RULES if (match := rule.match(self.text, self.at))]
        end, kind = max(matches, key=lambda found: found[0], default=(self.at + 1, "error"))
        raw, start, self.at = self.text[self.at : end], self.at, end
        if arguments and self._is_continued(start):
            yield Token("error", "a keyword on a continued line")
        elif kind == "error":
            yield Token("error", "unexpected character")
        elif kind == "nothing":
            yield Token("error", "empty group")
        elif kind == "not":
            yield from [Token("!")] * (len(raw) % 2)  # `!!` is nothing
        elif kind == "mark":
            yield Token(raw)
        elif kind == "command":
            yield self._command(raw, arguments=arguments)
        elif kind == "digest":
            yield self._digest(raw)
        elif raw in ("CWD", "CHROOT"):
            yield Token("option", raw)
            yield from self._directory()
        elif kind == "network" and ":" in raw and not _is_v6(raw):
            yield Token("error", "not an IPv6 address")
        else:
            yield Token(kind, raw.rstrip(": \t") if kind == "tag" else _plain(_unescape(raw)))

    def _is_continued(self, start: int) -> bool:
        """Whether a keyword begins a line that continues another: sudo takes it for one all the same."""
        begin = self.text.rfind("\n", 0, start) + 1
        if not self.text.startswith(("D", "H", "C", "U", "R"), start) or self.text[begin:start].strip(" \t"):
            return False
        return begin > 0 and any(rule.match(self.text, begin) for rule in (_DEFAULTS, _ALIAS))

    def _string(self, kind: str = "") -> Token:
        match = self._take(_STRING)
        if not match or not match[2]:
            return Token("error", "a string without an end")
        if not match[1]:
            return Token("error", "empty string")
        text = _plain(_STRING_BREAK.sub("", match[1]).replace('\\"', '"'))
        kind = kind or {"%": "group", "+": "netgroup"}.get(text[0], "word")
        if kind != "word" and text in ("%", "%:", "+"):
            return Token("error", "empty group")
        return Token(kind, text)

    def _digest(self, name: str) -> Token:
        match = self._take(_DIGEST)
        size, value = _DIGEST_BYTES[name], match[1] if match else ""
        base64_length = 4 * ((size + 2) // 3) if value.endswith("=") else (4 * size + 2) // 3
        if len(value) != base64_length and not (len(value) == 2 * size and _HEX.fullmatch(value)):
            return Token("no digest", name)  # sudo goes on behind it, and misses it there
        return Token("digest", f"{name}:{value}")

    def _directory(self) -> Iterator[Token]:
        """`=` and a path that is not a command: it takes no arguments."""
        for pattern in (_EQUALS, _PATH_VALUE):
            self._take(_SKIPPED)
            if pattern is _PATH_VALUE and self.text.startswith('"', self.at):
                yield self._string("word")
            elif match := self._take(pattern):
                yield Token("=") if pattern is _EQUALS else Token("word", _plain(_unescape(match[0])))

    def _command(self, raw: str, *, arguments: bool) -> Token:
        path = raw if raw.startswith("^") else _SPECIAL.sub(r"\1", raw)
        if not raw.startswith("^") and path.endswith("/sudoedit"):
            path = "sudoedit"  # sudo reads it so, with a warning
        if raw.endswith("/") or not arguments:
            return Token("command", _plain(path))
        self._take(_SKIPPED)
        if match := self._take(_ARGUMENT_REGEX):
            if not match[2]:
                return Token("error", "unterminated regular expression")
            return Token("command", _plain(path), _plain(_STRING_BREAK.sub("", match[0])))
        given = self._arguments()
        if self.text.startswith("\r\n", self.at):
            return Token("lost", _plain(path))  # sudo's scanner forgets it
        if self.text.startswith("\\", self.at):
            self.at += 1
            return Token("error", "unexpected character")
        return Token("command", _plain(path), None if given is None else _plain(given))

    def _arguments(self) -> str | None:
        parts: list[str] = []
        while True:
            spaced = self.at
            self._take(_SKIPPED)
            match = self._take(_ARGUMENT)
            if not match:
                return "".join(parts) if parts else None
            if parts and match.start() > spaced:
                parts.append(" ")
            escaped = match[0][0] == "\\" and match[0][1] in ":\\,= \t#"
            parts.append(match[0][1:] if escaped else match[0])

    def _included(self) -> Iterator[Token]:
        self._take(_SKIPPED)
        if self.text.startswith('"', self.at):
            yield self._string("word")
        elif match := self._take(_INCLUDED):
            yield Token("word", _plain(_unescape(match[0])))
        yield from self._tokens()

    def _scoped(self) -> Iterator[Token]:
        """The scope of a Defaults entry, which ends at a blank not beside a comma, and its settings."""
        while not self._take(_BLANK):
            if self._take(_COMMA):
                yield Token(",")
            elif not self._take(_CONTINUED):
                if self._ended():
                    return
                yield from self._token(arguments=False)
            if self._take(_COMMA):
                yield Token(",")
        yield Token("settings")
        yield from self._settings()

    def _settings(self) -> Iterator[Token]:
        named = False  # a name is read; then come an operator and a value
        while not self._ended():
            if match := self._take(_NOT):
                yield from [Token("!")] * (len(match[0]) % 2)
            elif not named and (match := self._take(_NAME)):
                named = True
                yield Token("name", match[0])
            elif named and self._take(_COMMA):
                named = False
                yield Token(",")
            elif named and self.text.startswith('"', self.at):
                yield self._string("value")
            elif named and (match := self._take(_OPERATOR)):
                yield Token("operator", match[0])
            elif named and (match := self._take(_VALUE)):
                yield Token("value", _plain(_unescape(match[0])))
            else:
                self.at += 1
                yield Token("error", "not a Defaults setting")


def _is_v6(text: str) -> bool:
    """Whether no part of it is a second `::`."""
    return all(part.count("::") < 2 and ":::" not in part for part in text.split("/"))


def _unescape(raw: str) -> str:
    """`\\xHH` and `\\c` in a word."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else match[2], raw)


def _plain(text: str) -> str:
    """Latin-1 inside, readable text outside."""
    return readable(text.encode("latin-1"))
