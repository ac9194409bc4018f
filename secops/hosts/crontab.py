"""Crontab lines without their arguments: those often hold passwords, and must not even leave the host.

The rules below reduce a line to its schedule, user, first command word and first absolute path. They run on the host
(`sed -E`) and again in the parser, which therefore never sees more; reducing a reduced line changes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from secops.hosts.section import Rewrite

# Extended regular expressions that sed and Python read alike: no classes by name, no `~` (sed's delimiter here), and
# at most nine groups up to the last one that is used.
_BLANKS = "[ \t]+"
_NUMBERS = "[^] \t=:;()&|<>\"'$%._\\\\A-Za-z[]+"  # minute, hour, day
_NAMES = "[^] \t=:;()&|<>\"'$%._\\\\[]+"  # month, weekday
_TIMES = f"{_NUMBERS}{_BLANKS}{_NUMBERS}{_BLANKS}{_NUMBERS}{_BLANKS}{_NAMES}{_BLANKS}{_NAMES}"
_USER = "[^ \t/\"'()&|<>=;]+"
_HEADS = {
    "system": f"(@[a-z_]+|{_TIMES}){_BLANKS}{_USER}{_BLANKS}",
    "user": f"(@[a-z_]+|{_TIMES}){_BLANKS}",
    "anacron": f"(@[a-z_]+|[0-9]+){_BLANKS}[0-9]+{_BLANKS}[^ \t]+{_BLANKS}",
}
_VALUE = "(\"[^\"\\\\$`]*\"|'[^']*'|[^] \t\"'\\\\`()$;&|<>[])*"  # without what may hold blanks elsewhere
_ASSIGNMENTS = f"([A-Za-z_][A-Za-z0-9_]*={_VALUE}{_BLANKS})*"
_OPENERS = "[\"'({]*"
_NAME = "[^ \t\"'()%\\\\<>=$`*?;&|]"
_PATH = f"/{_NAME}+"
_COMMAND = f"[^ \t/\"'()%\\\\<>=$`*?;&|]{_NAME}*"
_REDIRECTION = "[0-9&]?[<>]+[ \t]*[^ \t%<>][^ \t%]*"
_NUMBER = "[0-9&]+|[0-9&]+[^ \t%<>0-9&][^ \t%]*"
_WORD = (
    f"[\"'({{]+|{_OPENERS}[^ \t/\"'({{%\\\\<>0-9&]([^ \t%\\\\]|\\\\.)*|{_NUMBER}|/"  # `%` ends the command, `\%` not
)
_ENVIRONMENT = "(\"[^\"]*\"|'[^']*'|[A-Za-z_][^ \t=]*)[ \t]*="


@cache
def reduction(kind: str) -> Rewrite:
    """The rules for a kind of file: `system` (with a user field), `user`, or `anacron`.

    What remains of a line: nothing (comment, environment), `HEAD path`, `HEAD word path`, `HEAD word`, `HEAD ?` (no
    plain word), or `?` (no cron entry).
    """
    head = f"^[ \t]*({_HEADS[kind]})"
    start = f"{head}{_ASSIGNMENTS}{_OPENERS}"
    word = re.compile(start).groups + 1
    later = f"{start}({_COMMAND}){_BLANKS}(({_REDIRECTION}|{_WORD}){_BLANKS})*{_OPENERS}({_PATH})"
    path = re.compile(later).groups
    return (
        ("^[ \t]*(#.*)?$", ""),
        (f"^[ \t]*{_ENVIRONMENT}.*$", ""),
        (f"{start}({_PATH}).*$", rf"\1\{word}"),
        (f"{later}.*$", rf"\1\{word} \{path}"),
        (f"{start}({_COMMAND})([ \t;&|<>)].*)?$", rf"\1\{word}"),
        (f"{head}.*$", r"\1?"),
        ("^.*$", "?"),
    )


@dataclass(frozen=True)
class Job:
    """One entry. `user` is None where the line does not name one; `command` is None when it is no plain word."""

    schedule: str
    user: str | None
    command: str | None
    path: str | None


def parse_line(line: str, kind: str) -> Job | None:
    """The job of a line. None for comments, blank lines and settings. Raises `ValueError` for what is no entry."""
    words = [word for word in re.split(_BLANKS, reduce(line, kind)) if word]
    if not words:
        return None
    if words == ["?"]:
        raise ValueError("not a cron entry")
    times = 2 if kind == "anacron" else 1 if words[0].startswith("@") else 5
    command = words[times:] if kind == "user" else words[times + 1 :]
    return Job(
        schedule=" ".join(words[:times]),
        user=words[times] if kind == "system" else None,
        command=None if command[0] == "?" else command[0],
        path=next((word for word in command if word.startswith("/")), None),
    )


def reduce(line: str, kind: str) -> str:
    """The line as it leaves a host."""
    for pattern, replacement in _compiled(kind):
        reduced, changed = pattern.subn(replacement, line, count=1)
        if changed:
            return reduced
    raise AssertionError("the last rule takes every line")


@cache
def _compiled(kind: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, re.DOTALL), replacement) for pattern, replacement in reduction(kind))
