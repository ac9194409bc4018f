"""The password policy in force: what the modules of each PAM stack ask, and the order in which they stand there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from secops.hosts.evidence import Evidence
from secops.hosts.section import Files
from secops.hosts.tables import Built, Column, Row, Table, derive, login_defs, pam_rules
from secops.hosts.tables._files import WITHOUT_COMMENTS
from secops.hosts.tables.hosts import OS_RELEASE, os_release

#: Read only by rules that say `config=` and this path.
PASSWDQC = Files("passwdqc", ("/etc/passwdqc.conf",), rewrite=WITHOUT_COMMENTS)

#: Modules that check new passwords, but by rules of their own: what they ask is not known.
OPAQUE = frozenset({"pam_deepin_pw_check", "pam_pwcheck"})

#: From this major version on a distribution has libpwquality 1.4, whose defaults are eight characters and no credits.
_PWQUALITY_1_4 = {"rhel": 8, "centos": 8, "ol": 8, "anolis": 8, "alinux": 3, "debian": 10, "ubuntu": 18, "sles": 15}

_CREDITS = ("dcredit", "ucredit", "lcredit", "ocredit")
_OLD_DEFAULTS = {"minlen": "9"} | dict.fromkeys(_CREDITS, "1")  # of pam_cracklib, and of libpwquality before
_LEAST = {"pam_pwquality": 6, "pam_cracklib": 5}  # a smaller minlen counts as this
_DICTIONARY_LEAST = 6  # cracklib finds shorter passwords too short

#: `min=` of passwdqc: least lengths of one kind of characters, two, a passphrase, three and four kinds.
_PASSWDQC_MIN = "disabled,24,11,8,7"
_PASSWDQC_KINDS = (1, 2, None, 3, 4)
_LONG = 16  # from here on a password needs no kinds of characters

_TALLY = frozenset({"pam_tally", "pam_tally2"})
_AS_USER = frozenset({"su", "su-l", "sudo", "sudo-i"})  # services that do not run with root's uid
_MAX_INTERVAL = 604_800  # pam_faillock refuses more seconds
_MAX_REMEMBERED = 400

#: pam_unix's options, and the values of ENCRYPT_METHOD, by what they begin with; names as in shadow_meta.
_HASHES = {
    "md5": "md5crypt", "bigcrypt": "bigcrypt", "sha256": "sha256crypt", "sha512": "sha512crypt", "blowfish": "bcrypt",
    "gost_yescrypt": "gost-yescrypt", "yescrypt": "yescrypt", "sm3": "sm3crypt",
}  # fmt: skip

Settings = Mapping[str, str]


def build(evidence: Evidence) -> Built:
    rules = pam_rules.build(evidence)
    built = Built(problems=rules.problems)
    stacks: dict[tuple[str, str], list[Row]] = {}
    for rule in rules.rows:
        stacks.setdefault((rule["service"], rule["type"]), []).append(rule)
    quality, defaults = _Quality(evidence, built), derive(login_defs.TABLE, evidence)
    default_hash = None if defaults.problems[""] else _default_hash(defaults.rows)
    for (service, kind), stack in stacks.items():
        if kind == "auth":
            built.rows.append(_row(service, "lockout", _lockouts(service, stack)))
        elif kind == "password":
            built.rows.append(_row(service, "quality", quality.of(stack)))
            built.rows.append(_row(service, "history", _histories(stack)))
            built.rows.append(_row(service, "hash", _hashes(stack, default_hash)))
    if any(row.get("module") == "pam_unix" and not row["algorithm"] for row in built.rows if row["aspect"] == "hash"):
        for problem in defaults.problems[""]:
            built.lack(f"pam_unix takes the hash from login.defs: {problem.reason}", problem.status, part="hash")
    return built


def _row(service: str, aspect: str, found: Iterator[Row]) -> Row:
    """The strongest of what stands in the stack, and what is in force before what is not."""
    order = ("in_force", "min_length", "kinds", "remember")
    best = max(found, key=lambda row: [row.get(name) or 0 for name in order], default={"in_force": False})
    return {"service": service, "aspect": aspect, **best}


def _from(rule: Row, *, in_force: bool, **asked: int | str | bool | None) -> Row:
    own = {name: rule[name] for name in ("module", "source", "line")}
    return {**own, "settings": rule["arguments"], "in_force": in_force, **asked}


def _settings(rule: Row) -> dict[str, str]:
    """Arguments by name in lower case; of one that stands twice the last."""
    pairs = (argument.partition("=") for argument in rule["arguments"])
    return {name.lower(): value for name, _, value in pairs}


def _leading(settings: Settings, name: str, default: int) -> int:
    """The number that a value begins with, as sscanf and strtol read it."""
    match = re.match(r"\s*([+-]?[0-9]{1,18})", settings.get(name, ""))
    return int(match[1]) if match else default


def _stops(control: str, code: str) -> bool:
    """Whether a module that returns this error makes the stack fail; what brackets do not name does."""
    if not control.startswith("["):
        return control in ("required", "requisite")
    pairs = dict(pair.partition("=")[::2] for pair in control[1:-1].split())
    return pairs.get(code, pairs.get("default", "bad")) in ("bad", "die")


def _ends(rule: Row) -> bool:
    """Whether nothing after this rule is run when it fails."""
    return rule["control"] == "requisite" or "default=die" in rule["control"]


def _decides(stack: Sequence[Row]) -> int:
    """Where pam_unix stands, which takes the password: what asks for something must stand before it."""
    return next((at for at, rule in enumerate(stack) if rule["module"] == "pam_unix"), len(stack))


def _lockouts(service: str, stack: Sequence[Row]) -> Iterator[Row]:
    unix = _decides(stack)
    counted = _is_counted(stack[unix:] if unix < len(stack) else stack)
    for at, rule in enumerate(stack):
        settings = _settings(rule)
        root = not settings.keys().isdisjoint({"even_deny_root", "root_unlock_time"})
        if rule["module"] == "pam_faillock" and "authfail" not in settings:
            if "authsucc" in settings:  # asked after the password: only where a right one does not end the stack
                stops = rule["control"] == "sufficient" or _stops(rule["control"], "auth_err")
                asks = stops and unix < at and stack[unix]["control"] != "sufficient"
            else:
                asks = at < unix and _stops(rule["control"], "auth_err")
            yield _from(
                rule,
                in_force=asks and counted,
                for_root=root,
                deny=_leading(settings, "deny", 3) % 0x10000,  # an unsigned short
                unlock_time=_interval(settings, "unlock_time", 600),
                fail_interval=_interval(settings, "fail_interval", 900),
            )
        elif rule["module"] in _TALLY:
            counts = "magic_root" not in settings or service in _AS_USER
            yield _from(
                rule,
                in_force=counts and at < unix and _stops(rule["control"], "auth_err"),
                for_root=root or "even_deny_root_account" in settings,
                deny=max(0, _leading(settings, "deny", 0)),
                unlock_time=max(0, _leading(settings, "unlock_time", 0)),
            )


def _is_counted(stack: Sequence[Row]) -> bool:
    """Whether pam_faillock is told of a wrong password, which ends the stack at the first rule that gives up."""
    for rule in stack:
        if rule["module"] == "pam_faillock" and "authfail" in rule["arguments"]:
            return True
        if rule["module"] in ("pam_unix", "pam_deny") and _ends(rule):
            return False
    return False


def _interval(settings: Settings, name: str, default: int) -> int:
    """Seconds; 0 is for ever."""
    if settings.get(name) == "never":
        return 0
    found = _leading(settings, name, default)
    return found if 0 <= found <= _MAX_INTERVAL else default


class _Quality:
    """What new passwords are checked for. What cannot be told is said in the part `quality`."""

    def __init__(self, evidence: Evidence, built: Built) -> None:
        self._built = built
        self._passwdqc = {item.path: item for item in evidence[PASSWDQC.name].files}
        self._release_problem = evidence.problem(OS_RELEASE)
        release = os_release(evidence)
        first = _PWQUALITY_1_4.get(release.get("ID", "").lower(), 0)
        self._is_old = _leading(release, "VERSION_ID", first) < first

    def of(self, stack: Sequence[Row]) -> Iterator[Row]:
        unix = _decides(stack)
        for at, rule in enumerate(stack):
            if rule["module"] not in (*_LEAST, "pam_passwdqc") and rule["module"] not in OPAQUE:
                continue
            settings = _settings(rule)
            asks = at < unix and _stops(rule["control"], "authtok_err")
            root: bool | None
            if rule["module"] in _LEAST:
                asks = asks and settings.get("enforcing", "1").strip() != "0"
                root = "enforce_for_root" in settings
                length, kinds = self._credits(rule, settings)
            elif rule["module"] == "pam_passwdqc":
                settings = self._with_file(rule)
                asks = asks and settings.get("enforce") != "none"
                root = settings.get("enforce", "everyone") == "everyone"
                length, kinds = self._least(rule, settings)
            else:
                root = length = kinds = None
                self._lack(rule, "checks passwords by rules that are not known")
            yield _from(rule, in_force=asks, for_root=root, min_length=length, kinds=kinds)

    def _lack(self, rule: Row, reason: str) -> None:
        self._built.lack(f"{rule['source']}:{rule['line']} ({rule['module']}): {reason}", part="quality")

    def _credits(self, rule: Row, settings: Settings) -> tuple[int | None, int | None]:
        """pwquality and cracklib: each character of a kind with a credit makes up for one of the length."""
        is_old = self._is_old or rule["module"] == "pam_cracklib"
        if self._release_problem and not is_old and not settings.keys() >= {"minlen", *_CREDITS}:
            self._lack(rule, f"has defaults that hang on its version: {self._release_problem.reason}")
        defaults = {"minlen": "8"} | dict.fromkeys((*_CREDITS, "minclass"), "0") | (_OLD_DEFAULTS if is_old else {})
        numbers = {}
        for name, default in ({**defaults, "dictcheck": "1"}).items():
            text = settings.get(name, default)
            if not re.fullmatch(r"[+-]?[0-9]{1,9}", text):
                self._lack(rule, f"cannot read {name}")
                return None, None
            numbers[name] = int(text)
        given = [numbers[name] for name in _CREDITS]
        length = max(numbers["minlen"], _LEAST[rule["module"]]) - sum(max(0, credit) for credit in given)
        asked = sum(-credit for credit in given if credit < 0)
        least = max(length, asked, _DICTIONARY_LEAST if numbers["dictcheck"] else 0)
        return least, max(min(4, numbers["minclass"]), sum(credit < 0 for credit in given), 1)

    def _with_file(self, rule: Row) -> dict[str, str]:
        """Arguments in their order, the file's lines where `config=` names it."""
        arguments: list[str] = []
        for argument in rule["arguments"]:
            name, _, path = argument.partition("=")
            if name != "config":
                arguments.append(argument)
            elif path in self._passwdqc:
                arguments += [line.partition("#")[0].strip(" \t\r") for line in self._passwdqc[path].lines]
            else:
                self._lack(rule, f"reads {path[:200]}, which was not collected")
        return _settings({"arguments": arguments})

    def _least(self, rule: Row, settings: Settings) -> tuple[int | None, int | None]:
        """passwdqc: the shortest password it takes, and the fewest kinds of characters in one that is not long."""
        words = settings.get("min", _PASSWDQC_MIN).split(",")
        if len(words) != len(_PASSWDQC_KINDS) or not all(re.fullmatch("disabled|[0-9]{1,9}", word) for word in words):
            self._lack(rule, "cannot read min")
            return None, None
        lengths = [(int(word), kinds) for word, kinds in zip(words, _PASSWDQC_KINDS, strict=True) if word.isdigit()]
        short = (kinds for length, kinds in lengths if kinds and length < _LONG)
        return min((length for length, _ in lengths), default=_LONG), min(short, default=4)


