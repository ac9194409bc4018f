"""The tokens of sudoers, and the patterns they are found by. Possessive, so that a hostile line costs its length."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

TAGS = ("PASSWD", "EXEC", "INTERCEPT", "SETENV", "LOG_OUTPUT", "LOG_INPUT", "MAIL", "FOLLOW")  # each also with NO
#: PRIVS and LIMITPRIVS are Solaris's: elsewhere they are names of aliases.
OPTIONS = ("TIMEOUT", "NOTBEFORE", "NOTAFTER", "CWD", "CHROOT", "ROLE", "TYPE", "APPARMOR_PROFILE")
DIGEST_BYTES = {"sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}


class Token(NamedTuple):
    """A token: `kind` is its class or, for punctuation, itself. `arguments` only for commands (None = any).

    The text of an error says what is wrong.
    """

    kind: str
    text: str = ""
    arguments: str | None = None


@dataclass(frozen=True)
class Line:
    """One entry: `keyword` is empty for user specifications; it is `open` when the file ends before it does."""

    number: int
    keyword: str
    tokens: list[Token]
    open: bool = False


class SudoersError(ValueError):
    """This entry is not sudoers syntax."""


_WORD = r'(?:[^#>!=:,() \t\r\n\\"]++|\\[^\t\n])++'
_ID = r"#-?[0-9]++"
_PATH = r"/(?:[^,:=\\ \t\r\n#]++|\\[,:= \t#])++"
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})"
_V4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_HEX16 = r"[0-9A-Fa-f]{1,4}"
_V6 = rf"(?:(?:(?:{_HEX16})?:){{2,6}}:{_V4}|(?:(?:{_HEX16})?:){{2,7}}(?:{_HEX16})?)"
RULES = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("tag", rf"(?:NO)?(?:{'|'.join(TAGS)})[ \t]*+:"),
        ("nothing", r"\+|%:?"),
        ("netgroup", rf"\+{_WORD}"),
        ("group", rf"%:?(?:{_WORD}|{_ID})"),
        ("network", rf"{_V4}(?:/{_V4})?"),
        ("network", rf"{_V4}/(?:3[0-2]|[12]?[0-9])"),
        ("network", rf"{_V6}(?:/{_V6})?"),
        ("network", rf"{_V6}/(?:12[0-8]|1[01][0-9]|[1-9][0-9]|[0-9])"),
        ("ALL", r"ALL"),
        ("option", "|".join(OPTIONS)),
        ("alias", r"[A-Z][A-Z0-9_]*+"),
        ("digest", r"sha(?:224|256|384|512)"),
        ("command", r"sudoedit"),
        ("command", _PATH),
        ("command", r"\^(?:[^#\r\n$\\]++|\\[#$]|\\)*\$"),
        ("include", r"@include(?:dir)?"),
        ("word", rf"{_ID}|{_WORD}"),
        ("mark", r"[(),=:]"),
        ("not", r"!++"),
    )
)
EQUALS = re.compile("=")
PATH_VALUE = re.compile(rf"{_PATH}|{_WORD}")
BLANK = re.compile(r"[ \t]++")
CONTINUED = re.compile(r"\\[ \t]*+\r?\n")
SKIPPED = re.compile(r"(?:[ \t]++|\\[ \t]*+\r?\n)*+")
END = re.compile(r"(?:#(?!-?[0-9]|-[\r\n])[^\n]*+)?\r?\n")  # a comment is not a #uid
STRING = re.compile(r'"((?:[^"\r\n\\]++|\\"|\\[ \t]*+\r?\n[ \t]*+|\\)*+)("?)')
STRING_BREAK = re.compile(r"\\[ \t]*\r?\n[ \t]*")
ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
SPECIAL = re.compile(r"\\([,:= \t#])")
COMMA = re.compile(r"[ \t]*+,[ \t]*+")
NOT = re.compile("!++")
NAME = re.compile(r"[a-z_]++")
OPERATOR = re.compile(r"[+-]?=")
VALUE = re.compile(r'(?:[^#!=, \t\r\n\\"]|\\[^\r\n])(?:[^#=, \t\r\n\\"]++|\\[^\r\n])*+')
ARGUMENT = re.compile(r"\\[*?\[\]!^]|\\[:\\,= \t#]|=[^#\\:, \t\r\n]++|[^#\\:,= \t\r\n][^#\\:, \t\r\n]*+")
ARGUMENT_REGEX = re.compile(r"\^((?:[^#\\\r\n$]++|\\[ \t]*+\r?\n[ \t]*+|\\[^\r\n])*+)(\$?)")
NUL = re.compile(r"\0[^\n]*+")
HEX = re.compile(r"[0-9A-Fa-f]++")
DIGEST = re.compile(r"[ \t]*+:[ \t]*+([A-Za-z0-9+/=]++)")
DEFAULTS = re.compile(rf'[ \t]*+Defaults(?:([:@>!])[ \t]*+(?=!*+"?(?:{_ID}|{_WORD}))|(?=[\s#\\]|\Z))')
ALIAS = re.compile(r"[ \t]*+((?:Host|Cmnd|Cmd|User|Runas)_Alias)(?=[\s\\]|\Z)")
INCLUDE = re.compile(r"(?:[ \t]*+@|#(?=\w++[ \t]))(include(?:dir)?)(?=[\s\"\\]|\Z)")
INCLUDED = re.compile(r'[^"\s](?:\\[ \t]|\S)*+')
