"""What /etc/login.defs makes of new accounts and passwords: effective values, unset ones as shadow-utils takes them."""

from __future__ import annotations

from posixpath import basename

from secops.hosts.evidence import Evidence, Item
from secops.hosts.section import Files
from secops.hosts.tables import Built, Column, Row, Table
from secops.hosts.tables._files import WITHOUT_COMMENTS

VENDOR = "/usr/etc/login.defs"

#: Required: without the file nothing states how accounts are made (busybox ignores all of this), and that is no pass.
LOGIN_DEFS = Files("login_defs", ("/etc/login.defs", VENDOR), required=True, rewrite=WITHOUT_COMMENTS)
LOGIN_DEFS_DROP_INS = Files(
    "login_defs_drop_ins",
    ("/etc/login.defs.d/*.defs", "/usr/etc/login.defs.d/*.defs"),
    rewrite=WITHOUT_COMMENTS,
)

#: What shadow-utils does when a number is not set. -1 means: no such limit.
NUMBERS = {
    "PASS_MAX_DAYS": "-1", "PASS_MIN_DAYS": "-1", "PASS_WARN_AGE": "-1", "PASS_MIN_LEN": "0", "UMASK": "022",
    "UID_MIN": "1000", "UID_MAX": "60000", "GID_MIN": "1000", "GID_MAX": "60000", "SYS_UID_MIN": "101",
    "SYS_GID_MIN": "101", "LOGIN_RETRIES": "3", "LOGIN_TIMEOUT": "60", "FAIL_DELAY": "1",
}  # fmt: skip

#: The same for words. Before 4.20 the method was DES, which is what is assumed: the weaker one.
WORDS = {
    "ENCRYPT_METHOD": "DES", "CREATE_HOME": "no", "USERGROUPS_ENAB": "no", "LOG_OK_LOGINS": "no",
    "LOG_UNKFAIL_ENAB": "no", "SYSLOG_SU_ENAB": "no",
}  # fmt: skip

_OCTAL = frozenset({"UMASK", "HOME_MODE"})
_DERIVED = ("SYS_UID_MAX", "SYS_GID_MAX", "HOME_MODE")


def build(evidence: Evidence) -> Built:
    built = Built()
    files = evidence[LOGIN_DEFS.name].files
    if not files:
        return built
    rows: dict[str, Row] = {}
    for item in [_main(files), *_drop_ins(evidence, built)]:
        for number, line in enumerate(item.lines, start=1):
            key, value = _setting(line)
            if key:  # a later line replaces an earlier one
                rows[key] = _row(key, value, item.path, number)
    for key, value in (NUMBERS | WORDS).items():
        rows.setdefault(key, _row(key, value))
        if key in NUMBERS and _number(key, rows[key]["value"]) is None:
            rows[key] |= {"value": value, "is_default": True}
    for key in _DERIVED:
        if key not in rows or _number(key, rows[key]["value"]) is None:
            rows[key] = rows.get(key, _row(key, "")) | {"value": _derived(key, rows), "is_default": True}
    built.rows = list(rows.values())
    return built


def _main(files: tuple[Item, ...]) -> Item:
    """The file in force: one in /etc replaces the vendor's whole."""
    return next((item for item in files if item.path != VENDOR), files[0])


def _drop_ins(evidence: Evidence, built: Built) -> list[Item]:
    """Drop-ins in the order of their names, one in /etc instead of the vendor's of the same name.

    Only shadow-utils that know a vendor's file read them; elsewhere nobody can tell from files.
    """
    found = evidence[LOGIN_DEFS_DROP_INS.name].files
    if not any(item.path == VENDOR for item in evidence[LOGIN_DEFS.name].files):
        if found:
            built.lack(f"{found[0].path}: not known whether shadow-utils read it here")
        return []
    by_name = {basename(item.path): item for item in sorted(found, key=lambda item: item.path, reverse=True)}
    return [by_name[name] for name in sorted(by_name)]


def _setting(line: str) -> tuple[str, str]:
    """(key, value) of a line; empty for a comment or a key alone. Quotes around a value are not part of it."""
    words = line.strip(" \t\r").split(None, 1)
    if len(words) < 2 or words[0].startswith("#"):
        return "", ""
    value = words[1].lstrip('"')
    return words[0], value.partition('"')[0].rstrip()


def _row(key: str, value: str, source: str | None = None, line: int | None = None) -> Row:
    return {"key": key, "value": value, "source": source, "line": line, "is_default": source is None}


def _number(key: str, text: str) -> int | None:
    """The number shadow-utils read: decimal, octal after 0, hexadecimal after 0x; None when it is none."""
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isalnum() or len(digits) > 20 or (digits != text and key in _OCTAL):
        return None
    try:
        number = int(digits, 16 if digits[:2] in ("0x", "0X") else 8 if digits.startswith("0") else 10)
    except ValueError:
        return None
    return -number if digits != text else number


def _derived(key: str, rows: dict[str, Row]) -> str:
    """What an unset key follows from: the end of system ids from the first user's, the home's mode from the umask."""
    if key == "HOME_MODE":
        return f"{0o777 & ~(_number('UMASK', rows['UMASK']['value']) or 0):04o}"
    first = _number("UID_MIN", rows[key.removeprefix("SYS_").replace("MAX", "MIN")]["value"])
    return str((first or 0) - 1)


TABLE = Table(
    name="login_defs",
    doc=(
        "Effective values of login.defs: how accounts are made and passwords age. Accounts that exist keep what they "
        "were made with: see shadow_meta. Where PAM sets passwords, its own length and hash count: see pam_rules."
    ),
    columns=(
        Column("key", "text", "setting, as PASS_MAX_DAYS"),
        Column("value", "text", "effective value as written: days, seconds, ids; octal for UMASK and HOME_MODE"),
        Column("source", "text", "file that sets it; NULL when it is set nowhere"),
        Column("line", "integer", "line in the file"),
        Column("is_default", "boolean", "set nowhere, or to something that is no number: shadow-utils' own value"),
    ),
    sections=(LOGIN_DEFS, LOGIN_DEFS_DROP_INS),
    build=build,
)
