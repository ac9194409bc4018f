"""PostgreSQL: `.pgpass`, `pg_service.conf`, replication's `primary_conninfo`, PgBouncer's `userlist.txt`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secops.hosts.credentials.kind import Credential, Kind
from secops.hosts.credentials.text import credential, ini, lines

_SERVICE = "postgresql"
_LONGEST = 4096  # of a line of `userlist.txt`
_FIELD = re.compile(r"((?:[^:\\]|\\.)*)(:|$)")
_QUOTED_PAIR = re.compile(r'\s*"((?:[^"]|"")*)"\s*"((?:[^"]|"")*)"')
_CONNINFO = re.compile(r"\s*(?:primary_conninfo|slave_conninfo)\s*=?\s*'((?:[^'\\]|''|\\.)*)'", re.IGNORECASE)
_KEYWORD = re.compile(r"(?:^|(?<=\s))(user|password)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|([^\s']+))")
_MD5 = re.compile(r"md5[0-9a-f]{32}")


def read(path: str, content: bytes) -> Iterator[Credential]:
    name = path.rpartition("/")[2]
    if name == "userlist.txt":
        return _userlist(path, content)
    if name.endswith("service.conf"):
        return _services(path, content)
    return _conninfo(path, content) if name.endswith(".conf") else _pgpass(path, content)


def _pgpass(path: str, content: bytes) -> Iterator[Credential]:
    """`host:port:database:user:password`; a backslash quotes a colon and itself."""
    for number, line in lines(content):
        if line.startswith("#"):
            continue
        fields: list[str] = []
        at = 0
        while len(fields) < 5 and (match := _FIELD.match(line, at)):
            fields.append(re.sub(r"\\(.)", r"\1", match[1]))
            at = match.end()
            if not match[2]:
                break
        if len(fields) == 5 and fields[4]:
            yield credential(_SERVICE, path, number, fields[3], fields[4])


def _services(path: str, content: bytes) -> Iterator[Credential]:
    settings = [setting for setting in ini(content, "#") if setting.name in ("user", "password")]
    users = {setting.section: setting.value for setting in settings if setting.name == "user"}
    for setting in settings:
        if setting.name == "password" and setting.value:
            account = users.get(setting.section, setting.section)
            yield credential(_SERVICE, path, setting.line, account, setting.value)


def _conninfo(path: str, content: bytes) -> Iterator[Credential]:
    for number, line in lines(content):
        if not (match := _CONNINFO.match(line)):
            continue
        text = re.sub(r"''", "'", match[1])
        pairs = {
            key: re.sub(r"\\(.)", r"\1", quoted) if quoted else bare for key, quoted, bare in _KEYWORD.findall(text)
        }
        if pairs.get("password"):
            yield credential(_SERVICE, path, number, pairs.get("user", ""), pairs["password"])


def _userlist(path: str, content: bytes) -> Iterator[Credential]:
    """`"user" "password, md5… or SCRAM-SHA-256$…"`; a quote is doubled."""
    for number, line in lines(content):
        if not (match := _QUOTED_PAIR.match(line[:_LONGEST])):
            continue
        user, value = (text.replace('""', '"') for text in match.groups())
        if _MD5.fullmatch(value):
            yield credential(_SERVICE, path, number, user, f"postgresql:{user}:{value}", "hash")
        elif value:
            yield credential(
                _SERVICE, path, number, user, value, "hash" if value.startswith("SCRAM-SHA-256$") else "plain"
            )


KIND = Kind(
    _SERVICE,
    (
        "~/.pgpass",
        "~/.pg_service.conf",
        "/etc/pg_service.conf",
        "/etc/sysconfig/pgsql/pg_service.conf",
        "/etc/postgresql-common/pg_service.conf",
        "/etc/pgbouncer/userlist.txt",
        "/var/lib/postgresql/*/*/postgresql.auto.conf",
        "/var/lib/postgresql/*/*/recovery.conf",
        "/var/lib/pgsql/data/postgresql.auto.conf",
        "/var/lib/pgsql/data/recovery.conf",
        "/var/lib/pgsql/*/data/postgresql.auto.conf",
        "/var/lib/pgsql/*/data/recovery.conf",
    ),
    read,
)
