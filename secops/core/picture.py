"""Pictures for a browser: one HTML file that needs nothing else, runs nothing, and is light or dark as its reader."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from secops.core.columns import one_line
from secops.core.i18n import language

#: Pixels that a column of text takes in a picture.
CELL = 7.3

_STYLE = """
:root { --ink: #1c2430; --paper: #ffffff; --line: #8a94a6; --box: #eef1f5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --paper: #14181f; --line: #6c7789; --box: #232a35; } }
body { font: 15px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; color: var(--ink); background: var(--paper);
  margin: 2rem; }
svg { max-width: 100%; height: auto; } svg text { font: 12px ui-monospace, "Noto Sans Mono CJK SC", monospace;
  fill: var(--ink); }
rect { fill: var(--box); stroke: var(--line); } path { fill: none; stroke: var(--line); }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; list-style: none; padding: 0; }
.legend svg { vertical-align: middle; margin-right: .4rem; }
td, th { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; } code { font-size: 13px; }
"""


def document(title: str, body: str, style: str = "") -> str:
    """The page. `body` is markup, `style` what the picture needs beside the common style; no more can be loaded."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="{language()}"><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{inert(title)}</title><style>{_STYLE}{style}</style><h1>{inert(title)}</h1>\n{body}</html>\n"
    )


def svg(content: str, width: float, height: float) -> str:
    """A picture of so many pixels; `content` is markup."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}">{content}</svg>'
    )


def legend(samples: Iterable[tuple[str, str]]) -> str:
    """What is meant by what: a sample of 32 by 18 pixels, as markup, and its meaning."""
    items = (
        f'<li><svg viewBox="0 0 32 18" width="32" height="18" aria-hidden="true">{sample}</svg>{inert(meaning)}</li>'
        for sample, meaning in samples
    )
    return f'<ul class="legend">{"".join(items)}</ul>\n'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table below a picture; its cells are markup, nothing is shown without rows."""
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    titles = "".join(f"<th>{inert(head)}</th>" for head in heads)
    return f"<table><tr>{titles}</tr>{lines}</table>" if lines else ""


def inert(text: str) -> str:
    """Characters that a reader does not see are shown, and nothing is markup."""
    return "\n".join(escape(one_line(line)) for line in text.split("\n"))
