"""Sentences for people: results on standard output, what to know besides on standard error."""

from __future__ import annotations

import sys


def say(text: str = "", *, indent: int = 0) -> None:
    """Print a text, wrapped where there is a terminal; lines after the first are indented."""
    from secops.core.inert import printable
    from secops.core.render import stdout_page

    lines = printable(text).split("\n")
    if sys.stdout.isatty():
        lines = [part for line in lines for part in _wrapped(line, stdout_page().width, indent)]
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def complain(text: str, *, indent: int = 2) -> None:
    """Print a text on standard error, wrapped where that is a terminal."""
    from secops.core.inert import printable
    from secops.core.render import stderr_width

    lines, width = printable(text).split("\n"), stderr_width()
    if width:
        lines = [part for line in lines for part in _wrapped(line, width, indent)]
    sys.stderr.write("".join(f"{line}\n" for line in lines))


def _wrapped(line: str, width: int, indent: int) -> list[str]:
    from secops.core.columns import wrap

    first, *rest = wrap(line, width) or [""]
    if not rest:
        return [first]
    return [first, *(" " * indent + part for part in wrap(line[len(first) :].lstrip(" "), width - indent))]
