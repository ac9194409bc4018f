"""`.env` files: settings that are named after passwords, secrets, tokens and keys, and URLs with a password."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secops.hosts.credentials.kind import Credential, Kind
from secops.hosts.credentials.text import lines, of_setting

_SERVICE = "dotenv"
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=\s*(.*)", re.DOTALL)
_VALUE = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)"|((?:(?!\s#).)*)""", re.DOTALL)
_REFERENCE = re.compile(r"\$[A-Za-z_]\w*|\$\(.*\)|`.*`", re.DOTALL)
_TEMPLATES = (".example", ".sample", ".dist", ".template", ".tpl")


def read(path: str, content: bytes) -> Iterator[Credential]:
    if path.endswith(_TEMPLATES):
        return
    for number, line in lines(content):
        match = _ASSIGNMENT.match(line)
        if match and not line.lstrip().startswith("#"):
            yield from of_assignment(_SERVICE, path, number, match[1], match[2])


def of_assignment(service: str, path: str, line: int, name: str, text: str) -> Iterator[Credential]:
    """What an assignment of a shell or of a `.env` file holds: quoted, commented, or a reference to a variable."""
    match = _VALUE.match(text)
    single, double, bare = match.groups() if match else (None, None, text)
    if single is not None:
        value = single
    elif double is not None:
        value = re.sub(r'\\(["\\$`])', r"\1", double)
    else:
        value = bare.strip()
    if single is not None or not _REFERENCE.fullmatch(value):
        yield from of_setting(service, path, line, name, value)


_FOLDERS = ("/app", "/opt/*", "/opt/*/*", "/srv/*", "/srv/*/*", "/var/www", "/var/www/*", "/var/www/*/*", "/data/*",
            "/data/*/*", "/usr/local/*", "/usr/share/nginx/*", "/www/wwwroot/*", "~", "~/*", "~/*/*")  # fmt: skip

KIND = Kind(_SERVICE, tuple(f"{folder}/{name}" for folder in _FOLDERS for name in (".env", ".env.*")), read)
