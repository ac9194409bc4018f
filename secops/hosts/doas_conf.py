"""doas.conf, read as doas reads it: its own lexer, one rule a line, and nothing at all where anything is wrong.

Text is Latin-1 inside: one character per byte, as doas sees it. Patterns are possessive, so that a hostile line costs
no more than its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from secops.hosts.evidence import readable

_OPTIONS = frozenset({"nopass", "persist", "keepenv", "nolog", "setenv"})
_KEYWORDS = _OPTIONS | {"permit", "deny", "as", "cmd", "args"}
_LONGEST_WORD = 1_023  # bytes: what doas has room for

_BLANK = re.compile(r"[ \t]*+")
_COMMENT = re.compile(r"#[^\n]*+")
_PIECE = re.compile(r'[^ \t\n\\"#{}\0]++|\\[^\0]|"(?:[^"\\\n\0]++|\\[^\n\0])*+"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SPECIAL = re.compile(r'[ \t\n\\"#{}]')


class DoasError(ValueError):
    """This is not doas.conf syntax. The message names the line."""


@dataclass(frozen=True)
class DoasRule:
    """One rule. `identity` is a user or, after a colon, a group, by name or number.

    Without `target` it is for any, without `command` too; `arguments` are all that may be given, None = any.
    `variables` are the words of `setenv`.
    """

    permit: bool
    options: frozenset[str]  # of nopass, persist, keepenv, nolog, setenv
    identity: str
    target: str | None
    command: str | None
    arguments: tuple[str, ...] | None
    source: str
    line: int
    variables: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The rule as one would write it, without what `setenv` sets."""
        words = ["permit" if self.permit else "deny", *sorted(self.options - {"setenv"}), _written(self.identity)]
        for keyword, value in (("as", self.target), ("cmd", self.command)):
            words += [keyword, _written(value)] if value is not None else []
        words += ["args", *map(_written, self.arguments)] if self.arguments is not None else []
        return " ".join(words)


class Token(NamedTuple):
    """`kind` is a keyword or mark itself, `word` for another word, empty at the end of the file."""

    kind: str
    text: str
    line: int


def parse(data: bytes, source: str) -> list[DoasRule]:
    """The rules of one file in order. Raises `DoasError` for that because of which doas refuses everything."""
    rules: list[DoasRule] = []
    line: list[Token] = []
    for token in _tokens(data.decode("latin-1")):
        line.append(token)
        if token.kind in ("\n", ""):
            if len(line) > 1:
                rules.append(_Line(line).rule(source))
            line = []
    return rules


def _written(word: str) -> str:
    if word and word not in _KEYWORDS and not _SPECIAL.search(word):
        return word
    return '"{}"'.format(re.sub(r'(["\\])', r"\\\1", word))


def _tokens(text: str) -> Iterator[Token]:
    """The tokens of a file, the last of them its end."""
    at, line = 0, 1
    joined = False  # a line was continued: doas takes the next word for no keyword
    while True:
        at = _end(_BLANK, text, at)
        mark = text[at : at + 1]
        if mark == "#":
            at = _end(_COMMENT, text, at)
        elif mark in ("", "\n", "{", "}"):
            yield Token(mark, mark, line)
            if not mark:
                return
            at, line, joined = at + 1, line + (mark == "\n"), False
        else:
            pieces = _pieces(text, at, line)
            word, quoted = "".join(map(_plain, pieces)), any(piece[0] == '"' for piece in pieces)
            continued = pieces.count("\\\n")
            if len(word) > _LONGEST_WORD:
                raise DoasError(f"line {line}: a word is too long")
            at, joined = at + sum(map(len, pieces)), joined or continued > 0
            if word or quoted:
                yield Token(word if word in _KEYWORDS and not quoted and not joined else "word", word, line)
                joined = False
            line += continued


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _pieces(text: str, at: int, line: int) -> list[str]:
    """What a word is made of: plain text, escapes, quoted text."""
    pieces = []
    while piece := _PIECE.match(text, at):
        pieces.append(piece[0])
        at = piece.end()
    if text[at : at + 1] in ('"', "\\", "\0"):
        raise DoasError(f"line {line}: an open quote, an escape of nothing, or a NUL")
    return pieces


def _plain(piece: str) -> str:
    if piece == "\\\n":
        return ""
    return _ESCAPE.sub(r"\1", piece[1:-1] if piece[0] == '"' else piece)


class _Line:
    """The tokens of one line, taken one after the other."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens, self._at = tokens, 0

    def rule(self, source: str) -> DoasRule:
        line = self._tokens[0].line
        permit = self._take("permit", "deny") == "permit"
        options, variables = self._options() if permit else (frozenset(), ())
        identity = self._word()
        target = self._word() if self._has("as") else None
        command = self._word() if self._has("cmd") else None
        arguments = self._words() if command is not None and self._has("args") else None
        self._take("\n")
        return DoasRule(permit, options, identity, target, command, arguments, source, line, variables)

    def _options(self) -> tuple[frozenset[str], tuple[str, ...]]:
        options, variables = set[str](), tuple[str, ...]()
        while (kind := self._tokens[self._at].kind) in _OPTIONS:
            self._take(kind)
            if kind == "setenv":
                self._take("{")
                variables = self._words()
                self._take("}")
            if {"nopass", "persist"} <= options | {kind} or (kind == "setenv" and kind in options):
                raise self._error()
            options.add(kind)
        return frozenset(options), variables

    def _has(self, kind: str) -> bool:
        found = self._tokens[self._at].kind == kind
        self._at += found
        return found

    def _take(self, *kinds: str) -> str:
        kind = self._tokens[self._at].kind
        if kind not in kinds:
            raise self._error()
        self._at += 1
        return kind

    def _word(self) -> str:
        text = self._tokens[self._at].text
        self._take("word")
        return readable(text.encode("latin-1"))

    def _words(self) -> tuple[str, ...]:
        words = []
        while self._tokens[self._at].kind == "word":
            words.append(self._word())
        return tuple(words)

    def _error(self) -> DoasError:
        token = self._tokens[self._at]
        return DoasError(f"line {token.line}: unexpected {token.kind.strip() or 'end of the line'}")
