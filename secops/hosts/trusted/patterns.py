r"""Wildcards and regular expressions of sudoers as patterns of paths that can be listed.

A pattern that is listed matches at least what is asked for, and holds nothing that a shell could take for more than a
pattern. `LISTED` and `EXPRESSION` are data for awk and for Python alike, as `words.CUTS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

#: What makes of a wildcard one that is listed.
LISTED = ((r"\[[^/]*", "*"), (r"[^A-Za-z0-9_.,/*?+@%:~-]+", "*"), (r"[*][*]+", "*"), (r"//+", "/"))

#: A regular expression in a line of sudoers, without what may stand before it.
EXPRESSION = r"\^/([^$\\]|\\.)*\$"

# \001 is a dot, \002 something that may hold a slash, \003 something that holds none.
_SAFE = "([a-z]-[a-z]|[A-Z]-[A-Z]|[0-9]-[0-9]|[A-Za-z0-9_.,+@:])+"
_CLASSES = "alnum|alpha|digit|lower|upper|xdigit"

#: What makes of a regular expression a wildcard. Where it may match a slash the pattern ends, see `is_deep`.
CUTS = (
    (r"^\^|\$$", ""),
    (r"\\[.]", "\001"), (r"\\/", "/"), (r"\\[A-Za-z0-9<>`\047]", "\002"), (r"\\.", "\003"),
    (rf"\[:({_CLASSES}):\]", "a"), (r"\[:[a-z]+:\]", "!"),
    (rf"\[{_SAFE}-?\]", "\003"), (r"\[\^/[^]/[]*\]", "\003"), (r"\[\^?\]?[^]]*\]", "\002"),
    (r"\([^()/.\002]*\)", "\003"), (r"\([^()]*\)", "\002"), (r"\([^()/.\002]*\)", "\003"), (r"\([^()]*\)", "\002"),
    (r"[.]", "\002"),
    (r"[{][0-9,]*[}]", "*"), (r"[/\002][*+?]+", "\002"), (r"[^/\002][*+?]+", "\003"),
    (r".*[][|(){}^$].*", "\002"),
)  # fmt: skip
_CUTS = [(re.compile(expression), by) for expression, by in CUTS]
_LISTED = [(re.compile(expression), by) for expression, by in LISTED]
_CHOICE = re.compile(r"(?<!\\)\(([^][()|]*(?:\|[^][()|]*)+)(?<!\\)\)(?![*+?{])")

#: Wildcards in one pattern, and what one may match; patterns of a host; alternatives that are told apart.
MAX_WILD, MAX_MATCHES, MAX_PATTERNS, _MAX_CHOICES = 3, 4_000, 5_000, 64


def is_wild(part: str) -> bool:
    return "*" in part or "?" in part or "[" in part


def listed(pattern: str) -> str:
    """The pattern of which the matches are listed: it matches what `pattern` does, or more."""
    for expression, by in _LISTED:
        pattern = expression.sub(by, pattern)
    return pattern


def steps(pattern: str) -> Iterator[tuple[str, str]]:
    """For each wildcard of a pattern (the pattern up to it, what follows up to the next one)."""
    parts = pattern.split("/")[1:]
    for at, part in enumerate(parts, start=1):
        if is_wild(part):
            until = next((end for end in range(at, len(parts)) if is_wild(parts[end])), len(parts))
            rest = "".join(f"/{plain}" for plain in parts[at:until])
            yield "/" + "/".join(parts[:at]), rest if until == len(parts) else f"{rest}/"


def beginning(pattern: str) -> str:
    """The directory before the first wildcard, with a slash at its end."""
    return re.sub("/[^/]*[*?].*", "/", pattern, flags=re.DOTALL)


def _marked(expression: str) -> str:
    for cut, by in _CUTS:
        expression = cut.sub(by, expression)
    return expression


def is_deep(expression: str) -> bool:
    """Whether it may match what lies in directories that its pattern says nothing of."""
    return "\002" in _marked(expression)


def of_expression(expression: str) -> str:
    """The wildcard of a regular expression that begins with `^/`: it matches what that does, down to its depth."""
    marked = re.sub("\002.*", "\003", _marked(expression), flags=re.DOTALL)
    return marked.replace("\001", ".").replace("\003", "*")


def choices(expression: str) -> Sequence[str]:
    """The expressions that it is together, when it holds alternatives; itself when they are too many."""
    found = [expression]
    while any(_CHOICE.search(one) for one in found):
        found = [each for one in found for each in _first_chosen(one)]
        if len(found) > _MAX_CHOICES:
            return [expression]
    return found


def _first_chosen(expression: str) -> Iterable[str]:
    choice = _CHOICE.search(expression)
    if not choice:
        return [expression]
    before, after = expression[: choice.start()], expression[choice.end() :]
    return [before + one + after for one in choice[1].split("|")]
