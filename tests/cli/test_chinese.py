"""Chinese is as good as English: help, usage errors and messages, wherever the language is asked for."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from secops.core.command import language_asked
from tests.cli.scan_kit import ROOT, environment
from tests.cli.store_kit import citywall, fits
from tests.cli.test_main import COMMANDS
from tests.contract.test_imports import HEAVY

_HAN = re.compile(r"[\u4e00-\u9fff]")
CHINESE = {"LANG": "zh_CN.UTF-8"}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_is_chinese_from_the_first_line_to_the_last(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = citywall(tmp_path, *words, "--help", **CHINESE)
    assert (done.returncode, done.stderr) == (0, "")
    assert fits(done.stdout)
    usage, *rest = done.stdout.split("\n")
    assert usage.startswith(f"用法：{' '.join(['citywall', *words])} [选项]")
    english = re.compile(r"[A-Za-z]+ [a-z]+ [a-z]+")  # three words in a row, outside commands and names in quotes
    prose = [re.sub(r"`[^`]*`", "", line) for line in rest if "citywall" not in line and "--" not in line]
    assert [line for line in prose if english.search(line)] == []
    for name, meaning in re.findall(r"(?m)^  (-\S.*?|[a-z]+)(?:  +|\n +)(\S.*)$", done.stdout):
        assert _HAN.search(meaning), name


@pytest.mark.parametrize(
    "words",
    [
        ["--lang", "zh", "scan", "--help"],
        ["scan", "--lang", "zh", "--help"],
        ["scan", "--help", "--lang=zh"],
        ["scan", "--lang", "zh", "--nope"],
        ["scan", "--nope", "--lang", "zh"],
        ["--lang", "zh", "scna"],
        ["--lang", "zh", "rules", "show"],
        ["rules", "--lang", "zh", "show", "x"],
        ["waive", "remove", "x", "--lang", "zh"],
        ["--lang", "zh", "sql", "select 1"],
    ],
    ids=" ".join,
)
def test_the_language_may_be_asked_for_anywhere(tmp_path: Path, words: list[str]) -> None:
    done = citywall(tmp_path, *words)
    said = done.stdout + done.stderr
    assert _HAN.search(said)
    assert not re.search(r"Usage|Options|Error|No such|Try", said)
    assert "Usage" in citywall(tmp_path, "scan", "--lang", "en", "--help", **CHINESE).stdout


@pytest.mark.parametrize(
    ("args", "asked"),
    [
        (["--lang", "zh", "scan"], "zh"), (["scan", "--lang=en"], "en"), (["scan"], ""), (["--lang"], ""),
        (["--lang", "zh", "--lang", "en"], "en"), (["--lang", "fr"], ""), (["--", "--lang", "zh"], ""),
        (["--language=zh"], ""), ([], ""),
    ],
    ids=str,
)  # fmt: skip
def test_what_language_is_asked_for(args: list[str], asked: str) -> None:
    assert language_asked(args) == asked


def test_a_language_that_we_do_not_speak_is_refused_in_the_one_of_the_environment(tmp_path: Path) -> None:
    done = citywall(tmp_path, "scan", "--lang", "fr", **CHINESE)
    assert done.returncode == 2
    assert "'--lang' 的取值无效：'fr'" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["scna"], "没有命令 'scna'。 是否想输入 `scan`？"),
        (["scan", "--nope"], "没有选项 '--nope'"),
        (["scan", "--fail-on", "HIGH"], "'--fail-on' 的取值无效：'HIGH' 不是可选值"),
        (["scan", "--min-coverage", "101"], "101 不在范围 0<=x<=100 内"),
        (["history", "--limit", "x"], "'x' 不是有效的数字。"),
        (["rules", "show"], "缺少参数 'RULE'"),
        (["history", "x"], "多余的参数（x）"),
        (["waive", "add", "x"], "缺少选项 '--host'"),
        (["scan", "--root", "/nowhere"], "无法打开镜像：文件或目录不存在"),
        (["scan", "--bundle", "/nowhere"], "无法读取：文件或目录不存在"),
        (["rules", "list", "--rules", "/nowhere"], "目录不存在"),
        (["collect", "--print-sudoers", "--for", "a b"], "'a b' 不是有效的用户名或 %用户组"),
        (["rules", "show", "account-uid-zer"], "是否想输入 `account-uid-zero`？"),
        (["report"], "没有该扫描记录"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_said_in_chinese(tmp_path: Path, words: list[str], said: str) -> None:
    done = citywall(tmp_path, *words, **CHINESE)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_fault_of_a_rule_is_said_in_chinese(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    rule = next((ROOT / "rules/posture").rglob("account-uid-zero.yml")).read_text("utf-8")
    broken = rule.replace("id: account-uid-zero", "id: mine").replace("needs: [users]", "needs: [groups]")
    (tmp_path / "own/mine.yml").write_text(broken)
    done = citywall(tmp_path, "rules", "lint", "--rules", str(tmp_path / "own"), **CHINESE)
    assert "query: 读取了 'users'，但未在 needs 中声明" in done.stdout


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("id: mine\ntitle: {en: a\n", "mine.yml:3: 不是有效的 YAML：缺少应有的 ',' 或 '}'"),
        ("id: mine\n title: 3\n", "此处不能出现键值对"),
        ('id: "mine\n', "内容意外结束"),
        ("id: mine\ntitle: 3\n", "应为 `object`，实为 `int`，位置 `$.title`"),
        ("id: mine\ntitel: 3\n", "含有未知字段 `titel`"),
        ("id: mine\n", "缺少必填字段 `title`"),
    ],
)
def test_a_file_that_is_no_rule_is_said_in_chinese(tmp_path: Path, document: str, said: str) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/mine.yml").write_text(document)
    done = citywall(tmp_path, "rules", "lint", "--rules", str(tmp_path / "own"), **CHINESE)
    assert said in done.stderr
    assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", done.stderr)


def test_a_test_that_fails_is_said_in_chinese(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    rule = next((ROOT / "rules/posture").rglob("account-uid-zero.yml")).read_text("utf-8")
    (tmp_path / "own/mine.yml").write_text(
        rule.replace("id: account-uid-zero", "id: mine").replace("verdict: unknown", "verdict: pass")
    )
    done = citywall(tmp_path, "rules", "test", "--rules", str(tmp_path / "own"), **CHINESE)
    assert re.search(r"第 \d+ 个测试（.*）：预期 pass，实际为 unknown", done.stdout), done.stdout


@pytest.mark.parametrize("words", [["--help"], ["scan", "--help"], ["no-such-command"]], ids=" ".join)
def test_chinese_help_and_errors_load_nothing_heavy(tmp_path: Path, words: list[str]) -> None:
    code = (
        "import sys; from secops.cli.main import run; code = run(sys.argv[1:]);"
        f"print('LOADED', sorted(sys.modules.keys() & {HEAVY!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], env=environment(tmp_path, CITYWALL_LANG="zh"), cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split("\n")[-2] == "LOADED []"
    assert _HAN.search(done.stdout + done.stderr)
