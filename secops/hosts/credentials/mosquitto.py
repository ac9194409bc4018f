"""Mosquitto: password files (`$6$` and `$7$` of its own, not those of crypt), and the passwords of bridges."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secops.hosts.credentials.kind import Credential, Kind, UnreadableError
from secops.hosts.credentials.text import credential, elsewhere, lines

_SERVICE = "mosquitto"
_HASH = re.compile(r"\$6\$[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+|\$7\$[0-9]+\$[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+")
_PASSWORDS = ("remote_password", "password", "bridge_psk")
_USERS = ("remote_username", "username", "bridge_identity")

_PATTERNS = (
    "/etc/mosquitto/*.conf",
    "/etc/mosquitto/conf.d/*.conf",
    "/etc/mosquitto/pass*",
    "/etc/mosquitto/pw*",
    "/etc/mosquitto/*.pass*",
    "/etc/mosquitto/*.pw*",
    "/etc/mosquitto/conf.d/pass*",
    "/etc/mosquitto/conf.d/pw*",
)


def read(path: str, content: bytes) -> Iterator[Credential]:
    return _configuration(path, content) if path.endswith(".conf") else _passwords(path, content)


def _passwords(path: str, content: bytes) -> Iterator[Credential]:
    for number, line in lines(content):
        user, colon, value = line.partition(":")
        if not colon or line.startswith("#"):
            continue
        if _HASH.fullmatch(value):
            yield credential(_SERVICE, path, number, user, f"mosquitto:{value}", "hash")
        elif value:
            yield credential(_SERVICE, path, number, user, value)


def _configuration(path: str, content: bytes) -> Iterator[Credential]:
    user, missing = "", False
    for number, line in lines(content):
        name, _, value = line.strip().partition(" ")
        value = value.strip()
        if name == "connection":
            user = ""
        elif name in _USERS:
            user = value
        elif name in _PASSWORDS and value:
            yield credential(_SERVICE, path, number, user or name, value)
        missing = missing or (name == "password_file" and elsewhere(value, _PATTERNS))
    if missing:
        raise UnreadableError("names a password_file where none is looked for")


KIND = Kind(_SERVICE, _PATTERNS, read)
