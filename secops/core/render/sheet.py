"""A page of text in the making: lines of styled parts, wrapped by terminal cells. All text on it is made inert."""

from __future__ import annotations

from secops.core.columns import cell_len, fit, one_line, pad, wrap
from secops.core.inert import printable

Part = tuple[str, str]  # text, rich style


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
