"""A CSV file (RFC 4180, UTF-8 or GB18030) in blocks of whole records that are counted.

DuckDB reads the blocks. By itself it passes over a last record whose quote is never closed, and, where it reads in
parallel, takes a line break within quotes for the end of a record. So what is quoted is found out here, and whoever
reads a block compares the number of records.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

from secops.core.errors import UsageError
from secops.core.i18n import _

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Places = NDArray[np.int64]

#: Bytes of a block, and of the longest record; what finds the quotes takes some 30 times as much at worst.
BLOCK = 8 << 20

#: Bytes and columns of a header.
HEADER, COLUMNS = 1 << 20, 10_000

_QUOTE, _COMMA, _LF, _CR = b'",\n\r'
_BOM = codecs.BOM_UTF8


class Block(NamedTuple):
    """Whole records in UTF-8; `rows` are the records, and empty lines, which are none unless there is one column."""

    content: bytes
    records: int
    rows: int


class _Rows(NamedTuple):
    """Whole rows, the place after each, and where the quotes are."""

    content: bytes
    ends: Places
    quotes: Places


def read(file: BinaryIO, encoding: str, header: Sequence[str] = ()) -> tuple[list[str], Iterator[Block]]:
    """The names of the header, and the records after it in at least one block. Raises `UsageError` for other files.

    `header`: the names, where the first row is a record.
    """
    parts = _whole_rows(file, encoding)
    content, ends, quotes = next(parts)
    if header:
        return list(header), _blocks(_Rows(content, ends, quotes), parts, len(header), 0)
    cut = int(ends[0]) if len(ends) else 0
    names = _header(content[:cut])
    return names, _blocks(_Rows(content[cut:], ends[1:] - cut, quotes[quotes >= cut] - cut), parts, len(names), 1)


def _blocks(first: _Rows, others: Iterator[_Rows], columns: int, row: int) -> Iterator[Block]:
    for rows in chain([first], others):
        yield _block(rows, columns, row)
        row += len(rows.ends)


def _block(rows: _Rows, columns: int, before: int) -> Block:
    """The block of these rows. Raises `UsageError` when one of them has other columns; `before` come ahead of them."""
    codes = np.frombuffer(rows.content, np.uint8)
    starts = np.concatenate([rows.ends[:1] * 0, rows.ends[:-1]])
    empty = (codes[starts] == _LF) & (columns > 1)
    wrong = (_columns(codes, rows) != columns) & ~empty
    if wrong.any():
        raise UsageError(_("row {n} has other columns than the header").format(n=before + 1 + int(wrong.argmax())))
    return Block(rows.content, len(rows.ends) - int(empty.sum()), len(rows.ends))


def _columns(codes: NDArray[np.uint8], rows: _Rows) -> Places:
    """How many columns each row has. DuckDB lets some rows with too many pass, and some with too few."""
    commas = np.flatnonzero(codes == _COMMA)
    around = np.searchsorted(commas, rows.quotes)
    quoted = np.concatenate([[0], np.cumsum(around[1::2] - around[::2])])
    up_to = np.searchsorted(commas, rows.ends) - quoted[np.searchsorted(rows.quotes, rows.ends) // 2]
    columns: Places = np.diff(up_to, prepend=0) + 1
    return columns


def _header(row: bytes) -> list[str]:
    if not _is_utf_8(row[:HEADER]):
        hint = _("A schema may say `encoding: gb18030`.")
        raise UsageError(_("is not {encoding}").format(encoding="utf-8"), hint=hint)
    try:
        names = next(csv.reader([row.decode("utf-8").rstrip("\n")], strict=True), []) if len(row) <= HEADER else []
    except csv.Error:
        names = []
    if 0 < len(names) <= COLUMNS:
        return names
    raise UsageError(_("has no first line with the names of its columns"))


def _is_utf_8(content: bytes) -> bool:
    """Whether this is UTF-8; a character may be cut off at the end."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        return False
    return True


def _whole_rows(file: BinaryIO, encoding: str) -> Iterator[_Rows]:
    """The content in parts of whole rows; at least one part, and some may be empty."""
    rest = b""
    for chunk, final in _decoded(file, encoding):
        content = rest + chunk
        codes = np.frombuffer(content, np.uint8)
        quotes = np.flatnonzero(codes == _QUOTE)
        _check_quotes(codes, quotes)
        ends = _ends(codes, quotes, final=final)
        cut = int(ends[-1]) if len(ends) else 0
        yield _with_line_feeds(_Rows(content[:cut], ends, quotes[: np.searchsorted(quotes, cut)]))
        rest = content[cut:]
        if len(rest) > BLOCK:
            raise UsageError(_("has a record of more than {n} MiB").format(n=BLOCK >> 20))
    if rest:
        raise UsageError(_("has a quote that is never closed"))


def _with_line_feeds(rows: _Rows) -> _Rows:
    """These rows, with LF for CRLF at their ends: DuckDB takes the first break, even within quotes, for that of all."""
    codes = np.frombuffer(rows.content, np.uint8)
    at = rows.ends[rows.ends >= 2] - 2
    at = at[(codes[at] == _CR) & (codes[at + 1] == _LF)]
    if not len(at):
        return rows
    moved = (places - np.searchsorted(at, places) for places in (rows.ends, rows.quotes))
    return _Rows(np.delete(codes, at).tobytes(), *moved)


def _ends(codes: NDArray[np.uint8], quotes: Places, *, final: bool) -> Places:
    """The place after each line break that is not in quotes, and the end of the file where it has none there."""
    breaks = np.flatnonzero(codes == _LF)
    if len(quotes):
        breaks = breaks[np.searchsorted(quotes, breaks) % 2 == 0]
    ends = breaks + 1
    if final and len(quotes) % 2 == 0 and len(codes) > (ends[-1] if len(ends) else 0):
        ends = np.append(ends, len(codes))
    return ends


def _check_quotes(codes: NDArray[np.uint8], quotes: Places) -> None:
    """Raise `UsageError` unless quotes stand around whole values, and doubled within them, as the standard says."""
    opening, closing = quotes[::2], quotes[1::2]
    before = codes[opening[opening > 0] - 1]
    after = codes[closing[closing < len(codes) - 1] + 1]
    if not (np.isin(before, (_COMMA, _LF, _QUOTE)).all() and np.isin(after, (_COMMA, _LF, _CR, _QUOTE)).all()):
        raise UsageError(_("has a quote within a value"), hint=_("Quotes stand around a value, and doubled within it."))


def _decoded(file: BinaryIO, encoding: str) -> Iterator[tuple[bytes, bool]]:
    """Parts of the file in UTF-8 without the byte order mark, and whether it is the last one."""
    decode = codecs.getincrementaldecoder(encoding)().decode
    first = True
    while True:
        raw = file.read(BLOCK)
        final = len(raw) < BLOCK
        try:
            part = raw if encoding == "utf-8" else decode(raw, final).encode("utf-8")
        except UnicodeDecodeError:
            break
        yield part.removeprefix(_BOM) if first else part, final
        if final:
            return
        first = False
    # raised here: that error holds the bytes
    raise UsageError(_("is not {encoding}").format(encoding=encoding))
