"""SQL that makes numbers of a field's text, as its schema says: the same for CSV and for Parquet read as text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from privacy.data.schema import BooleanField, DateField, Field, IntegerField, Ranged, TextField, limits, number_of

#: In columns of codes: no value, and one that is not in the schema. In columns of numbers they are NaN and infinity.
MISSING, OUTSIDE = -1, -2

#: What is a number, or a day; `.0` and midnight are what other programs add to a column with gaps.
_INTEGER = r"[-+]?[0-9]{1,16}(\.0{1,9})?"
_NUMBER = r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,3})?"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T]00:00:00(\.0{1,9})?)?"


class Column(NamedTuple):
    """Two steps of SQL: `parsed` from the text, `value` from both. `setup` makes a type that they need.

    A value is an int32 place among the labels (0 for text without any), a float64 (dates: days since 1970-01-01), or
    an int64 that records of one person share; never NULL.
    """

    setup: str | None
    parsed: str
    value: str
    is_number: bool

    def missing(self, name: str) -> str:
        """SQL: whether the value of this name is missing."""
        return f"isnan({name})" if self.is_number else f"{name} = {MISSING}"

    def outside(self, name: str) -> str:
        """SQL: whether the value of this name is not in the schema."""
        return f"isinf({name})" if self.is_number else f"{name} = {OUTSIDE}"


def column(number: int, field: Field, *, person: bool) -> Column:
    """The field whose text is `c{number}`; what is parsed of it will be `p{number}`. `person`: it says whose it is."""
    text, parsed = f"c{number}", f"p{number}"
    setup, parsing = _parsing(number, field)
    missing = f"{text} is null or {text} in ({_list(['', *map(str, field.missing)])})"
    good, value = f"{parsed} is not null", parsed
    if isinstance(field, Ranged):
        codes = [repr(code) for code in (number_of(field, code) for code in field.missing) if code is not None]
        missing += f" or {parsed} in ({_list(codes)})" if codes else ""
        good = "{} between {}::double and {}::double".format(parsed, *(_text(repr(limit)) for limit in limits(field)))
    elif isinstance(field, TextField) and not field.labels:
        value = "0"
    if person:  # ten million people share none, but for one case in 180,000: those two count as one
        value = f"(hash({parsed}) >> 1)::bigint"
    is_number = isinstance(field, Ranged) and not person
    none, wrong = ("'nan'::double", "'inf'::double") if is_number else (MISSING, OUTSIDE)
    made = f"case when {missing} then {none} when {good} then {value} else {wrong} end"
    return Column(setup, parsing, made, is_number)


def _parsing(number: int, field: Field) -> tuple[str | None, str]:
    """What has to be set up, and what gives the parsed value, or NULL."""
    text = f"c{number}"
    if isinstance(field, TextField) and field.labels:
        setup = f"create type labels{number} as enum ({_list(field.labels)})"
        return setup, f"enum_code(try_cast({text} as labels{number}))::int"
    if isinstance(field, TextField):
        return None, text
    if isinstance(field, BooleanField):
        return None, f"case when lower({text}) in ('true', '1') then 1 when lower({text}) in ('false', '0') then 0 end"
    if isinstance(field, DateField):
        pattern, parsing = _DAY, f"(try_cast({text}[:10] as date) - date '1970-01-01')::double"
    else:
        pattern = _INTEGER if isinstance(field, IntegerField) else _NUMBER
        parsing = f"try_cast({text} as double)"
    return None, f"case when regexp_full_match({text}, {_text(pattern)}) then {parsing} end"


def _list(texts: Iterable[str]) -> str:
    return ", ".join(map(_text, texts))


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
