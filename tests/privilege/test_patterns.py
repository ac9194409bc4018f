"""Patterns of sudoers: what libc says, and that nothing hostile is given to it."""

from __future__ import annotations

import pytest

from secops.privilege.patterns import matches_arguments, matches_path, matches_regex


@pytest.mark.parametrize(
    ("pattern", "path", "matched"),
    [
        ("/usr/bin/*", "/usr/bin/id", True), ("/usr/*/id", "/usr/bin/id", True), ("/usr/*", "/usr/bin/id", False),
        ("/usr/bin/*", "/usr/bin/.id", False), ("/usr/bin/[!a]d", "/usr/bin/id", True), ("/a\\*", "/a*", True),
        ("/*" * 13, "/a" * 13, None), ("/" + "a" * 1_024, "/a", None), ("/a\0", "/a", None),
    ],
)  # fmt: skip
def test_wildcards_of_commands(pattern: str, path: str, matched: bool | None) -> None:
    assert matches_path(pattern, path) is matched


@pytest.mark.parametrize(
    ("pattern", "arguments", "matched"),
    [
        ("/var/*", "/var/log/x /etc/shadow", True), ("-[un]", "-u", True), ("-?", "-un", False),
        ("^-[un]$", "-u", True), ("^/srv/[a-z]+$", "/srv/a b", False), ("^(?i)ABC$", "abc", True),
        ("^(a$", "a", False), ("^(a+)+$", "a", None), ("^(a)\\1$", "aa", None), ("^a{9}{9}$", "a", None),
    ],
)  # fmt: skip
def test_arguments(pattern: str, arguments: str, matched: bool | None) -> None:
    assert matches_arguments(pattern, arguments) is matched


def test_files_of_sudoedit_are_paths() -> None:
    assert matches_arguments("/etc/*", "/etc/ssh/sshd_config", edit=True) is False
    assert matches_arguments("/etc/*", "/etc/motd", edit=True) is True


def test_bytes_that_are_no_text_are_bytes() -> None:
    odd = b"/srv/\xff".decode("utf-8", "surrogateescape")
    assert matches_path("/srv/?", odd) is True
    assert matches_regex("^/srv/.$", odd) in (True, False)
