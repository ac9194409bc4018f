"""MySQL and MariaDB: the option files of clients and servers, Debian's `debian.cnf`, and `.mylogin.cnf`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secops.hosts.credentials.ciphers import aes128_decrypt
from secops.hosts.credentials.kind import Credential, Form, Kind, UnreadableError
from secops.hosts.credentials.text import Setting, credential, ini, unquoted

_SERVICE = "mysql"
_MOST_HIDDEN = 1 << 14  # bytes of a `.mylogin.cnf`, which is decrypted slowly
_PASSWORDS = frozenset({"password", "pass", "master-password", "source-password"})
_PAIRS = frozenset({"wsrep-sst-auth"})  # user:password
_ESCAPE = re.compile(r"\\([btnrs'\"\\])")
_LETTERS = {"b": "\b", "t": "\t", "n": "\n", "r": "\r", "s": " "}


def read(path: str, content: bytes) -> Iterator[Credential]:
    if path.endswith(".mylogin.cnf"):
        return _of_settings(path, ini(_deobfuscated(content), "#"), "obfuscated")
    return _of_settings(path, ini(content), "plain")


def _of_settings(path: str, found: Iterator[Setting], form: Form) -> Iterator[Credential]:
    settings = [each._replace(name=each.name.replace("_", "-"), value=_value(each.value)) for each in found]
    users = {each.section: each.value for each in settings if each.name == "user"}
    for each in settings:
        if each.name in _PASSWORDS and each.value:
            yield credential(_SERVICE, path, each.line, users.get(each.section, each.section), each.value, form)
        elif each.name in _PAIRS:
            user, _, password = each.value.partition(":")
            if password:
                yield credential(_SERVICE, path, each.line, user, password, form)


def _value(text: str) -> str:
    """Without a comment at its end, without quotes, with its escapes read."""
    value = unquoted(text[: _end(text)].strip())
    return _ESCAPE.sub(lambda found: _LETTERS.get(found[1], found[1]), value)


def _end(text: str) -> int:
    """Where a comment starts: at the first `#` outside of quotes."""
    quote, escaped = "", False
    for place, char in enumerate(text):
        if char in "'\"" and not escaped:
            quote = "" if quote == char else quote or char
        elif char == "#" and not quote:
            return place
        escaped = bool(quote) and char == "\\" and not escaped
    return len(text)


def _deobfuscated(content: bytes) -> bytes:
    """The text of a `.mylogin.cnf`: 4 bytes, a key of 20, then lines in AES, each after its length (little-endian)."""
    if not 24 <= len(content) <= _MOST_HIDDEN:
        raise UnreadableError("is no login path file of mysql_config_editor")
    key = bytearray(16)
    for place, byte in enumerate(content[4:24]):
        key[place % 16] ^= byte
    text, at = bytearray(), 24
    while at < len(content):
        length = int.from_bytes(content[at : at + 4], "little")
        block = content[at + 4 : at + 4 + length]
        if not length or len(block) != length or length % 16:
            raise UnreadableError("is no login path file of mysql_config_editor")
        line = aes128_decrypt(bytes(key), block)
        text += line[: -line[-1]] if 0 < line[-1] <= 16 else line
        at += 4 + length
    return bytes(text)


KIND = Kind(
    _SERVICE,
    (
        "~/.my.cnf",
        "~/.mylogin.cnf",
        "/etc/my.cnf",
        "/etc/my.cnf.d/*.cnf",
        "/etc/mysql/*.cnf",
        "/etc/mysql/*/*.cnf",
        "/usr/local/mysql*/my.cnf",
        "/usr/local/mysql*/etc/my.cnf",
        "/usr/local/etc/my.cnf",
        "/opt/mysql*/my.cnf",
    ),
    read,
)
