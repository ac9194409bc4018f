"""Findings: texts filled in for people, commands filled in for a shell, neither of them obeying a host's values."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.core.content import shipped
from secops.core.finding import Severity, Verdict
from secops.core.inert import hidden
from secops.hosts.evidence import readable
from secops.posture.evaluate import Outcome
from secops.posture.findings import commands, fill, findings
from secops.posture.lint import PLACEHOLDER
from secops.posture.rule import Fix, Rule, Text, load_rules
from tests.posture.kit import rule

HOSTILE = [
    "$(touch x)", "`touch x`", "; rm -rf .", "a\ntouch x", "a\rtouch x", "'; touch x; '", '"; touch x; "', "# x",
    "-rf", "--", "", " ", "*", "~", "$HOME", "a b", "\\", "\x1b[2J", "{user_name}", "|| touch x", "> x", "&", "é 中",
    "a\n", "\n", "a\n\n", "\n-n\t%s\\c!x'\u202e\u200b\u3000中\n", "${nl:?}\n", "\\012", "\\x41\n",
]  # fmt: skip


def _fix(template: str, **families: str) -> Rule:
    return rule("select 1", fix=Fix("do", "做", {"any": template, **families}))


SHELLS = (["sh"], ["bash"], ["bash", "--posix", "-u"], ["busybox", "ash"])


def _bytes(script: str, shell: list[str], folder: Path) -> list[bytes]:
    """The words that `show` is given, when a shell of the host runs the script."""
    show = "show() { for word; do printf '%s\\0' \"$word\"; done; }\n"
    done = subprocess.run(shell, input=(show + script).encode(), cwd=folder, capture_output=True, check=True)
    assert done.stderr == b""
    assert list(folder.iterdir()) == []
    return done.stdout.split(b"\0")[:-1]


def _shell(script: str, folder: Path) -> list[str]:
    return [word.decode() for word in _bytes(script, ["sh"], folder)]


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_a_value_is_one_word_of_a_command(tmp_path: Path, value: str) -> None:
    script = commands(_fix("show -- {path} end\nshow x{path}"), {"path": value}, "debian", "en")
    assert _shell(script, tmp_path) == ["--", value, "end", f"x{value}"]


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_a_value_in_a_remark_stays_in_it(tmp_path: Path, value: str) -> None:
    script = commands(_fix("show a    # then {path} {path}\n# see {path}\nshow b"), {"path": value}, None, "en")
    assert _shell(script, tmp_path) == ["a", "b"]
    assert "\r" not in script
    assert len(script.split("\n")) == 3 + value.endswith("\n")


#: Names as hosts have them: text, what text can hide, and bytes that are no text.
NAMES = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])).map(str.encode),
    st.text("ab\\x'\"$`!%-\n\t\r\x1b\u202e\u200b中").map(str.encode),
    st.lists(st.sampled_from([b"\\", b"x", b"ff", b"5c", b"\\xff", b"\xff", b"\\x5c", "é".encode()])).map(b"".join),
    st.binary().map(lambda raw: raw.replace(b"\0", b"")),
)


@settings(max_examples=50)
@given(names=st.lists(NAMES, min_size=5, max_size=40))
def test_any_name_is_one_visible_word_that_every_shell_reads_as_the_same_bytes(
    names: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "empty"
    folder.mkdir(exist_ok=True)
    script = commands(_fix("show {names}"), {"names": [readable(raw) for raw in names]}, None, "en")
    assert not any(hidden(char) for char in script.replace("\n", ""))
    assert len(script.split("\n")) == 1 + any(raw.endswith(b"\n") for raw in names)
    for shell in SHELLS:
        assert _bytes(script, shell, folder) == names


def test_a_line_end_at_the_end_of_a_name_is_not_lost_where_one_line_is_copied_alone(tmp_path: Path) -> None:
    script = commands(_fix("show {path}"), {"path": "a\n"}, None, "en")
    before, line = script.split("\n")
    done = subprocess.run(["sh"], input=f"show() {{ : > x; }}\n{line}".encode(), cwd=tmp_path, capture_output=True)
    assert done.returncode != 0
    assert list(tmp_path.iterdir()) == []
    assert _shell(f"{before}\n{line}", tmp_path) == ["a\n"]


def test_no_word_can_hold_nul(tmp_path: Path) -> None:
    assert _shell(commands(_fix("show {path}"), {"path": "a\0b"}, None, "en"), tmp_path) == ["a\\x00b"]


def test_values_that_are_no_text_in_commands() -> None:
    row = {"list": ["a b", "$(c)"], "yes": True, "none": None, "number": -1}
    script = commands(_fix("show {list} {yes} {none} {number} {absent}"), row, None, "en")
    assert shlex.split(script) == ["show", "a b", "$(c)", "yes", "?", "-1", "?"]


@pytest.mark.parametrize(
    ("restart", "expect"),
    [
        (["shutdown", "-r", "+5"], "apt install x\n\n  shutdown -r +5\nuptime"),
        ([], "apt install x\n\nuptime"),
        ([""], "apt install x\n\n  ''\nuptime"),
        (None, "apt install x\n\n  '?'\nuptime"),
    ],
)
def test_a_line_of_which_an_empty_list_leaves_nothing_is_left_out(restart: list[str] | None, expect: str) -> None:
    fix = _fix("apt install {name}\n\n  {restart}\nuptime")
    assert commands(fix, {"name": "x", "restart": restart}, None, "en") == expect


@pytest.mark.parametrize(
    ("family", "expected"), [("debian", "apt x"), ("rhel", "any x"), (None, "any x"), ("alpine", "apk x")]
)
def test_commands_are_those_of_the_family(family: str | None, expected: str) -> None:
    fixed = _fix("any {name}\n", debian="apt {name}", alpine="apk {name}")
    assert commands(fixed, {"name": "x"}, family, "en") == expected


def test_no_commands_for_a_family_are_none() -> None:
    assert commands(rule("select 1", fix=Fix("do", "做", {"debian": "x"})), {}, "rhel", "en") == ""


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (True, "yes", "是"),
        (False, "no", "否"),
        (None, "?", "?"),
        (0, "0", "0"),
        (1, "1", "1"),
        (["a", "b"], "a, b", "a, b"),
        ([], "", ""),
        ("{other} {0} %s $(x)", "{other} {0} %s $(x)", "{other} {0} %s $(x)"),
    ],
)
def test_values_as_people_read_them(value: Any, english: str, chinese: str) -> None:
    row = {"value": value, "other": "filled"}
    assert fill("<{value}>", row, "en") == f"<{english}>"
    assert fill("《{value}》", row, "zh") == f"《{chinese}》"


def test_only_columns_are_filled_in() -> None:
    assert (
        fill("{user_name} {User} {} {0} {{user_name}} ${x", {"user_name": "ops"}, "en") == "ops {User} {} {0} {ops} ${x"
    )


def _found(lang: str, rows: list[dict[str, Any]], **fields: Any) -> list[Any]:
    message = Text("{user_name}: {locked}", "{user_name}：{locked}")
    made = rule(
        "select 1",
        message=message,
        fix=Fix(
            "Lock {user_name}.", "锁定 {user_name}。", {"any": "lock {user_name}    # at once // 立即执行\n#   a line"}
        ),
    )
    other = rule("select 1", id="a-critical-rule", severity=Severity.CRITICAL)
    outcomes = [Outcome(made.id, [(Verdict.FAIL, "", ["h"])], rows), Outcome(other.id, [], rows[:1])]
    return findings(outcomes, {made.id: made, other.id: other}, {"h": "debian"}, lang)


def test_a_finding_is_in_one_language_and_keeps_its_evidence() -> None:
    row = {"host": "h", "user_name": "ops", "locked": False, "line": 3}
    worst, english = _found("en", [row])
    assert (worst.rule, worst.severity) == ("a-critical-rule", Severity.CRITICAL)
    assert (english.message, english.fix, english.commands) == (
        "ops: no",
        "Lock ops.",
        "lock ops    # at once\n#   a line",
    )
    assert english.key == {"user_name": "ops"}
    assert english.evidence == {"user_name": "ops", "locked": False, "line": 3}
    chinese = _found("zh", [row])[1]
    assert (chinese.message, chinese.fix, chinese.commands) == (
        "ops：否",
        "锁定 ops。",
        "lock ops    # 立即执行\n#   a line",
    )
    assert chinese.identity == english.identity


def test_rows_that_differ_outside_the_key_are_one_finding_whatever_their_order() -> None:
    rows = [{"host": "h", "user_name": name, "locked": True, "line": line} for name in "ba" for line in (2, 1)]
    _, *found = _found("en", rows)
    assert found == _found("en", rows[::-1])[1:]
    assert [(f.key["user_name"], f.evidence["line"]) for f in found] == [("a", 1), ("b", 1)]


def test_no_shipped_command_puts_a_text_between_quotes() -> None:
    """A value is quoted when it is filled in: quotes around it would end there. Ports are numbers and may."""
    wrong = []
    for name, shown in load_rules([shipped("rules") / "posture"]).rules.items():
        for template in shown.fix.commands.values():
            for line in template.split("\n"):
                for place in PLACEHOLDER.finditer(line):
                    before = line[: place.start()]
                    quoted = before.count("'") % 2 or before.count('"') % 2
                    if quoted and place[1] != "port":
                        wrong.append(f"{name}: {line}")
    assert wrong == []
