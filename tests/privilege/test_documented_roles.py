"""What docs/roles.md shows is so, and the examples to copy can be loaded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from secops.cli._applications import show
from secops.core.content import shipped
from secops.privilege.applications import application
from secops.privilege.applications.review import review
from secops.privilege.roles import roles_file as roles_
from secops.privilege.roles.duties import CommandDuty, content, of_group
from secops.privilege.roles.grading import gaps
from secops.privilege.roles.levels import SYNONYMS, Level
from secops.privilege.techniques import by_group
from tests.contract.documents import ROOT, blocks
from tests.privilege.roles_kit import TODAY, held, roles

DOCUMENT = ROOT / "docs" / "roles.md"


def shown(language: str) -> list[str]:
    return [text for _, text in blocks(DOCUMENT, language)]


def test_the_gaps_of_the_example(tmp_path: Path) -> None:
    web = "zhangwei ALL=(ALL) ALL\nwangqiang ALL=(root) /usr/bin/systemctl restart nginx\n"
    log = "lina ALL=(root) /usr/sbin/aureport\nzw-log ALL=(root) /usr/sbin/aureport\n"
    hosts = {
        "web1": held("zhangwei lina wangqiang test rescue", web + "rescue ALL=(ALL) ALL\n"),
        "log1": held("lina zw-log rescue", log + "rescue ALL=(ALL) ALL\n"),
    }
    found = gaps(roles(tmp_path, shown("yaml")[0]), hosts, TODAY)
    lines = sorted(
        f"{host}  {row['gap']:<10}  {row['user_name']:<9}  {row['level'] or '-':<8}  {row['detail_en']}"
        for host, facts in found.items()
        for row in facts.rows
    )
    assert "\n".join(lines) + "\n" == shown("text")[0]


def test_the_issues_of_the_example(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mapping.yml").write_text(shown("yaml")[1], "utf-8")
    for name, text in zip(("users.csv", "staff.csv"), shown("csv"), strict=True):
        (tmp_path / name).write_text(text, "utf-8")
    seen = review(tmp_path / "users.csv", application.load([tmp_path / "mapping.yml"]), TODAY)
    show(seen)
    assert capsys.readouterr().out.replace(f"{tmp_path}/", "") == shown("text")[1]
    assert seen.unjudged == []


def test_the_examples_to_copy_can_be_loaded() -> None:
    folder = shipped("rules") / "privilege"
    assert {holder.kind for holder in roles_.load(folder / "roles.example.yml").holders} == {
        "person", "service", "break_glass",
    }  # fmt: skip
    mapping = application.load([folder / "application.example.yml"])
    assert mapping.partners()["系统管理员"] == {"安全管理员", "审计管理员"}
    assert mapping.people
    assert mapping.people.file == str(folder / "staff.csv")


def test_every_field_of_the_files_is_in_the_document() -> None:
    text = DOCUMENT.read_text("utf-8")
    structs = (roles_.RolesFile, roles_.Person, roles_.Service, application.Application, application.Role)
    fields = {field for struct in structs for field in struct.__struct_fields__} - {"name"}
    assert sorted(field for field in fields if f"`{field}`" not in text) == []
    assert [level for level in Level if f"| `{level}` | {level.text.zh} |" not in text] == []
    assert all(name in text for name in ("安全保密管理员", "安全审计员"))
    assert set(SYNONYMS.values()) == set(Level)


def test_duties_are_told_once_with_their_source_and_are_no_ways_to_root() -> None:
    seen = set()
    for entry in content().commands:
        assert entry.source
        assert len(set(entry.programs)) == len(entry.programs)
        for program in entry.programs:
            for what in _objects(entry):
                assert (program, what) not in seen, (program, what)
                seen.add((program, what))
    for group in content().groups:
        assert group.source
        assert not set(group.names) & by_group().keys()
    assert of_group("adm", "syslog") is None
    assert all(re.fullmatch(r"[a-z]+|[\u4e00-\u9fff]+", name) for name in content().generic)


def _objects(entry: CommandDuty) -> list[str]:
    return entry.paths + entry.services or ["*"]
