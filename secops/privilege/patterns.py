"""Commands and arguments of sudoers, matched as sudo matches them."""

from __future__ import annotations

from secops.hosts.sudoers_patterns import PATHNAME, PERIOD, matches_regex, matches_wildcard
from secops.hosts.sudoers_patterns import is_wild as is_wild

__all__ = ["is_wild", "matches_arguments", "matches_path", "matches_regex"]


def matches_path(pattern: str, path: str) -> bool | None:
    """A command's wildcard: nothing takes a slash, nor a dot that begins a name. None when it cannot be told."""
    return matches_wildcard(pattern, path, PATHNAME | PERIOD)


def matches_arguments(pattern: str, arguments: str, *, edit: bool = False) -> bool | None:
    """Arguments joined by spaces against a wildcard or a `^regex$`; the files of sudoedit are matched as paths."""
    if pattern.startswith("^") and pattern.endswith("$"):
        return matches_regex(pattern, arguments)
    return matches_wildcard(pattern, arguments, PATHNAME if edit else 0)
