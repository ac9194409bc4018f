"""Local accounts, from /etc/passwd."""

from __future__ import annotations

from collections.abc import Iterator

from secops.hosts.evidence import Evidence
from secops.hosts.section import PASSWD_LIMIT, Files, without_password
from secops.hosts.tables import Built, Column, Table

# the password field may hold a hash even today: only its algorithm leaves the host
PASSWD = Files(
    "passwd",
    ("/etc/passwd",),
    required=True,
    limit=PASSWD_LIMIT,
    rewrite=without_password("[0-9]*:[0-9]*:[^:]*:[^:]*:[^:]*"),
)

#: Shells that end a login at once.
NO_LOGIN = frozenset({"nologin", "false", "true", "sync", "halt", "shutdown"})


def is_id(text: str) -> bool:
    """Whether a field is a number such as ids are: ASCII digits, few enough to be read as one."""
    return text.isascii() and text.isdecimal() and len(text) < 40


def passwd_lines(evidence: Evidence, built: Built | None = None) -> Iterator[tuple[int, list[str]]]:
    """(line number, seven fields) of each well-formed passwd entry; malformed ones are told to `built`."""
    for number, line in enumerate(evidence[PASSWD.name].only.lines, start=1):
        fields = line.split(":")
        if not line.strip() or line.startswith(("#", "+", "-")):
            continue
        if len(fields) == 7 and fields[0] and is_id(fields[2]) and is_id(fields[3]):
            yield number, fields
        elif built is not None:
            built.lack(f"/etc/passwd:{number} is not a passwd entry")


def build(evidence: Evidence) -> Built:
    built = Built()
    for number, (name, password, uid, gid, gecos, home, shell) in passwd_lines(evidence, built):
        built.rows.append(
            {
                "user_name": name,
                "uid": int(uid),
                "gid": int(gid),
                "gecos": gecos,
                "home": home,
                "shell": shell or "/bin/sh",
                "can_login": shell.rsplit("/", 1)[-1] not in NO_LOGIN,
                "password_in_passwd": password not in ("x", "*", "!"),
                "line": number,
            }
        )
    return built


TABLE = Table(
    name="users",
    doc="Local accounts. Accounts of a directory (LDAP, SSSD) are not in it; hosts.directory_accounts says so.",
    columns=(
        Column("user_name", "text", "login name"),
        Column("uid", "integer", "numeric user id"),
        Column("gid", "integer", "numeric id of the primary group"),
        Column("gecos", "text", "comment field: usually the person's name"),
        Column("home", "text", "home directory"),
        Column("shell", "text", "login shell; an empty field means /bin/sh"),
        Column("can_login", "boolean", "the shell gives a session (not nologin, false, …)"),
        Column("password_in_passwd", "boolean", "the password field of /etc/passwd itself is used (or empty)"),
        Column("line", "integer", "line in /etc/passwd"),
    ),
    sections=(PASSWD,),
    build=build,
)
