"""CSV as systems here write it: every encoding and delimiter gives the same rows, and what is spoilt is told."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.privilege.applications.cells import WHOLE_ROW, Cell, Unreadable
from secops.privilege.applications.delimited import DELIMITERS, rows

TEXT = "登录名{d}姓名{d}角色\r\nzhangwei{d}张伟{d}录入员\r\n李娜{d}㐀㐁{d}\r\n"
EXPECTED = [
    (1, ["登录名", "姓名", "角色"]), (2, ["zhangwei", "张伟", "录入员"]), (3, ["李娜", "㐀㐁", ""]),
]  # fmt: skip


def read(raw: bytes, **how: str) -> list[tuple[int, list[Cell]]]:
    return [(row.number, list(row.cells.values())) for row in rows(raw, **how)]  # type: ignore[arg-type]


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings_and_delimiters_are_found_out(encoding: str, delimiter: str) -> None:
    raw = TEXT.format(d=delimiter).encode(encoding)
    assert read(raw) == EXPECTED
    assert read(raw, encoding=encoding, delimiter=delimiter) == EXPECTED


def test_another_encoding_and_delimiter_can_be_named() -> None:
    assert read("名~角色\n".encode("big5"), encoding="big5", delimiter="~") == [(1, ["名", "角色"])]


def test_quoted_cells_lines_in_cells_and_old_ends_of_lines() -> None:
    assert read(b'a,b\n"x, y","1\n2"\nlast," q "" "\n') == [
        (1, ["a", "b"]), (2, ["x, y", "1\n2"]), (4, ["last", 'q "']),
    ]  # fmt: skip
    assert read(b"a,b\rc,d\r") == [(1, ["a", "b"]), (2, ["c", "d"])]


def test_a_spoilt_byte_spoils_one_cell() -> None:
    for encoding in ("utf-8", "gb18030"):
        raw = bytearray(("登录名,姓名\n" + "张伟,李娜\n" * 50).encode(encoding))
        raw[-3] = 0xFF
        found = read(bytes(raw))
        assert [cells for _, cells in found[:50]] == [["登录名", "姓名"], *[["张伟", "李娜"]] * 49]
        number, cells = found[50]
        assert number == 51
        assert cells[0] == "张伟"
        assert isinstance(cells[1], Unreadable)


def test_a_mark_that_is_not_closed_tells_the_rows_that_it_takes() -> None:
    found = list(rows(b'a,b\nc,d\ne,"f\ng,h\ni,j\n'))
    assert [row.number for row in found] == [1, 2, 3]
    fault = found[2].cells[WHOLE_ROW]
    assert isinstance(fault, Unreadable)
    assert fault.reason.en == "its quotation marks do not match: lines 3 to 5 are not read"


def test_a_broken_row_leaves_the_next_ones() -> None:
    found = list(rows(b'a,b\n"c"x,d\ne,f\n'))
    assert [row.number for row in found] == [1, 2, 3]
    assert isinstance(found[1].cells[WHOLE_ROW], Unreadable)
    assert found[2].cells == {0: "e", 1: "f"}


def test_a_cell_without_end_is_cut() -> None:
    found = list(rows(b"a,b\n" + b"x" * 200_000 + b",c\nd,e\n"))
    fault = found[1].cells[WHOLE_ROW]
    assert isinstance(fault, Unreadable)
    assert "131072" in fault.reason.en
    assert found[2].cells == {0: "d", 1: "e"}


@given(st.binary(max_size=300))
def test_no_bytes_break_it(raw: bytes) -> None:
    found = list(rows(raw))
    assert all(isinstance(cell, str | Unreadable) for row in found for cell in row.cells.values())
    assert [row.number for row in found] == sorted({row.number for row in found})


_CELL = st.text("ab0 ,;\t|\"'\n\r张伟㐀é\U00020000", max_size=8)


@settings(max_examples=50)
@given(st.lists(st.lists(_CELL, min_size=2, max_size=4), min_size=1, max_size=6), st.sampled_from(["utf-8", "gb18030"]))
def test_what_is_written_is_read(table: list[list[str]], encoding: str) -> None:
    paper = StringIO(newline="")
    csv.writer(paper, quoting=csv.QUOTE_ALL).writerows(table)
    found = read(paper.getvalue().encode(encoding), encoding=encoding, delimiter=",")
    assert [cells for _, cells in found] == [[cell.strip() for cell in row] for row in table]
