"""Tables are read as a plain reading of each value reads them."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter

import duckdb
import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from privacy.data import csv_blocks, table
from privacy.data.schema import IntegerField, Schema, TextField
from secops.core.errors import UsageError
from tests.privacy.data.plain import EVERY_TEXT, MISSING, OUTSIDE, RECORDS, SCHEMA, as_column, known, value, written

NAMES = [name for name in SCHEMA.fields if name != "id"]


def check(path, records, schema=SCHEMA):
    """Columns, people and counts are those of the records."""
    columns = table.read(path, schema, [*NAMES, "id"])
    for name in NAMES:
        expected = [as_column(name, known(name, record[name])) for record in records]
        np.testing.assert_array_equal(columns[name], expected, err_msg=name)
    people = columns["id"].tolist()
    ids = [known("id", record["id"]) for record in records]
    assert [whose == -1 for whose in people] == [name is None for name in ids]
    assert len(set(zip(people, ids, strict=True))) == len(set(people)) == len(set(ids))
    found = table.survey(path, schema)
    assert found.records == len(records)
    for kind, counts in ((MISSING, found.missing), (OUTSIDE, found.outside)):
        expected = Counter(name for record in records for name in record if value(name, record[name]) == kind)
        assert counts == {name: expected[name] for name in SCHEMA.fields}


@given(RECORDS, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.sampled_from(["\n", "\r\n"]), st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_csv(tmp_path, records, quoting, end, data):
    text = written(records, quoting=quoting, end=end)
    if data.draw(st.booleans()):
        text = text.removesuffix(end)
    encoding = data.draw(st.sampled_from(["utf-8", "gb18030"]))
    path = tmp_path / "table.csv"
    path.write_bytes((data.draw(st.sampled_from(["", "\ufeff"])) + text).encode(encoding))
    check(path, records, msgspec.structs.replace(SCHEMA, encoding=encoding))


@given(RECORDS, st.integers(8, 300), st.sampled_from(["utf-8", "gb18030"]), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_blocks_end_where_records_end(tmp_path, records, size, encoding, end):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_blocks, "BLOCK", 150 + size)  # the longest record has fewer bytes
        path = tmp_path / "table.csv"
        path.write_bytes(written(records, end=end).encode(encoding))
        check(path, records, msgspec.structs.replace(SCHEMA, encoding=encoding))


@given(RECORDS)
@example(EVERY_TEXT)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parquet_of_texts(tmp_path, records):
    path = tmp_path / "table.parquet"
    columns = [[record[name] for record in records] for name in SCHEMA.fields]
    texts = ", ".join(f"unnest(?::varchar[]) as {name}" for name in SCHEMA.fields)
    con = duckdb.connect()
    con.execute(f"create table t as select {texts}", columns)
    con.execute(f"copy t to '{path}' (format parquet)")
    check(path, records)


def test_every_text_in_one_file(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(written(EVERY_TEXT), "utf-8", newline="")
    check(path, EVERY_TEXT)


def test_parquet_of_other_types(tmp_path):
    path = tmp_path / "table.parquet"
    rows = (
        "(1, 'east', 18.0::double, 12.5::decimal(8,2), timestamp '2020-01-02 00:00:00', true, [1]),"
        "(2, null, null, null, timestamp '2020-01-02 00:00:01', null, null),"
        "(1, 'west', 'nan', -1, timestamp '2020-01-03 00:00:00', false, [])"
    )
    duckdb.execute(f"copy (from (values {rows}) t({', '.join(SCHEMA.fields)})) to '{path}' (format parquet)")
    columns = table.read(path, SCHEMA, [*NAMES, "id"])
    assert columns["district"].tolist() == [0, -1, 1]
    np.testing.assert_array_equal(columns["age"], [18, np.nan, np.nan])
    np.testing.assert_array_equal(columns["pay"], [12.5, np.nan, np.nan])
    np.testing.assert_array_equal(columns["day"], [18263, np.nan, 18264])
    assert columns["insured"].tolist() == [1, -1, 0]
    assert columns["id"][0] == columns["id"][2] != columns["id"][1]
    assert table.survey(path, SCHEMA).outside == {name: int(name in ("age", "day")) for name in SCHEMA.fields}


@pytest.mark.parametrize("form", ["header", "format parquet, row_group_size 2048"])
def test_the_order_is_that_of_the_file(tmp_path, form):
    path = tmp_path / "table"
    duckdb.execute(f"copy (from range(300000) t(n)) to '{path}' ({form})")
    columns = table.read(path, Schema(fields={"n": IntegerField()}), ["n"])
    np.testing.assert_array_equal(columns["n"], np.arange(300000))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("n\n1\n\n2\n", [1, np.nan, 2]),
        ("n\r\n\r\n1", [np.nan, 1]),
        ("n,m\n\n1,\n\r\n2,\n\n", [1, 2]),
        ("n", []),
        ("n,m\r\n", []),
    ],
)
def test_an_empty_line_is_a_record_where_there_is_one_column(tmp_path, text, expected):
    path = tmp_path / "table.csv"
    path.write_text(text, newline="")
    schema = Schema(fields={"n": IntegerField()})
    np.testing.assert_array_equal(table.read(path, schema, ["n"])["n"], expected)
    assert table.survey(path, schema).records == len(expected)


def test_people_may_be_numbers(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("n\n7\n07\n8\n7.0\n\n99\nx\n")
    schema = Schema(person="n", fields={"n": IntegerField(maximum=50)})
    people = table.read(path, schema, ["n"])["n"].tolist()
    assert people[0] == people[1] == people[3] >= 0
    assert people[2] not in (people[0], -1)
    assert people[4:] == [-1, -1, -1]
    assert table.survey(path, schema).outside == {"n": 2}


def test_names_with_quotes(tmp_path):
    name = "a\"b'c"
    schema = Schema(fields={name: TextField(labels=("it's", 'a "b"'))})
    path = tmp_path / "table"
    for form in ("header", "format parquet"):
        duckdb.execute(f"copy (from (values ('it''s'), ('a \"b\"')) t(\"a\"\"b'c\")) to '{path}' ({form})")
        assert table.read(path, schema, [name])[name].tolist() == [0, 1]


def test_the_digest_is_of_the_bytes(tmp_path):
    path = tmp_path / "table"
    path.write_bytes(b"x" * 100_000)
    assert table.file_digest(path) == "sha256:" + hashlib.sha256(b"x" * 100_000).hexdigest()


@given(RECORDS, st.sampled_from(["\n", "\r\n"]), st.booleans())
@example(EVERY_TEXT, "\n", False)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_csv_without_a_line_of_names(tmp_path, records, end, small):
    """Its first row is a record, and what is not in the schema stays apart from what is missing."""
    path = tmp_path / "table.csv"
    path.write_bytes(written(records, end=end).encode().split(end.encode(), 1)[1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_blocks, "BLOCK", 200 if small else csv_blocks.BLOCK)
        columns = table.read_apart(table.file(path, tuple(SCHEMA.fields)), SCHEMA, NAMES)
    for name in NAMES:
        kinds = [value(name, record[name]) for record in records]
        missing = np.isnan(columns[name]) if columns[name].dtype.kind == "f" else columns[name] == -1
        outside = np.isinf(columns[name]) if columns[name].dtype.kind == "f" else columns[name] == -2
        assert missing.tolist() == [kind == MISSING for kind in kinds]
        assert outside.tolist() == [kind == OUTSIDE for kind in kinds]
        good = [as_column(name, kind) for kind in kinds if kind not in (MISSING, OUTSIDE)]
        assert columns[name][~missing & ~outside].tolist() == good


def test_rows_of_a_csv_without_a_line_of_names_count_from_one(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"1,x\n2,y\n3\n")
    schema = Schema(fields={"a": IntegerField()})
    with pytest.raises(UsageError, match="row 3 has other columns"):
        table.read_apart(table.file(path, ("a", "b")), schema, ["a"])
    with pytest.raises(UsageError, match="has no column a, or several"):
        table.read_apart(table.file(path, ("a", "a")), schema, ["a"])
