"""Rows for people and programs: a table on the terminal, JSON, CSV. All text from hosts is made inert."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from secops.core.inert import json_escape, printable, replace_hidden

#: What spreadsheets take for the beginning of a formula; the full-width forms count where Chinese is written.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def show(columns: Sequence[str], rows: Sequence[Sequence[Any]], fmt: str) -> None:
    """Print rows as `text`, `json` (a list of objects) or `csv`; the latter two in UTF-8, as programs expect."""
    if fmt == "text":
        sys.stdout.write(_table(columns, rows))
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


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from secops.core.render.text import console

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(Text(printable(name)), overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(_plain(value))) for value in row))
    paper = StringIO()
    console(file=paper).print(table)
    return paper.getvalue()


def _plain(value: Any) -> str:
    """A value as people read it; NULL is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
