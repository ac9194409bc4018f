"""The password that counts for each account, without the hash: it is taken out before the evidence leaves the host."""

from __future__ import annotations

from secops.hosts.evidence import Evidence
from secops.hosts.section import Files, without_password
from secops.hosts.tables import Built, Column, Row, Table
from secops.hosts.tables.users import PASSWD, passwd_lines

SHADOW = Files("shadow", ("/etc/shadow",), required=True, limit=16 << 20, rewrite=without_password("[0-9:-]*"))

#: crypt(5) and libxcrypt's list; `sm3` is the one of openEuler and Kylin.
ALGORITHMS = {
    "$y$": "yescrypt", "$gy$": "gost-yescrypt", "$7$": "scrypt", "$2a$": "bcrypt", "$2b$": "bcrypt", "$2x$": "bcrypt",
    "$2y$": "bcrypt", "$6$": "sha512crypt", "$5$": "sha256crypt", "$sm3$": "sm3crypt", "$1$": "md5crypt",
    "$md5$": "sunmd5", "$3$": "nthash", "DES": "descrypt",
}  # fmt: skip

_DAYS = ("last_change", "min_days", "max_days", "warn_days", "inactive_days", "expire_day")


def build(evidence: Evidence) -> Built:
    built = Built()
    own = _in_passwd(evidence, built)
    built.rows += own.values()
    for number, line in enumerate(evidence[SHADOW.name].only.lines, start=1):
        name, *fields = line.split(":")
        if not line.strip() or line.startswith(("+", "-")):
            continue
        if name and len(fields) == 8:
            row = {"user_name": name, **_password(fields[0]), **_days(fields), "source": "/etc/shadow", "line": number}
            built.rows += [] if name in own else [row]
        else:
            built.lack(f"/etc/shadow:{number} is not a shadow entry")
    return built


def _in_passwd(evidence: Evidence, built: Built) -> dict[str, Row]:
    """Rows, by account, of the passwords that /etc/passwd itself holds: what shadow says of these accounts is ignored.

    Only of what can be logged in with, a hash or nothing: where the field locks, programs differ in what they read.
    """
    first: dict[str, tuple[int, Row]] = {}
    for number, (name, field, *_) in passwd_lines(evidence, built):
        first.setdefault(name, (number, _password(field)))
    return {
        name: {"user_name": name, **password, "source": "/etc/passwd", "line": number}
        for name, (number, password) in first.items()
        if password["password"] in ("set", "empty")
    }


def _password(field: str) -> Row:
    """The state of the password field: see the columns' documentation."""
    form = field.lstrip("!*")
    locked = form != field
    if form in ALGORITHMS:
        return {"password": "locked" if locked else "set", "algorithm": ALGORITHMS[form]}
    if form == "":
        return {"password": "none" if locked else "empty", "algorithm": None}
    if form == "x":
        return {"password": "none", "algorithm": None}
    return {"password": "locked" if locked else "unrecognised", "algorithm": None}


def _days(fields: list[str]) -> Row:
    """The ageing fields as integers; an empty, negative or malformed one is NULL: no such limit."""
    pairs = zip(_DAYS, fields[1:7], strict=True)
    return {name: int(text) if text.isdecimal() and len(text) < 10 else None for name, text in pairs}


TABLE = Table(
    name="shadow_meta",
    doc="Passwords of local accounts by state, algorithm and age. A hash in /etc/passwd, or an empty field there, "
    "counts in the place of what /etc/shadow says, and does not age. The hash itself is never collected here.",
    columns=(
        Column("user_name", "text", "login name"),
        Column(
            "password",
            "text",
            "set (a hash that can be logged in with), empty (no password asked), locked (a hash behind `!`), none (no "
            "password fits), unrecognised (a value that is no known hash)",
        ),
        Column("algorithm", "text", "hash algorithm of a set or locked password: yescrypt, sm3crypt, descrypt, …"),
        Column(
            "last_change", "integer", "day of the last change; 0 = must be changed at next login", "days since 1970"
        ),
        Column("min_days", "integer", "least age before a change", "days"),
        Column("max_days", "integer", "greatest age; NULL or 99999 = never expires", "days"),
        Column("warn_days", "integer", "warning before expiry", "days"),
        Column("inactive_days", "integer", "days after expiry until the account is disabled", "days"),
        Column("expire_day", "integer", "day on which the account ends", "days since 1970"),
        Column("source", "text", "the file whose password counts: /etc/shadow or /etc/passwd"),
        Column("line", "integer", "line in that file"),
    ),
    sections=(SHADOW, PASSWD),
    build=build,
)