def _histories(stack: Sequence[Row]) -> Iterator[Row]:
    unix = _decides(stack)
    for at, rule in enumerate(stack):
        settings = _settings(rule)
        if rule["module"] == "pam_pwhistory":
            remember = _leading(settings, "remember", 0 if "remember" in settings else 10)
            asks = at < unix and _stops(rule["control"], "maxtries")
            root: bool | None = "enforce_for_root" in settings
        elif rule["module"] == "pam_unix" and "remember" in settings:
            remember, asks, root = _leading(settings, "remember", 0), True, None
        else:
            continue
        yield _from(rule, in_force=asks, for_root=root, remember=min(max(0, remember), _MAX_REMEMBERED))


def _hashes(stack: Sequence[Row], default: str | None) -> Iterator[Row]:
    unix = _decides(stack)
    if unix < len(stack):
        named = [_HASHES[argument] for argument in stack[unix]["arguments"] if argument in _HASHES]
        yield _from(stack[unix], in_force=True, algorithm=named[-1] if named else default)


def _default_hash(settings: Sequence[Row]) -> str:
    """What a pam_unix uses that names no algorithm: login.defs' method, else DES."""
    method = next((row["value"].lower() for row in settings if row["key"] == "ENCRYPT_METHOD"), "")
    return next((name for start, name in _HASHES.items() if method.startswith(start)), "descrypt")


