"""`citywall rules`: what is judged, and what is wrong with a rule, said so that its writer finds the place."""

import json
import re
import time
from pathlib import Path

import pytest

from secops.core.content import shipped
from secops.posture.isolation import rule_faults
from secops.posture.rule import load_rules
from tests.cli.scan_kit import at_terminal
from tests.cli.store_kit import citywall, fits
from tests.contract.documents import example

#: The rule that docs/rules-format.md shows.
RULE = example("rules-format.md")
NAME = "lab-account-on-server"
SHIPPED = sorted(path.stem for path in (shipped("rules") / "posture").rglob("*.yml"))


def _write(folder: Path, *changes: tuple[str, str], name: str = NAME) -> Path:
    """The rule in a file of `folder`, with some of its text replaced."""
    text = RULE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yml"
    path.write_text(text)
    return path


def test_the_shipped_rules_are_listed_in_both_languages(tmp_path: Path) -> None:
    english = json.loads(citywall(tmp_path, "rules", "list", "--format", "json").stdout)
    assert [row["rule"] for row in english] == SHIPPED
    chinese = json.loads(citywall(tmp_path, "rules", "list", "--format", "json", "--lang", "zh").stdout)
    for ours, theirs in zip(english, chinese, strict=True):
        assert {**ours, "title": ""} == {**theirs, "title": ""}
        assert not re.search("[\u4e00-\u9fff]", ours["title"])
        assert re.search("[\u4e00-\u9fff]", theirs["title"])
    lines = citywall(tmp_path, "rules", "list", CITYWALL_LANG="zh").stdout.removesuffix("\n").split("\n")
    assert [line.split()[0] for line in lines] == ["规则", *SHIPPED]
    assert all(row["title"] in line for row, line in zip(chinese, lines[1:], strict=True))
    said = at_terminal(tmp_path, "rules", "list", CITYWALL_LANG="zh")
    assert fits(said)
    assert all(f"\n{name} " in said for name in SHIPPED)


def test_a_rule_is_shown_whole(tmp_path: Path) -> None:
    done = citywall(tmp_path, "rules", "show", "account-uid-zero")
    rule = load_rules([shipped("rules") / "posture"]).rules["account-uid-zero"]
    assert done.returncode == 0
    for part in (rule.title.en, rule.applies, *rule.needs, *rule.refs["mlps"], "select host", "passwd -l", "File: "):
        assert part in done.stdout
    assert rule.title.zh in citywall(tmp_path, "rules", "show", "account-uid-zero", "--lang", "zh").stdout


def test_a_rule_that_is_not_there(tmp_path: Path) -> None:
    done = citywall(tmp_path, "rules", "show", "account-uid-zer")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Did you mean `account-uid-zero`?" in done.stderr
    assert "citywall rules list" in citywall(tmp_path, "rules", "show", "zzzz").stderr


def test_own_rules_are_added_and_shown_inertly(tmp_path: Path) -> None:
    _write(tmp_path / "own", ("An account of the lab", "\\e]0;owned\\a"))
    done = citywall(tmp_path, "rules", "show", NAME, "--rules", str(tmp_path / "own"))
    assert done.returncode == 0
    assert "own\n" in done.stdout
    assert "\x1b" not in done.stdout
    assert "\\x1b]0;owned" in done.stdout
    listed = json.loads(
        citywall(tmp_path, "rules", "list", "--format", "json", "--rules", str(tmp_path / "own")).stdout
    )
    assert [row["rule"] for row in listed] == sorted([*SHIPPED, NAME])


