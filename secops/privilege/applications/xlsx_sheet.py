"""The XML of a sheet: rows of cells as text, out of expat's calls.

Nothing is passed over: a row counts by its own number, wherever it stands, and a formula without a value, an error, or
a text that is not there is a cell that cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from xml.parsers import expat

from secops.core.content import Text
from secops.privilege.applications.cells import Cell, Row, Unreadable

_DAYS = range(61, 2_958_465)  # since 1900 up to 9999; before them Excel's calendar has a day that never was
_DAYS_TO_1904 = 1_462
_EPOCH = datetime(1899, 12, 30)
_COLUMN = re.compile("[A-Z]{1,3}")
_ROWS = 1 << 30
_WHOLE = 10**15  # above it a number of a spreadsheet has lost digits

_NO_VALUE = Unreadable(Text("holds a formula without a value", "公式没有保存计算结果"))
_NO_TEXT = Unreadable(Text("points to a text that is not there", "引用的文本不存在"))

_Attributes = dict[str, str]


def parser(start: Callable[[str, _Attributes], None], end: Callable[[str, str], None]) -> expat.XMLParserType:
    """A parser that calls with local names, and at the end of an element with the text since the last tag.

    It refuses document types: a workbook has none, and entities are a way to make much of little.
    """
    parsing = expat.ParserCreate()
    parsing.buffer_text = True
    text: list[str] = []

    def on_start(name: str, given: _Attributes) -> None:
        text.clear()
        start(name if ":" not in name else name.rpartition(":")[2], given)

    def on_end(name: str) -> None:
        end(name if ":" not in name else name.rpartition(":")[2], "".join(text))
        text.clear()

    def refuse(*_declared: object) -> None:
        raise expat.ExpatError("a document type")

    parsing.StartElementHandler, parsing.EndElementHandler = on_start, on_end
    parsing.CharacterDataHandler = text.append
    parsing.StartDoctypeDeclHandler = refuse
    return parsing


def elements(raw: bytes) -> Iterator[tuple[str, str, _Attributes]]:
    """(the element around it, the element, its attributes by local name) of a whole document, in its order."""
    found: list[tuple[str, str, _Attributes]] = []
    around = [""]

    def start(tag: str, given: _Attributes) -> None:
        found.append((around[-1], tag, {name.rpartition(":")[2]: value for name, value in given.items()}))
        around.append(tag)

    parser(start, lambda _tag, _text: around.__delitem__(-1)).Parse(raw, True)
    return iter(found)


class SharedTexts:
    """The texts that cells share: each in one piece or in several, without the readings beside it."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._pieces: list[str] = []
        self._is_reading = False

    def start(self, tag: str, _given: _Attributes) -> None:
        self._is_reading = self._is_reading or tag == "rPh"

    def end(self, tag: str, text: str) -> None:
        if tag == "t" and not self._is_reading:
            self._pieces.append(text)
        elif tag == "rPh":
            self._is_reading = False
        elif tag == "si":
            self.found.append("".join(self._pieces))
            self._pieces.clear()


class SheetReader:
    """Takes the calls for a sheet; `taken` gives the rows that are ready."""

    def __init__(self, texts: Sequence[str], dates: Sequence[bool], *, is_1904: bool) -> None:
        self._texts, self._dates, self._is_1904 = texts, dates, is_1904
        self._ready: list[Row] = []
        self._number = 0
        self._cells: dict[int, Cell] = {}
        self._column = -1
        self._given: _Attributes = {}
        self._value: str | None = None
        self._is_formula = self._is_reading = False

    def taken(self) -> list[Row]:
        ready, self._ready = self._ready, []
        return ready

    def start(self, tag: str, given: _Attributes) -> None:
        if tag == "c":
            place = _COLUMN.match(given.get("r", ""))
            self._column = _index(place[0]) if place else self._column + 1
            self._given, self._value, self._is_formula = given, None, False
        elif tag == "row":
            number = given.get("r", "")
            self._number = int(number) if _is_below(number, _ROWS) else self._number + 1
            self._cells, self._column = {}, -1
        elif tag == "f":
            self._is_formula = True
        elif tag == "rPh":
            self._is_reading = True

    def end(self, tag: str, text: str) -> None:
        if tag == "v" or (tag == "t" and not self._is_reading):
            self._value = (self._value or "") + text
        elif tag == "c":
            if cell := self._cell():
                self._cells[self._column] = cell
        elif tag == "row":
            self._ready.append(Row(self._number, self._cells))
        elif tag == "rPh":
            self._is_reading = False

    def _cell(self) -> Cell:
        kind, value = self._given.get("t", "n"), self._value
        if value is None or (value == "" and self._is_formula and kind != "str"):
            return _NO_VALUE if self._is_formula else ""
        match kind:
            case "s":
                return self._texts[int(value)].strip() if _is_below(value, len(self._texts)) else _NO_TEXT
            case "n":
                return self._number_text(value)
            case "e":
                return Unreadable(Text(f"holds the error {value[:20]}", f"单元格为错误值 {value[:20]}"))
            case "b":
                return "TRUE" if value == "1" else "FALSE"
        return value.strip()

    def _number_text(self, value: str) -> str:
        """A number as people read it: a date by its style, and without a fraction that it has not."""
        try:
            number = float(value)
        except ValueError:
            return value.strip()
        style = self._given.get("s", "0")
        if _is_below(style, len(self._dates)) and self._dates[int(style)]:
            days = number + _DAYS_TO_1904 * self._is_1904
            if _DAYS.start <= days < _DAYS.stop:
                return (_EPOCH + timedelta(seconds=round(days * 86_400))).isoformat(" ")
        return str(int(number)) if abs(number) < _WHOLE and number == int(number) else value.strip()


def _is_below(text: str, limit: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10 and int(text) < limit


def _index(letters: str) -> int:
    """A column from 0: A, B, …, Z, AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
