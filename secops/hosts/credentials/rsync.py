"""rsync: the daemon's secrets files, and the password files of its clients."""

from __future__ import annotations

from collections.abc import Iterator

from secops.hosts.credentials.kind import Credential, Kind, UnreadableError
from secops.hosts.credentials.text import credential, elsewhere, ini, lines

_SERVICE = "rsync"

_PATTERNS = (
    "/etc/rsyncd.conf",
    "/etc/rsyncd.d/*.conf",
    "/etc/rsync*.secret*",
    "/etc/rsync*.pass*",
    "/etc/rsync*.pas",
    "/etc/rsync*.pwd",
    "/etc/rsync*/*.secret*",
    "/etc/rsync*/*.pass*",
    "/etc/rsync*/*.pas",
    "/etc/rsync*/*.pwd",
    "/etc/rsync_pass*",
    "/usr/local/etc/rsync*.secret*",
    "/usr/local/etc/rsync*.pass*",
)


def read(path: str, content: bytes) -> Iterator[Credential]:
    return _configuration(content) if path.endswith(".conf") else _secrets(path, content)


def _secrets(path: str, content: bytes) -> Iterator[Credential]:
    """`user:password` lines; a password file of a client holds nothing but the password, in its first line."""
    for number, line in lines(content):
        if not line or line.startswith(("#", ";")):
            continue
        user, colon, value = line.partition(":")
        if colon:
            yield credential(_SERVICE, path, number, user, value)
        elif number == 1:
            yield credential(_SERVICE, path, number, "", user.strip())
            return


def _configuration(content: bytes) -> Iterator[Credential]:
    for setting in ini(content):
        if setting.name.lower().split() == ["secrets", "file"] and elsewhere(setting.value, _PATTERNS):
            raise UnreadableError("names a secrets file where none is looked for")
    yield from ()


KIND = Kind(_SERVICE, _PATTERNS, read)
