"""Tokens of the JavaScript that polkit's rules are written in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_MAX_TOKENS = 50_000


class ScriptError(ValueError):
    """This script is not of the few shapes that are read. `line` says where."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


class Token(NamedTuple):
    """`kind`: name, number, text, pattern, a mark itself, or empty at the end. `text` is what it means."""

    kind: str
    text: str
    line: int
    after_newline: bool


_BLANK = re.compile(r"(?:[ \t\r\n\f\v]++|//[^\n\r]*+|/\*(?:[^*]++|\*(?!/))*+\*/)*+")
_TOKEN = re.compile(
    r"""(?P<name>[A-Za-z_$][\w$]*+)
    |(?P<number>(?:0|[1-9][0-9]{0,8})(?![\w.]))
    |(?P<text>"(?:[^"\\\n\r]++|\\[^ux0-9\n\r])*+"|'(?:[^'\\\n\r]++|\\[^ux0-9\n\r])*+')
    |(?P<mark>===|!==|==|!=|<=|>=|&&|\|\||[(){}\[\];,.!<>+\-=?:*/%&|^~])""",
    re.VERBOSE | re.ASCII,
)
_PATTERN = re.compile(r"/((?:[^/\\\n\r\[]++|\\[^\n\r]|\[(?:[^\]\\\n\r]++|\\[^\n\r])*+\])++)/(?![\w$])", re.ASCII)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_MEANINGS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}

#: After these a slash begins a regular expression.
_BEFORE_PATTERN = frozenset(
    {"", "(", ",", "=", "[", "!", "&&", "||", "{", ";", "==", "!=", "===", "!==", "+", "?", ":"}
)


def tokens(text: str) -> Iterator[Token]:
    """The script's tokens; the last one is its end. Raises `ScriptError` for what is none."""
    at, line, last = 0, 1, ""
    if "\u2028" in text or "\u2029" in text:  # they end a line, also in a comment
        raise ScriptError(1)
    for _ in range(_MAX_TOKENS):
        blank = _BLANK.match(text, at)
        end = blank.end() if blank else at
        newlines = text.count("\n", at, end)
        at, line = end, line + newlines
        if at == len(text):
            yield Token("", "", line, newlines > 0)
            return
        expression = _PATTERN.match(text, at) if last in _BEFORE_PATTERN else None
        found = expression or _TOKEN.match(text, at)
        if not found:
            raise ScriptError(line)
        kind = "pattern" if expression else found.lastgroup or ""
        last = found[0] if kind == "mark" else kind
        yield Token(last, _meaning(kind, found), line, newlines > 0)
        at = found.end()
    raise ScriptError(line)


def _meaning(kind: str, found: re.Match[str]) -> str:
    if kind == "text":
        return _ESCAPE.sub(lambda escape: _MEANINGS.get(escape[1], escape[1]), found[0][1:-1])
    return found[1] if kind == "pattern" else found[0]
