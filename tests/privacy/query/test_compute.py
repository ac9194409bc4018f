"""Tables of queries are what plain loops over the records and the standard library's statistics give."""

from __future__ import annotations

import math
import statistics
from datetime import date
from itertools import product
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from privacy.data import table
from privacy.disclosure import dominance, door, shape
from privacy.disclosure.policy import Policy
from privacy.disclosure.result import _KEY, Raw
from privacy.query.compute import compute
from privacy.query.spec import Query
from secops.core.content import convert
from secops.core.errors import CitywallError, UsageError
from tests.privacy.data.plain import EVERY_TEXT, RECORDS, SCHEMA, TEXTS, known, written
from tests.privacy.disclosure.samples import POLICY, Memory, rows

#: Sides, and the label that each gives a value.
SIDES = [
    ({"field": "district"}, str),
    ({"field": "district", "labels": {"town": ["west", "east"], "north": ["城北"]}},
     {"east": "town", "west": "town", "城北": "north"}.get),
    ({"field": "district", "labels": {"w": ["west"]}}, {"west": "w"}.get),
    ({"field": "insured"}, lambda value: str(value).lower()),
    ({"field": "age", "cuts": [18, 40, 64]},
     lambda value: "<18" if value < 18 else "[18,40)" if value < 40 else "[40,64)" if value < 64 else ">=64"),
    ({"field": "day", "cuts": ["2024-02-29"]}, lambda value: f"{'<' if value < date(2024, 2, 29) else '>='}2024-02-29"),
]  # fmt: skip
CONDITIONS = [
    ({"field": "district", "in": ["east", "城北"]}, lambda value: value != "west"),
    ({"field": "insured", "in": [True]}, lambda value: value),
    ({"field": "age", "from": 7, "to": 120}, lambda value: 7 <= value < 120),
    ({"field": "pay", "from": "0.5"}, lambda value: value >= 0.5),
    ({"field": "day", "to": "2021-06-30"}, lambda value: value < date(2021, 6, 30)),
]
KINDS = [
    {"kind": "counts"},
    {"kind": "counts", "totals": True},
    {"kind": "sums", "measure": "pay"},
    {"kind": "means", "measure": "pay"},
    {"kind": "quantiles", "measure": "pay", "percentiles": [0, 25, 50, 99, 100]},
]


def asked(kind, sides, conditions):
    return convert(kind | {"by": [side for side, _of in sides], "where": [one for one, _of in conditions]}, Query)


def cell_of(record, kind, sides, conditions, schema):
    """The labels of a record, None where it is in no cell; and its value of the measure."""
    value = {name: known(name, text) for name, text in record.items()}
    needed = [part["field"] for part, _of in (*sides, *conditions)] + [kind.get("measure"), schema.person]
    if any(name is not None and value[name] is None for name in needed):
        return None, None
    if not all(holds(value[part["field"]]) for part, holds in conditions):
        return None, None
    place = tuple(of(value[side["field"]]) for side, of in sides)
    return (None, None) if None in place else (place, value.get(kind.get("measure")))


@given(
    RECORDS,
    st.sampled_from(KINDS),
    st.lists(st.sampled_from(SIDES), min_size=1, max_size=2, unique_by=lambda side: side[0]["field"]),
    st.lists(st.sampled_from(CONDITIONS), max_size=2),
    st.booleans(),
)
@example(EVERY_TEXT, KINDS[3], [SIDES[0]], [], True)
@example(EVERY_TEXT * 3, KINDS[4], [SIDES[3]], [CONDITIONS[3]], False)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_tables(tmp_path, records, kind, sides, conditions, with_person):
    path = tmp_path / "table.csv"
    path.write_text(written(records), "utf-8", newline="")
    schema = SCHEMA if with_person else msgspec.structs.replace(SCHEMA, person=None)
    raw = compute(asked(kind, sides, conditions), schema, path, "wages", "2026-01")
    assert isinstance(raw, Raw)
    result = raw.open(_KEY)
    assert result.kind == kind["kind"]
    assert (result.population.dataset, result.population.version) == ("wages", "2026-01")
    assert shape.table_fits(result)

    placed = [cell_of(record, kind, sides, conditions, schema) for record in records]
    cells = list(product(*(side.labels for side in result.dimensions)))
    members = [[value for place, value in placed if place == cell] for cell in cells]
    assert result.counts.tolist() == list(map(len, members))
    assert result.population.cells.tolist() == [-1 if place is None else cells.index(place) for place, _value in placed]
    people = [
        {known("id", r["id"]) for r, (place, _v) in zip(records, placed, strict=True) if place == cell}
        for cell in cells
    ]
    assert shape.people_of(result).tolist() == [
        len(people[n]) if with_person else len(members[n]) for n in range(len(cells))
    ]
    if kind["kind"] in ("sums", "means"):
        np.testing.assert_allclose(result.sums, list(map(math.fsum, members)), atol=1e-9)
    if kind["kind"] == "quantiles":
        expected = [_quantiles(values, kind["percentiles"]) for values in members]
        np.testing.assert_allclose(result.values, np.array(expected).reshape(result.values.shape), atol=1e-9)
        assert result.probabilities == (0.0, 0.25, 0.5, 0.99, 1.0)


