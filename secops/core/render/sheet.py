"""A page of text in the making: lines of styled parts, wrapped by terminal cells. All text on it is made inert."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secops.core.inert import printable

Part = tuple[str, str]  # text, rich style

#: Characters shown of a message or a reason.
_SAID = 500

_WIDE = "\u2e80-\u2fff\u3040-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff10-\uff5a"  # one character is a word of its own
_CLOSES = "\u2019\u201d\u2026\u3001\u3002\u3009\u300b\u300d\u300f\u3011\uff01\uff05\uff09\uff0c\uff1a\uff1b\uff1f"
_OPENS = "\u2018\u201c\u3008\u300a\u300c\u300e\u3010\uff08"
#: What must stay on one line: a word, or a wide character, with the punctuation that may not begin or end a line.
_PIECE = re.compile(
    f"[{_OPENS}(]{{0,4}}[{_WIDE}][{_CLOSES},.;:!?)]{{0,4}} *"
    f"|[{_OPENS}]{{0,4}}[^ {_WIDE}{_OPENS}{_CLOSES}]+[{_CLOSES}]{{0,4}} *"
    "|. *",
    re.DOTALL,
)
_BETWEEN_WIDE = re.compile(f"(?<=[{_WIDE}{_CLOSES}{_OPENS}])\\s*\n\\s*(?=[{_WIDE}{_CLOSES}{_OPENS}])")


def flow(text: str) -> str:
    """An author's text as one paragraph: line breaks become spaces, or nothing between Chinese characters."""
    return " ".join(_BETWEEN_WIDE.sub("", text).split())


def one_line(text: str) -> str:
    """Inert, and on one line: a line break in a name is shown, not obeyed."""
    return printable(text).replace("\n", "\\x0a")


def cut(text: str) -> str:
    """What a host said, in readable length; the JSON report has all of it."""
    return text if len(text) <= _SAID else text[:_SAID] + "…"


def cell_len(text: str) -> int:
    """Columns of a terminal that the text takes."""
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
    lines, line = [], ""
    for piece in _pieces(text, width):
        if line and cell_len(line) + cell_len(piece.rstrip(" ")) > width:
            lines.append(line.rstrip(" "))
            line = ""
        line += piece
    return [*lines, line.rstrip(" ")]


def _pieces(text: str, width: int) -> Iterator[str]:
    for match in _PIECE.finditer(text):
        piece = match[0]
        if cell_len(piece.rstrip(" ")) <= width:
            yield piece
        else:
            yield from chop(piece, width)


class Sheet:
    """Lines of parts. Text given to any method may come from a host."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.lines: list[list[Part]] = []

    def blank(self) -> None:
        self.lines.append([])

    def heading(self, text: str) -> None:
        """A section begins."""
        self.blank()
        self.blank()
        self.parts((text, "bold"))
        self.blank()

    def parts(self, *parts: Part) -> None:
        """One line of styled parts, cut at the width."""
        line: list[Part] = []
        room = self.width
        for text, style in parts:
            shown = fit(one_line(text), room) if room > 0 else ""
            room -= cell_len(shown)
            line.append((shown, style))
        self.lines.append(line)

    def text(self, text: str, *, indent: int = 0, lead: str = "", lead_style: str = "", style: str = "") -> None:
        """A wrapped paragraph; `lead` stands in the indent of its first line."""
        first = pad(one_line(lead).rstrip("\n"), indent - 1) + " " if lead else " " * indent
        for line in wrap(one_line(text), max(self.width - indent, 10)):
            self.lines.append([(first, lead_style), (line, style)])
            first = " " * indent

    def verbatim(self, text: str, *, indent: int) -> None:
        """A command, never wrapped: what is copied must run. Its own line breaks stay, each line indented."""
        for line in printable(text).split("\n"):
            self.lines.append([(" " * indent + line, "")])
