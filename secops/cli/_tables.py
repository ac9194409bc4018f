"""Rows for people and programs: a table on the terminal, JSON, CSV. All text from hosts is made inert."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from typing import Any

from secops.core.inert import printable


def show(columns: Sequence[str], rows: Sequence[Sequence[Any]], fmt: str) -> None:
    """Print rows as `text`, `json` (a list of objects) or `csv`."""
    if fmt == "json":
        objects = [dict(zip(columns, row, strict=True)) for row in rows]
        sys.stdout.write(json.dumps(objects, ensure_ascii=False, indent=1, default=str) + "\n")
    elif fmt == "csv":
        writer = csv.writer(sys.stdout)
        writer.writerow(columns)
        writer.writerows([_cell(value) for value in row] for row in rows)
    else:
        _table(columns, rows)


def _cell(value: Any) -> Any:
    """A value that no spreadsheet takes for a formula."""
    text = printable(" ".join(map(str, value)) if isinstance(value, list) else str(value))
    if value is None or isinstance(value, int | float):
        return value
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from secops.core.render.text import console

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        table.add_column(Text(printable(name)), overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if value is None else printable(_plain(value))) for value in row))
    console().print(table)


def _plain(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
