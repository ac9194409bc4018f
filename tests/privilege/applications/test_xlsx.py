"""XLSX: what openpyxl writes and reads is read alike; what it would pass over is told; hostile files are refused."""

from __future__ import annotations

import re
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.core.errors import UsageError
from secops.privilege.applications import xlsx
from secops.privilege.applications.cells import Cell, Unreadable

SHEET = "xl/worksheets/sheet1.xml"
TABLE: list[list[Any]] = [
    ["登录名", "姓名", "最后登录", "创建", "手机", "是否"],
    ["zhangwei", " 张伟 ", datetime(2026, 1, 31, 10, 5, 59), date(2020, 2, 29), 13900000000, True],
    [None, "a&b<c>", None, None, 1.5, False],
    ["00123", "=1+1"[1:], datetime(1999, 12, 31), None, -7, None],
]


def book(folder: Path, table: list[list[Any]] | None = None, **sheets: list[list[Any]]) -> Path:
    made = openpyxl.Workbook()
    for name, rows in ({"用户": table or TABLE} | sheets).items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.remove(made.worksheets[0])
    path = folder / "export.xlsx"
    made.save(path)
    return path


def read(path: Path, sheet: str | None = None) -> dict[int, dict[int, Cell]]:
    return {row.number: dict(row.cells) for row in xlsx.rows(path, sheet)}


def changed(path: Path, part: str, old: str, new: str) -> Path:
    """A copy of a workbook with one part changed."""
    copy = path.with_name("changed.xlsx")
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            text = before.read(name)
            if name == part:
                assert old.encode() in text
                text = text.replace(old.encode(), new.encode())
            after.writestr(name, text)
    return copy


def sheet_of(folder: Path, body: str) -> Path:
    """A workbook whose sheet holds this XML."""
    path = book(folder, [["x"]])
    with zipfile.ZipFile(path) as file:
        text = file.read(SHEET).decode()
    start, end = text.index("<sheetData>"), text.index("</sheetData>")
    return changed(path, SHEET, text[start:end], f"<sheetData>{body}")


def test_a_sheet(tmp_path: Path) -> None:
    assert read(book(tmp_path)) == {
        1: dict(enumerate(["登录名", "姓名", "最后登录", "创建", "手机", "是否"])),
        2: dict(enumerate(["zhangwei", "张伟", "2026-01-31 10:05:59", "2020-02-29 00:00:00", "13900000000", "TRUE"])),
        3: {1: "a&b<c>", 4: "1.5", 5: "FALSE"},
        4: {0: "00123", 1: "1+1", 2: "1999-12-31 00:00:00", 4: "-7"},
    }


def test_a_sheet_by_name(tmp_path: Path) -> None:
    path = book(tmp_path, 角色=[["r"]])
    assert read(path, "角色") == {1: {0: "r"}}
    with pytest.raises(UsageError, match="no sheet 'x', but 用户, 角色"):
        read(path, "x")


def test_written_as_a_stream_with_texts_in_the_cells(tmp_path: Path) -> None:
    made = openpyxl.Workbook(write_only=True)
    sheet = made.create_sheet("用户")
    for row in TABLE:
        sheet.append(row)
    made.save(tmp_path / "stream.xlsx")
    assert read(tmp_path / "stream.xlsx") == read(book(tmp_path))


_VALUE = (
    st.none() | st.booleans() | st.integers(-(10**9), 10**12) | st.sampled_from([0.5, -2.25, 1e20])
    | st.datetimes(datetime(1901, 1, 1), datetime(2100, 1, 1)).map(lambda when: when.replace(microsecond=0))
    | st.text('ab0 =#&<>"张伟㐀é\U00020000', max_size=12)
)  # fmt: skip


