"""Pictures leave only as they are seen, and only with the table behind them."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from privacy.disclosure import door, png, result, svg
from privacy.disclosure.result import Plot, Raw
from tests.privacy.disclosure.samples import POLICY, Memory, codes, counted

BARS = """<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300" viewBox="0 0 400 300">
<!-- MARK --><title>MARK</title><desc>MARK</desc><metadata>MARK</metadata>
<g id="MARK" class="MARK">MARK<rect id="MARK" x="10.40001" y="20.5" width="30" height="200" fill="#A1b2C3"/></g>
<text x="12" y="290" font-size="12" text-anchor="middle" fill="#000">a0</text>
<text x="2" y="20">1200</text>
<polyline points="0,0 10.2,20 30.9 40" fill="none" stroke="#123456" stroke-width="1.2"/>
</svg>MARK""".removesuffix("MARK")


def plotted(content, media="image/svg+xml", counts=(20, 30), behind=True):
    table = counted(list(counts)).open(result._KEY)
    return Raw(Plot(media=media, content=content, behind=table if behind else None))


def clear(*arguments, **options):
    return door.clear(plotted(*arguments, **options), POLICY, Memory())


def drawn(mode="RGB", size=(40, 30), **options):
    noise = np.random.default_rng(5).integers(0, 256, (size[1], size[0], 4), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise, "RGBA").convert(mode).save(file, "PNG", **options)
    return file.getvalue()


def test_an_svg_is_built_anew():
    cleared = clear(BARS.encode())
    assert cleared.content.decode().splitlines() == [
        '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300" viewBox="0 0 400 300">',
        '<rect x="10" y="20" width="30" height="200" fill="#abc"/>',
        '<text x="12" y="290" font-size="12" text-anchor="middle" fill="#000">a0</text>',
        '<text x="2" y="20">1200</text>',
        '<polyline points="0,0 10,20 31,40" stroke-width="1" fill="none" stroke="#135"/>'.replace(",", " "),
        "</svg>",
    ]
    assert [note.code for note in cleared.notes] == ["rewritten"]
    assert (cleared.media, cleared.kind, cleared.dataset) == ("image/svg+xml", "plot", "wages")


def test_what_is_written_is_not_changed_again():
    once = svg.rewrite(BARS.encode(), frozenset({"a0"}), 2, 4)
    assert svg.rewrite(once, frozenset({"a0"}), 2, 4) == once


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('x="12"', 'x="401"'), ('y="290"', 'y="-1"'), ('x="12"', 'x="1e2"'), ('x="12"', 'x="12px"'),
        ('width="30"', 'width="nan"'), ('fill="#000"', 'fill="red"'), ('fill="#000"', 'fill="url(#x)"'),
        ('fill="#000"', 'style="fill:red"'), ('fill="#000"', 'onclick="x()"'), ('fill="#000"', 'opacity="0"'),
        ('<g id="MARK"', '<g transform="scale(2)"'), (">a0<", ">Zhang Wei<"), (">a0<", ">12345<"),
        (">a0<", "><tspan/>a0<"),
        ("<polyline", "<script/><polyline"), ("<polyline", '<image href="x"/><polyline'),
        ("<polyline", "<a><rect/></a><polyline"),
        ('viewBox="0 0 400 300"', 'viewBox="0 0 40 30"'), ('width="400"', 'width="4000"'), ("</svg>", ""),
        ("<svg", '<!DOCTYPE svg [<!ENTITY a "b">]><svg'), ("2000/svg", "2001/svg"),
        ("<polyline", "<rect/>" * 22 + "<polyline"), ("<polyline", "<circle/>" * 23 + "<polyline"),
        ("<polyline", "<line/>" * 67 + "<polyline"), ('points="', 'points="' + "1,1 " * 26),
    ],
)  # fmt: skip
def test_what_an_svg_may_not_hold(old, new):
    assert old in BARS
    assert codes(clear(BARS.replace(old, new, 1).encode())) == ["file"]


def test_a_dot_for_each_cell_and_none_for_each_record():
    """Twenty cells of twenty people: a dot and an error bar for each cell leave, one for each person does not."""
    axes = "<line/>" * 24 + '<text x="1" y="1">20</text>' * 24
    head, tail = BARS[: BARS.index("<rect")], "</g></svg>"
    for dots, expected in ((20, []), (400, ["file"])):
        picture = head + axes + "<circle/><line/>" * dots + tail
        assert codes(clear(picture.encode(), counts=(20,) * 20)) == expected
    curve = '<polyline points="{}"/>'
    for points, expected in ((100, []), (101, ["file"])):
        assert codes(clear((head + curve.format("1,1 " * points) + tail).encode(), counts=(20,) * 20)) == expected


@given(
    st.binary(max_size=60) | st.text(max_size=60).map(lambda text: BARS.replace("a0", text).encode(errors="replace"))
)
def test_any_bytes_are_a_picture_or_refused(raw):
    for rewrite in (lambda: svg.rewrite(raw, frozenset({"a0"}), 2, 4), lambda: png.rewrite(b"\x89PNG\r\n\x1a\n" + raw)):
        error = failure(rewrite)
        assert error is None or (isinstance(error, ValueError) and error.__context__ is None)


def failure(step):
    """The error of a step, if it has one."""
    try:
        step()
    except Exception as error:
        return error
    return None


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "1", "P"])
def test_a_png_keeps_only_its_pixels(mode):
    notes = PngInfo()
    notes.add_text("Comment", "MARK")
    notes.add_itxt("XML:com.adobe.xmp", "MARK")
    noted = drawn(mode, pnginfo=notes, exif=b"Exif\0\0MARK", icc_profile=b"MARK" * 40, dpi=(71, 71)) + b"MARK"
    cleared = clear(noted, "image/png")
    assert b"MARK" in noted
    assert b"MARK" not in cleared.content
    chunks = [name for name in (b"tEXt", b"iTXt", b"eXIf", b"iCCP", b"pHYs", b"tIME") if name in cleared.content]
    assert chunks == []
    assert cleared.content == clear(drawn(mode), "image/png").content
    before, after = (
        np.asarray(Image.open(io.BytesIO(raw)).convert("RGBA"))[..., :3].astype(int)
        for raw in (drawn(mode), cleared.content)
    )
    assert (after % 17 == 0).all()
    if mode not in ("RGBA", "LA", "P"):  # those three see through to the white paper
        assert abs(before - after).max() <= 8


def test_the_low_bits_of_a_png_fall_away():
    plain = np.full((8, 8, 3), 102, dtype=np.uint8)
    message = plain + np.random.default_rng(1).integers(0, 2, plain.shape, dtype=np.uint8)
    contents = set()
    for pixels in (plain, message):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        contents.add(clear(file.getvalue(), "image/png").content)
    assert len(contents) == 1


def test_what_is_hidden_under_transparency_falls_away():
    pixels = np.random.default_rng(1).integers(0, 256, (8, 8, 4), dtype=np.uint8)
    pixels[..., 3] = 0
    file = io.BytesIO()
    Image.fromarray(pixels, "RGBA").save(file, "PNG")
    written = Image.open(io.BytesIO(png.rewrite(file.getvalue())))
    assert written.getcolors() == [(64, (255, 255, 255))]


def header(width, height):
    body = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a", drawn()[:-30], drawn()[:40], header(60_000, 60_000) + b"\0" * 50, drawn(size=(2001, 1))],
    ids=["empty", "gif", "cut", "head", "bomb", "wide"],
)
def test_damaged_and_huge_pngs(content):
    assert codes(clear(content, "image/png")) == ["file"]


def test_a_picture_needs_a_table_that_may_be_shown():
    content = BARS.encode()
    assert codes(clear(content, behind=False)) == ["no-table"]
    assert codes(clear(content, counts=(20, 7))) == ["shows-unsafe"]
    assert codes(clear(content, counts=(20, 8))) == []
    assert codes(clear(content, "image/gif")) == ["media"]
    assert codes(clear(content, "text/html")) == ["media"]
    assert codes(clear(content + b" " * POLICY.files.bytes)) == ["size"]
    assert codes(door.clear(plotted(content), POLICY, None)) == ["history"]


def test_a_picture_tells_counts_unrounded():
    memory = Memory()
    assert not codes(door.clear(plotted(BARS.encode()), POLICY, memory))
    assert [(variable, base) for _cells, variable, base, *_limits in memory.asked] == [("", 1)]
