"""Exports as XLSX: the rows of a sheet, as a stream. No formula is worked out, no link followed, no macro looked at."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import IO
from xml.parsers import expat
from zlib import error as BrokenStream  # noqa: N812 - an exception

from secops.core.errors import UsageError
from secops.core.i18n import _
from secops.privilege.applications.cells import Row
from secops.privilege.applications.xlsx_sheet import SharedTexts, SheetReader, elements, parser

#: Bytes of a sheet, and of the texts that its cells share, unpacked: a million rows take about 500 MiB.
MAX_SHEET, MAX_TEXTS = 1 << 30, 256 << 20

_MAX_PART = 16 << 20  # bytes of the parts that say what the others are
_CHUNK = 1 << 16

#: Numbers of the formats that Excel has for dates (ECMA-376 part 1, 18.8.30).
_DATE_FORMATS = frozenset(map(str, [*range(14, 18), 22, *range(27, 37), *range(50, 59)]))

#: What stands in a format for itself: quoted text, an escaped or padded character, a colour or a language.
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')


#: What libraries raise for files that are not what they say.
_DAMAGE = (expat.ExpatError, zipfile.BadZipFile, BrokenStream, EOFError, KeyError, ValueError, RuntimeError, OSError)


def rows(path: Path, sheet: str | None = None) -> Iterator[Row]:
    """The rows of a sheet by name, else of the first one. Raises `UsageError`, also in the middle."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield from _Book(archive, str(path)).rows(sheet)
    except _DAMAGE as error:
        raise UsageError(_("is no XLSX workbook, or a damaged one"), where=str(path)) from error


class _Book:
    """A workbook: its sheets by name, which styles of cells are dates, and the texts that cells share."""

    def __init__(self, archive: zipfile.ZipFile, where: str) -> None:
        self._archive, self._where = archive, where
        main = next((part for kind, part in self._related("").values() if kind == "officeDocument"), "xl/workbook.xml")
        self._parts = self._related(main)
        listed = list(self._elements(main))
        self._sheets = {given.get("name", ""): given.get("id", "") for _, tag, given in listed if tag == "sheet"}
        self._is_1904 = any(given.get("date1904") in ("1", "true") for _, tag, given in listed if tag == "workbookPr")

    def rows(self, name: str | None) -> Iterator[Row]:
        reader = SheetReader(self._texts(), self._date_styles(), is_1904=self._is_1904)
        stream = self._open(self._sheet(name), MAX_SHEET)
        parsing = parser(reader.start, reader.end)
        while chunk := stream.read(_CHUNK):
            parsing.Parse(chunk)
            yield from reader.taken()
        parsing.Parse(b"", True)

    def _sheet(self, name: str | None) -> str:
        if name is not None and name not in self._sheets:
            names = ", ".join(self._sheets)[:200]
            what = _("there is no sheet {name!r}, but {names}").format(name=name, names=names)
            raise UsageError(what, where=self._where)
        chosen = self._sheets[name] if name is not None else next(iter(self._sheets.values()), "")
        return self._parts[chosen][1]

    def _open(self, part: str, limit: int) -> IO[bytes]:
        found = self._archive.getinfo(part)
        if found.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise zipfile.BadZipFile
        if found.file_size > limit:  # zipfile reads no more than that, whatever is packed there
            raise UsageError(_("is larger than {n} MiB").format(n=limit >> 20), where=f"{self._where}: {part}")
        return self._archive.open(part)

    def _elements(self, part: str) -> Iterator[tuple[str, str, dict[str, str]]]:
        return elements(self._open(part, _MAX_PART).read())

    def _related(self, part: str) -> dict[str, tuple[str, str]]:
        """(kind, path) of the parts that one refers to, by the id that it calls them by."""
        folder, _slash, name = part.rpartition("/")
        found = {}
        for _parent, tag, given in self._elements(join(folder, "_rels", f"{name}.rels")):
            if tag == "Relationship" and given.get("TargetMode") != "External":
                target = normpath(join("/", dirname(part), given.get("Target", ""))).lstrip("/")
                found[given.get("Id", "")] = (given.get("Type", "").rpartition("/")[2], target)
        return found

    def _part(self, kind: str) -> str | None:
        return next((part for of, part in self._parts.values() if of == kind), None)

    def _texts(self) -> Sequence[str]:
        part = self._part("sharedStrings")
        if part is None:
            return []
        texts = SharedTexts()
        parser(texts.start, texts.end).ParseFile(self._open(part, MAX_TEXTS))
        return texts.found

    def _date_styles(self) -> Sequence[bool]:
        """Whether each style of cells shows a date."""
        part = self._part("styles")
        listed = list(self._elements(part)) if part else []
        codes = {given.get("numFmtId"): given.get("formatCode", "") for _, tag, given in listed if tag == "numFmt"}
        used = [given.get("numFmtId") for parent, tag, given in listed if (parent, tag) == ("cellXfs", "xf")]
        return [_is_date(codes[number]) if number in codes else number in _DATE_FORMATS for number in used]


def _is_date(code: str) -> bool:
    """Whether a format shows days or years, by its first section."""
    return bool(re.search("[dDyY]", _LITERAL.sub("", code).partition(";")[0]))
