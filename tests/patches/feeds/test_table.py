"""Tables that people make: in two languages, several encodings, with any of the columns."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.hosts.distribution import release_of
from secops.patches.feeds import table_words as words
from secops.patches.feeds.container import documents
from secops.patches.feeds.table import FORMAT
from secops.patches.statement import About, Statement
from tests.patches.feeds.reading import read, refused, rejects, stands, statements

ROOT = Path(__file__).resolve().parents[3]

HEADER = "advisory,flaws,system,release,type,package,fixed,status"
CHINESE = """# 截至：2026-11-30
公告编号;漏洞编号;系统;版本;包格式;软件包;架构;修复版本;严重程度;状态;发布日期;链接;备注
KYSA-1;CVE-2026-10001、CVE-2026-10002;银河麒麟;V10;rpm;openssl;x86_64 aarch64;1:1.1.1f-21.ky10;高危;;2026年11月2日;https://a/1;无
;CVE-2026-10003;统信;20;deb;vim;全部;;低危;暂不修复;2026/11/3;;
"""
EXPECTED = [
    About(as_of=date(2026, 11, 30)),
    Statement(
        advisory="KYSA-1",
        flaws=("CVE-2026-10001", "CVE-2026-10002"),
        ecosystem="kylin",
        release="V10",
        kind="rpm",
        package="openssl",
        arch=("aarch64", "x86_64"),
        fixed="1:1.1.1f-21.ky10",
        status="fixed",
        severity="high",
        published=date(2026, 11, 2),
        url="https://a/1",
    ),
    Statement(
        advisory="CVE-2026-10003",
        flaws=("CVE-2026-10003",),
        ecosystem="uos",
        release="20",
        kind="dpkg",
        package="vim",
        status="will-not-fix",
        words="暂不修复",
        severity="low",
        published=date(2026, 11, 3),
    ),
]


def row(text: str, header: str = HEADER) -> bytes:
    return f"{header}\n{text}\n".encode()


def one(text: str, header: str = HEADER) -> Statement:
    (statement,) = statements(FORMAT, row(text, header))
    return statement


def why(text: str, header: str = HEADER) -> str:
    ((where, reason),) = rejects(FORMAT, row(text, header))
    assert where.startswith("doc: line 2")
    return reason


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_table_in_chinese(encoding: str, delimiter: str, end: str) -> None:
    document = CHINESE.replace(";", delimiter).replace("\n", end).encode(encoding)
    assert read(FORMAT, document) == EXPECTED


def test_the_example_reads_without_a_fault() -> None:
    path = ROOT / "rules/patches/feed.example.csv"
    ((document, about),) = ((s.read(), w) for w, s in documents(path))
    assert about == str(path)
    assert rejects(FORMAT, document) == []
    found = statements(FORMAT, document)
    assert [each.status for each in found] == ["fixed"] * 3 + ["will-not-fix", "affected", "not-affected"]
    assert {(each.ecosystem, each.kind) for each in found} == {("kylin", "rpm"), ("kylin", "dpkg"), ("uos", "rpm")}
    told = {"ID": "uos", "VERSION_ID": "20"}  # edition a is built by Anolis, which packs in rpm
    release = release_of(told, "MajorVersion=20\nMinorVersion=1060\nEditionName=a\n")
    assert {(each.ecosystem, each.release) for each in found if each.ecosystem == "uos"} == {release}


def test_names_of_columns_have_other_forms() -> None:
    header = "CVE ID,Operating System,OS_Version,Package Type,PackageName,Fixed-Version,CVSS,Hot Patch,Source Package"
    header = header.replace("Operating System", "OS")
    found = one("CVE-2026-10001,Kylin,V10,RPM,vim,9.0-1,9.8,是,yes", header)
    assert (found.ecosystem, found.kind, found.score, found.hot, found.by_source) == ("kylin", "rpm", 9.8, True, True)


def test_statuses_in_words() -> None:
    assert one("A-1,CVE-2026-10001,kylin,V10,rpm,vim,1.0,").status == "fixed"
    assert one("A-1,CVE-2026-10001,kylin,V10,rpm,vim,1.0,已修复").words == ""
    for text, status in words.STATUSES.items():
        if status != "fixed":
            found = one(f"A-1,CVE-2026-10001,kylin,V10,rpm,vim,,{text}")
            assert found.status == status
            assert found.words == ("" if text == status else text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A-1,CVE-2026-10001,kylin,V10,rpm,vim,,", "has neither a fixed version nor a status that is known"),
        ("A-1,CVE-2026-10001,kylin,V10,rpm,vim,1.0,soon", "has neither a fixed version nor a status that is known"),
        ("A-1,CVE-2026-10001,kylin,V10,,vim,1.0,", "does not say whether its packages are of dpkg, rpm or apk"),
        ("A-1,CVE-2026-10001,kylin,V10,msi,vim,1.0,", "does not say whether its packages are of dpkg, rpm or apk"),
        ("A-1,CVE-2026-10001,,V10,rpm,vim,1.0,", "no name of a system"),
        ("A-1,CVE-2026-10001,kylin,,rpm,vim,1.0,", "no release of a system"),
        ("A-1,CVE-2026-10001,kylin,V10,rpm,,1.0,", "no name of a package"),
        ("A-1,CVE-2026-10001,kylin,V10,rpm,a b,1.0,", "no name of a package"),
        ("A 1,,kylin,V10,rpm,vim,1.0,", "no id of a flaw"),
        (",,kylin,V10,rpm,vim,1.0,", "no id of a flaw"),
        ("A-1,CVE-2026-10001,kylin,V10,rpm,vim,1.0", "has more or fewer fields than there are columns"),
        ("A-1,CVE-2026-10001,kylin,V10,rpm,vim,1.0,,", "has more or fewer fields than there are columns"),
        ('A-1,"CVE"x,kylin,V10,rpm,vim,1.0,', "its quotation marks do not match"),
    ],
)
def test_rows_that_say_nothing_are_told(text: str, reason: str) -> None:
    assert why(text) == reason


def test_contradictions_are_rejects() -> None:
    assert why("A-1,CVE-2026-10001,kylin,V10,rpm,vim,1.0,affected")
    assert why("A-1,CVE-2026-10001,kylin,V10,rpm,vim,,fixed")
    header = HEADER + ",introduced"
    assert why("A-1,CVE-2026-10001,kylin,V10,rpm,vim,1.0,,2.0", header)
    assert one("A-1,CVE-2026-10001,kylin,V10,rpm,vim,2.0,,1.0", header).introduced == "1.0"
    assert why("A-1,CVE-2026-10001,kylin,V10,rpm,vim,1.0,,maybe", HEADER + ",hot") == "a field is neither yes nor no"


def test_bytes_that_are_no_characters_spoil_one_row() -> None:
    good = "A-1,CVE-2026-10001,kylin,V10,rpm,vim,1.0,,公告".encode()
    spoilt = row("@", HEADER + ",title").replace(b"@", good + b"\n" + good[:-1] + b"\n" + good)
    assert rejects(FORMAT, spoilt) == [("doc: line 3", "holds bytes that are no characters")]
    assert [each.title for each in statements(FORMAT, spoilt)] == ["公告", "公告"]


def test_a_mark_that_is_never_closed_is_told_and_a_quoted_break_is_not() -> None:
    good = "A-1,CVE-2026-10001,kylin,V10,rpm,vim,1.0,"
    document = row(f'{good}\n"A-2,CVE-2026-10002,kylin,V10,rpm,vim,1.0,\n{good}')
    assert rejects(FORMAT, document) == [("doc: line 3", "its quotation marks do not match")]
    header = HEADER + ",title"
    found = statements(FORMAT, row(f'{good},"one\ntwo"\n{good},three', header))
    assert [each.title for each in found] == ["one two", "three"]


@pytest.mark.parametrize("missing", words.NEEDED)
def test_a_table_without_a_column_is_refused(missing: tuple[str, ...]) -> None:
    columns = [name for name in HEADER.split(",") if name not in missing]
    what = refused(FORMAT, (",".join(columns) + "\n").encode())
    assert what.startswith(f"has no column {missing[0]} (")


def test_documents_that_are_no_tables() -> None:
    assert refused(FORMAT, b"# nothing\n") == "has no row of column names"
    assert refused(FORMAT, f"{HEADER},系统\n".encode()) == "has not one column system"
    for head in (b"cve,epss,percentile\n", b'{"package": 1, "cve": 2}', b"package,name\n", b"\xff\xfe\0", b""):
        assert not FORMAT.recognises(head)


@pytest.mark.parametrize("page", ["docs/feeds-csv.md", "docs/feeds-csv.zh.md"])
def test_the_pages_name_every_column_and_word(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    for name, others in words.COLUMNS.items():
        (told,) = [each for each in text.splitlines() if each.startswith(f"| `{name}` |")]
        assert [other for other in others if f"`{other}`" not in told] == []
    for table in (words.STATUSES, words.SEVERITIES, words.SYSTEMS, words.KINDS):
        assert [word for word in table if f"`{word}`" not in text] == []


DOCUMENT = CHINESE.encode()


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, len(DOCUMENT)), cut=st.integers(0, 9), junk=st.binary(max_size=9))
def test_any_bytes_may_stand_anywhere(at: int, cut: int, junk: bytes) -> None:
    stands(FORMAT, DOCUMENT[:at] + junk + DOCUMENT[at + cut :])
    assert len(read(FORMAT, DOCUMENT)) == 3


CELLS = ["", "CVE-2026-10001", "kylin", "V10", "rpm", "vim", "1.0", "fixed", "affected", "x" * 300, '"', "\0", "公告"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(CELLS), min_size=8, max_size=8))
def test_any_cells_may_stand_in_a_row(cells: list[str]) -> None:
    stands(FORMAT, row(",".join(cells)))


def test_a_quotation_mark_that_is_not_closed_takes_no_other_row_with_it() -> None:
    rows = [f"A-{n},CVE-2026-{n},kylin,V10,rpm,p{n},1-{n},fixed" for n in range(1000, 1100)]
    rows[10] = rows[10].replace("A-1010", '"A-1010')
    document = row("\n".join(rows))
    assert len(statements(FORMAT, document)) == 99
    assert rejects(FORMAT, document) == [("doc: line 12", "its quotation marks do not match")]


def test_a_quotation_mark_that_is_closed_loses_nothing() -> None:
    document = row('"A-1","CVE-2026-1000,\nCVE-2026-1001",kylin,V10,rpm,p,1-1,fixed')
    assert [one.flaws for one in statements(FORMAT, document)] == [("CVE-2026-1000", "CVE-2026-1001")]
    assert not rejects(FORMAT, document)
