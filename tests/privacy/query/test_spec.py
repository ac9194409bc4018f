"""Queries: what they may say, what does not fit a schema, and what labels they make."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from privacy import canonical
from privacy.data.schema import TextField
from privacy.parties.signed import as_value
from privacy.query.spec import Query, faults, fields, labels
from secops.core.content import convert
from tests.privacy.data.plain import SCHEMA

DISTRICT: dict[str, Any] = {"field": "district"}


def query(**parts: Any) -> Query:
    return convert({"kind": "counts", "by": [DISTRICT]} | parts, Query)


def test_a_query_is_canonical_and_says_the_same_in_any_order():
    groups = {"outer": ["城北", "west"], "inner": ["east"]}
    other = {"inner": ["east"], "outer": ["城北", "west"]}
    first, second = (query(by=[{"field": "district", "labels": order}]) for order in (groups, other))
    assert canonical.digest(as_value(first)) == canonical.digest(as_value(second))
    again = convert(canonical.decode(canonical.encode(as_value(first))), Query)
    assert again == first
    assert [labels(made.by[0], SCHEMA.fields["district"]) for made in (first, second, again)] == [
        ("inner", "outer")
    ] * 3


def test_fields_are_those_it_touches():
    asked = query(
        kind="means", measure="pay", by=[DISTRICT, {"field": "age", "cuts": [18]}],
        where=[{"field": "insured", "in": [True]}, {"field": "age", "to": 65}],
    )  # fmt: skip
    assert fields(asked) == ("district", "age", "insured", "pay")
    assert faults(asked, SCHEMA) == []


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        ({"field": "district"}, ("east", "west", "城北")),
        ({"field": "insured"}, ("false", "true")),
        ({"field": "insured", "labels": {"yes": [True]}}, ("yes",)),
        ({"field": "age", "cuts": [18, "40", 65]}, ("<18", "[18,40)", "[40,65)", ">=65")),
        ({"field": "pay", "cuts": [-1, "0.5"]}, ("<-1", "[-1,0.5)", ">=0.5")),
        ({"field": "day", "cuts": ["2024-01-01"]}, ("<2024-01-01", ">=2024-01-01")),
    ],
)
def test_labels(side, expected):
    asked = query(by=[side])
    assert faults(asked, SCHEMA) == []
    assert labels(asked.by[0], SCHEMA.fields[side["field"]]) == expected


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"kind": "sums"}, "all others have one"),
        ({"measure": "pay"}, "counts have no measure"),
        ({"kind": "quantiles", "measure": "pay"}, "quantiles have percentiles"),
        ({"percentiles": [50]}, "no others have them"),
        ({"kind": "quantiles", "measure": "pay", "percentiles": [50, 50]}, "have to rise"),
        ({"kind": "quantiles", "measure": "pay", "percentiles": [101]}, "<= 100"),
        ({"kind": "quantiles", "measure": "pay", "percentiles": [0.5]}, "Expected `int`"),
        ({"kind": "means", "measure": "pay", "totals": True}, "add up to totals"),
        ({"by": []}, "length >= 1"),
        ({"by": [DISTRICT | {"cuts": [1], "labels": {"a": ["east"]}}]}, "either labels or cuts"),
        ({"by": [DISTRICT | {"labels": {"a": []}}]}, "length >= 1"),
        ({"by": [{"field": "pay", "cuts": [0.5]}]}, "got `float`"),
        ({"where": [DISTRICT]}, "either `in`"),
        ({"where": [DISTRICT | {"in": ["east"], "from": 5}]}, "either `in`"),
        ({"where": [DISTRICT | {"like": "e%"}]}, "unknown field"),
    ],
)
def test_what_no_schema_allows(parts, reason):
    with pytest.raises(msgspec.ValidationError, match=reason):
        query(**parts)


CUT, SPAN = {"field": "age", "cuts": [18]}, {"field": "age", "from": 18}


@pytest.mark.parametrize(
    ("parts", "place", "reason"),
    [
        ({"by": [{"field": "sex"}]}, "by[0].field", "sex is no field"),
        ({"by": [DISTRICT, {"field": "id"}]}, "by[1].field", "whose a record is"),
        ({"by": [{"field": "note"}]}, "by[0]", "has no labels"),
        ({"by": [{"field": "age"}]}, "by[0]", "has no labels"),
        ({"by": [DISTRICT | {"cuts": [1]}]}, "by[0].cuts", "only numbers and dates can be cut"),
        ({"by": [CUT | {"cuts": ["18.5"]}]}, "by[0].cuts", "no value of the type"),
        ({"by": [CUT | {"cuts": ["018"]}]}, "by[0].cuts", "no value of the type"),
        ({"by": [CUT | {"cuts": [18, 18]}]}, "by[0].cuts", "have to rise"),
        ({"by": [CUT | {"cuts": [0, 18]}]}, "by[0].cuts", "outside of the range"),
        ({"by": [CUT | {"cuts": [18, 121]}]}, "by[0].cuts", "outside of the range"),
        ({"by": [CUT | {"labels": {"young": [1]}, "cuts": None}]}, "by[0]", "has no labels"),
        ({"by": [{"field": "day", "cuts": ["2024-1-1"]}]}, "by[0].cuts", "no value of the type"),
        ({"by": [DISTRICT | {"labels": {"a": ["south"]}}]}, "by[0].labels", "south is no label"),
        ({"by": [DISTRICT | {"labels": {"a": ["east"], "b": ["east"]}}]}, "by[0].labels", "east stands twice"),
        ({"by": [DISTRICT | {"labels": {"=a": ["east"]}}]}, "by[0]", "cannot stand in a table"),
        ({"by": [DISTRICT | {"labels": {"(all)": ["east"]}}]}, "by[0]", "cannot stand in a table"),
        ({"by": [DISTRICT | {"labels": {"Total": ["east"]}}], "totals": True}, "by[0]", "taken for a total"),
        ({"by": [DISTRICT, DISTRICT]}, "by", "the same name"),
        ({"kind": "sums", "measure": "pay", "by": [{"field": "pay", "cuts": [5]}]}, "by", "the same name"),
        ({"kind": "sums", "measure": "id"}, "measure", "whose a record is"),
        ({"kind": "sums", "measure": "day"}, "measure", "is no number"),
        ({"kind": "sums", "measure": "rent"}, "measure", "rent is no field"),
        ({"where": [{"field": "note", "in": ["x"]}]}, "where[0].in", "x is no label"),
        ({"where": [{"field": "id", "in": ["p1"]}]}, "where[0].field", "whose a record is"),
        ({"where": [{"field": "age", "in": [18]}]}, "where[0].in", "need `from` and `to`"),
        ({"where": [DISTRICT | {"from": 5}]}, "where[0]", "only numbers and dates have"),
        ({"where": [SPAN | {"to": 18}]}, "where[0]", "ends before it begins"),
        ({"where": [SPAN | {"to": "x"}]}, "where[0]", "no value of the type"),
    ],
)  # fmt: skip
def test_what_does_not_fit_the_schema(parts, place, reason):
    found = faults(query(**parts), SCHEMA)
    assert [fault.place for fault in found] == [place]
    assert reason in found[0].what
    assert str(found[0]) == f"{place}: {found[0].what}"


def test_a_table_has_a_largest_size():
    wide = {"cuts": list(range(1, 120))}
    schema = msgspec.structs.replace(
        SCHEMA, fields=SCHEMA.fields | {f"age{number}": SCHEMA.fields["age"] for number in range(4)}
    )
    sides = [{"field": f"age{number}"} | wide for number in range(4)]
    assert faults(query(by=sides[:3]), schema) == []
    (fault,) = faults(query(by=sides), schema)
    assert "more than 5 million cells" in fault.what


def test_many_and_long_labels_take_no_long_time():
    known = tuple(f"{number:064}" for number in range(40_000))
    schema = msgspec.structs.replace(SCHEMA, fields={"town": TextField(labels=known)})
    groups = {str(number): known[number * 1000 : number * 1000 + 1000] for number in range(40)}
    asked = query(by=[{"field": "town", "labels": groups}], where=[{"field": "town", "in": known[:10_000]}])
    started = time.process_time()
    assert faults(asked, schema) == []
    assert time.process_time() - started < 2
    assert labels(asked.by[0], schema.fields["town"]) == tuple(map(str, range(40)))


def test_a_column_named_count_would_stand_twice():
    schema = msgspec.structs.replace(SCHEMA, fields={"count": SCHEMA.fields["district"]})
    (fault,) = faults(query(by=[{"field": "count"}]), schema)
    assert "the same name" in fault.what
