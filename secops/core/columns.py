"""Text in the columns of a terminal, of which a Chinese character takes two: measured, wrapped, padded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from secops.core.inert import printable

#: Characters shown of a message or a reason.
_SAID = 500

_WIDE = "\u2e80-\u2fff\u3040-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff10-\uff5a"  # one character is a word of its own
_CLOSES = "\u2019\u201d\u2026\u3001\u3002\u3009\u300b\u300d\u300f\u3011\uff01\uff05\uff09\uff0c\uff1a\uff1b\uff1f"
_OPENS = "\u2018\u201c\u3008\u300a\u300c\u300e\u3010\uff08"


@cache  # compiled when they are needed: that takes longer than to show an English help
def _piece(plain: bool) -> re.Pattern[str]:
    """What must stay on one line: a word, or a wide character, with punctuation that may not begin or end a line."""
    if plain:
        return re.compile("[^ ]+ *| +")
    return re.compile(
        f"[{_OPENS}(]{{0,4}}[{_WIDE}][{_CLOSES},.;:!?)]{{0,4}} *"
        f"|[{_OPENS}]{{0,4}}[^ {_WIDE}{_OPENS}{_CLOSES}]+[{_CLOSES}]{{0,4}} *"
        "|. *",
        re.DOTALL,
    )


@cache
def _narrow_or_wide() -> re.Pattern[str]:
    """Text of which each character takes one column, or two if it is beyond ASCII."""
    return re.compile("[ -~\u3001-\u3029\u3030-\u303e\u4e00-\u9fff\uff01-\uff60]*")


@cache
def _between_wide() -> re.Pattern[str]:
    return re.compile(f"(?<=[{_WIDE}{_CLOSES}{_OPENS}])\\s*\n\\s*(?=[{_WIDE}{_CLOSES}{_OPENS}])")


def flow(text: str) -> str:
    """An author's text as one paragraph: line breaks become spaces, or nothing between Chinese characters."""
    if "\n" in text and not text.isascii():
        text = _between_wide().sub("", text)
    return " ".join(text.split())


def one_line(text: str) -> str:
    """Inert, and on one line: a line break in a name is shown, not obeyed."""
    return printable(text).replace("\n", "\\x0a")


def cut(text: str) -> str:
    """What a host said, in readable length; the JSON report has all of it."""
    return text if len(text) <= _SAID else text[:_SAID] + "…"


def cell_len(text: str) -> int:
    """Columns of a terminal that the text takes."""
    if text.isascii():
        return len(text)
    if _narrow_or_wide().fullmatch(text):  # most of the rest; rich, which knows all, need not be loaded for it
        return len(text) + sum(char > "~" for char in text)
    from rich.cells import cell_len as measure

    return measure(text)


def chop(text: str, width: int) -> list[str]:
    """The text in pieces of at most `width` columns."""
    from rich.cells import chop_cells

    return chop_cells(text, width)


def fit(text: str, width: int) -> str:
    """The text, cut to `width` columns with an ellipsis when it is longer."""
    return text if cell_len(text) <= width else chop(text, max(width - 1, 1))[0] + "…"


def pad(text: str, width: int) -> str:
    """The text in exactly `width` columns."""
    text = fit(text, width)
    return text + " " * (width - cell_len(text))


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns, broken at spaces and between Chinese characters, never before a full stop."""
    if cell_len(text) <= width:
        return [text.rstrip(" ")]
    lines, line = [], ""
    for piece in _pieces(text, width):
        if line and cell_len(line) + cell_len(piece.rstrip(" ")) > width:
            lines.append(line.rstrip(" "))
            line = ""
        line += piece
    return [*lines, line.rstrip(" ")]


def words_of(text: str) -> list[str]:
    """What `wrap` keeps on one line, if it can; at least one, that may be empty."""
    return [match[0].rstrip(" ") for match in _piece(text.isascii()).finditer(text)] or [""]


def _pieces(text: str, width: int) -> Iterator[str]:
    for match in _piece(text.isascii()).finditer(text):
        piece = match[0]
        if cell_len(piece.rstrip(" ")) <= width:
            yield piece
        else:
            yield from chop(piece, width)