@settings(max_examples=20)
@given(table=st.lists(st.lists(_VALUE, min_size=1, max_size=5), min_size=1, max_size=5))
def test_the_same_as_openpyxl_reads(tmp_path_factory: pytest.TempPathFactory, table: list[list[Any]]) -> None:
    path = book(tmp_path_factory.mktemp("x"), [[_no_formula(cell) for cell in row] for row in table])
    ours = read(path)
    theirs = openpyxl.load_workbook(path, read_only=True, data_only=True).worksheets[0].iter_rows(values_only=True)
    for number, row in enumerate(theirs, start=1):
        for at, value in enumerate(row):
            assert ours.get(number, {}).get(at, "") == _text(value), (number, at)


def _no_formula(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "#")) else value


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return (value or "").strip()
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 10**15 else f"{value:.16g}"
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ('yyyy"年"m"月"d"日"', "2026-01-31 12:00:00"), ("[$-804]yyyy\\-mm\\-dd;@", "2026-01-31 12:00:00"),
        ("0.00", "46053.5"), ('0.00"d"', "46053.5"), ("[Red]0.0", "46053.5"), ("General", "46053.5"),
    ],
)  # fmt: skip
def test_a_number_is_a_date_by_its_style(tmp_path: Path, code: str, shown: str) -> None:
    made = openpyxl.Workbook()
    made.worksheets[0]["A1"] = 46053.5
    made.worksheets[0]["A1"].number_format = code
    made.save(tmp_path / "x.xlsx")
    assert read(tmp_path / "x.xlsx") == {1: {0: shown}}


def test_days_since_1904(tmp_path: Path) -> None:
    path = book(tmp_path, [[datetime(2026, 1, 31)]])
    assert read(changed(path, "xl/workbook.xml", "<workbookPr ", '<workbookPr date1904="1" ')) == {
        1: {0: "2030-02-01 00:00:00"}
    }


def test_names_with_prefixes_and_texts_in_pieces(tmp_path: Path) -> None:
    body = (
        '<row r="1"><c r="A1" t="inlineStr"><is><r><t>张</t></r><r><t>伟</t></r><rPh><t>ZHANG</t></rPh></is></c>'
        '<c t="str"><f>A1</f><v>x</v></c></row><row><c r="AB2"><v>1</v></c></row>'
    )
    assert read(sheet_of(tmp_path, body)) == {1: {0: "张伟", 1: "x"}, 2: {27: "1"}}
    path = sheet_of(tmp_path, "<row><c><v>1</v></c></row>")
    with zipfile.ZipFile(path) as file:
        text = file.read(SHEET).decode()
    prefixed = re.sub("<(/?)(row|c|v)>", r"<\1x:\2>", text).replace("<sheetData>", '<sheetData xmlns:x="y">')
    assert read(changed(path.rename(tmp_path / "p.xlsx"), SHEET, text, prefixed)) == {1: {0: "1"}}


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    body = (
        '<row r="1"><c r="A1"><f>1+1</f></c><c r="B1" t="str"><f>A1</f><v></v></c><c r="C1" t="e"><v>#N/A</v></c>'
        '<c r="D1" t="s"><v>99</v></c><c r="E1"><f>1+1</f><v>2</v></c></row>'
    )
    cells = read(sheet_of(tmp_path, body))[1]
    reasons = {at: cell.reason.en for at, cell in cells.items() if isinstance(cell, Unreadable)}
    assert reasons == {
        0: "holds a formula without a value", 2: "holds the error #N/A", 3: "points to a text that is not there",
    }  # fmt: skip
    assert cells[4] == "2"


def test_rows_out_of_their_order_are_read_all_the_same(tmp_path: Path) -> None:
    body = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in (5, 3, 1_048_576))
    assert read(sheet_of(tmp_path, body)) == {5: {0: "5"}, 3: {0: "3"}, 1_048_576: {0: "1048576"}}


