"""A query: a table asked of a registered data set, as docs/queries.md describes it.

It is signed and stands in the ledger. So it has no floats, and what it says does not depend on the order of keys.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Annotated, Literal, NamedTuple

import msgspec

from privacy.data.schema import Bound, Field, IntegerField, NumberField, Ranged, Schema, labels_of, limits, number_of
from privacy.labels import LENGTH, like_total, names_fit
from secops.core.i18n import _
from secops.core.inert import printable

#: Cells of a table; no policy lets more leave (disclosure/files.py).
CELLS = 5_000_000

_Word = Annotated[str, msgspec.Meta(min_length=1, max_length=LENGTH)]
_Value = bool | int | Annotated[str, msgspec.Meta(max_length=LENGTH)]
_Values = Annotated[tuple[_Value, ...], msgspec.Meta(min_length=1, max_length=10_000)]


class Side(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One side of the table: a field with its labels, with its labels put together to new ones, or cut into intervals.

    New labels stand in the order of the schema. `cuts` rise; each begins an interval, which ends before the next one.
    """

    field: _Word
    labels: Annotated[dict[_Word, _Values], msgspec.Meta(min_length=1)] | None = None
    cuts: Annotated[tuple[Bound, ...], msgspec.Meta(min_length=1, max_length=10_000)] | None = None

    def __post_init__(self) -> None:
        if self.labels is not None and self.cuts is not None:
            raise ValueError(_("a side has either labels or cuts"))


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Only records whose value is one of `in`, or at least `from` and below `to`."""

    field: _Word
    values: _Values | None = msgspec.field(default=None, name="in")
    start: Bound | None = msgspec.field(default=None, name="from")
    stop: Bound | None = msgspec.field(default=None, name="to")

    def __post_init__(self) -> None:
        if (self.values is None) == (self.start is None and self.stop is None):
            raise ValueError(_("a condition has either `in`, or `from` or `to`"))


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of counts, or of sums, means or quantiles of `measure`, of records for which all of `where` holds."""

    kind: Literal["counts", "sums", "means", "quantiles"]
    by: Annotated[tuple[Side, ...], msgspec.Meta(min_length=1, max_length=8)]
    where: Annotated[tuple[Condition, ...], msgspec.Meta(max_length=32)] = ()
    measure: _Word | None = None
    percentiles: Annotated[tuple[Annotated[int, msgspec.Meta(ge=0, le=100)], ...], msgspec.Meta(max_length=101)] = ()
    totals: bool = False

    def __post_init__(self) -> None:
        if (self.measure is None) != (self.kind == "counts"):
            raise ValueError(_("counts have no measure, and all others have one"))
        if bool(self.percentiles) != (self.kind == "quantiles"):
            raise ValueError(_("quantiles have percentiles, and no others have them"))
        if any(first >= second for first, second in pairwise(self.percentiles)):
            raise ValueError(_("percentiles have to rise"))
        if self.totals and self.kind not in ("counts", "sums"):
            raise ValueError(_("only counts and sums add up to totals"))


class Fault(NamedTuple):
    """What does not fit: its place within the query, such as `by[0].cuts`, and in words."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


def fields(query: Query) -> tuple[str, ...]:
    """All fields that the query touches, each once. The person's is not among them: only the checks look at it."""
    sides, conditions = [side.field for side in query.by], [condition.field for condition in query.where]
    return tuple(dict.fromkeys([*sides, *conditions, *_measures(query)]))


def _measures(query: Query) -> list[str]:
    return [] if query.measure is None else [query.measure]


def faults(query: Query, schema: Schema) -> list[Fault]:
    """What of the query does not fit the schema; empty where it can be computed."""
    return list(_faults(query, schema))


def labels(side: Side, field: Field) -> tuple[str, ...]:
    """The labels of a side that fits. Intervals are `<18`, `[18,40)`, `>=40`: no spreadsheet takes them for a date."""
    if side.cuts is not None:
        cuts = [str(cut) for cut in side.cuts]
        return (f"<{cuts[0]}", *(f"[{low},{high})" for low, high in pairwise(cuts)), f">={cuts[-1]}")
    known = labels_of(field)
    if side.labels is None:
        return known
    places = {label: place for place, label in enumerate(known)}
    first = {label: min(places[text_of(value)] for value in values) for label, values in side.labels.items()}
    return tuple(sorted(first, key=first.__getitem__))


