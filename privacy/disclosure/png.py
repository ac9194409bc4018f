"""PNG pictures, written anew: pixels alone, in few colours.

Only the picture is kept: no text chunks, profiles, times, further frames or bytes behind the end. Each colour has 16
steps, so that the low bits carry nothing. What is to be seen in the picture is for the people who approve it.
"""

from __future__ import annotations

import io

#: Pixels of a side.
SIDE = 2000

_SIGNATURE = b"\x89PNG\r\n\x1a\n"

#: 255 is 15 steps of 17.
_STEPS = [round(level / 17) * 17 for level in range(256)]


def rewrite(content: bytes) -> bytes:
    """The picture again. Raises `ValueError`, which shows nothing of it, for what is no such picture."""
    written = _rewritten(content) if content.startswith(_SIGNATURE) else None
    if written is None:
        raise ValueError("is no PNG picture that can be read")
    return written


def _rewritten(content: bytes) -> bytes | None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            if max(picture.size) > SIDE:
                return None
            layer = picture.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        paper.alpha_composite(layer)
        file = io.BytesIO()
        paper.convert("RGB").point(_STEPS * 3).save(file, "PNG", compress_level=9)
    except Exception:  # the library raises a dozen kinds for damaged files, with parts of them in the text
        return None
    return file.getvalue()
