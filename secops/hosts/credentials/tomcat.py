"""Tomcat: `tomcat-users.xml`, and the passwords in the attributes of `server.xml` and `context.xml`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NoReturn
from xml.parsers import expat

from secops.hosts.credentials.kind import Credential, Kind, UnreadableError
from secops.hosts.credentials.text import credential, literal

_SERVICE = "tomcat"

#: Encodings that expat does not know, as a declaration may name them.
_ENCODING = re.compile(rb"""^\s*<\?xml\s[^>]{0,100}?encoding\s*=\s*["'](gbk|gb2312|gb18030)["']""", re.IGNORECASE)
_DIGEST = re.compile(
    r"(?:[0-9a-fA-F]+\$[0-9]+\$)?(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128})"
)
_ATTRIBUTE = re.compile(r"(?:password|pass|secret)$", re.IGNORECASE)

_Element = tuple[int, str, dict[str, str]]


def read(path: str, content: bytes) -> Iterator[Credential]:
    users = path.rpartition("/")[2].startswith("tomcat-users")
    for line, name, attributes in _elements(content):
        if users and name == "user":
            yield from _user(path, line, attributes)
        elif not users:
            account = attributes.get("username") or attributes.get("connectionName")
            for attribute, value in attributes.items():
                if _ATTRIBUTE.search(attribute) and (text := literal(value)):
                    yield credential(_SERVICE, path, line, account or attribute, text)


def _user(path: str, line: int, attributes: dict[str, str]) -> Iterator[Credential]:
    user, value = attributes.get("username") or attributes.get("name", ""), attributes.get("password")
    if value is None or value.startswith("${"):
        return
    if _DIGEST.fullmatch(value):
        yield credential(_SERVICE, path, line, user, f"tomcat:{value}", "hash")
    else:
        yield credential(_SERVICE, path, line, user, value)


def _elements(content: bytes) -> list[_Element]:
    """(line, name, attributes) of each element. A document type is refused: entities are declared in it only."""
    declared = _ENCODING.match(content[:300])
    parser = expat.ParserCreate("utf-8" if declared else None)
    found: list[_Element] = []

    def refuse(*_: object) -> NoReturn:
        raise UnreadableError("holds a document type declaration, which is not read")

    def start(name: str, attributes: dict[str, str]) -> None:
        found.append((parser.CurrentLineNumber, name.rpartition(":")[2], attributes))

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    try:
        parser.Parse(content.decode("gb18030").encode() if declared else content, True)
    except expat.ExpatError as error:
        raise UnreadableError(f"is no XML at line {error.lineno}") from None
    except (UnicodeError, LookupError, ValueError) as error:
        raise error if isinstance(error, UnreadableError) else UnreadableError("is no XML") from None
    return found


KIND = Kind(
    _SERVICE,
    tuple(
        f"{folder}/{file}"
        for folder in (
            "/etc/tomcat*",
            "/etc/tomcat*/Catalina/localhost",
            "/opt/*tomcat*/conf",
            "/opt/*/*tomcat*/conf",
            "/usr/local/*tomcat*/conf",
            "/usr/share/tomcat*/conf",
            "/var/lib/tomcat*/conf",
            "/data/*tomcat*/conf",
            "/home/*/*tomcat*/conf",
        )
        for file in ("tomcat-users.xml", "server.xml", "context.xml")
    ),
    read,
)
