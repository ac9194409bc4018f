"""The report as its own document, `citywall.report/1`: UTF-8, indented, always in the same order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from secops.core.inert import replace_hidden

if TYPE_CHECKING:
    from secops.core.render import Page
    from secops.core.report import Report


def render(report: Report, page: Page) -> str:  # noqa: ARG001 - every renderer's signature
    """The document. What a terminal would obey is escaped as JSON allows: the meaning stays, printing is safe."""
    document = msgspec.json.format(msgspec.json.encode(report, order="deterministic"), indent=1).decode()
    return "\n".join(replace_hidden(line, _escape) for line in document.split("\n")) + "\n"


def _escape(char: str) -> str:
    """A character as JSON's UTF-16 escapes."""
    units = char.encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
