"""`schema.yml` is strict, and each error names the line."""

from __future__ import annotations

import msgspec
import pytest

from privacy.data import schema
from privacy.data.schema import BooleanField, DateField, IntegerField, NumberField, TextField, labels_of, limits
from secops.core.errors import UsageError

GOOD = """title: {en: Wages, zh: 工资}
person: id
fields:
  id: {type: text, missing: [none]}
  district: {type: text, labels: [east, west], missing: [9, NA], title: {en: District, zh: 区}}
  age: {type: integer, minimum: 0, maximum: 120}
  pay: {type: number, minimum: -5, maximum: "1000.25"}
  day: {type: date, minimum: 2020-01-01}
  insured: {type: boolean}
"""


def load(tmp_path, text):
    path = tmp_path / "schema.yml"
    path.write_text(text, "utf-8")
    return schema.load(path)


def test_what_is_read(tmp_path):
    read = load(tmp_path, GOOD)
    assert list(map(type, read.fields.values())) == [
        TextField, TextField, IntegerField, NumberField, DateField, BooleanField,
    ]  # fmt: skip
    assert (read.person, read.encoding) == ("id", "utf-8")
    assert [labels_of(field) for field in read.fields.values()] == [(), ("east", "west"), (), (), (), ("false", "true")]
    assert [limits(read.fields[name]) for name in ("age", "pay", "day")] == [(0, 120), (-5, 1000.25), (18262, 2932896)]
    assert limits(IntegerField()) == limits(NumberField()) == (-(2.0**53), 2.0**53)


def test_the_digest_is_of_what_it_says(tmp_path):
    first = load(tmp_path, GOOD)
    lines = GOOD.splitlines(keepends=True)
    assert load(tmp_path, "".join([*lines[2:], *lines[:2]])).digest == first.digest
    assert load(tmp_path, GOOD.replace("[east, west]", "[west, east]")).digest != first.digest
    assert load(tmp_path, GOOD.replace("person: id\n", "")).digest != first.digest
    again = msgspec.json.decode(msgspec.json.encode(first), type=schema.Schema)
    assert (again, again.digest) == (first, first.digest)


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("[east, west]", "[east, east]", 5, "'east' stands twice"),
        ("[east, west]", "[east, =1+1]", 5, "'=1\\+1' cannot be a name in a table"),
        ("[east, west]", '[east, "+a"]', 5, "cannot be a name in a table"),
        ("[east, west]", "[east, (all)]", 5, "cannot be a name in a table"),
        ("[east, west]", '[east, "a\\u202eb"]', 5, "cannot be a name in a table"),
        ("[east, west]", "[east, NA]", 5, "'NA' is a label, and stands for a missing value too"),
        ("[9, NA]", '[9, "a\\u0000"]', 5, "characters that are not seen"),
        ("[east, west]", "[east, 5]", 5, "Expected `str`"),
        ("[east, west]", "[east], minimum: 5", 5, "unknown field `minimum`"),
        ("minimum: 0, ", "minimum: 121, ", 6, "below the minimum"),
        ("minimum: 0, ", 'minimum: "0.5", ', 6, "no value of the type"),
        ("minimum: 0, ", "minimum: 2020-01-01, ", 6, "no value of the type"),
        ("minimum: 0, ", "minimum: 9007199254740993, ", 6, "Expected `int`"),
        ('"1000.25"', '"1e3"', 7, "no value of the type"),
        ('"1000.25"', '"1000.250"', 7, "no value of the type"),
        ('"1000.25"', "1000.25", 7, "got `float`"),
        ("minimum: 2020-01-01", "minimum: 20200101", 8, "no value of the type"),
        ("minimum: 2020-01-01", "minimum: 2021-02-29", 8, "no value of the type"),
        ("type: boolean", "type: flag", 9, "Invalid value 'flag'"),
        ("  age:", '  " age":', 4, "cannot be a name in a table"),
        ("person: id", "person: name", 2, "whose a record is"),
        ("person: id", "person: district", 2, "whose a record is"),
        ("person: id", "person: day", 2, "whose a record is"),
        ("person: id", "encoding: latin-1", 2, "Invalid enum value"),
    ],
)
def test_faults_are_named_with_their_line(tmp_path, old, new, line, reason):
    load(tmp_path, GOOD)
    assert old in GOOD
    with pytest.raises(UsageError, match=reason) as caught:
        load(tmp_path, GOOD.replace(old, new))
    assert caught.value.where == f"{tmp_path}/schema.yml:{line}"