#: What is wrong with a rule file, as changes of its text, and what is said besides the file.
UNREADABLE = {
    "a key twice": ([("partial: rows_prove", "severity: low\npartial: rows_prove")], ".yml:6: the key 'severity'"),
    "no YAML": ([("key: [user_name]", "key: [user_name")], ".yml:12: is no YAML: did not find"),
    "an unknown field": ([("partial:", "partially:")], "unknown field `partially`"),
    "an unknown severity": ([("severity: medium", "severity: urgent")], "'urgent' - at `$.severity`"),
    "one language": ([(', zh: "服务器上存在实验室账户"', "")], "missing required field `zh` - at `$.title`"),
    "another id": ([(f"id: {NAME}", "id: something-else")], "'something-else' differs from the file's name"),
    "empty": ([(RULE, "")], "is empty"),
    "an alias": ([("refs: {", "refs: &a {doc: *a, ")], "alias"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_rule_that_cannot_be_read_is_named_with_its_line_or_field(tmp_path: Path, kind: str) -> None:
    changes, said = UNREADABLE[kind]
    path = _write(tmp_path / "own", *changes)
    done = citywall(tmp_path, "rules", "lint", "--rules", str(tmp_path / "own"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"citywall: {path}")
    assert said in done.stderr


@pytest.mark.parametrize("name", [NAME, "account-uid-zero"])
def test_an_id_twice_names_both_files(tmp_path: Path, name: str) -> None:
    first = _write(tmp_path / "one", (NAME, name), name=name)
    second = _write(tmp_path / "two", (NAME, name), name=name)
    done = citywall(tmp_path, "rules", "list", "--rules", str(tmp_path / "one"), "--rules", str(tmp_path / "two"))
    assert (done.returncode, done.stdout) == (2, "")
    other = second if name == NAME else next((shipped("rules") / "posture").rglob(f"{name}.yml"))
    assert str(first) in done.stderr
    assert str(other) in done.stderr


def test_a_folder_that_holds_no_rules_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "rule.yml").write_text(RULE)
    for place in ("empty", "nothing", "rule.yml"):
        for verb in (["rules", "test"], ["scan"]):
            done = citywall(tmp_path, *verb, "--rules", str(tmp_path / place))
            assert (done.returncode, done.stdout) == (2, "")
            assert done.stderr.startswith(f"citywall: {tmp_path / place}: ")
            assert "folder" in done.stderr


@pytest.mark.parametrize("name", ["rule.yaml", "rule.YML", "below/rule.Yaml"])
def test_a_file_that_would_be_passed_over_is_named(tmp_path: Path, name: str) -> None:
    _write(tmp_path / "own")
    (stray := tmp_path / "own" / name).parent.mkdir(exist_ok=True)
    stray.write_text(RULE)
    (tmp_path / "own" / ".hidden.yaml").write_text("")
    for verb in (["rules", "test"], ["scan"]):
        done = citywall(tmp_path, *verb, "--rules", str(tmp_path / "own"))
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"citywall: {stray}: its name does not end in .yml")
        assert "rule.yml" in done.stderr


#: Rules that can be read and must not be used: file name, changes, what lint says of it.
FAULTY = {
    "unknown-column": ([("select host, user_name, shell", "select host, user_name, shell, colour")], '"colour"'),
    "unknown-table": ([("needs: [users]", "needs: [user]")], "there is no table user"),
    "undeclared-table": ([("from users", "from groups")], "reads 'groups', which is not in its needs"),
    "no-chinese": ([("服务器上存在实验室账户", "An account")], "title: give it in English and in Chinese"),
    "other-columns": ([("可以登录（{shell}）", "可以登录")], "message: the two languages name different columns"),
    "other-language": ([("{shell}", "{shell_en}")], "message: the two languages name different columns"),
    "english-remark": ([(" // 保留其主目录", "")], "write a remark as `# English // 中文`"),
    "two-statements": ([("and can_login", "and can_login; select 1")], "2 statements"),
    "no-select": ([("select host, user_name, shell\n  from users", "delete from users")], "must be a SELECT"),
    "a-file": ([("from users", "from users, read_text('/etc/passwd') f")], "may not call the table function"),
    "no-part": (
        [
            ("needs: [users]", "needs: [users, listening_ports]"),
            ("from users\n", "from users join listening_ports using (host)\n"),
            ("and can_login", "and can_login and package = 'x'"),
        ],
        "needs: the query decides by what listening_ports.package fills: add it",
    ),
    "no-host": ([("select host, user_name", "select user_name")], "gives no column host"),
    "no-such-key": ([("key: [user_name]", "key: [uid]")], "gives no column uid"),
    "not-proven": ([("and can_login", "and can_login and uid = (select max(uid) from users)")], "partial: "),
    "unsure-of-nothing": (
        [("key: [user_name]", "unsure: select user_name from users\nkey: [user_name]")],
        "unsure: the query gives no column host, or no column reason",
    ),
    "unsure-elsewhere": (
        [("key: [user_name]", "unsure: select host, 'x' as reason from groups\nkey: [user_name]")],
        "unsure: reads 'groups', which is not in its needs",
    ),
    "never-passes": ([("expect: []", "expect: [{user_name: x}]")], "tests: show at least one case that passes"),
}

#: Rules that lint finds nothing wrong with, and what their tests say.
FAILING = {
    "wrong-test": (
        [("expect: [{user_name: lab-1}]", "expect: [{user_name: lab-2}]")],
        "test 1 (an account of the lab)",
    ),
    "wrong-verdict": ([("verdict: unknown", "verdict: pass")], "expected pass, got unknown"),
    "wrong-row": ([("can_login: false", "can_login: 'no'")], "users.can_login is boolean, not 'no'"),
    "endless": (
        [
            (
                "from users\n  where",
                "from users, range(100000000) a, range(1000000) b\n  where a.range + b.range = -1 and",
            )
        ],
        "took more than 2 s",
    ),
}


def _write_all(folder: Path, kinds: dict[str, tuple[list[tuple[str, str]], str]]) -> None:
    _write(folder)
    for name, (changes, _) in kinds.items():
        _write(folder, (f"id: {NAME}", f"id: {name}"), *changes, name=name)


def test_lint_tells_every_fault_with_its_file_and_runs_no_test(tmp_path: Path) -> None:
    own = tmp_path / "own"
    _write_all(own, {**FAULTY, **FAILING})
    done = citywall(tmp_path, "rules", "lint", "--rules", str(own))
    assert done.returncode == 2
    told = [line for line in done.stdout.split("\n") if line]
    for name, (_, said) in FAULTY.items():
        assert [line for line in told if line.startswith(f"{own}/{name}.yml: ") and said in line], (name, told)
    names = {Path(line.partition(": ")[0]) for line in told}
    assert names == {own / f"{name}.yml" for name in FAULTY}
    count = len(FAULTY) + len(FAILING) + 1
    assert done.stderr == f"rules: {count}, tests: 0, faults: {len(told)}\n"


def test_the_tests_of_own_rules_decide_the_exit_code(tmp_path: Path) -> None:
    _write(tmp_path / "own")
    done = citywall(tmp_path, "rules", "test", "--rules", str(tmp_path / "own"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "rules: 1, tests: 3, faults: 0\n")
    path = _write(tmp_path / "own", *FAILING["wrong-verdict"][0])
    done = citywall(tmp_path, "rules", "test", "--rules", str(tmp_path / "own"))
    assert done.returncode == 2
    assert done.stdout.startswith(f"{path}: test 3 (passwd could not be read): expected pass, got unknown")
    assert done.stderr == "rules: 1, tests: 3, faults: 1\n"


def test_the_shipped_rules_have_no_fault(tmp_path: Path) -> None:
    """Their tests are run by `make check`."""
    done = citywall(tmp_path, "rules", "lint")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"rules: {len(SHIPPED)}, tests: 0, faults: 0\n"


def test_tests_say_what_they_expected_and_endless_sql_ends(tmp_path: Path) -> None:
    _write_all(tmp_path, FAILING)
    rules = list(load_rules([tmp_path]).rules.values())
    started = time.monotonic()
    found = {rule.id: faults for rule, faults in rule_faults(rules, run_tests=True, rule_seconds=2)}
    assert time.monotonic() - started < 30
    for name, (_, said) in FAILING.items():
        assert said in found[name][0]
    assert found[NAME] == []