def text_of(value: bool | int | str) -> str:
    """A value as a label: true and 1 may be written without quotes."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _faults(query: Query, schema: Schema) -> Iterator[Fault]:
    parts: list[tuple[str, Side | Condition]] = [(f"by[{number}]", side) for number, side in enumerate(query.by)]
    parts += [(f"where[{number}]", condition) for number, condition in enumerate(query.where)]
    found: list[Fault] = []
    for place, part in parts:
        fault = _unknown(part.field, schema)
        if fault:
            found.append(Fault(f"{place}.field", fault))
        elif isinstance(part, Side):
            found += _side_faults(place, part, schema.fields[part.field])
        else:
            found += _condition_faults(place, part, schema.fields[part.field])
    yield from found
    if query.measure is not None:
        yield from _measure_faults(query.measure, schema)
    if not found:
        yield from _table_faults(query, schema)


def _unknown(name: str, schema: Schema) -> str | None:
    if name not in schema.fields:
        return _("{name} is no field of the schema").format(name=printable(name))
    if name == schema.person:
        return _("{name} says whose a record is; nothing else is asked of it").format(name=printable(name))
    return None


def _side_faults(place: str, side: Side, field: Field) -> Iterator[Fault]:
    if side.cuts is not None:
        yield from _cut_faults(f"{place}.cuts", side.cuts, field)
    elif not labels_of(field):
        yield Fault(place, _("{name} has no labels; numbers and dates need cuts").format(name=printable(side.field)))
    elif side.labels is not None:
        values = [value for group in side.labels.values() for value in group]
        yield from _value_faults(f"{place}.labels", values, labels_of(field))


def _cut_faults(place: str, cuts: tuple[Bound, ...], field: Field) -> Iterator[Fault]:
    if not isinstance(field, Ranged):
        yield Fault(place, _("only numbers and dates can be cut"))
        return
    low, high = limits(field)
    numbers = [number_of(field, cut) for cut in cuts]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers):
        yield Fault(place, _("is no value of the type of the field"))
    elif any(first >= second for first, second in pairwise(known)):
        yield Fault(place, _("cuts have to rise"))
    elif known[0] <= low or known[-1] > high:
        yield Fault(place, _("makes an interval outside of the range of the schema"))


def _value_faults(place: str, values: Iterable[bool | int | str], labels: tuple[str, ...]) -> Iterator[Fault]:
    known, seen = frozenset(labels), set()
    for text in map(text_of, values):
        if text not in known:
            yield Fault(place, _("{name} is no label of the schema").format(name=printable(text)))
        elif text in seen:
            yield Fault(place, _("{name} stands twice").format(name=printable(text)))
        seen.add(text)


def _condition_faults(place: str, condition: Condition, field: Field) -> Iterator[Fault]:
    if condition.values is not None:
        if isinstance(field, Ranged):
            yield Fault(f"{place}.in", _("numbers and dates need `from` and `to`"))
        else:
            yield from _value_faults(f"{place}.in", condition.values, labels_of(field))
        return
    if not isinstance(field, Ranged):
        yield Fault(place, _("only numbers and dates have `from` and `to`"))
        return
    ends = [end for end in (condition.start, condition.stop) if end is not None]
    numbers = [number for number in (number_of(field, end) for end in ends) if number is not None]
    if len(numbers) < len(ends):
        yield Fault(place, _("is no value of the type of the field"))
    elif numbers != sorted(set(numbers)):
        yield Fault(place, _("ends before it begins"))


def _measure_faults(name: str, schema: Schema) -> Iterator[Fault]:
    if fault := _unknown(name, schema):
        yield Fault("measure", fault)
    elif not isinstance(schema.fields[name], IntegerField | NumberField):
        yield Fault("measure", _("{name} is no number").format(name=printable(name)))


def _table_faults(query: Query, schema: Schema) -> Iterator[Fault]:
    """What only the whole table shows. Its columns are the sides, the measure and the count."""
    sides = [labels(side, schema.fields[side.field]) for side in query.by]
    if not names_fit([*(side.field for side in query.by), *_measures(query), "count"]):
        yield Fault("by", _("two columns would have the same name"))
    for number, side in enumerate(sides):
        if not names_fit(side):
            yield Fault(f"by[{number}]", _("has a label that cannot stand in a table that leaves"))
        elif query.totals and any(map(like_total, side)):
            yield Fault(f"by[{number}]", _("has a label that could be taken for a total"))
    if math.prod(map(len, sides)) > CELLS:
        yield Fault("by", _("has more than {n} million cells").format(n=CELLS // 1_000_000))
