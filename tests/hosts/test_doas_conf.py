"""doas.conf is read as doas's own lexer and grammar read it; `tests/privilege/test_doas_oracle.py` asks doas itself."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.doas_conf import DoasError, DoasRule, parse


def test_a_rule_with_everything() -> None:
    text = b'# wheel\npermit persist keepenv setenv { A B=1 } :wheel as root cmd "/opt/my tool" args -x "a b"\n'
    (rule,) = parse(text, "/etc/doas.conf")
    assert rule == DoasRule(
        True, frozenset({"persist", "keepenv", "setenv"}), ":wheel", "root", "/opt/my tool", ("-x", "a b"),
        "/etc/doas.conf", 2, ("A", "B=1"),
    )  # fmt: skip
    assert rule.text == 'permit keepenv persist :wheel as root cmd "/opt/my tool" args -x "a b"'


@pytest.mark.parametrize(
    ("text", "command", "arguments"),
    [
        ("permit a", None, None),
        ("permit a cmd id", "id", None),
        ("permit a cmd id args", "id", ()),
        ('permit a cmd id args ""', "id", ("",)),
        ("permit a cmd i\\\nd args x\\ y", "id", ("x y",)),
        ('permit a cmd id args "permit" \\"', "id", ("permit", '"')),
        ("permit a cmd \xe9", "\\xe9", None),
    ],
)
def test_words(text: str, command: str | None, arguments: tuple[str, ...] | None) -> None:
    (rule,) = parse(text.encode("latin-1") + b"\n", "f")
    assert (rule.command, rule.arguments) == (command, arguments)


@pytest.mark.parametrize(
    "text",
    [
        "permit a", "permit a\ndeny", "permit\n", '"permit" a\n', "permit nopass persist a\n", "deny nopass a\n",
        "permit setenv { as } a\n", "permit setenv {} setenv {} a\n", "permit a as\n", "permit a cmd\n", "permit a b\n",
        "permit a cmd id args as\n", 'permit "a\n', "permit a\\", "permit a\0\n", "permit " + "a" * 1024 + "\n",
        "permit a args x\n", "permit setenv { A\n } a\n", "permit \\\n nopass a\n", "}\n",
    ],
)  # fmt: skip
def test_what_doas_refuses(text: str) -> None:
    with pytest.raises(DoasError, match="line "):
        parse(text.encode(), "f")


def test_lines_are_counted_where_rules_begin() -> None:
    rules = parse(b"\n# x\npermit \\\n  a\n\npermit b # c \\\ndeny c\n", "f")
    assert [(rule.identity, rule.line) for rule in rules] == [("a", 3), ("b", 6), ("c", 7)]


_PIECES = st.sampled_from(
    ["permit", "deny", "nopass", "persist", "setenv", "as", "cmd", "args", "alice", ":wheel", " ", "\t", "\n", "\\",
     '"', "{", "}", "#", "\0", "\xff", "=", "\r", "a" * 1030]
)  # fmt: skip


@given(st.one_of(st.lists(_PIECES, max_size=30).map("".join).map(str.encode), st.binary(max_size=300)))
def test_nothing_breaks_it_and_what_it_reads_can_be_written(data: bytes) -> None:
    try:
        rules = parse(data, "f")
    except DoasError:
        return
    for rule in rules:
        assert 1 <= rule.line <= data.count(b"\n") + 1
        if "\\x" not in rule.text:
            (again,) = parse(rule.text.encode() + b"\n", "f")
            assert (again.permit, again.identity, again.target, again.command, again.arguments) == (
                rule.permit, rule.identity, rule.target, rule.command, rule.arguments,
            )  # fmt: skip


def test_long_files_take_time_in_proportion() -> None:
    assert len(parse(b"permit alice cmd x args a b c # d\n" * 5_000, "f")) == 5_000
    for line in (b"permit " + b'"' * 300_001, b"\\\n" * 200_000, b"permit a" + b" " * 300_000 + b"\n"):
        with suppress(DoasError):
            parse(line, "f")
