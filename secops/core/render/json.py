"""The report as its own document, `citywall.report/1`: UTF-8, indented, always in the same order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from secops.core.inert import json_escape, replace_hidden

if TYPE_CHECKING:
    from secops.core.render import Page
    from secops.core.report import Report


def render(report: Report, page: Page) -> str:  # noqa: ARG001 - every renderer's signature
    """The document. What a terminal would obey is escaped as JSON allows: the meaning stays, printing is safe."""
    document = msgspec.json.format(msgspec.json.encode(report, order="deterministic"), indent=1).decode()
    return "\n".join(replace_hidden(line, json_escape) for line in document.split("\n")) + "\n"