TABLE = Table(
    name="password_policy",
    doc="What PAM asks of passwords, one row per service and aspect: arguments over the module's configuration file "
    "over what is built into it. A module that stands where it is never asked, or whose answer does not count, is "
    "named but not in force. Empty where there is no PAM (Alpine).",
    columns=(
        Column("service", "text", "service name, as `passwd`, which sets passwords, or `sshd`"),
        Column("aspect", "text", "quality, history, hash (of new passwords) or lockout (after failed logins)"),
        Column("module", "text", "module that sees to it; of several the strictest; NULL when there is none"),
        Column("in_force", "boolean", "a module sees to it, and the stack heeds it"),
        Column("for_root", "boolean", "root too is held to it; NULL when that does not matter or is not known"),
        Column(
            "min_length", "integer", "shortest password that may pass, credits taken off", "characters", ("quality",)
        ),
        Column(
            "kinds",
            "integer",
            f"kinds of characters (of 4) that a password has at least; of passwdqc one below {_LONG} characters",
            parts=("quality",),
        ),
        Column("deny", "integer", "failed logins after which the account is locked; 0 = never"),
        Column("unlock_time", "integer", "how long it stays locked; 0 = until an administrator unlocks it", "seconds"),
        Column("fail_interval", "integer", "time in which the failures must fall; NULL = any", "seconds"),
        Column("remember", "integer", "earlier passwords that may not be used again", "passwords"),
        Column("algorithm", "text", "hash of new passwords, as in shadow_meta", parts=("hash",)),
        Column("settings", "text[]", "what the rule and the module's configuration file set, as in pam_rules"),
        Column("source", "text", "file of the PAM rule"),
        Column("line", "integer", "line of the PAM rule"),
    ),
    sections=(*pam_rules.TABLE.sections, PASSWDQC),
    parts={"quality": (), "hash": ()},
    build=build,
    extra_sections=(OS_RELEASE, *login_defs.TABLE.sections),
)
