"""Rows for people and programs: a table on the terminal, JSON, CSV. All text from hosts is made inert."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from io import StringIO
from itertools import zip_longest
from shutil import get_terminal_size
from typing import Any

from secops.core.columns import cell_len, one_line, pad, words_of, wrap
from secops.core.inert import json_escape, printable, replace_hidden
from secops.core.render import NARROWEST

#: What spreadsheets take for the beginning of a formula; the full-width forms count where Chinese is written.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")

#: Columns of the terminal of a head that is not broken.
_SHORT = 8

#: Between two columns.
_GAP = "  "


def show(columns: Sequence[str], rows: Sequence[Sequence[Any]], fmt: str) -> None:
    """Print rows as `text`, `json` (a list of objects) or `csv`; the latter two in UTF-8, as programs expect.

    Text fits the terminal; where there is none, each row is one whole line, for `grep` and `less -S`.
    """
    if fmt == "text":
        sys.stdout.write((_table if sys.stdout.isatty() else _lines)(columns, rows))
        return
    sys.stdout.flush()
    sys.stdout.buffer.write((_json if fmt == "json" else _csv)(columns, rows).encode())


def _json(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    names = list(_unique(columns))
    objects = [dict(zip(names, row, strict=True)) for row in rows]
    return replace_hidden(json.dumps(objects, ensure_ascii=False, indent=1), json_escape) + "\n"


def _unique(columns: Iterable[str]) -> Iterable[str]:
    """Columns of one name as `name`, `name_2`, ...: an object would keep only the last."""
    seen: set[str] = set()
    for column in columns:
        name, number = column, 1
        while name in seen:
            number += 1
            name = f"{column}_{number}"
        seen.add(name)
        yield name


def _csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    paper = StringIO()
    writer = csv.writer(paper)
    writer.writerow(map(_cell, columns))
    writer.writerows(map(_cell, row) for row in rows)
    return paper.getvalue()


def _cell(value: Any) -> Any:
    """A value that no spreadsheet takes for a formula."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = printable(_plain(value))
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def _lines(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """One line a row, columns aligned; a line break in a value is shown, not obeyed."""
    cells = [[one_line(_plain(value)) for value in row] for row in (columns, *rows)]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    return "".join(_line(row, widths) for row in cells)


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Columns side by side within the terminal, values wrapped."""
    cells = [[printable(_plain(value)) for value in row] for row in (columns, *rows)]
    room = max(get_terminal_size().columns, NARROWEST) - len(_GAP) * (len(columns) - 1)
    widths = _widths(list(zip(*cells, strict=True)), room)
    blocks = []
    for row in cells:
        wrapped = [
            [line for text in value.split("\n") for line in wrap(text, width)]
            for value, width in zip(row, widths, strict=True)
        ]
        blocks.append("".join(_line(line, widths) for line in zip_longest(*wrapped, fillvalue="")))
    return blocks[0] + _line(["─" * width for width in widths], widths) + "".join(blocks[1:])


def _line(cells: Iterable[str], widths: Iterable[int]) -> str:
    return _GAP.join(map(pad, cells, widths)).rstrip() + "\n"


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int]:
    """Columns of the terminal for each column: room for its longest word before any gets room for its longest line.

    A short head counts as a word: Chinese may be broken between any two characters, and reads badly so.
    """
    lines = [max(cell_len(line) for text in column for line in text.split("\n")) for column in columns]
    heads = [min(cell_len(column[0]), _SHORT) for column in columns]
    longest = [max(cell_len(word) for text in column for word in words_of(text)) for column in columns]
    words = [min(room, max(head, word)) for head, word in zip(heads, longest, strict=True)]
    if sum(lines) <= room:
        return lines
    while sum(words) > room and max(words) > 2:  # no room even for the words: the longest are broken
        words[words.index(max(words))] -= 1
    left, wish = max(room - sum(words), 0), sum(lines) - sum(words)
    return [word + left * (line - word) // max(wish, 1) for word, line in zip(words, lines, strict=True)]


def _plain(value: Any) -> str:
    """A value as people read it; NULL is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
