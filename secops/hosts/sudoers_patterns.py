"""Wildcards and regular expressions of sudoers and of apt, matched by the functions that they call: libc's."""

from __future__ import annotations

import ctypes
import re
from functools import cache, lru_cache

#: What is longer, or repeats more, is not looked at: it could take for ever. sudo's own limit of a regex is 1,024.
_LONGEST, _STARS = 1_024, 12
#: Or is malformed to some versions of sudo alone: a repetition repeated.
_COSTLY = re.compile(r"\\[1-9]|\{.*\{|[*+}]\)[*+{]|[?*+}][?*+{]", re.DOTALL)

PATHNAME, PERIOD, CASEFOLD = 1, 4, 16  # of <fnmatch.h>
_EXTENDED, _ICASE, _NOSUB = 1, 2, 8  # of <regex.h>
_REGEX_BYTES = 512  # more than any libc's regex_t

_FOLDED = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def fold(text: str) -> str:
    """Lower case as sudo has it: in the C locale, so of ASCII letters alone."""
    return text.translate(_FOLDED)


def is_wild(text: str) -> bool:
    """Whether a command or a host is a pattern."""
    return any(char in text for char in "\\?*[]")


def matches_wildcard(pattern: str, text: str, flags: int = 0) -> bool | None:
    """fnmatch(3). None when it cannot be told."""
    if max(len(pattern), len(text)) > _LONGEST or pattern.count("*") > _STARS or "\0" in pattern + text:
        return None
    found: int = _libc().fnmatch(_raw(pattern), _raw(text), flags)
    return found == 0 if found in (0, 1) else None


def matches_regex(pattern: str, text: str, *, ignore_case: bool = False) -> bool | None:
    """A POSIX extended regular expression. None when it cannot be told; sudo skips one that is malformed, apt too."""
    body = re.sub(r"^\^\(\?i\)", "^", pattern)
    if max(len(pattern), len(text)) > _LONGEST or "\0" in pattern + text or _COSTLY.search(pattern):
        return None
    compiled = _compiled(_raw(body), ignore_case=ignore_case or body != pattern)
    return bool(compiled) and _libc().regexec(compiled, _raw(text), 0, None, 0) == 0


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
