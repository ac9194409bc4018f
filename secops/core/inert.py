"""Text from hosts made inert: what a terminal would obey, hide or reorder becomes a visible escape."""

from __future__ import annotations

import re
from collections.abc import Callable

#: Printable for Python, yet nothing is seen: fillers, variation selectors, and other default-ignorable characters.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def hidden(char: str) -> bool:
    """Whether a character must not reach a terminal as it is.

    True for control characters (C0, C1, DEL), format characters (bidi overrides, zero width, tags), line and
    paragraph separators, spaces other than U+0020, lone surrogates, and what shows as nothing.
    """
    return not char.isprintable() or _INVISIBLE.match(char) is not None


def printable(text: str) -> str:
    """The text with every such character but the newline as `\\x1b`, `\\u202e` or `\\U000e0001`."""
    return replace_hidden(text, escape)


def replace_hidden(text: str, by: Callable[[str], str]) -> str:
    """The text with hidden characters, except newlines, replaced one by one."""
    if text.isprintable() and not _INVISIBLE.search(text):
        return text
    return "".join(by(char) if char != "\n" and hidden(char) else char for char in text)


def json_escape(char: str) -> str:
    """One character as JSON escapes it: one UTF-16 unit, or two."""
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def escape(char: str) -> str:
    """One character as a visible escape: two, four or eight hex digits."""
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
