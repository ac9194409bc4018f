"""Pictures as PNG, for documents that take no SVG. Words need a font of this computer; SVG leaves it to the reader."""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from privacy.federated.report import plots
from privacy.federated.report.drawing import COLOURS, TEXT, Box, Dot, Line, Picture, Words
from privacy.federated.report.outcome import Outcome
from secops.core.errors import UsageError
from secops.core.i18n import _, language, speaking
from secops.core.inert import printable

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

#: Pixels of the file for one of the picture.
SCALE = 2

#: Fonts by their files, the first that has all characters is taken; then Pillow's own, which has Latin ones.
_FONTS = (
    "DejaVuSansMono.ttf", "NotoSansMonoCJKsc-Regular.otf", "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf",
    "NotoSansSC-Regular.otf", "wqy-zenhei.ttc", "wqy-microhei.ttc", "DroidSansFallbackFull.ttf", "simhei.ttf",
    "msyh.ttc", "simsun.ttc", "PingFang.ttc",
)  # fmt: skip

#: A character that no font has: what is drawn like it is not there.
_NONE = "\U0010fffe"

_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}


def png(drawn: Picture) -> bytes:
    """The picture as a file. Raises `UsageError` where no font of this computer has the characters of its words."""
    from PIL import Image, ImageDraw

    words = "".join(printable(shape.text) for shape in drawn.shapes if isinstance(shape, Words))
    font = _font(frozenset(words))
    paper = Image.new("RGB", (round(drawn.width * SCALE), round(drawn.height * SCALE)), COLOURS["paper"])
    pen = ImageDraw.Draw(paper)
    for shape in drawn.shapes:
        _draw(pen, shape, font)
    file = io.BytesIO()
    paper.save(file, "PNG", optimize=True)
    return file.getvalue()


def pictures(outcome: Outcome) -> dict[str, bytes]:
    """All pictures of an outcome by name, in English where no font has the characters of the language in use.

    Those with labels that no font has are left out: they are there as SVG.
    """
    found = _pictures(plots.pictures(outcome))
    if language() != "en":
        with speaking("en"):
            found = {**_pictures(plots.pictures(outcome)), **found}
    return found


def _pictures(drawn: Mapping[str, Picture]) -> dict[str, bytes]:
    found = {}
    for name, picture in drawn.items():
        with suppress(UsageError):
            found[name] = png(picture)
    return found


def _draw(pen: ImageDraw.ImageDraw, shape: Line | Box | Dot | Words, font: ImageFont.FreeTypeFont) -> None:
    match shape:
        case Line():
            points = [(x * SCALE, y * SCALE) for x, y in shape.points]
            pen.line(points, COLOURS[shape.tone], max(1, round(shape.width * SCALE)), joint="curve")
        case Box():
            ends = (shape.x, shape.y, shape.x + shape.width, shape.y + shape.height)
            pen.rectangle([end * SCALE for end in ends], COLOURS[shape.tone])
        case Dot():
            x, y, r = shape.x * SCALE, shape.y * SCALE, shape.radius * SCALE
            pen.ellipse([x - r, y - r, x + r, y + r], COLOURS[shape.tone])
        case Words():
            place = (shape.x * SCALE, shape.y * SCALE)
            pen.text(place, printable(shape.text), COLOURS["ink"], font, _ANCHORS[shape.anchor])


@cache
def _font(characters: frozenset[str]) -> ImageFont.FreeTypeFont:
    """The first font that has these characters."""
    from PIL import ImageFont

    for name in _FONTS:
        try:
            font = ImageFont.truetype(name, TEXT * SCALE)
        except OSError:
            continue
        if _has(font, characters):
            return font
    own = ImageFont.load_default(TEXT * SCALE)
    if isinstance(own, ImageFont.FreeTypeFont) and _has(own, characters):
        return own
    what = _("no font of this computer has all characters of the picture")
    raise UsageError(what, hint=_("An SVG picture needs none; or install one, such as Noto Sans CJK."))


def _has(font: ImageFont.FreeTypeFont, characters: frozenset[str]) -> bool:
    absent = bytes(font.getmask(_NONE))
    return all(character == " " or bytes(font.getmask(character)) != absent for character in characters)