def test_a_bomb_of_entities_is_refused(tmp_path: Path) -> None:
    path = book(tmp_path, [["x"]])
    with zipfile.ZipFile(path) as file:
        text = file.read(SHEET).decode()
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + text[text.index("<worksheet") :]
    with pytest.raises(UsageError, match="no XLSX workbook, or a damaged one"):
        read(changed(path, SHEET, text, bomb.replace("<sheetData>", "<sheetData>&b;")))


def test_what_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = sheet_of(tmp_path, "<row><c><v>1</v></c></row>" * 50_000)
    assert path.stat().st_size < 50_000
    assert len(read(path)) == 50_000
    monkeypatch.setattr(xlsx, "MAX_SHEET", 1 << 20)
    with pytest.raises(UsageError, match="larger than 1 MiB"):
        read(path)


def test_a_size_that_is_a_lie_is_not_believed(tmp_path: Path) -> None:
    path = sheet_of(tmp_path, "<row><c><v>1</v></c></row>" * 1_000)
    raw = bytearray(path.read_bytes())
    at = raw.rindex(SHEET.encode()) - 46  # its entry in the directory
    assert raw[at : at + 4] == b"PK\x01\x02"
    raw[at + 24 : at + 28] = (1000).to_bytes(4, "little")  # the size unpacked
    path.write_bytes(raw)
    with pytest.raises(UsageError):
        read(path)


@pytest.mark.parametrize(
    "part", [SHEET, "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "_rels/.rels", "xl/styles.xml"]
)
def test_a_workbook_without_a_part_is_refused(tmp_path: Path, part: str) -> None:
    path = book(tmp_path)
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(tmp_path / "less.xlsx", "w") as after:
        for name in before.namelist():
            if name != part:
                after.writestr(name, before.read(name))
    with pytest.raises(UsageError, match="no XLSX workbook, or a damaged one"):
        read(tmp_path / "less.xlsx")


PARTS = st.sampled_from([SHEET, "xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml", "_rels/.rels"])
_XML = st.lists(
    st.sampled_from(
        ["<row>", "</row>", '<row r="9">', f'<row r="{"9" * 5000}">', "<c>", '<c t="s">', '<c s="1">', "</c>",
         '<c s="9" r="ZZZ1">',
         "<v>", "</v>", "1e999", "46053", "-1", "<f/>", "<is>", "</is>", "<t>", "</t>", "<si>", "</si>", "<rPh>",
         "</rPh>", "&lt;", "&x;", "<", "\x00", "é"]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@settings(max_examples=60)
@given(part=PARTS, inside=_XML, at=st.floats(0, 1))
def test_no_xml_breaks_it(tmp_path_factory: pytest.TempPathFactory, part: str, inside: str, at: float) -> None:
    folder = tmp_path_factory.mktemp("x")
    path = book(folder, [["x", 1.5, datetime(2026, 1, 1)]])
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(folder / "odd.xlsx", "w") as after:
        for name in before.namelist():
            text = before.read(name)
            cut = int(at * len(text)) if name == part else 0
            after.writestr(name, text[:cut] + (inside.encode() if name == part else b"") + text[cut:])
    _reads_or_refuses(folder / "odd.xlsx")


@settings(max_examples=60)
@given(cuts=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4)), min_size=1, max_size=4))
def test_no_bytes_break_it(tmp_path_factory: pytest.TempPathFactory, cuts: list[tuple[float, bytes]]) -> None:
    folder = tmp_path_factory.mktemp("x")
    raw = bytearray(book(folder, [["x", 1.5]]).read_bytes())
    for at, new in cuts:
        place = int(at * len(raw))
        raw[place : place + len(new)] = new
    (folder / "odd.xlsx").write_bytes(raw)
    _reads_or_refuses(folder / "odd.xlsx")


def _reads_or_refuses(path: Path) -> None:
    try:
        found = list(xlsx.rows(path))
    except UsageError:
        return
    assert all(isinstance(cell, str | Unreadable) for row in found for cell in row.cells.values())
