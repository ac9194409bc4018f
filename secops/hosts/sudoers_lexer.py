"""Sudoers text → logical lines of tokens.

sudo's own scanner takes the longest match and, of equals, the earlier rule; so does this one, because the language
leans on it (`/bin/ls a=b` is an argument, `/bin/ls =` is not). Text is Latin-1 inside: one character per byte, as
sudo sees it. What fits no token is an error token, and the rest of the entry is read on, as sudo does: where it ends
must be known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from secops.hosts import sudoers_tokens as tokens
from secops.hosts.evidence import readable
from secops.hosts.sudoers_tokens import Line, Token


def logical_lines(data: bytes) -> Iterator[Line]:
    """The entries of one file in order, without blank lines and comments. Never raises."""
    text = tokens.NUL.sub("", data.decode("latin-1"))  # sudo cuts a line there
    scanner = _Scanner(text if text.endswith("\n") else f"{text}\n")
    number, at = 1, 0
    while scanner.at < len(scanner.text):
        keyword = scanner.keyword()
        found = list(scanner.entry(keyword))
        if keyword or found:
            yield Line(number, keyword, found, open=scanner.is_open)
        number += scanner.text.count("\n", at, scanner.at)
        at = scanner.at


class _Scanner:
    """`is_open` says whether the text ended inside the entry that was read last.

    `line` is where a line begins that continues another, when nothing of it was read yet; else below zero.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = -1
        self.is_open = False

    def keyword(self) -> str:
        for pattern in (tokens.DEFAULTS, tokens.ALIAS, tokens.INCLUDE):
            if match := self._take(pattern):
                return f"Defaults{match[1] or ''}" if pattern is tokens.DEFAULTS else match[1].replace("Cmd_", "Cmnd_")
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
        start, skipped = self.at, self._take(tokens.SKIPPED)
        self.line = start + skipped[0].rfind("\n") + 1 if skipped and "\n" in skipped[0] else -1
        self.is_open = self.at == len(self.text)
        return self.is_open or self._take(tokens.END) is not None

    def _tokens(self) -> Iterator[Token]:
        while not self._ended():
            yield from self._token()

    def _token(self, *, arguments: bool = True) -> Iterator[Token]:
        if self.text.startswith('"', self.at):
            yield self._string()
            return
        matches = [(match.end(), kind) for kind, rule in tokens.RULES if (match := rule.match(self.text, self.at))]
        end, kind = max(matches, key=lambda found: found[0], default=(self.at + 1, "error"))
        raw, self.at = self.text[self.at : end], end
        if arguments and self._is_keyword():
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

    def _is_keyword(self) -> bool:
        """Whether a keyword begins a line that continues another: sudo takes it for one all the same."""
        return self.line >= 0 and any(rule.match(self.text, self.line) for rule in (tokens.DEFAULTS, tokens.ALIAS))

    def _string(self, kind: str = "") -> Token:
        match = self._take(tokens.STRING)
        if not match or not match[2]:
            return Token("error", "a string without an end")
        if not match[1]:
            return Token("error", "empty string")
        text = _plain(tokens.STRING_BREAK.sub("", match[1]).replace('\\"', '"'))
        kind = kind or {"%": "group", "+": "netgroup"}.get(text[0], "word")
        if kind != "word" and text in ("%", "%:", "+"):
            return Token("error", "empty group")
        return Token(kind, text)

    def _digest(self, name: str) -> Token:
        match = self._take(tokens.DIGEST)
        size, value = tokens.DIGEST_BYTES[name], match[1] if match else ""
        base64_length = 4 * ((size + 2) // 3) if value.endswith("=") else (4 * size + 2) // 3
        if len(value) != base64_length and not (len(value) == 2 * size and tokens.HEX.fullmatch(value)):
            return Token("no digest", name)  # sudo goes on behind it, and misses it there
        return Token("digest", f"{name}:{value}")

    def _directory(self) -> Iterator[Token]:
        """`=` and a path that is not a command: it takes no arguments."""
        for pattern in (tokens.EQUALS, tokens.PATH_VALUE):
            self._take(tokens.SKIPPED)
            if pattern is tokens.PATH_VALUE and self.text.startswith('"', self.at):
                yield self._string("word")
            elif match := self._take(pattern):
                yield Token("=") if pattern is tokens.EQUALS else Token("word", _plain(_unescape(match[0])))

    def _command(self, raw: str, *, arguments: bool) -> Token:
        path = raw if raw.startswith("^") else tokens.SPECIAL.sub(r"\1", raw)
        if not raw.startswith("^") and path.endswith("/sudoedit"):
            path = "sudoedit"  # sudo reads it so, with a warning
        if raw.endswith("/") or not arguments:
            return Token("command", _plain(path))
        self._take(tokens.SKIPPED)
        if match := self._take(tokens.ARGUMENT_REGEX):
            if not match[2]:
                return Token("error", "unterminated regular expression")
            return Token("command", _plain(path), _plain(tokens.STRING_BREAK.sub("", match[0])))
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
            self._take(tokens.SKIPPED)
            match = self._take(tokens.ARGUMENT)
            if not match:
                return "".join(parts) if parts else None
            if parts and match.start() > spaced:
                parts.append(" ")
            escaped = match[0][0] == "\\" and match[0][1] in ":\\,= \t#"
            parts.append(match[0][1:] if escaped else match[0])

    def _included(self) -> Iterator[Token]:
        self._take(tokens.SKIPPED)
        if self.text.startswith('"', self.at):
            yield self._string("word")
        elif match := self._take(tokens.INCLUDED):
            yield Token("word", _plain(_unescape(match[0])))
        yield from self._tokens()

    def _scoped(self) -> Iterator[Token]:
        """The scope of a Defaults entry, which ends at a blank not beside a comma, and its settings."""
        while not self._take(tokens.BLANK):
            if self._take(tokens.COMMA):
                yield Token(",")
            elif not self._take(tokens.CONTINUED):
                if self._ended():
                    return
                yield from self._token(arguments=False)
            if self._take(tokens.COMMA):
                yield Token(",")
        yield Token("settings")
        yield from self._settings()

    def _settings(self) -> Iterator[Token]:
        named = False  # a name is read; then come an operator and a value
        while not self._ended():
            if match := self._take(tokens.NOT):
                yield from [Token("!")] * (len(match[0]) % 2)
            elif not named and (match := self._take(tokens.NAME)):
                named = True
                yield Token("name", match[0])
            elif named and self._take(tokens.COMMA):
                named = False
                yield Token(",")
            elif named and self.text.startswith('"', self.at):
                yield self._string("value")
            elif named and (match := self._take(tokens.OPERATOR)):
                yield Token("operator", match[0])
            elif named and (match := self._take(tokens.VALUE)):
                yield Token("value", _plain(_unescape(match[0])))
            else:
                self.at += 1
                yield Token("error", "not a Defaults setting")


def _is_v6(text: str) -> bool:
    """Whether no part of it is a second `::`."""
    return all(part.count("::") < 2 and ":::" not in part for part in text.split("/"))


def _unescape(raw: str) -> str:
    """`\\xHH` and `\\c` in a word."""
    return tokens.ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else match[2], raw)


def _plain(text: str) -> str:
    """Latin-1 inside, readable text outside."""
    return readable(text.encode("latin-1"))
