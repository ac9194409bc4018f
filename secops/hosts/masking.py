"""Command text without its secrets: the program and what rules ask for stay, values that look like secrets do not."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import permutations

from secops.hosts.section import Rewrite

#: What stands for a secret.
HIDDEN = "(hidden)"

#: A stored password as crypt(3) writes it, its `$algorithm$` in the first group, wherever text holds one; also with the
#: backslashes that sudoers and shells want. A comma ends it (the next command of sudoers) unless a parameter follows.
CRYPT = r"(\\?\$[a-z0-9]{1,8}\\?\$)([./0-9A-Za-z$_+=-]|\\[$=,]|,[a-z]{1,8}=){8,}"
CRYPT_HIDDEN = r"\1***"
_CRYPT = re.compile(CRYPT.encode())


def without_hashes(content: bytes) -> bytes:
    """The content with `$6$***` for what looks like a stored password, as `sed` leaves it on a live host."""
    return _CRYPT.sub(CRYPT_HIDDEN.encode(), content)


_WORDS = r"pass|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|authorization"
_NAME = rf"(?![\w.-]{{0,64}}(?:file|path|dir))[\w.-]{{0,64}}(?:{_WORDS})[\w.-]{{0,64}}"  # a file of secrets is none
_VALUE = r"""(?:"(?:[^"\\]|\\.)*"?|'[^']*'?|\\.|[^\s"'\\])+"""

#: Each keeps what its first group holds and hides what follows.
_SECRETS = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        rf"((?<![\w.-]){_NAME}\\?[=:](?:\s*(?:bearer|basic|digest)\s)?[ \t]*){_VALUE}",  # password=x, X-Token: x
        rf"((?:^|\s)--?{_NAME}\s+)(?!-){_VALUE}",  # --password x
        rf"((?:^|\s)(?:-[a-z]{{0,9}}u|--(?:proxy-)?user)[\s=]*[^\s:=]+:){_VALUE}",  # curl -u name:x
        rf"(\b(?:bearer|basic)\s+){_VALUE}",
        r"(//[^\s/@:]*:)[^\s/@]+(?=@)",  # https://name:x@host
    )
)
_SHORT = re.compile(rf"((?:^|\s)-p[ \t]*(?!-)){_VALUE}", re.DOTALL)
_WITH_SHORT = re.compile(
    r"mysql|mariadb|mongo|sshpass|(?:user|group)(?:mod|add)|(?:docker|podman|nerdctl|buildah|skopeo|helm).*\blogin",
    re.IGNORECASE | re.DOTALL,
)
_REDIS = re.compile(rf"((?:^|\s)-a[ \t]*(?!-)){_VALUE}", re.DOTALL)
_TO_PASSWD = re.compile(r"\|[^|]{0,200}?(?:chpasswd|passwd\s[^|]{0,200}?--stdin)")  # echo x | passwd --stdin
_SAID = re.compile(r"\b(?:echo|printf)\s+")
_HERE = re.compile(rf"(<<<[ \t]*){_VALUE}", re.DOTALL)
_ASSIGNMENT = re.compile(rf"([A-Za-z_][\w]*)=(?:{_VALUE})?", re.ASCII)


def any_case(word: str) -> str:
    """The word in upper and lower case, for expressions that `sed -E` reads too."""
    return "".join(f"[{char.upper()}{char.lower()}]" if char.isalpha() else char for char in word)


#: The same words where `sed -E` looks for them, before a line leaves its host.
_ON_HOST = "|".join(map(any_case, ("pass", "pwd", "secret", "token", "key", "credential", "bearer", "basic")))
_SETENV, _FORCE = any_case("setenv"), any_case("forcecommand")

#: Lines of sshd_config: of SetEnv the first name, of a command that seems to hold a secret its program.
SSHD_SECRETS: Rewrite = (
    (f'^([ \t]*"?{_SETENV}[ \t="]+[A-Za-z0-9_]+=).*$', rf"\1{HIDDEN}"),
    (f'^([ \t]*"?{_SETENV}).*$', rf"\1 {HIDDEN}"),
    (f'^([ \t]*"?{_FORCE}[ \t="]+[^ \t="][^ \t"]*)[ \t].*({_ON_HOST}|//[^ \t/]*:|[ \t]-[pu]).*$', rf"\1 {HIDDEN}"),
)

_NO_MARK = r'[^#"\\]*'  # of doas.conf: no comment, quote or escape begins
_BRACED = r'[^#"\\{}]*'
_NO_NAME = "(permit|deny|as|cmd|args|nopass|nolog|persist|keepenv|setenv)"  # between braces a mistake
_SECRET_WORD = f"({_ON_HOST}|//[^ \t/]*:)"
_ARGS = rf"({_NO_MARK}[ \t]args)([ \t]{_NO_MARK}{_SECRET_WORD}|([ \t]{_NO_MARK})?[ \t]-[pu]){_NO_MARK}(#.*)?"

#: Variables of which `setenv` of doas.conf may tell the value: a path of files that are run or loaded, if it looks so.
_PATHS = "(PATH|LD_PRELOAD|LD_AUDIT|LD_LIBRARY_PATH|PYTHONPATH|PYTHONHOME|PERL5LIB|RUBYLIB|BASH_ENV|ENV|EDITOR|VISUAL)"
_PLAIN_WORD = rf"(-?[A-Za-z_][A-Za-z0-9_]*|{_PATHS}=([$][A-Za-z0-9_]+|/[A-Za-z0-9_./:-]*))"

