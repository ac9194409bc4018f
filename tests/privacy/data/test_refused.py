"""What is no table of the schema is refused, with no word of what is in it; and nothing but the one file is read."""

from __future__ import annotations

import csv
import io
import os

import duckdb
import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from privacy.data import table
from privacy.data.schema import IntegerField, Schema, TextField
from secops.core.errors import UsageError

SMALL = Schema(fields={"a": IntegerField(), "b": TextField(labels=("x",))})
MARKER = "918273645"


def refused(path, schema=SMALL):
    """What the error says, which holds nothing of the file. Both ways to read it give the same."""
    said = set()
    for step in (lambda: table.read(path, schema, ["a"]), lambda: table.survey(path, schema)):
        with pytest.raises(UsageError) as caught:
            step()
        error = caught.value
        assert error.where == str(path)
        assert error.__context__ is None or isinstance(error.__context__, OSError)
        said.add(f"{error.what}{error.hint}")
    (text,) = said
    assert MARKER not in text
    return text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a,b\n1,x\n918273645\n", "row 3 has other columns"),
        (b'a,b\n\n"1\n\n",x\n918273645,x,x\n', "row 4 has other columns"),
        (b"a,b\n918273645,x,\n", "row 2 has other columns"),
        (b"a,b\n,918273645,\n1\n", "row 2 has other columns"),
        (b"a,b\n1\n918273645,x,\n", "row 2 has other columns"),
        (b'a,b\n1,x\n2,"918273645\n', "never closed"),
        (b'a,b\n1,"x\n1,x\n1,918273645', "never closed"),
        (b'a,b\n1,9182"73645\n1,x"\n', "quote within a value"),
        (b'a,b\n"1" ,x\n', "quote within a value"),
        (b'a,b\n1, "x"\n', "quote within a value"),
        (b"a,b\n1,x\r918273645,x\n", "row 2 has other columns"),
        (b"a,b\n1,x\n2\r\n", "row 3 has other columns"),
        (b"a,b\n1,x\n918273645\r1,x\n", "carriage return"),
        (b"a,b\n1,918273645\r", "carriage return"),
        (b"a,b\r1,x\r2,x\r", "first line"),
        (b"a,b\n1,x\n\xff,x\n", "row 3 has other columns than the header, is not UTF-8"),
        (b"a\xff,b\n1,x\n", "is not utf-8"),
        ("a,区\n1,x\n".encode("gb18030"), "is not utf-8A schema may say `encoding: gb18030`"),
        (b"a,b\n1,x\n" + b"1" * 2_500_000 + b",x\n", "more than 2 MB"),
        (b"a," + b"b" * 200_000 + b"\n1,x\n", "first line"),
        (b"a,a,b\n1,2,x\n", "no column a, or several"),
        (b"b,c\n1,2\n", "no column a, or several"),
        (b"\na,b\n1,x\n", "first line"),
        (b"", "first line"),
        ("a,b\n1,x\n".encode("utf-16"), "is not utf-8"),
        (b"PAR1918273645PAR1", "cannot be read"),
    ],
)
def test_what_is_no_table(tmp_path, content, reason):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    assert reason in refused(path)


@pytest.mark.parametrize("content", [b"a,b\n1,\xff\xff\n", b"a,b\n1,x\n1,\x81"])
def test_what_is_no_gb18030(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    assert "is not gb18030" in refused(path, msgspec.structs.replace(SMALL, encoding="gb18030"))


def test_a_parquet_file_that_lacks_a_field_or_was_cut_off(tmp_path):
    path = tmp_path / "table.parquet"
    duckdb.execute(f"copy (select {MARKER} as A, 'x' as b) to '{path}' (format parquet)")
    assert "no column a" in refused(path)  # letter by letter
    path.write_bytes(path.read_bytes()[:-20])
    assert "cannot be read" in refused(path)


@pytest.mark.parametrize(("other", "reason"), [("aaaa", "or several"), ("AAAA", ""), ("bbbb", "")])
def test_a_name_that_stands_twice_in_a_parquet_file(tmp_path, other, reason):
    """No library writes one on purpose, and all make up names for the second one."""
    schema = Schema(fields={"aaaa": IntegerField()})
    path = tmp_path / "table.parquet"
    duckdb.execute(
        f"copy (select {{'aaaa': 1, 'x': [2]}} as n, 5 as aaaa, {MARKER} as bbbb) to '{path}' (format parquet)"
    )
    path.write_bytes(path.read_bytes().replace(b"bbbb", other.encode()))
    if reason:
        with pytest.raises(UsageError, match=reason):
            table.read(path, schema, ["aaaa"])
    else:
        assert table.read(path, schema, ["aaaa"])["aaaa"].tolist() == [5]
    made_up = Schema(fields={"AAAA_1": IntegerField()})
    with pytest.raises(UsageError, match="no column AAAA_1"):
        table.read(path, made_up, ["AAAA_1"])


def test_a_line_of_a_gibibyte_is_refused_soon(tmp_path):
    path = tmp_path / "table.csv"
    with path.open("wb") as file:
        file.write(b"a,b\n1,")
        file.truncate(1 << 30)
    assert "record of more than 8 MiB" in refused(path)


def test_nul_is_a_character_like_others(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"a,b\n1\0,x\n\0,x\0\n2,x\n")
    assert table.survey(path, SMALL).outside == {"a": 2, "b": 1}


@pytest.mark.parametrize("name", ["*.csv", "[a].csv", "a b'c\".csv", "http:", "表.csv", "{a,b}.parquet"])
def test_only_the_file_of_that_name_is_read(tmp_path, name):
    (tmp_path / "a.csv").write_text("a,b\n7,x\n")
    path = tmp_path / name
    path.write_text("a,b\n1,x\n")
    assert table.read(path, SMALL, ["a"])["a"].tolist() == [1]


def test_nothing_else_can_be_reached(tmp_path):
    path, other = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_text("a,b\n1,x\n")
    other.write_text("a,b\n2,x\n")
    with path.open("rb") as file:
        con, own = table._connect(file.fileno())
        assert con.execute(f"from read_csv('{own}')").fetchall() == [(1, "x")]
        for step in (
            f"from read_csv('{other}')", f"from read_text('{other}')", f"copy (select 1) to '{other}'",
            f"copy (select 1) to '{own}'", "install httpfs", f"attach '{tmp_path}/c.db'",
            "set enable_external_access = true", "set allowed_paths = ['/']",
        ):  # fmt: skip
            with pytest.raises(duckdb.Error):
                con.execute(step)


def test_what_is_no_file(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, reason in ((tmp_path, "directory"), (pipe, "not a regular file"), (tmp_path / "none", "No such file")):
        assert reason in refused(path)
        with pytest.raises(UsageError, match=reason):
            table.file_digest(path)


@given(st.binary(max_size=300) | st.text(alphabet='1x,"\n\r', max_size=40).map(str.encode))
@example(b'"')
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_as_python_reads_them_or_refused(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_bytes(b"a,b\n" + content)
    try:
        columns = table.read(path, SMALL, ["a", "b"])
    except UsageError as error:
        assert error.__context__ is None  # noqa: PT017 - it is read, or refused
        return
    rows = [row for row in csv.reader(io.StringIO(content.decode(), newline=""), strict=True) if row]
    assert columns["b"].tolist() == [0 if label == "x" else -1 for _number, label in rows]
    assert table.survey(path, SMALL).records == len(rows)
