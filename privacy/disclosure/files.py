"""What a file that leaves may be: its type, its size, its names, and the digits of its numbers.

CSV and JSON are written here from the checked result, never copied from a file: there is no place for hidden columns,
comments or a byte order of somebody's choice. Pictures are written anew (`png.py`, `svg.py`).
Why 10,000 cells and 1 MiB: two people have to look at it before it leaves. Why four digits: more serve no reader, and
the low bits of a float hold a message or the exact sum of the last person who joined.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import product
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import numpy as np

from privacy import canonical
from privacy.labels import REDACTED

if TYPE_CHECKING:
    from privacy.disclosure.result import Array, Ints

Media = Literal["text/csv", "application/json", "image/png", "image/svg+xml"]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Types that may leave and the caps on one file."""

    media: tuple[Media, ...] = ("text/csv", "application/json", "image/png", "image/svg+xml")
    bytes: Annotated[int, msgspec.Meta(ge=1, le=100_000_000)] = 1 << 20
    cells: Annotated[int, msgspec.Meta(ge=1, le=5_000_000)] = 10_000
    digits: Annotated[int, msgspec.Meta(ge=1, le=9)] = 4


def writable(numbers: Array) -> bool:
    """Whether all are finite numbers, and so far from the largest that rounding and totals do not end there."""
    return numbers.dtype.kind in "iuf" and bool((np.abs(numbers) < 1e300).all())


def decimals(numbers: Array, digits: int) -> list[str]:
    """Each number with so many significant digits, as the shortest text of it; no trace of the other bits."""
    return [_decimal(float(f"{number:.{digits}g}")) for number in numbers.ravel().tolist()]


def _decimal(number: float) -> str:
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def table(names: Sequence[str], labels: Sequence[Sequence[str]], columns: Sequence[tuple[str, Iterable[str]]]) -> bytes:
    """A CSV file (RFC 4180, but LF): a row for each cell, in the order of the dimensions; `columns` are texts."""
    head = _csv_row([*names, *(name for name, _texts in columns)])
    sides = [[_csv_row([label]) for label in side] for side in labels]
    rows = zip(map(",".join, product(*sides)), *(texts for _name, texts in columns), strict=True)
    return "\n".join([head, *map(",".join, rows), ""]).encode("utf-8")


def _csv_row(texts: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(texts)
    return line.getvalue()


def document(value: dict[str, object]) -> bytes:
    """A JSON file: canonical, with numbers other than integers as decimal texts."""
    return canonical.encode(value) + b"\n"


def shown(texts: list[str], visible: Array) -> list[str]:
    """The texts, with `redacted` in place of those that are not visible."""
    if visible.all():
        return texts
    flags = visible.ravel().tolist()
    return [text if flag else REDACTED for text, flag in zip(texts, flags, strict=True)]


def with_totals(cells: Array, visible: Array) -> tuple[Array, Array]:
    """A table and what of it is visible, each side longer by its total: that of the visible cells alone.

    What is not visible counts nothing, so that a total tells nothing that the cells do not. A total of no visible
    cell is not visible.
    """
    cells = np.where(visible, cells, 0)
    for axis in range(cells.ndim):
        cells = np.concatenate([cells, cells.sum(axis=axis, keepdims=True)], axis=axis)
        visible = np.concatenate([visible, visible.any(axis=axis, keepdims=True)], axis=axis)
    return cells, visible


def integers(counts: Ints) -> list[str]:
    """Each count as text."""
    return list(map(str, counts.ravel().tolist()))
