"""Common configuration of applications: Spring (properties, YAML), Compose, PHP, Django, INI. Conservative: a setting
counts when its name says that it is a password, a secret, a token or a key, or when its value is a URL with one, and
when it stands in the file itself: references, vaults and encrypted properties do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from secops.core.yaml import leaves
from secops.hosts.credentials.dotenv import of_assignment
from secops.hosts.credentials.kind import Credential, Kind, UnreadableError
from secops.hosts.credentials.text import decode, ini, lines, of_setting, unquoted

_SERVICE = "application"

_PROPERTY = re.compile(r"\s*((?:[^\s=:\\]|\\.)+)\s*[=:\s]\s*(.*)", re.DOTALL)
_UNICODE = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
_ASSIGNMENT = re.compile(r"([A-Za-z_][\w.-]*)=(.*)", re.DOTALL)

#: `'name' => 'value'`, `'name': 'value'`, `name = 'value'` and `define('name', 'value')`, of PHP and Python.
_LITERAL = re.compile(
    r"""(?<![\w$.-])\$?([A-Za-z_][\w-]{0,80})["']?\]?\s{0,20}(?:=>|=|:|,)\s{0,20}"""
    r"""(?:'((?:[^'\\]|\\.){1,500})'|"((?:[^"\\]|\\.){1,500})")"""
)
_CODE_COMMENT = ("#", "//", "*", "/*")


def read(path: str, content: bytes) -> Iterator[Credential]:
    if path.endswith((".yml", ".yaml")):
        return _yaml(path, content)
    if path.endswith(".properties"):
        return _properties(path, content)
    return _code(path, content) if path.endswith((".php", ".py")) else _ini(path, content)


def _yaml(path: str, content: bytes) -> Iterator[Credential]:
    """Keys, and in sequences the assignments of Compose (`- NAME=value`)."""
    try:
        text = content.decode("utf-8-sig") if not content.startswith((b"\xff\xfe", b"\xfe\xff")) else decode(content)
    except UnicodeError:
        text = content.decode("gb18030", "replace")
    try:
        for leaf in leaves(text):
            assigned = _ASSIGNMENT.fullmatch(leaf.text)
            if leaf.tag in ("!vault", "!reference") or not leaf.path:
                continue
            if leaf.path[-1].isdigit() and assigned:
                yield from of_assignment(_SERVICE, path, leaf.line, assigned[1], assigned[2])
            else:
                yield from of_setting(_SERVICE, path, leaf.line, ".".join(leaf.path[-4:]), leaf.text)
    except ValueError as error:
        raise UnreadableError(str(error)) from None


def _properties(path: str, content: bytes) -> Iterator[Credential]:
    """`name=value`, `name: value` or `name value`; a backslash continues a line and quotes a character."""
    start, held = 0, ""
    for number, line in lines(content):
        if not held and line.lstrip().startswith(("#", "!")):
            continue
        start = start if held else number
        held += line.lstrip() if held else line
        if (len(held) - len(held.rstrip("\\"))) % 2:
            held = held[:-1]
            if held and len(held) < 1 << 16:
                continue
        if match := _PROPERTY.fullmatch(held):
            yield from of_setting(_SERVICE, path, start, _unescaped(match[1]), _unescaped(match[2]))
        held = ""


def _unescaped(text: str) -> str:
    text = _UNICODE.sub(_character, text)
    return re.sub(r"\\(.)", r"\1", text)


def _character(match: re.Match[str]) -> str:
    return bytes.fromhex(match[0].replace("\\u", "")).decode("utf-16-be", "replace")


def _ini(path: str, content: bytes) -> Iterator[Credential]:
    for setting in ini(content):
        yield from of_setting(_SERVICE, path, setting.line, setting.name, unquoted(setting.value))


def _code(path: str, content: bytes) -> Iterator[Credential]:
    """Literals of one line. What is computed, or read from the environment, is no literal."""
    comment = False
    for number, line in lines(content):
        text = line.strip()
        comment = comment or text.startswith("/*")
        if not comment and not text.startswith(_CODE_COMMENT):
            for name, single, double in _LITERAL.findall(text[:4096]):
                value = re.sub(r"\\(['\"\\$])", r"\1", single or double)
                if not (double and re.match(r"\$\w", value)):
                    yield from of_setting(_SERVICE, path, number, name, value)
        comment = comment and "*/" not in text


_SPRING = (
    "application*.properties",
    "application*.yml",
    "application*.yaml",
    "bootstrap*.properties",
    "bootstrap*.yml",
)
_FOLDERS = ("/app", "/app/*", "/opt/*", "/opt/*/conf", "/opt/*/config", "/srv/*", "/srv/*/conf", "/srv/*/config",
            "/data/*", "/data/*/conf", "/data/*/config", "/etc/*", "/usr/local/*", "/usr/local/*/conf",
            "/usr/local/*/config", "~", "~/*", "~/*/conf", "~/*/config")  # fmt: skip
_SITES = ("/var/www", "/var/www/*", "/var/www/*/*", "/srv/*", "/srv/*/*", "/usr/share/nginx/*", "/www/wwwroot/*")

KIND = Kind(
    _SERVICE,
    (
        *(f"{folder}/{name}" for folder in _FOLDERS for name in _SPRING),
        *(f"{site}/{name}" for site in _SITES for name in ("wp-config.php", "config.php", "config.inc.php")),
        *(f"{site}/config/{name}" for site in _SITES for name in ("config.php", "database.php")),
        *(f"{site}/{name}" for site in ("/var/www/*", "/srv/*", "/opt/*") for name in ("*.ini", "config/*.ini")),
        *(
            f"{site}/{name}"
            for site in ("/opt/*", "/opt/*/*", "/srv/*", "/srv/*/*", "/var/www/*", "/var/www/*/*", "/app", "/app/*")
            for name in ("settings.py", "local_settings.py")
        ),
        *(
            f"{folder}/{name}"
            for folder in ("/opt/*", "/opt/*/*", "/srv/*", "/srv/*/*", "/data/*", "~", "~/*")
            for name in ("docker-compose*.y*ml", "compose.y*ml")
        ),
        "/etc/phpmyadmin/*.php",
        "/etc/wordpress/*.php",
        "/etc/zabbix/*.conf",
        "/etc/zabbix/web/*.php",
        "/etc/grafana/grafana.ini",
        "/etc/gitea/app.ini",
        "/etc/supervisord.conf",
        "/etc/supervisor/supervisord.conf",
    ),
    read,
)
