"""Pictures as a short list of shapes, which become SVG (here) or PNG (raster.py): lines, boxes, dots, words.

In a page they take the colours of the page (`STYLE` in secops/core/picture.py's document), in a file of their own those
of its light ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from secops.core import picture
from secops.core.picture import inert

Tone = Literal["ink", "paper", "line", "box", "first", "second", "third", "fourth"]

#: Tones in their light colours.
COLOURS: dict[Tone, str] = {
    "ink": "#1c2430", "paper": "#ffffff", "line": "#8a94a6", "box": "#eef1f5",
    "first": "#1565c0", "second": "#c62828", "third": "#2e7d32", "fourth": "#b26a00",
}  # fmt: skip

#: What tells series apart, in their order; a fifth one is like the first again.
SERIES: tuple[Tone, ...] = ("first", "second", "third", "fourth")

#: How tones follow the page that a picture is in.
STYLE = """
:root { --first: #1565c0; --second: #c62828; --third: #2e7d32; --fourth: #b26a00; }
@media (prefers-color-scheme: dark) {
  :root { --first: #64b5f6; --second: #ff6b6b; --third: #81c784; --fourth: #ffb74d; } }
""" + "".join(f".{tone} {{ stroke: var(--{tone}); }} .{tone}.full {{ fill: var(--{tone}); }}\n" for tone in COLOURS)

#: Pixels of a line of text, and how large it is.
TEXT = 12


@dataclass(frozen=True)
class Line:
    """A line through points (x, y). `title` is what is told of it to whoever cannot see it, or points at it."""

    points: tuple[tuple[float, float], ...]
    tone: Tone = "line"
    width: float = 1
    title: str = ""


@dataclass(frozen=True)
class Box:
    """A filled box from its upper left corner."""

    x: float
    y: float
    width: float
    height: float
    tone: Tone = "box"
    title: str = ""


@dataclass(frozen=True)
class Dot:
    """A filled circle."""

    x: float
    y: float
    tone: Tone = "first"
    radius: float = 4
    title: str = ""


@dataclass(frozen=True)
class Words:
    """A line of text, whose base line begins, has its middle or ends at (x, y)."""

    x: float
    y: float
    text: str
    anchor: Literal["start", "middle", "end"] = "start"


Shape = Line | Box | Dot | Words


@dataclass(frozen=True)
class Picture:
    """`title` and `told` say in words what is to be seen. Width and height are pixels."""

    title: str
    told: str
    width: float
    height: float
    shapes: tuple[Shape, ...]


def markup(drawn: Picture) -> str:
    """The picture for a page that has `STYLE`."""
    head = f"<title>{inert(drawn.title)}</title><desc>{inert(drawn.told)}</desc>"
    return picture.svg(head + "".join(map(_shape, drawn.shapes)), drawn.width, drawn.height)


def svg(drawn: Picture) -> str:
    """The picture as a file of its own, on white."""
    paper = Box(0, 0, drawn.width, drawn.height, "paper")
    return markup(Picture(drawn.title, drawn.told, drawn.width, drawn.height, (paper, *drawn.shapes))) + "\n"


def _shape(shape: Shape) -> str:
    match shape:
        case Line():
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
            places, name = f'points="{points}" fill="none" stroke-width="{shape.width:g}"', "polyline"
        case Box():
            size = f'width="{shape.width:.1f}" height="{shape.height:.1f}"'
            places, name = f'x="{shape.x:.1f}" y="{shape.y:.1f}" {size}', "rect"
        case Dot():
            places, name = f'cx="{shape.x:.1f}" cy="{shape.y:.1f}" r="{shape.radius:g}"', "circle"
        case Words():
            return _words(shape)
    colour = COLOURS[shape.tone]
    full = "" if isinstance(shape, Line) else f' fill="{colour}"'
    kind = shape.tone if isinstance(shape, Line) else f"{shape.tone} full"
    title = f"<title>{inert(shape.title)}</title>" if shape.title else ""
    return f'<{name} class="{kind}" {places} stroke="{colour}"{full}>{title}</{name}>'


def _words(words: Words) -> str:
    font = f'font-family="ui-monospace, monospace" font-size="{TEXT}" fill="{COLOURS["ink"]}"'
    place = f'x="{words.x:.1f}" y="{words.y:.1f}" text-anchor="{words.anchor}"'
    return f"<text {place} {font}>{inert(words.text)}</text>"


def legend(names: Sequence[str], x: float, y: float) -> list[Shape]:
    """Names of series below each other, with their tones, from (x, y) down."""
    shapes: list[Shape] = []
    for place, name in enumerate(names):
        top = y + place * (TEXT + 6)
        shapes += [Line(((x, top), (x + 18, top)), SERIES[place % len(SERIES)], 2), Words(x + 24, top + 4, name)]
    return shapes
