"""SVG pictures, built anew from a short list of shapes.

Kept: rectangles, lines, polygons, circles and texts, in whole units on a canvas, with 4096 colours. Comments, titles,
metadata, groups and names of elements fall away. Everything else (styles, transforms, scripts, links, shapes off the
canvas) makes the picture refused: leaving it out would change what is seen. A text is a name or label of the table
behind the picture, or a number with few digits.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

#: Units of a side of the canvas.
SIDE = 2000

#: Marks of a kind for each cell of the table, and besides for axes, ticks, a grid and a legend. Few, so that points are
#: cells and not records: a bar, a dot, two lines with an error bar, four corners of an area, a label and a number.
_MARKS = {
    "rect": (1, 20), "circle": (1, 20), "line": (3, 60), "polyline": (4, 20), "polygon": (4, 20), "text": (2, 40),
}  # fmt: skip

_NAMESPACE = "{http://www.w3.org/2000/svg}"
_NUMBERS = {
    "rect": ("x", "y", "width", "height"),
    "line": ("x1", "y1", "x2", "y2"),
    "circle": ("cx", "cy", "r"),
    "text": ("x", "y"),
    "polyline": (),
    "polygon": (),
}
_COLOURS = ("fill", "stroke")
_SMALL = {"stroke-width": 10, "font-size": 40}
_ANCHORS = ("start", "middle", "end")
_PASSED_OVER = ("g", "title", "desc", "metadata")
_IGNORED = ("id", "class", "version")

_NUMBER = re.compile(r"[-+]?\d{1,9}(?:\.\d{1,9})?")
_POINTS = re.compile(r'points="([^"]*)"')
_COLOUR = re.compile(r"none|#[0-9a-fA-F]{3}|#[0-9a-fA-F]{6}")


class _RefusedError(ValueError):
    """Raised without any of the content."""


def rewrite(content: bytes, words: frozenset[str], cells: int, digits: int) -> bytes:
    """The picture again; `words` may stand in it. Raises `ValueError`, which shows nothing of the content."""
    root = _parsed(content)
    if root is None or root.tag != _NAMESPACE + "svg":
        raise ValueError("is no SVG picture")
    width, height = _canvas(root)
    shapes = [_shape(element, (width, height), words, digits) for element in _elements(root)]
    if not _few(shapes, cells):
        raise ValueError("has more marks than its table has cells")
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    return "\n".join([head, *shapes, "</svg>", ""]).encode("utf-8")


def _few(shapes: Sequence[str], cells: int) -> bool:
    """Whether there are no more marks than cells need; a corner of a line or area is one."""
    counted = Counter[str]()
    for shape in shapes:
        name = shape[1:].partition(" ")[0]
        counted[name] += len(_NUMBER.findall(_POINTS.findall(shape)[0])) // 2 if name.startswith("poly") else 1
    return all(count <= _MARKS[name][0] * cells + _MARKS[name][1] for name, count in counted.items())


def _parsed(content: bytes) -> Element | None:
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    return root


def _canvas(root: Element) -> tuple[int, int]:
    """Width and height. They must be the view box, so that one unit is one unit."""
    _only(root, ("width", "height", "viewBox"))
    width, height = (_whole(root.get(side, ""), SIDE) for side in ("width", "height"))
    if root.get("viewBox", f"0 0 {width} {height}") != f"0 0 {width} {height}" or not width or not height:
        raise _RefusedError("has a view box of its own")
    return width, height


def _elements(root: Element) -> Iterator[Element]:
    """The shapes in their order. Raises for an element that is not on the list."""
    for element in root.iter():
        name = element.tag.removeprefix(_NAMESPACE) if isinstance(element.tag, str) else ""
        if name in _NUMBERS:
            yield element
        elif element is not root and name not in _PASSED_OVER:
            raise _RefusedError("has an element that is not on the list")
        elif name == "g":
            _only(element, ())


def _only(element: Element, allowed: tuple[str, ...]) -> None:
    if any(name not in allowed and name not in _IGNORED for name in element.attrib):
        raise _RefusedError("has an attribute that is not on the list")


def _shape(element: Element, canvas: tuple[int, int], words: frozenset[str], digits: int) -> str:
    name = element.tag.removeprefix(_NAMESPACE)
    numbers = _NUMBERS[name]
    points = ("points",) if name in ("polyline", "polygon") else ()
    own = ("font-size", "text-anchor") if name == "text" else ("stroke-width",)
    _only(element, (*numbers, *points, *own, *_COLOURS))
    parts = [f'{key}="{_whole(element.get(key, "0"), canvas[_down(key)])}"' for key in numbers]
    parts += [f'points="{_points(element.get(key, ""), canvas)}"' for key in points]
    parts += [
        f"{key}={quoteattr(_styled(key, element.attrib[key]))}" for key in (*own, *_COLOURS) if key in element.attrib
    ]
    head = " ".join([f"<{name}", *parts])
    return f"{head}>{escape(_text(element, words, digits))}</text>" if name == "text" else f"{head}/>"


def _down(key: str) -> bool:
    """Whether a number is measured from the top."""
    return key in ("y", "y1", "y2", "cy", "height")


def _whole(text: str, largest: int) -> int:
    """The number rounded to a whole unit. Raises for one off the canvas."""
    if not _NUMBER.fullmatch(text) or not 0 <= (number := round(float(text))) <= largest:
        raise _RefusedError("has a number that is none, or off the canvas")
    return number


def _points(text: str, canvas: tuple[int, int]) -> str:
    numbers = text.replace(",", " ").split()
    return " ".join(str(_whole(number, canvas[place % 2])) for place, number in enumerate(numbers))


def _styled(key: str, text: str) -> str:
    if key in _SMALL:
        return str(_whole(text, _SMALL[key]))
    if key == "text-anchor" and text in _ANCHORS:
        return text
    if key in _COLOURS and _COLOUR.fullmatch(text):
        return text if text == "none" else "#" + (text[1:] if len(text) == 4 else text[1::2]).lower()
    raise _RefusedError("has a style that is not on the list")


def _text(element: Element, words: frozenset[str], digits: int) -> str:
    text = (element.text or "").strip()
    few = _NUMBER.fullmatch(text) and len(re.sub(r"\D", "", text).strip("0")) <= digits
    if len(element) or not (text in words or few):
        raise _RefusedError("has a text that is no label of its table")
    return text
