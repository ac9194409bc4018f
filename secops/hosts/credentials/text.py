"""What readers of credential files share: text of any encoding, lines, INI, and what a setting's value is."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from secops.core.secret import Secret
from secops.hosts.credentials.kind import Credential, Form, UnreadableError
from secops.hosts.evidence import readable

#: What crypt(3) functions and the function table of `secops.passwords.service_hashes` write, and PHC strings.
_HASH = re.compile(
    r"\$(?:1|2[abxy]|5|6|7|y|gy|md5|sha1|sm3|apr1|argon2\w*|pbkdf2[\w-]*|scrypt)[$,].{8,}|\{S?SHA\}.{20,}"
)

#: A value that another place gives: templates, vaults, encrypted properties.
_ELSEWHERE = re.compile(
    r"ENC\(.*\)|\{cipher\}.*|vault:.*|!vault.*|\$ANSIBLE_VAULT.*|\{\{.*\}\}|<%.*%>|@[\w.-]+@|%\(\w+\)s|%\w+%|<[^<>]*>"
    r"|\$__\w+\{.*\}",
    re.DOTALL,
)
_DEFAULT = re.compile(r"\$\{[\w.-]+(?::[-=]?(.*))?\}", re.DOTALL)
_NO_VALUE = frozenset({"", "null", "nil", "none", "undefined", "true", "false", "yes", "no", "on", "off", "~"})

_SECRET_NAME = re.compile(
    r"(?:(?i:password|passwd|passphrase|pwd|secret|token|(?:^|[^a-z])pass"
    r"|(?:api|access|secret|app|auth|auth_?in|logged_in|nonce|encryption|signing|master|jwt|session|account|storage)"
    r"[_.-]?key)|[a-z0-9]Pass)$"
)
_NO_SECRET_NAME = re.compile(r"^(?:old)?pwd$|csrf|(?:^|[_.-])allow[_.-]", re.IGNORECASE)

_URL = re.compile(r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{1,30}://([^\s/?#\"'<>]{1,2000})")
_IN_QUERY = re.compile(r"[?&;](?:password|passwd|pwd)=([^\s&;\"'<>]{1,500})", re.IGNORECASE)


_LONGEST_ACCOUNT = 200


class Setting(NamedTuple):
    """One `name = value` of an INI file, below its section ("" before the first)."""

    line: int
    section: str
    name: str
    value: str


def decode(content: bytes) -> str:
    """The text: UTF-8 with or without a mark, UTF-16 with one; bytes of another encoding stay (see `encode`).

    Raises `UnreadableError` for what is no text.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            text = content.decode("utf-16")
        except UnicodeError:
            raise UnreadableError("is no text") from None
    else:
        text = content.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    if "\0" in text:
        raise UnreadableError("is no text: it holds NUL bytes")
    return text


def encode(text: str) -> bytes:
    """The bytes that stand in the file."""
    return text.encode("utf-8", "surrogateescape")


def lines(content: bytes) -> Iterator[tuple[int, str]]:
    """Lines with their numbers from 1, without their ends. Raises `UnreadableError` for what is no text."""
    for number, line in enumerate(decode(content).split("\n"), start=1):
        yield number, line.removesuffix("\r")


def ini(content: bytes, comments: str = "#;") -> Iterator[Setting]:
    """The settings of an INI file as they stand, quotes and all: it interprets no value, so none breaks it."""
    section = ""
    for number, line in lines(content):
        text = line.strip()
        if text.startswith("[") and text.endswith("]"):
            section = text[1:-1].strip()
        elif text and text[0] not in comments:
            name, equals, value = text.partition("=")
            if equals:
                yield Setting(number, section, name.strip(), value.strip())


def credential(
    service: str, path: str, line: int | None, account: str, value: str | bytes, form: Form = "plain"
) -> Credential:
    """A credential whose account can be shown and stored, whatever bytes it has."""
    raw = value if isinstance(value, bytes) else encode(value)
    return Credential(service, path, line, readable(encode(account))[:_LONGEST_ACCOUNT], form, Secret(raw))


def is_hash(value: str) -> bool:
    """Whether a password field holds a hash in one of the common notations."""
    return _HASH.fullmatch(value) is not None


def unquoted(value: str) -> str:
    """Without the quotes around it, if there are any."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value


def elsewhere(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a file that a configuration names is not among those that are read."""
    return not any(fnmatchcase(path, pattern) for pattern in patterns if pattern.startswith("/"))


def is_secret(name: str) -> bool:
    """Whether a setting of this name holds a password, a secret or a token."""
    return len(name) < 200 and bool(_SECRET_NAME.search(name)) and not _NO_SECRET_NAME.search(name)


def literal(value: str) -> str | None:
    """The value that stands in the file itself: of `${NAME:value}` the default; None when another place gives it."""
    text = value.strip()
    if match := _DEFAULT.fullmatch(text):
        text = (match[1] or "").strip()
    if text.lower() in _NO_VALUE or _DEFAULT.fullmatch(text) or _ELSEWHERE.fullmatch(text):
        return None
    return text


def of_setting(service: str, path: str, line: int | None, name: str, value: str) -> Iterator[Credential]:
    """What a setting of an application holds: the value itself when its name says so, else a password in a URL."""
    text = literal(value)
    if text is None:
        return
    if is_secret(name):
        if not (re.search(r"key$|token$", name, re.IGNORECASE) and text.startswith("/")):  # the path of a file
            plain = text.removeprefix("{noop}").removeprefix("{bcrypt}")
            yield credential(service, path, line, name, plain, "hash" if is_hash(plain) else "plain")
        return
    for found in (*_in_urls(text), *(match[1] for match in _IN_QUERY.finditer(text))):
        if literal(found) is not None:
            yield credential(service, path, line, name, unquote_to_bytes(encode(found)))


def _in_urls(text: str) -> Iterator[str]:
    for match in _URL.finditer(text):
        user_and_password, at, _ = match[1].rpartition("@")
        if at:
            yield user_and_password.partition(":")[2]
