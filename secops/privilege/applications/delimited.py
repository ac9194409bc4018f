"""Exports as text with a delimiter (CSV): in UTF-8, GB18030 or UTF-16, with comma, semicolon, tab or bar."""

from __future__ import annotations

import csv
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Iterator
from io import StringIO

from secops.core.content import Text
from secops.privilege.applications.cells import WHOLE_ROW, Cell, Row, Unreadable

DELIMITERS = (",", ";", "\t", "|")

#: What a decoder puts in the place of bytes that are no character.
_LOST = "\ufffd"
_NO_CHARACTER = Unreadable(Text("holds bytes that are no characters", "含有无法解码的字节"))

#: Control characters but for what parts lines and pages, and the end that DOS marks; none is in a text, or few are.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f]")
_SHARE_OF_CONTROLS = 50
_LOOKED_AT = 1 << 16  # bytes

_QUOTES = Text("its quotation marks do not match", "引号不配对")
_TOO_LONG = Text("a cell is longer than 131072 characters", "单元格超过 131072 个字符")


def rows(raw: bytes, *, encoding: str | None = None, delimiter: str | None = None, header: int = 1) -> Iterator[Row]:
    """The rows of a file. What is not given is found out. A row's number is that of its first line."""
    text = decoded(raw, encoding)
    given = delimiter or _delimiter(text, header)
    reader = csv.reader(StringIO(text, newline=""), delimiter=given, strict=True)
    start = 1
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            fault = _TOO_LONG if "larger" in str(error) else _unmatched(start, reader.line_num)
            yield Row(start, {WHOLE_ROW: Unreadable(fault)})
        else:
            yield Row(start, {at: _cell(field) for at, field in enumerate(fields)})
        start = reader.line_num + 1


def _unmatched(first: int, last: int) -> Text:
    """A mark that is never closed takes all lines up to the end with it."""
    if last == first:
        return _QUOTES
    return Text(f"{_QUOTES.en}: lines {first} to {last} are not read", f"{_QUOTES.zh}，第 {first} 至 {last} 行未读取")


def _cell(field: str) -> Cell:
    return _NO_CHARACTER if _LOST in field else field.strip()


def decoded(raw: bytes, encoding: str | None = None) -> str:
    """The text of a file, in the encoding given, else in the one it is in. Bytes that are no character become U+FFFD.

    Chinese in GB18030 is hardly ever valid UTF-8: that is looked for first, and stays the answer for a file of which
    few bytes are spoilt.
    """
    if encoding:
        return raw.decode(encoding, "replace").removeprefix("\ufeff")
    if raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("utf-8-sig", "replace")
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    return text if 10 * text.count(_LOST) < beyond_ascii else raw.decode("gb18030", "replace")


def is_text(raw: bytes, encoding: str | None = None) -> bool:
    """Whether the begin of a file reads as text: of other files one character in ten is a control character."""
    begin = decoded(raw[:_LOOKED_AT], encoding)
    return _SHARE_OF_CONTROLS * len(_CONTROL.findall(begin)) <= len(begin)


def _delimiter(text: str, header: int) -> str:
    """The delimiter that stands most often in the line of the column names; a comma when none does."""
    lines = re.split(r"\r\n|\r|\n", text[: 1 << 20], maxsplit=header)
    counted = Counter(char for char in (lines[header - 1 : header] or [""])[0] if char in DELIMITERS)
    return max(DELIMITERS, key=lambda char: counted[char])
