"""Wildcards and regular expressions of sudoers, matched by the functions that sudo itself calls: libc's."""

from __future__ import annotations

import ctypes
import re
from functools import cache, lru_cache

#: What is longer, or repeats more, is not looked at: it could take for ever. sudo's own limit of a regex is 1,024.
_LONGEST, _STARS = 1_024, 12
_COSTLY = re.compile(r"\\[1-9]|\{.*\{|[*+}]\)[*+{]", re.DOTALL)

_PATHNAME, _PERIOD = 1, 4  # of <fnmatch.h>
_EXTENDED, _ICASE, _NOSUB = 1, 2, 8  # of <regex.h>
_REGEX_BYTES = 512  # more than any libc's regex_t


def is_wild(command: str) -> bool:
    """Whether a command is a pattern and not a path."""
    return any(char in command for char in "\\?*[]")


def matches_path(pattern: str, path: str) -> bool | None:
    """A command's wildcard: nothing takes a slash, nor a dot that begins a name. None when it cannot be told."""
    return _fnmatch(pattern, path, _PATHNAME | _PERIOD)


def matches_arguments(pattern: str, arguments: str, *, edit: bool = False) -> bool | None:
    """Arguments joined by spaces against a wildcard or a `^regex$`; the files of sudoedit are matched as paths."""
    if pattern.startswith("^") and pattern.endswith("$"):
        return matches_regex(pattern, arguments)
    return _fnmatch(pattern, arguments, _PATHNAME if edit else 0)


def matches_regex(pattern: str, text: str) -> bool | None:
    """A POSIX extended regular expression. None when it cannot be told; sudo skips one that is malformed."""
    body = re.sub(r"^\^\(\?i\)", "^", pattern)
    if max(len(pattern), len(text)) > _LONGEST or "\0" in pattern + text or _COSTLY.search(pattern):
        return None
    compiled = _compiled(_raw(body), ignore_case=body != pattern)
    return bool(compiled) and _libc().regexec(compiled, _raw(text), 0, None, 0) == 0


def _fnmatch(pattern: str, text: str, flags: int) -> bool | None:
    if max(len(pattern), len(text)) > _LONGEST or pattern.count("*") > _STARS or "\0" in pattern + text:
        return None
    found: int = _libc().fnmatch(_raw(pattern), _raw(text), flags)
    return found == 0 if found in (0, 1) else None


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


@lru_cache(maxsize=1_024)
def _compiled(pattern: bytes, *, ignore_case: bool) -> ctypes.Array[ctypes.c_char] | None:
    compiled = ctypes.create_string_buffer(_REGEX_BYTES)
    flags = _EXTENDED | _NOSUB | (_ICASE if ignore_case else 0)
    return compiled if _libc().regcomp(compiled, pattern, flags) == 0 else None


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)
