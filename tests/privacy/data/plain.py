"""What a schema makes of a table, read as plainly as Python can: value by value."""

from __future__ import annotations

import csv
import io
import math
import re
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from privacy.data.schema import BooleanField, DateField, IntegerField, NumberField, Schema, TextField

SCHEMA = Schema(
    person="id",
    fields={
        "id": TextField(missing=("none",)),
        "district": TextField(labels=("east", "west", "城北"), missing=("NA", 9)),
        "age": IntegerField(minimum=0, maximum=120, missing=(99, "x")),
        "pay": NumberField(minimum=-5, maximum="1000.25", missing=("-1",)),
        "day": DateField(minimum="2020-01-01"),
        "insured": BooleanField(missing=("?",)),
        "note": TextField(),
    },
)

#: Of each field: texts of values, of what is missing, of what is not in the schema.
TEXTS: dict[str, tuple[list[str], list[str], list[str]]] = {
    "id": (["p1", "p2", "p3", "07", "7", " p1", "o'k", 'q"q'], ["", "none"], []),
    "district": (
        ["east", "west", "城北"], ["", "NA", "9"],
        ["East", " east", "east\0", "north", "城", '"', "a,b", "l\nl"],
    ),
    "age": (
        ["0", "7", "007", "18", "39.0", "40", "120", "+64"], ["", "99", "x", "99.00"],
        ["121", "-1", "1.5", "1e1", "９", "9 ", "NaN", "1_0"],
    ),
    "pay": (
        ["0", "-5", "1000.25", ".5", "5.", "1e2", "12.75", "-0.0", "1E-400"], ["", "-1", "-1.0", "-1e0"],
        ["-5.01", "1000.26", "inf", "nan", "1e400", "0x1", "1,5", "--1", "5 "],
    ),
    "day": (
        ["2020-01-01", "2024-02-29", "9999-12-31", "2021-06-30 00:00:00", "2021-06-30T00:00:00.000"], [""],
        ["2019-12-31", "2021-02-29", "2021-6-30", "20210630", "0000-01-01", "2021-06-30 00:00:01", "2021-06-30Z"],
    ),
    "insured": (["true", "FALSE", "1", "0", "True"], ["", "?"], ["yes", "t", "2", "true "]),
    "note": (["x", "a, b", "two\nlines", 'he said "no"', "=1+1", "\r\n", "长"], [""], []),
}  # fmt: skip

MISSING, OUTSIDE = "missing", "outside"

_RECORD = {name: st.one_of(*map(st.sampled_from, filter(None, texts))) for name, texts in TEXTS.items()}
RECORDS = st.lists(st.fixed_dictionaries(_RECORD), max_size=30)

_ALL = {name: good + missing + other for name, (good, missing, other) in TEXTS.items()}

#: Records in which each text of each field stands at least once.
EVERY_TEXT = [{name: texts[place % len(texts)] for name, texts in _ALL.items()} for place in range(24)]


def value(name: str, text: str) -> Any:
    """A label, a truth, a number, a day, a text; or `MISSING` or `OUTSIDE`."""
    field = SCHEMA.fields[name]
    if text == "" or text in map(str, field.missing):
        return MISSING
    if isinstance(field, TextField):
        return text if not field.labels or text in field.labels else OUTSIDE
    if isinstance(field, BooleanField):
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), OUTSIDE)
    if isinstance(field, DateField):
        return _day(text)
    number = _number(text, whole=isinstance(field, IntegerField))
    if number in [Decimal(code) for code in field.missing if code != "x"]:
        return MISSING
    inside = number is not None and Decimal(str(field.minimum)) <= number <= Decimal(str(field.maximum))
    return float(number) if inside and number is not None else OUTSIDE


def _number(text: str, *, whole: bool) -> Decimal | None:
    pattern = r"[+-]?\d+(\.0+)?" if whole else r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
    return Decimal(text) if re.fullmatch(pattern, text, re.ASCII) else None


def _day(text: str) -> Any:
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)([ T]00:00:00(\.0+)?)?", text, re.ASCII)
    try:
        day = date.fromisoformat(found[1]) if found else date.min
    except ValueError:
        return OUTSIDE
    return day if day >= date(2020, 1, 1) else OUTSIDE


def known(name: str, text: str) -> Any:
    """The value, or None."""
    found = value(name, text)
    return None if found in (MISSING, OUTSIDE) else found


def as_column(name: str, found: Any) -> float:
    """What a column holds for a value that is known, or None."""
    field = SCHEMA.fields[name]
    if isinstance(field, DateField):
        return math.nan if found is None else float((found - date(1970, 1, 1)).days)
    if isinstance(field, IntegerField | NumberField):
        return math.nan if found is None else found
    if found is None:
        return -1
    labels: Any = (False, True) if isinstance(field, BooleanField) else field.labels
    return labels.index(found) if labels else 0


def written(records: list[dict[str, str]], *, quoting: int = csv.QUOTE_MINIMAL, end: str = "\n") -> str:
    """The CSV file of records. A line break alone in quotes may be of any kind."""
    file = io.StringIO()
    writer = csv.DictWriter(file, list(SCHEMA.fields), quoting=quoting, lineterminator=end)
    writer.writeheader()
    writer.writerows(records)
    return file.getvalue()
