"""The review of an application's accounts: each planted issue is found at its row, each near miss is silent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from hashlib import shake_256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.core.errors import UsageError
from secops.privilege.applications.application import load
from secops.privilege.applications.issues import KINDS
from secops.privilege.applications.review import Review, review

TODAY = date(2026, 6, 30)
HEADER = "登录名,姓名,工号,部门,手机,角色,状态,最后登录,创建"
MAPPING = """columns: {account: 登录名, person: 姓名, person_id: 工号, unit: 部门, phone: 手机, role: 角色,
          status: 状态, last_login: 最后登录, created: 创建}
separator: "、"
roles:
  录入员: {}
  审批员: {}
  档案员: {units: [档案科], holders: [王*]}
  超级管理员: {all_powerful: true, holders: [root-gov]}
  全能: {all_powerful: true}
  系统管理员: {duty: 系统管理员}
  审计员: {duty: audit}
conflicts: [[录入员, 审批员]]
people: {columns: {person: 姓名, person_id: 工号, left: 离职日期, status: 状态}}
"""
_RANDOM = shake_256(b"no text").digest(4000)
STAFF = """姓名,工号,离职日期,状态
张伟,1,,在职
李娜,2,2026-06-30,在职
王强,3,2026-07-01,在职
赵敏,4,,退休
王强,5,,在职
"""


def judged(folder: Path, *rows: str, mapping: str = MAPPING, header: str = HEADER, staff: str | None = STAFF) -> Review:
    (folder / "mapping.yml").write_text(mapping, "utf-8")
    (folder / "export.csv").write_text("\n".join([header, *rows]) + "\n", "utf-8")
    if staff is not None:
        (folder / "staff.csv").write_text(staff, "utf-8")
    application = load([folder / "mapping.yml"])
    return review(folder / "export.csv", application, TODAY, folder / "staff.csv" if staff is not None else None)


def found(folder: Path, *rows: str, **named: str) -> list[tuple[str, str, int]]:
    """(kind, account, row) of an export in which everything can be read."""
    seen = judged(folder, *rows, **named)
    assert list(seen.faults) == []
    return [(issue.kind, issue.account, issue.row) for issue in seen.issues]


def row(
    account: str = "zhangwei", person: str = "张伟", identity: str = "1", unit: str = "一科", phone: str = "",
    role: str = "录入员", status: str = "启用", login: str = "2026-06-29 10:00:00", created: str = "2020-01-01",
) -> str:  # fmt: skip
    return f"{account},{person},{identity},{unit},{phone},{role},{status},{login},{created}"


def test_a_clean_export(tmp_path: Path) -> None:
    seen = judged(tmp_path, row(), row("wq", "王强", "3", role="档案员"))
    assert (seen.accounts, list(seen.issues), seen.is_whole) == (2, [], True)


@pytest.mark.parametrize(
    ("login", "created", "dormant"),
    [
        ("2026-04-01", "2020-01-01", True), ("2026-04-02", "2020-01-01", False), ("", "2026-04-01", True),
        ("从未登录", "2026-04-01", True), ("-", "2026-04-02", False), ("2026/4/1 8:00", "2020.1.1", True),
        ("2026年4月1日", "20200101", True), ("20260401120000", "20200101120000", True),
        ("2026-06-30T23:59:59+08:00", "2020-01-01", False),
    ],
)  # fmt: skip
def test_nobody_logs_in(tmp_path: Path, login: str, created: str, dormant: bool) -> None:
    assert found(tmp_path, row(login=login, created=created)) == ([("dormant", "zhangwei", 2)] if dormant else [])
    assert found(tmp_path, row(login=login, created=created, status="停用", role="")) == []


def test_of_several_rows_the_last_login_counts(tmp_path: Path) -> None:
    assert found(tmp_path, row(login="2025-01-01"), row(login="2026-06-01", role="档案员", unit="档案科")) == [
        ("excessive", "zhangwei", 3)  # the unit of the account is that of its first row
    ]


@pytest.mark.parametrize(
    ("person", "identity", "orphaned"),
    [
        ("张伟", "1", False), ("张伟", "", False), ("", "", True), ("李娜", "2", True), ("李娜", "", True),
        ("王强", "3", False), ("赵敏", "4", True), ("钱多", "9", True), ("钱多", "", True), ("张伟", "9", True),
    ],
)  # fmt: skip
def test_an_account_of_nobody_or_of_somebody_who_left(
    tmp_path: Path, person: str, identity: str, orphaned: bool
) -> None:
    export = row("x", person, identity)
    assert found(tmp_path, export) == ([("orphaned", "x", 2)] if orphaned else [])


def test_of_two_of_one_name_it_is_not_known_who_left(tmp_path: Path) -> None:
    staff = STAFF + "张伟,7,2026-01-01,离职\n"
    seen = judged(tmp_path, row(identity=""), row("zw2"), staff=staff)
    assert [issue.account for issue in seen.issues] == []
    assert [(fault.column, fault.rows, fault.count) for fault in seen.faults] == [("姓名", [2], 1)]


def test_who_is_not_on_a_list_that_is_not_whole_may_be_all_the_same(tmp_path: Path) -> None:
    export = row("x", "钱多", "9")
    assert found(tmp_path, export) == [("orphaned", "x", 2)]
    spoilt = judged(tmp_path, export, staff=STAFF + ",8,,在职\n")
    assert list(spoilt.issues) == []
    assert [(Path(fault.file).name, fault.column, fault.rows) for fault in spoilt.faults] == [
        ("staff.csv", "姓名", [7]), ("export.csv", "姓名", [2]),
    ]  # fmt: skip


def test_without_a_list_only_accounts_without_an_owner_are_orphaned(tmp_path: Path) -> None:
    seen = judged(tmp_path, row("x", "钱多"), row("y", ""), staff=None)
    assert [(issue.kind, issue.account) for issue in seen.issues] == [("orphaned", "y")]
    assert [(one.kind, one.reason.en) for one in seen.unjudged] == [
        ("orphaned", "there is no list of those who work here")
    ]


@pytest.mark.parametrize(
    ("account", "person", "identity", "unit", "role", "excessive"),
    [
        ("a", "张伟", "1", "一科", "档案员", True), ("a", "张伟", "1", "档案科", "档案员", False),
        ("a", "王强", "3", "一科", "档案员", False), ("a", "张伟", "1", "一科", "超级管理员", True),
        ("root-gov", "张伟", "1", "一科", "超级管理员", False), ("a", "张伟", "1", "一科", "全能", True),
        ("a", "张伟", "1", "一科", "录入员", False),
    ],
)  # fmt: skip
def test_a_role_that_the_account_may_not_hold(
    tmp_path: Path, account: str, person: str, identity: str, unit: str, role: str, excessive: bool
) -> None:
    export = row(account, person, identity, unit, role=role)
    assert found(tmp_path, export) == ([("excessive", account, 2)] if excessive else [])


def test_roles_that_must_not_be_joined(tmp_path: Path) -> None:
    assert found(tmp_path, row(role="录入员、审批员")) == [("conflicting", "zhangwei", 2)]
    assert found(tmp_path, row(role="录入员"), row("zw2", role="审批员")) == [("conflicting", "zw2", 3)]
    assert found(tmp_path, row(role="系统管理员"), row("zw2", role="审计员")) == [("conflicting", "zw2", 3)]
    assert found(tmp_path, row(role="录入员"), row(role="审批员")) == [("conflicting", "zhangwei", 3)]
    assert found(tmp_path, row(role="录入员、系统管理员")) == []


def test_roles_of_different_people_do_not_meet(tmp_path: Path) -> None:
    one, other = row("a", "王强", "3"), row("b", "王强", "5", role="审批员")
    assert found(tmp_path, one, other) == []
    by_unit = row("a", "王强", "", "一科"), row("b", "王强", "", "二科", role="审批员")
    assert found(tmp_path, *by_unit) == []
    assert found(tmp_path, by_unit[0], row("b", "王强", "", "一科", role="审批员")) == [("conflicting", "b", 3)]
    assert found(tmp_path, row("a", "", "", role="录入员"), row("b", "", "", role="审批员"))[0][0] == "orphaned"
    assert found(tmp_path, row(), row("zw2", role="审批员", status="停用")) == [("disabled", "zw2", 3)]


def test_duties_may_be_joined_with_a_reason(tmp_path: Path) -> None:
    joined = MAPPING + "may_join: [{duties: [system, audit], reason: two people only}]\n"
    assert found(tmp_path, row(role="系统管理员、审计员"), mapping=joined) == []
    apart = MAPPING.replace("录入员: {}", "录入员: {duty: operator}") + "separate: [[操作员, 审计管理员]]\n"
    assert found(tmp_path, row(role="录入员、审计员"), mapping=apart) == [("conflicting", "zhangwei", 2)]


def test_an_account_of_several_people(tmp_path: Path) -> None:
    assert found(tmp_path, row("x"), row("x", "王强", "3")) == [("shared", "x", 2)]
    assert found(tmp_path, row("admin01")) == [("shared", "admin01", 2)]
    assert found(tmp_path, row("x", "公用", "1")) == [("shared", "x", 2)]
    assert found(tmp_path, row("user20260001")) == []


def test_one_telephone_of_several_people(tmp_path: Path) -> None:
    def two(one: str, other: str, **more: str) -> list[tuple[str, str, int]]:
        return found(tmp_path, row("a", phone=one), row("b", "王强", "3", phone=other, **more))

    assert two("13900000001", "+86 139-0000-0001") == [("shared", "a", 2)]
    assert two("13900000001", "13900000002") == []
    assert two("139****0001", "139****0001") == []
    assert two("8001", "8001") == []
    assert two("13900000001", "13900000001", status="停用", role="") == []
    assert found(tmp_path, row("a", phone="13900000001"), row("b", phone="13900000001")) == []


def test_an_account_that_is_switched_off_keeps_no_roles(tmp_path: Path) -> None:
    assert found(tmp_path, row(status="停用")) == [("disabled", "zhangwei", 2)]
    assert found(tmp_path, row(status="停用", role="")) == []


@pytest.mark.parametrize(
    ("changed", "column", "reason"),
    [
        ({"login": "31.02.2026"}, "最后登录", "is no date that is known here"),
        ({"login": "2026-02-31"}, "最后登录", "is no date that is known here"),
        ({"login": "2027-01-01"}, "最后登录", "lies in the future"), ({"created": "昨天"}, "创建", "is no date"),
        ({"status": "待定"}, "状态", "is no known status"), ({"account": ""}, "登录名", "is empty"),
        ({"role": "新角色"}, "角色", "is no role that is described"), ({"person": "张\ufffd"}, "姓名", "no characters"),
        ({"login": "", "created": ""}, "创建", "made nobody knows when"),
    ],
)  # fmt: skip
def test_what_is_not_known_is_told_with_its_row(
    tmp_path: Path, changed: dict[str, str], column: str, reason: str
) -> None:
    seen = judged(tmp_path, row("a"), row(**changed), row("b"))
    (fault,) = seen.faults
    assert (fault.column, fault.rows, fault.count) == (column, [3], 1)
    assert reason in fault.reason.en
    assert not seen.is_whole


def test_faults_are_counted_and_the_first_rows_are_named(tmp_path: Path) -> None:
    seen = judged(tmp_path, *(row(f"a{n}", login="?") for n in range(100)))
    (fault,) = seen.faults
    assert (fault.count, fault.rows) == (100, list(range(2, 22)))


def test_other_words_and_forms(tmp_path: Path) -> None:
    mapping = MAPPING + 'status: {active: ["1"], disabled: ["0"]}\ndates: ["%d/%m/%Y", excel, epoch_ms]\nnever: [x]\n'
    assert found(tmp_path, row(status="1", login="1/4/2026"), mapping=mapping) == [("dormant", "zhangwei", 2)]
    assert found(tmp_path, row(status="1", login="46113.5"), mapping=mapping) == [("dormant", "zhangwei", 2)]
    assert found(tmp_path, row(status="1", login="1775000000000"), mapping=mapping) == [("dormant", "zhangwei", 2)]
    assert found(tmp_path, row(status="1", login="X"), mapping=mapping) == [("dormant", "zhangwei", 2)]
    assert found(tmp_path, row(status="0", login="x", role=""), mapping=mapping) == []


def test_what_an_export_cannot_show_is_said(tmp_path: Path) -> None:
    seen = judged(tmp_path, "a", mapping="columns: {account: 登录名}", header="登录名", staff=None)
    assert [one.kind for one in seen.unjudged] == ["dormant", "orphaned", "disabled", "excessive", "conflicting"]
    assert not seen.is_whole
    some = judged(
        tmp_path,
        "a,2020-01-01",
        mapping="columns: {account: 登录名, last_login: 登录}",
        header="登录名,登录",
        staff=None,
    )
    assert [issue.kind for issue in some.issues] == ["dormant"]
    assert [one.reason.en for one in some.unjudged if one.kind == "dormant"] == [
        "no column says when accounts were made"
    ]


def test_a_header_that_is_not_the_first_row_and_empty_rows(tmp_path: Path) -> None:
    mapping = MAPPING + "layout: {header: 3}\n"
    seen = judged(tmp_path, "", HEADER, row(), ",,,,,,,,", row("b", role="全能"), mapping=mapping, header="用户导出")
    assert [(issue.account, issue.row) for issue in seen.issues] == [("b", 6)]
    assert seen.accounts == 2


@pytest.mark.parametrize(
    ("header", "what", "hint"),
    [
        (HEADER.replace("姓名", "名字"), "there is no column '姓名'", "Row 1 has: 登录名, 名字, "),
        (HEADER + ",姓名", "column '姓名' stands twice", ""),
        ("", "there is no column '登录名'", "Row 1 has: "),
        ("a,b", "there is no column '登录名'", "Row 1 has: a, b"),
    ],
)
def test_a_column_that_is_not_there_is_an_error(tmp_path: Path, header: str, what: str, hint: str) -> None:
    with pytest.raises(UsageError, match=what) as caught:
        judged(tmp_path, row(), header=header)
    assert hint in caught.value.hint


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "m.yml").write_text("columns: {account: a}", "utf-8")
    application = load([tmp_path / "m.yml"])
    for name, content in {"old.xls": b"\xd0\xcf\x11\xe0\xa1", "no.xlsx": b"PK\x03\x04", "empty.csv": b""}.items():
        (tmp_path / name).write_bytes(content)
    for name in ("old.xls", "no.xlsx", "empty.csv", "gone.csv", "."):
        with pytest.raises(UsageError):
            review(tmp_path / name, application, TODAY)


@pytest.mark.parametrize(
    ("raw", "layout", "what"),
    [
        (b"", "", "is empty"),
        (b"\xef\xbb\xbf\r\n ,\r\n", "", "is empty"),
        (b"a\nb\n", "layout: {header: 3}", "has nothing from row 3 on"),
        (_RANDOM, "", "is no table of text"),
        (_RANDOM, "layout: {encoding: gb18030}", "is no table of text"),
        (b"\x7fELF\x02\x01\x01" + bytes(9), "", "is no table of text"),
        ("登录名\n张伟\n".encode("utf-16-le"), "layout: {encoding: utf-8}", "is no table of text"),
        ("登录名\n张伟\n".encode("utf-16-le"), "layout: {encoding: utf-16-le}", ""),
        ("登录名\n张伟\n\x1a".encode("gb18030"), "", ""),
        ("登录名\n" + "张伟\n" * 40 + "李\x01娜\n", "", ""),
    ],
    ids=[
        "empty", "empty rows", "behind the end", "random bytes", "in an encoding", "a program", "another encoding",
        "its encoding", "the end mark of DOS", "one spoilt character",
    ],
)  # fmt: skip
def test_what_is_no_table_says_so(tmp_path: Path, raw: bytes | str, layout: str, what: str) -> None:
    export = tmp_path / "users.csv"
    export.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    (tmp_path / "m.yml").write_text(f"columns: {{account: 登录名}}\n{layout}\n", "utf-8")
    application = load([tmp_path / "m.yml"])
    if not what:
        assert review(export, application, TODAY).accounts
        return
    with pytest.raises(UsageError) as caught:
        review(export, application, TODAY)
    assert caught.value.what == what


def test_the_mapping_may_name_the_list_of_people(tmp_path: Path) -> None:
    named = MAPPING.replace("people: {", "people: {file: staff.csv, ")
    (tmp_path / "staff.csv").write_text(STAFF, "utf-8")
    seen = judged(tmp_path, row("x", "钱多", "9"), mapping=named, staff=None)
    assert [(issue.kind, issue.account) for issue in seen.issues] == [("orphaned", "x")]


def test_a_list_of_people_needs_its_columns(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not say what the columns"):
        judged(tmp_path, "a", mapping="columns: {account: 登录名}", header="登录名")


REFUSED = {
    "no columns": ("name: x", "missing required field `columns`"),
    "an unknown role": (MAPPING.replace("[[录入员, 审批员]]", "[[录入员, 审核员]]"), "审核员 is none of the roles"),
    "one role": (MAPPING.replace("[[录入员, 审批员]]", "[[录入员]]"), "at least two roles - at `$.conflicts[0]`"),
    "no format": (MAPPING + "dates: [YYYY]", "'YYYY' is no format of dates - at `$.dates[0]`"),
    "half a format": (MAPPING + 'dates: ["%Y-%m"]', "is no format of dates"),
    "no encoding": (MAPPING + "layout: {encoding: klingon}", "'klingon' is no encoding - at `$.layout.encoding`"),
    "no character": (MAPPING + "layout: {delimiter: ', '}", "must be one character"),
    "row 0": (MAPPING + "layout: {header: 0}", "rows count from 1 - at `$.layout.header`"),
    "one duty": (MAPPING + "may_join: [{duties: [audit], reason: x}]", "name two different duties"),
    "no days": (MAPPING + "dormant_days: 0", "at least one day"),
    "roles without a column": ("columns: {account: a}\nroles: {x: {}}", "no column of roles is named"),
    "no mapping": ("[]", "is no mapping of names to values"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_mapping_that_cannot_be_meant_is_refused(tmp_path: Path, name: str) -> None:
    text, expected = REFUSED[name]
    (tmp_path / "m.yml").write_text(text, "utf-8")
    with pytest.raises(UsageError) as caught:
        load([tmp_path / "m.yml"])
    assert expected in str(caught.value)


@pytest.mark.parametrize("text", ["people: [{name: x, accounts: [x], level: audit}]", MAPPING + "shared: []"])
def test_the_declaration_for_hosts_is_told_from_a_mapping(tmp_path: Path, text: str) -> None:
    (tmp_path / "roles.yml").write_text(text, "utf-8")
    with pytest.raises(UsageError, match="declares who holds what on hosts") as caught:
        load([tmp_path / "roles.yml"])
    assert "`citywall scan --roles " in caught.value.hint


def test_a_mapping_in_two_files(tmp_path: Path) -> None:
    columns, _, rest = MAPPING.partition("separator")
    (tmp_path / "a.yml").write_text(columns, "utf-8")
    (tmp_path / "b.yml").write_text("separator" + rest, "utf-8")
    assert load([tmp_path / "a.yml", tmp_path / "b.yml"]).roles.keys() >= {"录入员", "审计员"}
    (tmp_path / "b.yml").write_text(MAPPING, "utf-8")
    with pytest.raises(UsageError, match=r"b\.yml: columns is also in another file"):
        load([tmp_path / "a.yml", tmp_path / "b.yml"])


_CELLS = st.sampled_from(
    [
        "",
        "a",
        "admin",
        "张伟",
        "1",
        "2",
        "启用",
        "停用",
        "录入员、审批员",
        "全能",
        "2020-01-01",
        "9999-12-31",
        "x",
        "\ufffd",
        '"',
    ]
)  # fmt: skip


@settings(max_examples=60)
@given(st.lists(st.lists(_CELLS, max_size=11), max_size=8))
def test_no_rows_break_it_and_none_is_lost(
    tmp_path_factory: pytest.TempPathFactory, table: Sequence[list[str]]
) -> None:
    folder = tmp_path_factory.mktemp("x")
    seen = judged(folder, *(",".join(cells) for cells in table))
    assert all(issue.kind in KINDS and issue.detail.en and issue.row > 1 for issue in seen.issues)
    if not any('"' in cell for cells in table for cell in cells):
        rows = [cells for cells in table if any(cell.strip() for cell in cells)]
        named = {cells[0] for cells in rows if cells[0] not in ("", "\ufffd")}
        nameless = [cells for cells in rows if cells[0] in ("", "\ufffd")]
        assert seen.accounts == len(named)
        assert sum(fault.count for fault in seen.faults if fault.column == "登录名") == len(nameless)
