"""netrc: what curl, git, ftp and Python log in with. (Python's own reader puts what it cannot read in its errors.)"""

from __future__ import annotations

import re
from collections.abc import Iterator

from secops.hosts.credentials.kind import Credential, Kind
from secops.hosts.credentials.text import credential, lines

_SERVICE = "netrc"
_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|(\S+))')


def read(path: str, content: bytes) -> Iterator[Credential]:
    login = name = ""
    held: tuple[int, str] | None = None
    for number, token in _tokens(content):
        if name:
            if name == "login":
                login = token
            elif name == "password":
                held = number, token
            name = ""
        elif token in ("machine", "default"):
            if held and held[1]:
                yield credential(_SERVICE, path, held[0], login, held[1])
            login, held, name = "", None, token.removeprefix("default")
        elif token in ("login", "user", "password", "passwd", "account"):
            name = {"user": "login", "passwd": "password"}.get(token, token)
    if held and held[1]:
        yield credential(_SERVICE, path, held[0], login, held[1])


def _tokens(content: bytes) -> Iterator[tuple[int, str]]:
    """Tokens with their lines; no comments and no macros (`macdef` up to an empty line)."""
    macro = False
    wants_value = False
    for number, line in lines(content):
        macro = macro and bool(line.strip())
        if macro:
            continue
        for match in _TOKEN.finditer(line.strip()):
            token = match[2] if match[1] is None else re.sub(r"\\(.)", r"\1", match[1])
            if token.startswith("#") and not wants_value:
                break
            if token == "macdef" and not wants_value:  # noqa: S105 - a keyword
                macro = True
                break
            wants_value = not wants_value and token in ("machine", "login", "user", "password", "passwd", "account")
            yield number, token


KIND = Kind(_SERVICE, ("~/.netrc", "~/_netrc"), read)
