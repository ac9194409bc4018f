"""Sentences for people, on standard output."""

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


def _wrapped(line: str, width: int, indent: int) -> list[str]:
    from secops.core.columns import wrap

    first, *rest = wrap(line, width) or [""]
    if not rest:
        return [first]
    return [first, *(" " * indent + part for part in wrap(line[len(first) :].lstrip(" "), width - indent))]
