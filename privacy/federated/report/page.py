"""A page of sections, as Markdown and as one HTML file that needs nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from privacy.federated.report import drawing
from privacy.federated.report.drawing import Picture
from secops.core import picture
from secops.core.columns import one_line
from secops.core.picture import inert

#: What Markdown would take for markup.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!&])")


@dataclass(frozen=True)
class Items:
    """A list."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table: as many cells in each row as there are heads."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Drawn:
    """A picture, and the name of its file beside a Markdown page."""

    name: str
    picture: Picture


#: A paragraph is a text.
Block = str | Items | Table | Drawn


@dataclass(frozen=True)
class Section:
    """A part of a page with its title."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Page:
    """A title and sections."""

    title: str
    sections: tuple[Section, ...]

    def pictures(self) -> dict[str, Picture]:
        """All pictures by the names of their files."""
        blocks = [block for section in self.sections for block in section.blocks]
        return {block.name: block.picture for block in blocks if isinstance(block, Drawn)}


def markdown(page: Page) -> str:
    """The page as Markdown; its pictures are `NAME.svg` beside it."""
    parts = [f"# {_plain(page.title)}"]
    for section in page.sections:
        parts += [f"## {_plain(section.title)}", *map(_markdown, section.blocks)]
    return "\n\n".join(parts) + "\n"


def html(page: Page) -> str:
    """The page as an HTML file with its pictures in it."""
    sections = (f"<h2>{inert(s.title)}</h2>\n{''.join(map(_html, s.blocks))}" for s in page.sections)
    return picture.document(page.title, "".join(sections), drawing.STYLE)


def _markdown(block: Block) -> str:
    match block:
        case str():
            return _plain(block)
        case Items():
            return "\n".join(f"- {_plain(item)}" for item in block.items)
        case Table():
            lines = [_row(block.heads), _row(["---"] * len(block.heads), plain=False), *map(_row, block.rows)]
            return "\n".join(lines)
        case Drawn():
            return f"![{_plain(block.picture.title)}]({block.name}.svg)"


def _row(cells: Sequence[str], *, plain: bool = True) -> str:
    return "| " + " | ".join(map(_plain, cells) if plain else cells) + " |"


def _plain(text: str) -> str:
    """Text in which nothing is markup, and nothing unseen."""
    return _MARKUP.sub(r"\\\1", one_line(text))


def _html(block: Block) -> str:
    match block:
        case str():
            return f"<p>{inert(block)}</p>\n"
        case Items():
            return f"<ul>{''.join(f'<li>{inert(item)}</li>' for item in block.items)}</ul>\n"
        case Table():
            return picture.table(block.heads, [[inert(cell) for cell in row] for row in block.rows]) + "\n"
        case Drawn():
            return f"<p>{drawing.markup(block.picture)}</p>\n"