#: Lines of doas.conf: without comments, what `setenv` sets (but for paths), and arguments of which one seems to be a
#: secret. A bare `?` where that cannot be told apart, and for a line that is too long.
DOAS_SECRETS: Rewrite = (
    ("^(.{64}){32}.*$", "?"),  # the ones below cost the square of its length
    (rf"^{_NO_MARK}\{{(.*[ \t])?{_NO_NAME}([ \t].*)?\}}.*$", "?"),
    (rf"^({_NO_MARK}\{{){_BRACED}={_BRACED}\}}{_ARGS}$", rf"\1 {HIDDEN} }}\2 {HIDDEN}"),
    (rf"^([^#\"\\{{}}]*\{{([ \t]+{_PLAIN_WORD})+[ \t]+\}}[^#\"\\{{}}=]*)(#.*)?$", r"\1"),
    (rf"^({_NO_MARK}\{{){_BRACED}={_BRACED}(\}}{_NO_MARK})(#.*)?$", rf"\1 {HIDDEN} \2"),
    (r"^[^#]*(setenv[^#]*=|=[^#]*\}).*$", "?"),
    (f"^{_ARGS}$", rf"\1 {HIDDEN}"),
    (f"^({_NO_MARK})(#.*)?$", r"\1"),
    (rf"^.*(=|#|[ \t]args.*({_SECRET_WORD}|[ \t]-[pu])).*$", "?"),
    ("^(.*)$", r"\1"),
)

_OPTION = f'({any_case("command")}="|{any_case("environment")}="([A-Za-z0-9_]+=)?)'
_QUOTED = r'([^"\\]|\\.)*'


def key_secrets(key: str) -> Rewrite:
    """Rules for authorized_keys: values of `command` and `environment` are taken out of lines that hold `key`.

    Of `environment` the name stays, as sshd refuses a line where it is none. A line with three of them becomes `?`.
    """
    end = f'(".*[ \t]{key}.*)'
    return (
        (f"^.*{_OPTION}.*{_OPTION}.*{_OPTION}.*$", "?"),
        (f'^(.*{_OPTION}){_QUOTED}(".*{_OPTION}){_QUOTED}{end}$', r"\1\5\9"),
        (f"^.*{_OPTION}.*{_OPTION}.*$", "?"),
        (f"^(.*{_OPTION}){_QUOTED}{end}$", r"\1\5"),
        (f"^.*{_OPTION}.*$", "?"),
    )


# bounded, or a hostile line would cost the square of its length and more
_ESCAPED = f"({_ON_HOST})[^ \t,=\\\\]{{0,40}}\\\\="  # --password\=x: an equals sign is escaped in sudoers
_SPACED = f"[ \t]-[^ \t,=]{{0,40}}({_ON_HOST})[^ \t,=]{{0,40}}[ \t]{{1,4}}"
_BRIEF = "/({})[ \t]{{0,4}}".format(
    "|".join(
        f"{tool}[^,]*[ \t]-{option}"
        for tool, option in (
            ("usermod", "p"), ("useradd", "p"), ("groupmod", "p"), ("groupadd", "p"), ("mysql", "p"), ("sshpass", "p"),
            ("docker[ \t]login", "p"), ("podman[ \t]login", "p"), ("redis-cli", "a"),
        )
    )
)  # fmt: skip
_KEYS = (_ESCAPED, _SPACED, _BRIEF)
_WORD = r"([^ \t,\\]|\\.)+".replace("\\t", "\t")

#: Lines of sudoers: arguments that look like secrets. A line with more of them than can be told apart is a broken one.
SUDO_SECRETS: Rewrite = (
    ("^(.{64}){32}.*$", "?"),  # the ones below cost the square of its length
    *((f"^.*{first}.*{second}.*$", "?") for first, second in permutations(_KEYS, 2)),
    *(
        rule
        for key in _KEYS
        for rule in (
            (f"^.*{key}.*{key}.*{key}.*$", "?"),
            (f"^(.*{key}){_WORD}([ \t,].*{key}|{key}){_WORD}(.*)$", rf"\1{HIDDEN}\4{HIDDEN}\8"),
            (f"^(.*{key}){_WORD}(.*)$", rf"\1{HIDDEN}\4"),
        )
    ),
)


@lru_cache(maxsize=4096)  # a policy expands one command to many rows
def masked(text: str, program: str = "") -> str:
    """The arguments of `program`, or a command with them, with `(hidden)` for each value that looks like a secret."""
    if _WITH_SHORT.search(f"{program} {text}"):
        text = _SHORT.sub(rf"\1{HIDDEN}", text)
    if "redis" in f"{program} {text}":
        text = _REDIS.sub(rf"\1{HIDDEN}", text)
    if "passwd" in f"{program} {text}":
        text = _HERE.sub(rf"\1{HIDDEN}", text)
        pipe = max((found.start() for found in _TO_PASSWD.finditer(text)), default=0)
        if said := _SAID.search(text, 0, pipe):
            text = f"{text[: said.end()]}{HIDDEN} {text[pipe:]}"
    for secret in _SECRETS:
        text = secret.sub(rf"\1{HIDDEN}", text)
    return text


def names_only(assignments: str) -> str:
    """`A=x B="y z"` as `A B`: the environment that is set, without its values."""
    return " ".join(found[1] for found in _ASSIGNMENT.finditer(assignments))
