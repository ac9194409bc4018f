"""Policies that sudo accepts, out of a generator of random numbers, and lines that it does not."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

NAMES = [
    "alice", "bob", "carol", "root", "#2001", "#2003", "%staff2", "%dev", "%#3001", "%#2003", "ALL", "ALL", "dave",
    "Alice", "EVE", '"d u"', r"d\ u", '"%ops team"', r"%ops\ team", "%STAFF2", "%twin", "+people", "+nested", "+hosts",
    "+pairs", "+gone", "%:plugged", "#02002", '"+people"', '"ALL"', "%#03001", "NOBODY",
]  # fmt: skip
HOSTS = [
    "ALL", "ALL", "ALL", "ALL", "testhost", "TestHost", "test*", "other", "t?sthost", "testhost.example.org",
    "testhost.*", "10.1.2.3", "10.1.2.0", "10.1.0.0/16", "10.1.3.0/24", "10.1.2.0/255.255.255.0", "192.0.2.1",
    "10.1.2.3/0", "fd00:1::3", "fd00:1::", "fd00:1::/32", "fd00:2::/32", "fd00:1::3/ffff::", "+hosts", "+people",
    "+pairs", "GONE", "127.0.0.1", "10.1.2.3/33",
]  # fmt: skip
COMMANDS = [
    "ALL", "ALL", "/usr/bin/id", "/usr/bin/id -u", '/usr/bin/id ""', "/usr/bin/id -[un]", "/usr/bin/id *", "/usr/bin/",
    "/bin/", "/usr/bin/*", "/usr/bin/[il]*", "/usr/bin/[!i]?", "/bin/ls -l *", "/bin/ls -l /tmp/*", "/usr/bin/ls",
    "^/usr/bin/(id|ls)$", "/bin/ls ^-[la]+ /tmp$", "^/(usr/)?bin/[a-z]+$ -u", "/usr/sbin/", "/usr/*/id", "sudoedit",
    "sudoedit /etc/motd", "sudoedit /etc/*", "/usr/bin/env", "/usr/bin/id -u root", "/bin/ls -l /tmp/../etc", "list",
    r"/usr/bin/id a\,b\:c\=d", r"/usr/bin/id \*", "UNSET", "/usr/bin/nothere", "^.*/id$", "^(?i)/USR/bin/ID$",
    "sudoedit ^/etc/(motd|issue)$", "^/usr/bin/i[a-z]$", "/usr/*/",
]  # fmt: skip
#: What sudo takes, and its tools refuse.
UNTIDY = ["^/usr/bin/(?i)ID$", "/usr/bin/sudoedit /etc/motd", "/usr/bin/id ^(a$"]
USUAL = {"alice", "bob", "%staff2", "ALL", "testhost", "/usr/bin/id", "/usr/bin/", "dev", "root"}
GROUPS = ["dev", "staff2", "ALL", "ALL", "#3001", "alice", "Dev", '"ops team"', "twin", "GRP"]
DIGESTS = [
    "sha224:0GomF8mNN3wlDt1HD9XldjJ3SNgpFdbjO1+NsQ==", f"sha256 : {'0a' * 32}", f"sha512:{'Ab' * 64}",
    f"sha384:{'0a' * 48}",
]  # fmt: skip
TAGS = [
    "PASSWD", "NOPASSWD", "NOPASSWD", "EXEC", "NOEXEC", "SETENV", "NOSETENV", "LOG_INPUT", "NOLOG_OUTPUT", "MAIL",
    "FOLLOW", "NOFOLLOW", "INTERCEPT", "NOINTERCEPT",
]  # fmt: skip
OPTIONS = ["CWD=/srv", "CWD=*", "CWD=~bob", "CWD=/opt TIMEOUT=5m", "ROLE=r TYPE=t", "CHROOT=/srv"]
#: Those that say who may do what, and who is asked for what.
DEFAULTS = [
    "authenticate", "!authenticate", "!authenticate", "targetpw", "!targetpw", "rootpw", "runaspw", "runas_default=bob",
    "runas_default=carol", 'runas_default="#2001"', "exempt_group=dev", "exempt_group=STAFF2", "!exempt_group",
    'exempt_group="#3001"', 'exempt_group = "ops team"',
]  # fmt: skip
#: Those that sudo does not take.
INVALID = ["authenticate=3", "runas_default", "!runas_default", "exempt_group", "targetpw = root", "rootpw += x"]
#: Those of the whole policy.
SWITCHES = [
    "!use_netgroups", "netgroup_tuple", "!case_insensitive_user", "!case_insensitive_group", "match_group_by_gid",
    "fqdn", "!fqdn",
]  # fmt: skip
#: Those that do not matter here, in every form of the language.
OTHERS = [
    "env_reset", 'env_keep += "LANG LC_*"', "env_keep -= LANG", "timestamp_timeout=-1", 'secure_path = "/bin:/usr/bin"',
    "passwd_tries = 3", "!lecture", "lecture=never", r"badpass_message=a\ b", "umask=022", "use_pty", 'mailto="a@b, c"',
    "verifypw", "noexec", "!noexec", "log_output",
]  # fmt: skip


class Writer:
    """Writes one policy. `tidy` without what only the parser has to know: digests, options, odd spelling.

    `for_commands` says whether there are Defaults for single commands.
    """

    def __init__(self, rng: random.Random, *, tidy: bool, for_commands: bool = True) -> None:
        self._rng, self._tidy, self._for_commands = rng, tidy, for_commands
        self._aliases: dict[str, list[str]] = {}

    def policy(self, *, switched: bool = False) -> list[str]:
        """Its lines."""
        lines = [f"Defaults {self._rng.choice(SWITCHES)}"] if switched else []
        lines += [line for kind in ("User", "Host", "Runas", "Cmnd") for line in self._alias_lines(kind)]
        lines += [self._default() for _ in range(self._rng.choice([0, 0, 1, 2, 3]))]
        lines += [self.rule() for _ in range(self._rng.randint(1, 5))]
        return lines if self._tidy else [self._odd(line) for line in lines]

    def rule(self) -> str:
        sections = [self._section() for _ in range(self._rng.choice([1, 1, 1, 2]))]
        return f"{self._list('User')} " + " : ".join(sections)

    def _alias_lines(self, kind: str) -> Iterator[str]:
        for number in range(self._rng.choice([0, 1, 1, 2])):
            name = f"{kind.upper()}_{number}"
            yield f"{kind}_Alias {name} = {self._list(kind)}"
            self._aliases.setdefault(kind, []).append(name)  # a later one may hold an earlier one

    def _list(self, kind: str, most: int = 3) -> str:
        pool = {"User": NAMES, "Host": HOSTS, "Runas": NAMES, "Cmnd": COMMANDS, "Group": GROUPS}[kind]
        if self._tidy and kind == "Cmnd":
            pool = pool + UNTIDY
        aliases = self._aliases.get("Runas" if kind == "Group" else kind, [])
        usual = [name for name in pool if name == "ALL" or name in USUAL]
        chosen = [self._rng.choice([*pool, *usual * 3, *aliases * 4]) for _ in range(self._rng.choice([1, 1, 2, most]))]
        return ", ".join(self._entry(kind, name) for name in chosen)

    def _entry(self, kind: str, name: str) -> str:
        negated = "!" if self._rng.random() < 0.2 else ""
        if not self._tidy and kind == "Cmnd" and name.startswith("/") and self._rng.random() < 0.1:
            return f"{self._rng.choice(DIGESTS)} {negated}{name}"
        return negated + name

    def _default(self) -> str:
        settings = [self._rng.choice([*DEFAULTS, *(INVALID if self._tidy else OTHERS)]) for _ in range(self._some())]
        kind, mark = self._rng.choice([("", ""), ("User", ":"), ("Host", "@"), ("Runas", ">"), ("Cmnd", "!")])
        if kind == "Cmnd" and not self._for_commands:
            kind, mark = "", ""
        if kind == "Cmnd":
            names = [name for name in COMMANDS if " " not in name and name not in ("list", "ALL")]
            return f"Defaults!{self._rng.choice([*names, *self._aliases.get('Cmnd', [])])} {', '.join(settings)}"
        return f"Defaults{mark}{self._list(kind) if kind else ''} {', '.join(settings)}"

    def _some(self) -> int:
        return self._rng.choice([1, 1, 1, 2])

    def _section(self) -> str:
        return f"{self._list('Host')} = {', '.join(self._grant() for _ in range(self._rng.randint(1, 3)))}"

    def _grant(self) -> str:
        runas = self._rng.choice(["", "", "({users})", "({users})", "({users}:{groups})", "(:{groups})", "()"])
        named = runas.format(users=self._list("Runas"), groups=self._list("Group", most=2))
        tags = [f"{self._rng.choice(TAGS[:5])}:"] if self._rng.random() < 0.5 else []
        options: list[str] = []
        if not self._tidy:
            options = self._rng.sample(OPTIONS, self._rng.choice([0, 0, 1, 2]))
            tags += [f"{tag} :" for tag in self._rng.sample(TAGS, self._rng.choice([0, 1, 2]))]
        return " ".join(word for word in (named, *options, *tags, self._list("Cmnd")) if word)

    def _odd(self, line: str) -> str:
        """The line with other blanks, continued, with a remark: to sudo it is the same."""
        if self._rng.random() < 0.3:
            continued = [] if line.startswith("Defaults") else [", \\\n\t", ",\\\n"]
            line = line.replace(", ", self._rng.choice([",", " , ", *continued]))
        if self._rng.random() < 0.2:
            line = line.replace(" = ", self._rng.choice(["=", "\t= ", " =\\\n  "]))
        windows = ["\r"] if line.startswith(("User", "Host", "Runas")) else [" # \r"]
        return line + self._rng.choice(["", "", "", "  ", "\t# remark", *windows])


def numbered(rng: random.Random) -> list[str]:
    """A policy for alice in which each command stands once, so that it can be told which lines are in force."""
    commands = iter(range(1_000))

    def command() -> str:
        return f"{rng.choice(['', '', '!'])}/c/{next(commands)}{rng.choice(['', ' -x', ' *', ' a=b', ' ^a.$'])}"

    def listed() -> str:
        return ", ".join([command() for _ in range(rng.randint(1, 3))] + rng.choice([[], ["C0"], ["!C1"]]))

    def grants() -> str:
        return f"{rng.choice(['', '(root) ', '(root:root) NOPASSWD: ', 'CWD=/ NOEXEC: ', '() '])}{listed()}"

    def section() -> str:
        return f"{rng.choice(['ALL', 'ALL, !x', 'H0', '127.0.0.1, ALL'])} = {grants()}"

    lines = [
        f"Cmnd_Alias C0 = {listed()} : C1 = {command()}",
        "User_Alias U0 = alice, !x : U1 = alice",
        "Host_Alias H0=ALL",
    ]
    lines += [f"Defaults{rng.choice(['', ':alice', '@ALL', '>root'])} {rng.choice(OTHERS)}"]
    for _ in range(rng.randint(2, 4)):
        sections = [section() for _ in range(rng.choice([1, 1, 2, 3]))]
        lines.append(f"{rng.choice(['alice', 'U0', 'x, U1', '#2001', 'ALL'])} {' : '.join(sections)}")
    return lines


_PIECES = [
    "=", ",", ":", "(", ")", "!", '"', "\\", "#", "%", "+", "@", "^", " ", "ALL", "\\\n", " = x", ": ", "\r",
    "sha224:ab ", "1::2::3", "$", "CWD=x ", "NOPASSWD:", '""', "\0", "list ", "\t", "é", "\xff", "Defaults ",
    "@include ",
]  # fmt: skip


def broken(rng: random.Random, line: str) -> str:
    """The line with something taken out, put in, or cut off."""
    at, words = rng.randrange(len(line) + 1), line.split(" ")
    match rng.randrange(4):
        case 0:
            return line[:at] + rng.choice(_PIECES) + line[at:]
        case 1:
            return line[:at] + line[at + rng.randint(1, 4) :]
        case 2:
            words.pop(rng.randrange(len(words)))
            return " ".join(words)
    return line[:at]


def joined(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n"
