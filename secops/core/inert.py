"""Text from hosts made inert: what a terminal would obey, hide or reorder becomes a visible escape."""

from __future__ import annotations

import re
import shlex
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
    if _hides_nothing(text):
        return text
    return "".join(by(char) if char != "\n" and hidden(char) else char for char in text)


def _hides_nothing(text: str) -> bool:
    """Whether no character of the text is hidden; newlines are. One look at all, for all but very few texts."""
    return text.isprintable() and not _INVISIBLE.search(text)


def json_escape(char: str) -> str:
    """One character as JSON escapes it: one UTF-16 unit, or two."""
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


#: To stand before a command that holds `${nl:?}`: a command substitution drops newlines at its end.
NEWLINE = r"nl=$(printf '\012.'); nl=${nl%.}"

#: In the format of printf these stand for themselves; a hyphen could begin an option.
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 _./:,@+=~")
#: `\xNN` in readable text: a byte that is not UTF-8, or a backslash where the text would read like that by itself.
_BYTE = re.compile(r"\\x(5c|[89a-f][0-9a-f])")
_LOOKS_LIKE_ONE = re.compile(rb"\\(?=x(?:5c|[89a-f][0-9a-f]))")


def readable(raw: bytes) -> str:
    """Bytes as text that can be stored and compared: UTF-8, other bytes as `\\xNN`. Different bytes differ as text.

    So a backslash that stands before `xff` or the like becomes `\\x5c`.
    """
    return _LOOKS_LIKE_ONE.sub(rb"\\x5c", raw).decode("utf-8", "backslashreplace")


def shell_word(text: str) -> str:
    """The text as one word of any POSIX shell, on one line, with nothing in it that a terminal would obey or hide.

    `\\xNN` stands for a byte where the text was made of bytes that are not UTF-8. A newline at the end becomes
    `${nl:?}`, which a line before must set: see `NEWLINE`. No word can hold NUL: it stays visible as `\\x00`.
    """
    text = text.replace("\0", "\\x00")
    raw = _bytes(text)
    if raw == text.encode("utf-8", "surrogatepass") and _hides_nothing(text):
        return shlex.quote(text)
    body = raw.rstrip(b"\n")
    octal = "".join(chr(byte) if byte in _PLAIN else f"\\{byte:03o}" for byte in body)
    ends = "${nl:?}" * (len(raw) - len(body))
    return f"\"$(printf '{octal}'){ends}\"" if body else f'"{ends}"'


def _bytes(text: str) -> bytes:
    """What the text was before it was made readable; of text that was not made so, its UTF-8."""
    plain = text.encode("utf-8", "surrogatepass")
    if "\\x" not in text:
        return plain
    raw = b"".join(
        bytes.fromhex(part) if at % 2 else part.encode("utf-8", "surrogatepass")
        for at, part in enumerate(_BYTE.split(text))
    )
    return raw if readable(raw) == text else plain


def escape(char: str) -> str:
    """One character as a visible escape: two, four or eight hex digits."""
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
