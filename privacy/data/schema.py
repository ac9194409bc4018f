"""`schema.yml`: the fields of a registered data set, as docs/queries.md describes it.

All of it is public. Labels and ranges come from what is known of the subject, never from the records: a label that is
there because somebody has it tells of that person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from privacy import canonical
from privacy.labels import LENGTH, name_fits
from secops.core import yaml
from secops.core.content import Text, convert, read_as
from secops.core.errors import UsageError
from secops.core.i18n import _
from secops.core.inert import printable

#: A number or day as documents carry it: an integer, a decimal text such as "37.5", a day such as 2026-01-31.
Bound = (
    Annotated[int, msgspec.Meta(ge=-canonical.LARGEST, le=canonical.LARGEST)]
    | Annotated[str, msgspec.Meta(max_length=32)]
)

#: One text for each number, so that the same query has the same digest.
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,15}")
_DECIMAL = re.compile(r"(?!-0\Z)-?(0|[1-9][0-9]{0,14})(\.[0-9]{0,14}[1-9])?")

_EPOCH = date(1970, 1, 1)

#: What columns can hold: numbers that are exact as floats, and the days of four-digit years.
_NUMBERS = (-float(canonical.LARGEST), float(canonical.LARGEST))
_DAYS = (float((date.min - _EPOCH).days), float((date.max - _EPOCH).days))

_Label = Annotated[str, msgspec.Meta(min_length=1, max_length=LENGTH)]


class _Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"):
    """`missing`: what stands for no value in the file; an empty value always does."""

    title: Text | None = None
    missing: tuple[Bound, ...] = ()


class TextField(_Field, frozen=True, tag="text"):
    """`labels`: all values that there are. Without them a field can only say whose a record is."""

    labels: tuple[_Label, ...] = ()


class BooleanField(_Field, frozen=True, tag="boolean"):
    """true or 1, false or 0."""


class Ranged(_Field, frozen=True):
    """A field with an order. Values outside of `minimum` and `maximum` (both within) are not in the schema."""

    minimum: Bound | None = None
    maximum: Bound | None = None


class IntegerField(Ranged, frozen=True, tag="integer"):
    """Whole numbers, within ±2^53."""


class NumberField(Ranged, frozen=True, tag="number"):
    """Decimal numbers within ±2^53, kept as 64-bit floats."""


class DateField(Ranged, frozen=True, tag="date"):
    """Days, such as 2026-01-31."""


Field = TextField | BooleanField | IntegerField | NumberField | DateField


class Schema(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The fields of a data set by their names in the file, which may have more.

    `person` is the field that says whose a record is; without one, each record is another person's.
    """

    title: Text | None = None
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    person: str | None = None
    fields: Annotated[dict[str, Field], msgspec.Meta(min_length=1)]

    @property
    def digest(self) -> str:
        """Of what it says, however the file is laid out."""
        return canonical.digest(msgspec.json.decode(msgspec.json.encode(self)))


def load(path: Path) -> Schema:
    """The schema in a file. Raises `UsageError` with the line of what is wrong."""
    hint = _("docs/queries.md describes the format; put decimals in quotes.")
    for place, fault in entry_faults(yaml.load(path), "fields", Field):
        raise _error(path, place, fault, hint)
    schema = read_as(path, Schema, hint=hint)
    for place, fault in _faults(schema):
        raise _error(path, place, fault, hint)
    return schema


def _error(path: Path, place: str, fault: str, hint: str) -> UsageError:
    line = yaml.line_of(path, place)
    return UsageError(fault, where=f"{path}:{line}" if line else str(path), hint=hint)


def entry_faults(document: object, key: str, kind: object) -> Iterator[tuple[str, str]]:
    """Where and what of entries of a mapping below `key` that are no `kind`: asked one by one, since msgspec does not
    tell the key in a mapping.
    """
    entries = document.get(key) if isinstance(document, dict) else None
    for name, value in entries.items() if isinstance(entries, dict) else ():
        try:
            convert({name: value}, dict[str, kind])  # type: ignore[valid-type]
        except msgspec.ValidationError as error:
            what, _at, place = str(error).partition(" - at `$[...]")
            yield f"$.{key}.{name}{place.rstrip('`')}", f"{printable(str(name))}: {what}"


def labels_of(field: Field) -> tuple[str, ...]:
    """The labels of a field; a coded column holds the place of each record's label. Empty for fields without."""
    if isinstance(field, BooleanField):
        return ("false", "true")
    return field.labels if isinstance(field, TextField) else ()


def number_of(field: Ranged, bound: Bound) -> float | None:
    """A bound as columns hold it, for dates in days since 1970-01-01; None where it is none of the field's type."""
    text = str(bound)
    if isinstance(field, DateField):
        return _days(text)
    pattern = _INTEGER if isinstance(field, IntegerField) else _DECIMAL
    number = float(text) if pattern.fullmatch(text) else None
    return None if number is None or abs(number) > canonical.LARGEST else number


def limits(field: Ranged) -> tuple[float, float]:
    """The smallest and the largest value of a field, as columns hold them."""
    ends = [None if bound is None else number_of(field, bound) for bound in (field.minimum, field.maximum)]
    widest = _DAYS if isinstance(field, DateField) else _NUMBERS
    low, high = (limit if end is None else end for end, limit in zip(ends, widest, strict=True))
    return low, high


def _days(text: str) -> float | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return float((day - _EPOCH).days) if day.isoformat() == text else None


def _faults(schema: Schema) -> Iterator[tuple[str, str]]:
    """Where and what: names that cannot leave, ranges without values, a person that no field tells."""
    for name, field in schema.fields.items():
        place = f"$.fields.{name}"
        if not name_fits(name):
            yield "$.fields", _("{name} cannot be a name in a table that leaves").format(name=printable(repr(name)))
        if isinstance(field, Ranged):
            yield from _range_faults(place, field)
        yield from _label_faults(place, field)
    if schema.person is not None:
        whose = schema.fields.get(schema.person)
        if not isinstance(whose, TextField | IntegerField) or labels_of(whose):
            yield "$.person", _("whose a record is has to be told by a field of text without labels, or of integers")


def _range_faults(place: str, field: Ranged) -> Iterator[tuple[str, str]]:
    for key, bound in (("minimum", field.minimum), ("maximum", field.maximum)):
        if bound is not None and number_of(field, bound) is None:
            yield f"{place}.{key}", _("is no value of the type of the field")
    low, high = limits(field)
    if low > high:
        yield f"{place}.maximum", _("is below the minimum")


def _label_faults(place: str, field: Field) -> Iterator[tuple[str, str]]:
    codes = {str(code) for code in field.missing}
    if not all(code.isprintable() for code in codes):
        yield f"{place}.missing", _("holds characters that are not seen")
    seen: set[str] = set()
    for number, label in enumerate(labels_of(field)):
        if what := _label_fault(label, seen, codes):
            yield f"{place}.labels[{number}]", what.format(name=printable(repr(label)))
        seen.add(label)


def _label_fault(label: str, seen: set[str], codes: set[str]) -> str | None:
    if not name_fits(label):
        return _("{name} cannot be a name in a table that leaves")
    if label in seen:
        return _("{name} stands twice")
    return _("{name} is a label, and stands for a missing value too") if label in codes else None