def _quantiles(values, percentiles):
    if not values:
        return [math.nan] * len(percentiles)
    between = statistics.quantiles([*values, *values[: len(values) == 1]], n=100, method="inclusive")
    return [[min(values), *between, max(values)][percent] for percent in percentiles]


def _file(tmp_path, records):
    path = tmp_path / "table.csv"
    path.write_text(written(records), "utf-8", newline="")
    return path


def _record(**texts):
    return {name: good[0] for name, (good, _missing, _outside) in TEXTS.items()} | texts


def test_a_table_leaves_through_the_door(tmp_path):
    """Nine records of nine people may leave, nine records of three may not."""
    records = [_record(id=f"p{n}", pay=str(n)) for n in range(9)] + [
        _record(id=f"q{n % 3}", district="west") for n in range(9)
    ]
    raw = compute(asked({"kind": "counts"}, SIDES[:1], []), SCHEMA, _file(tmp_path, records), "wages", "1")
    assert rows(door.clear(raw, POLICY, Memory())) == [["east", "10"], ["west", "redacted"], ["城北", "redacted"]]


@pytest.mark.parametrize(("n", "east"), [(1, ["1250", "50"]), (10, ["redacted", "redacted"])])
def test_dominance_may_ask_for_as_many_contributions_as_a_policy_allows(tmp_path, n, east):
    records = [_record(id=f"p{n}", pay=str(10 + n % 3), district=("east", "west")[n % 2]) for n in range(100)]
    path = _file(tmp_path, [*records, _record(id="p0", pay="700")])
    raw = compute(asked({"kind": "sums", "measure": "pay"}, SIDES[:1], []), SCHEMA, path, "wages", "1")
    policy = Policy(name="test", dominance=dominance.Rule(n=n, k_percent=60))
    assert rows(door.clear(raw, policy, Memory()))[:2] == [["east", *east], ["west", "549", "50"]]


def test_a_query_that_does_not_fit_is_refused_before_anything_is_read(tmp_path):
    query = convert({"kind": "counts", "by": [{"field": "sex"}]}, Query)
    with pytest.raises(UsageError, match="sex is no field") as caught:
        compute(query, SCHEMA, tmp_path / "none.csv", "wages", "1")
    assert caught.value.where == "by[0].field"


def test_errors_hold_nothing_of_the_data(tmp_path, monkeypatch):
    query, path = asked({"kind": "counts"}, SIDES[:1], []), _file(tmp_path, [])
    path.write_text(path.read_text() + "918273645,east\n")
    with pytest.raises(UsageError, match="row 2 has other columns") as caught:
        compute(query, SCHEMA, path, "wages", "1")
    assert caught.value.__context__ is None

    def fail(*_arguments):
        raise KeyError("918273645")

    monkeypatch.setattr(table, "read", fail)
    with pytest.raises(CitywallError, match="could not be computed: KeyError") as failed:
        compute(query, SCHEMA, path, "wages", "1")
    assert failed.value.__context__ is None


def test_the_same_query_gives_the_same_bytes(tmp_path):
    path = _file(tmp_path, [_record(id=f"p{n}", pay=str(n % 13), district=("east", "west")[n % 2]) for n in range(400)])
    query = asked({"kind": "means", "measure": "pay"}, SIDES[:1], [])
    contents = {door.clear(compute(query, SCHEMA, path, "wages", "1"), POLICY, Memory()).content for _time in range(3)}
    assert len(contents) == 1


def test_only_what_is_asked_for_is_read(tmp_path, monkeypatch):
    seen = []

    def read(path: Path, schema, names):
        seen.append(list(names))
        return original(path, schema, names)

    original = table.read
    monkeypatch.setattr(table, "read", read)
    compute(asked({"kind": "counts"}, SIDES[:1], CONDITIONS[1:2]), SCHEMA, _file(tmp_path, []), "wages", "1")
    assert seen == [["district", "insured", "id"]]
