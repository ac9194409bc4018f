"""Patterns that are listed match all that wildcards and regular expressions of sudoers match."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.listing import Entry
from secops.hosts.sudoers_patterns import PATHNAME, matches_regex, matches_wildcard
from secops.hosts.trusted.patterns import choices, is_deep, listed, of_expression
from secops.hosts.trusted.spread import Spread
from secops.hosts.trusted.tree import Tree, Unseen

PIECES = st.sampled_from([
    "a", "b", "/", ".", r"\.", "*", "+", "?", "(", ")", "|", "[a-z]", "[^/]", "[^b]", "[.-9]", "[]a]", "[[:alpha:]_]",
    "[^[:space:]/]", "{1,2}", r"\/", r"\-", "-", "$", "^", "(a|b)", "(a|/)", "é",
])  # fmt: skip
NAMES = st.lists(st.sampled_from(["a", "b", "ab", "/", ".", "-", "é", "aa"]), min_size=1, max_size=6).map("".join)


@given(st.lists(PIECES, max_size=7).map("".join), st.lists(NAMES, min_size=20, max_size=40))
def test_a_wildcard_of_an_expression_matches_all_that_it_does(inner: str, names: list[str]) -> None:
    expression = f"^/{inner}$"
    pattern = listed(of_expression(expression))
    for path in (f"/{name}" for name in names):
        if not matches_regex(expression, path) or "//" in path:
            continue
        assert any(matches_regex(one, path) for one in choices(expression))
        depth = pattern.count("/")
        head = "/".join(path.split("/")[: depth + 1]) if is_deep(expression) else path
        assert not pattern.startswith("/") or matches_wildcard(pattern, head, PATHNAME), (pattern, path)


@given(st.text(max_size=30), st.text("ab/*?[]!-é\udcff'", max_size=12))
def test_a_pattern_that_is_listed_holds_nothing_of_a_shell_but_wildcards(any_text: str, text: str) -> None:
    for pattern in (listed(any_text), listed(of_expression(f"^/{any_text}$")), listed(text)):
        assert not set(pattern) & set(" \t\n\r\"'`$&|;<>(){}!#\\~[]") - {"~"}
    assert listed(listed(text)) == listed(text)


@pytest.mark.parametrize(
    ("expression", "pattern", "deep"),
    [
        (r"^/opt/(a|b)/run\.sh$", "/opt/*/run.sh", False),
        (r"^/opt/[[:alnum:]_]{1,3}$", "/opt/*", False),
        (r"^/opt/check_.*\.sh$", "/opt/check_*", True),
        (r"^/opt/[^/]+/x$", "/opt/*/x", False),
        (r"^/opt/[^[:space:]]+$", "/opt/*", True),
        (r"^/a$|^/b$", "*", True),
        (r"^/plain\-name$", "/plain*name", False),
    ],
)
def test_what_is_made_of_expressions(expression: str, pattern: str, deep: bool) -> None:
    assert (of_expression(expression), is_deep(expression)) == (pattern, deep)


def spread(*patterns: str) -> Spread:
    kinds = {"/opt": "d", "/opt/a": "d", "/opt/a/run": "f", "/opt/c": "d", "/opt/c/run": "f", "/opt/.h": "d",
             "/opt/x.sh": "f", "/opt/y": "l"}  # fmt: skip
    entries = {path: Entry(path, kind, 0o755, 0, 0, 0, 0, "c" if kind == "l" else "") for path, kind in kinds.items()}
    return Spread(Tree(entries), set(patterns))


def test_a_wildcard_means_what_is_there_and_what_could_be() -> None:
    seen = spread("/opt/*/run", "/opt/*/*")
    assert list(seen.of_wildcard("/opt/*/run")) == ["/opt/", "/opt/a/run", "/opt/c/run", "/opt/y/run"]
    assert list(seen.of_wildcard("/opt/*/*")) == ["/opt/", "/opt/a/", "/opt/c/", "/opt/y/", "/opt/a/run", "/opt/c/run",
                                                  "/opt/y/run"]  # fmt: skip
    assert list(seen.of_expression("^/opt/(a|b)/run$")) == ["/opt/", "/opt/a/run", "/opt/"]
    assert list(seen.of_expression("^/opt/(a|b)/[a-z]+$")) == ["/opt/", "/opt/a/", "/opt/a/run", "/opt/"]


@pytest.mark.parametrize("expression", [r"^/opt/.*\.sh$", r"^/srv/.*$", "^(?i)/opt/x$", "^.*$"])
def test_what_was_not_listed_or_lies_deeper_is_not_known(expression: str) -> None:
    with pytest.raises(Unseen):
        list(spread("/opt/*").of_expression(expression))


def test_below_no_directory_there_is_nothing_deeper() -> None:
    assert list(spread("/opt/x*").of_expression(r"^/opt/x.*$")) == ["/opt/", "/opt/x.sh"]
