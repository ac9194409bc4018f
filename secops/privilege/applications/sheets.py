"""An export as named columns: found by the names in its header, whatever kind of file it is."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from secops.core.errors import UsageError
from secops.core.i18n import _, because
from secops.privilege.applications import delimited, xlsx
from secops.privilege.applications.cells import WHOLE_ROW, Cell, Row, Unreadable

#: Bytes of one export: a million accounts take about 150 MB.
MAX_BYTES = 256 << 20

_ZIP, _OLE = b"PK", b"\xd0\xcf\x11\xe0"
_SHOWN = 300  # characters of a header, in an error


class Layout(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an export is written. What is left out is found out; `header` is the row that names the columns."""

    sheet: str | None = None
    header: int = 1
    encoding: str | None = None
    delimiter: str | None = None


class Record(msgspec.Struct, frozen=True):
    """One row below the header: its number in the file, and the cells of the columns asked for, by our names."""

    number: int
    cells: Mapping[str, Cell]


def records(path: Path, layout: Layout, columns: Mapping[str, str]) -> Iterator[Record]:
    """The rows of an export. `columns`: our names of columns, and theirs. Empty rows are none.

    A row that cannot be read at all has its fault in every column. Raises `UsageError` when the file cannot be read,
    or lacks a column.
    """
    rows = _rows(path, layout)
    places = _places(path, layout, rows, columns)
    for row in rows:
        if row.is_empty:
            continue
        broken = row.cells.get(WHOLE_ROW)
        yield Record(row.number, {name: broken or row.cells.get(at, "") for name, at in places.items()})


def _rows(path: Path, layout: Layout) -> Iterator[Row]:
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise UsageError(_("not a regular file"), where=str(path))
            if found.st_size > MAX_BYTES:
                raise UsageError(_("is larger than {n} MiB").format(n=MAX_BYTES >> 20), where=str(path))
            start = file.read(4)
            if start.startswith(_ZIP):
                return xlsx.rows(path, layout.sheet)
            if start.startswith(_OLE):
                hint = _("Save it as .xlsx without a password, or as CSV.")
                raise UsageError(_("is an old or encrypted Excel file"), where=str(path), hint=hint)
            raw = start + file.read(MAX_BYTES)
            if not delimited.is_text(raw, layout.encoding):
                hint = _("Give it as CSV or XLSX; if it is text, name its encoding in `layout`.")
                raise UsageError(_("is no table of text"), where=str(path), hint=hint)
    except IsADirectoryError as error:
        raise UsageError(_("not a regular file"), where=str(path)) from error
    except OSError as error:
        raise UsageError(_("cannot be read: {reason}").format(reason=because(error)), where=str(path)) from error
    return delimited.rows(raw, encoding=layout.encoding, delimiter=layout.delimiter, header=layout.header)


def _places(path: Path, layout: Layout, rows: Iterator[Row], columns: Mapping[str, str]) -> dict[str, int]:
    """Where each column stands. `rows` is read up to the header, which counts by its number in the file."""
    header = _header(path, layout, rows)
    names: dict[str, list[int]] = {}
    for at, cell in header.cells.items() if header.number == layout.header else ():
        if not isinstance(cell, Unreadable) and cell:
            names.setdefault(" ".join(cell.split()), []).append(at)
    for name in columns.values():
        if len(names.get(name, ())) != 1:
            what = _("column {name!r} stands twice") if name in names else _("there is no column {name!r}")
            hint = _("Row {n} has: {names}").format(n=layout.header, names=", ".join(names)[:_SHOWN])
            raise UsageError(what.format(name=name), where=str(path), hint=hint)
    return {ours: names[theirs][0] for ours, theirs in columns.items()}


def _header(path: Path, layout: Layout, rows: Iterator[Row]) -> Row:
    """The row that names the columns, or the first one behind where it should be."""
    header = next((row for row in rows if row.number >= layout.header), None)
    if header is None or (header.is_empty and all(row.is_empty for row in rows)):
        what = _("is empty") if layout.header == 1 else _("has nothing from row {n} on").format(n=layout.header)
        raise UsageError(what, where=str(path))
    return header
