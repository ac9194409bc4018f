"""Redis, Sentinel and Valkey: `requirepass`, `masterauth`, ACL users (`>password`, `#sha256`)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secops.hosts.credentials.kind import Credential, Kind
from secops.hosts.credentials.text import credential, encode, lines

_SERVICE = "redis"

#: A word as sdssplitargs reads it: quotes may start in it and must end it; in single ones only \' is an escape.
_WORD = re.compile(r"""\s*([^\s"']*)(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\'|\\(?!'))*)')?(?=\s|$)""")
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}

#: Setting → the account that its password opens.
_SETTINGS = {"requirepass": "default", "masterauth": "masterauth", "primaryauth": "primaryauth"}
_SHA256 = re.compile(rb"#[0-9a-f]{64}")


def read(path: str, content: bytes) -> Iterator[Credential]:
    for number, line in lines(content):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        words = _words(text)
        name = words[0].lower().decode("latin-1") if words else ""
        if name in _SETTINGS and len(words) == 2:
            if words[1]:
                yield credential(_SERVICE, path, number, _SETTINGS[name], words[1])
        elif name == "tls-key-file-pass" and len(words) == 2:
            yield credential(_SERVICE, path, number, name, words[1])
        elif name == "user" and len(words) > 2:
            yield from _user(path, number, words[1].decode("utf-8", "surrogateescape"), words[2:])
        elif name == "sentinel" and len(words) > 2:
            yield from _sentinel(path, number, words[1].lower(), words[2:])


def _user(path: str, number: int, user: str, rules: list[bytes]) -> Iterator[Credential]:
    """Rules apply from left to right: `nopass` and `resetpass` forget the passwords before them."""
    held: list[tuple[bytes, bool]] = []
    for rule in rules:
        match rule[:1]:
            case b">":
                held.append((rule[1:], False))
            case b"#" if _SHA256.fullmatch(rule.lower()):
                held.append((rule.lower(), True))
            case b"<":
                held = [each for each in held if each != (rule[1:], False)]
            case b"!":
                held = [each for each in held if each != (b"#" + rule[1:].lower(), True)]
        if rule.lower() in (b"nopass", b"resetpass", b"reset"):
            held = [(b"", False)] if rule.lower() == b"nopass" else []
    for value, hashed in held:
        yield credential(_SERVICE, path, number, user, value, "hash" if hashed else "plain")


def _sentinel(path: str, number: int, name: bytes, rest: list[bytes]) -> Iterator[Credential]:
    if name == b"auth-pass" and len(rest) == 2:
        yield credential(_SERVICE, path, number, rest[0].decode("utf-8", "surrogateescape"), rest[1])
    elif name == b"sentinel-pass":
        yield credential(_SERVICE, path, number, "sentinel", rest[0])


def _words(text: str) -> list[bytes]:
    """The words of a line; none when its quotes do not end, which Redis would refuse too."""
    words, at = [], 0
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            return []
        bare, double, single = match.groups(default="")
        words.append(encode(bare) + _ESCAPE.sub(_unescaped, encode(double)) + encode(single.replace("\\'", "'")))
        at = match.end()
    return words


def _unescaped(match: re.Match[bytes]) -> bytes:
    return bytes.fromhex(match[1].decode()) if match[1] else _LETTERS.get(match[2], match[2])


KIND = Kind(
    _SERVICE,
    (
        "/etc/redis.conf",
        "/etc/redis-sentinel.conf",
        "/etc/redis/*.conf",
        "/etc/redis/*.acl",
        "/etc/redis/*/*.conf",
        "/etc/valkey/*.conf",
        "/etc/valkey/*.acl",
        "/etc/keydb/*.conf",
        "/usr/local/etc/redis*.conf",
        "/usr/local/etc/redis/*.conf",
        "/usr/local/redis*/*.conf",
        "/usr/local/redis*/*/*.conf",
        "/opt/redis*/*.conf",
        "/opt/redis*/*/*.conf",
        "/data/redis*/*.conf",
        "/data/redis*/*/*.conf",
    ),
    read,
)
