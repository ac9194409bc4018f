"""PAM stacks as they are run: includes put in place, and the modules' own configuration files in their arguments."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import basename, normpath

from secops.hosts.evidence import Evidence, Item
from secops.hosts.section import Files
from secops.hosts.tables import Built, Column, Table
from secops.hosts.tables._files import HIDDEN, WITHOUT_COMMENTS, without_values

#: Where a service's file is looked for, in this order; pam.conf only counts where none of them has a file.
FOLDERS = ("/etc/pam.d/", "/usr/lib/pam.d/", "/usr/etc/pam.d/")
PAM_CONF = "/etc/pam.conf"
SECURITY = ("/etc/security/", "/usr/etc/security/")

_SECRETS = ("passw", "secret", "token", "bindpw", "credential")
_ANY_CASE = "|".join("".join(f"[{char}{char.upper()}]" for char in word) for word in _SECRETS)

PAM_D = Files(
    "pam_d",
    (*(f"{folder}*" for folder in FOLDERS), PAM_CONF),
    # without comments and secrets; `#` stays, since a line that it ends does not go on
    rewrite=(
        *without_values(f"[ \t][^ \t=#]*({_ANY_CASE})[^ \t=#]*=", "[^ \t#]*", inside="[^#]", end="([^#]*#?).*"),
        ("^([^#]*#).*$", r"\1"),
        ("^(.*)$", r"\1"),
    ),
)
PAM_MODULE_SETTINGS = Files(
    "pam_module_settings",
    (
        *(f"{folder}{name}.conf" for folder in SECURITY for name in ("faillock", "pwhistory")),
        "/etc/security/pwquality.conf.d/*.conf",
        "/etc/security/pwquality.conf",
    ),
    rewrite=WITHOUT_COMMENTS,
)

TYPES = frozenset({"auth", "account", "password", "session"})

_INCLUDES = frozenset({"include", "substack", "@include"})
_BACKUP = re.compile(
    r".*(~|\.(bak|old|orig|save|rpmsave|rpmnew|rpmorig|dpkg-[a-z]+|ucf-[a-z]+|pam-old))|readme.*", re.I
)
_TOKEN = re.compile(r"\[((?:\\\]|[^\]])*)\]?|[^ \t]+")
_SECRET = re.compile("|".join(_SECRETS), re.I)
_MAX_DEPTH = 16  # PAM's own limit
_BUDGET = 4 << 20  # characters put in place, repeated includes counted each time: no configuration may stall a scan
_MAX_FAULTS = 20


@dataclass(frozen=True)
class Entry:
    """One rule of one file; `target` is the module's path, or what is included."""

    line: int
    type: str  # empty for `@include`, which brings every type
    control: str
    target: str
    arguments: tuple[str, ...]

    @property
    def cost(self) -> int:
        return 16 + sum(map(len, self.arguments)) + len(self.arguments)


def build(evidence: Evidence) -> Built:
    faults: dict[str, None] = {}
    stacks = _Stacks({item.path: item for item in evidence[PAM_D.name].files}, faults)
    settings = _Settings(evidence, faults)
    built = Built()
    for service, path, entries in stacks.services():
        positions: Counter[str] = Counter()
        for entry, source, via in stacks.flatten(path, entries, "", ()):
            positions[entry.type] += 1
            module = basename(entry.target).removesuffix(".so")
            arguments = [*entry.arguments, *settings.beyond(module, entry.arguments)]
            built.rows.append(
                {
                    "service": service,
                    "type": entry.type,
                    "position": positions[entry.type],
                    "control": entry.control,
                    "module": module,
                    "arguments": [_without_secret(argument) for argument in arguments],
                    "source": source,
                    "line": entry.line,
                    "via": " > ".join(via) or None,
                }
            )
    for fault in list(faults)[:_MAX_FAULTS]:
        built.lack(fault)
    return built


def _without_secret(argument: str) -> str:
    key, _, value = argument.partition("=")
    return f"{key}={HIDDEN}" if value and _SECRET.search(key) else argument


@dataclass
class _Stacks:
    """The files and their rules, each file parsed once."""

    files: dict[str, Item]
    faults: dict[str, None]  # reasons, each once, in order
    parsed: dict[str, list[Entry]] = field(default_factory=dict)
    left: int = _BUDGET

    def services(self) -> Iterator[tuple[str, str, list[Entry]]]:
        """(service, file, rules) of every service. Copies that editors and packages leave behind are none."""
        paths = [path for folder in FOLDERS for path in sorted(self.files) if path.startswith(folder)]
        names = {basename(path): path for path in reversed(paths) if not _BACKUP.fullmatch(basename(path))}
        for name in sorted(names):
            yield name, names[name], self.entries(names[name])
        if not paths and PAM_CONF in self.files:
            yield from self._pam_conf()

    def _pam_conf(self) -> Iterator[tuple[str, str, list[Entry]]]:
        """The one-file form: the service stands first on each line."""
        found: dict[str, list[Entry]] = {}
        for line, tokens in logical_lines(self.files[PAM_CONF]):
            if entry := self.entry(PAM_CONF, line, tokens[1:]):
                found.setdefault(tokens[0][0].lower(), []).append(entry)
        for service, entries in found.items():
            yield service, PAM_CONF, entries

    def entries(self, path: str) -> list[Entry]:
        if path not in self.parsed:
            read = (self.entry(path, line, tokens) for line, tokens in logical_lines(self.files[path]))
            self.parsed[path] = [entry for entry in read if entry]
        return self.parsed[path]

    def entry(self, path: str, line: int, tokens: list[tuple[str, bool]]) -> Entry | None:
        found = _entry(line, tokens)
        if found is None:
            self.fault(f"{path}:{line} is not a PAM rule")
        return found

    def fault(self, reason: str) -> None:
        if len(self.faults) < _MAX_FAULTS:
            self.faults[reason] = None

    def flatten(
        self, path: str, entries: list[Entry], wanted: str, via: tuple[str, ...], chain: tuple[str, ...] = ()
    ) -> Iterator[tuple[Entry, str, tuple[str, ...]]]:
        """(rule, file, names of the includes on the way) in the order PAM runs them; `wanted` picks one type."""
        for entry in entries:
            self.left -= entry.cost
            if self.left < 0:
                self.fault("the PAM stacks are too large to be read")
                return
            if wanted and entry.type and entry.type != wanted:
                continue
            if entry.control not in _INCLUDES:
                yield entry, path, via
                continue
            target = self.find(entry.target)
            if target is None:
                self.fault(f"{path}:{entry.line} includes {entry.target[:200]}, which was not found")
            elif target in (path, *chain) or len(chain) >= _MAX_DEPTH:
                self.fault(f"{path}:{entry.line} includes {entry.target[:200]} in itself or too deeply")
            else:
                through = (*via, entry.target)
                yield from self.flatten(target, self.entries(target), entry.type or wanted, through, (*chain, path))

    def find(self, name: str) -> str | None:
        paths = (name,) if name.startswith("/") else tuple(folder + name for folder in FOLDERS)
        return next((path for path in map(normpath, paths) if path in self.files), None)


def logical_lines(item: Item) -> Iterator[tuple[int, list[tuple[str, bool]]]]:
    """(number of its first line, tokens) of each rule; a token says whether it stood in brackets.

    A backslash at the end continues a line, `#` ends it, also in the middle.
    """
    parts: list[str] = []
    first = 0
    for number, raw in enumerate(item.lines, start=1):
        text, comment, _ = raw.partition("#")
        bare = raw.rstrip(" \t")
        goes_on = not comment and bare.endswith("\\")
        first = first or number
        parts.append(bare[:-1] + " " if goes_on else text)
        if not goes_on:
            if tokens := _tokens("".join(parts)):
                yield first, tokens
            parts, first = [], 0
    if tokens := _tokens("".join(parts)):
        yield first, tokens


def _tokens(text: str) -> list[tuple[str, bool]]:
    """Words, and `[…]` as one word without the brackets, where `\\]` stands for a bracket."""
    return [
        (match.group(), False) if match.group(1) is None else (match.group(1).replace("\\]", "]"), True)
        for match in _TOKEN.finditer(text)
    ]


def _entry(line: int, tokens: list[tuple[str, bool]]) -> Entry | None:
    """A rule; None when PAM would not take it for one."""
    words = [word for word, _ in tokens]
    if words[:1] == ["@include"]:
        return Entry(line, "", "@include", words[1], ()) if len(words) == 2 else None
    if len(words) < 3:
        return None
    type_ = words[0].removeprefix("-").lower()  # the dash only silences the log when the module is missing
    control = _bracketed(words[1]) if tokens[1][1] else words[1].lower()
    return Entry(line, type_, control, words[2], tuple(words[3:])) if type_ in TYPES else None


def _bracketed(text: str) -> str:
    pairs = " ".join(text.split()).replace(" =", "=").replace("= ", "=")
    return f"[{pairs}]"


class _Settings:
    """The configuration files of modules that have one."""

    def __init__(self, evidence: Evidence, faults: dict[str, None]) -> None:
        self.files = {item.path: item for item in evidence[PAM_MODULE_SETTINGS.name].files}
        self.faults = faults
        folder = [path for path in sorted(self.files) if path.startswith("/etc/security/pwquality.conf.d/")]
        main = [path for path in ("/etc/security/pwquality.conf",) if path in self.files]
        self.values = {
            "pam_faillock": self._read(self._first("faillock")),
            "pam_pwhistory": self._read(self._first("pwhistory"), last=False),
            "pam_pwquality": self._read([*folder, *main]),
        }

    def beyond(self, module: str, arguments: tuple[str, ...]) -> list[str]:
        """The settings that the rule's own arguments do not override, as arguments."""
        values = self.values.get(module, {})
        own = {argument.partition("=")[0].lower(): argument.partition("=")[2] for argument in arguments}
        if module in ("pam_faillock", "pam_pwhistory") and "conf" in own:
            values = self._named(own["conf"], last=module == "pam_faillock")
        return [f"{key}={value}" if value else key for key, value in values.items() if key not in own]

    def _named(self, path: str, *, last: bool) -> dict[str, str]:
        if path in self.files:
            return self._read([path], last=last)
        self.faults[f"{path[:200]}: configuration of a PAM module, which was not collected"] = None
        return {}

    def _first(self, name: str) -> list[str]:
        """A file in /etc replaces the vendor's."""
        return [path for folder in SECURITY if (path := f"{folder}{name}.conf") in self.files][:1]

    def _read(self, paths: list[str], *, last: bool = True) -> dict[str, str]:
        """`key = value` and bare keys of the files in turn; of a key set twice the last counts, or the first."""
        values: dict[str, str] = {}
        for path in paths:
            for line in self.files[path].lines:
                words = line.partition("#")[0].replace("=", " ", 1).split(None, 1)
                if words and (last or words[0].lower() not in values):
                    values[words[0].lower()] = words[1].strip() if len(words) > 1 else ""
        return values


TABLE = Table(
    name="pam_rules",
    doc=(
        "PAM rules per service, flattened in the order they run, with include, substack and @include resolved. Every "
        "file of pam.d is a service, also those made to be included. Empty where there is no PAM (Alpine)."
    ),
    columns=(
        Column("service", "text", "service name: the file's name, as `sshd`"),
        Column("type", "text", "auth, account, password or session"),
        Column("position", "integer", "place in the service's stack of this type, from 1"),
        Column("control", "text", "required, requisite, sufficient, optional, or `[success=1 default=ignore]`"),
        Column("module", "text", "module without path and `.so`, as pam_unix"),
        Column(
            "arguments",
            "text[]",
            "arguments; of pam_faillock, pam_pwquality and pam_pwhistory also what their configuration files add, as "
            "`key=value`, but not what is built into them; values of passwords and secrets are hidden",
        ),
        Column("source", "text", "file the rule stands in"),
        Column("line", "integer", "first line of the rule"),
        Column("via", "text", "what was included to get there, as `password-auth > system-auth`; NULL: the own file"),
    ),
    sections=(PAM_D, PAM_MODULE_SETTINGS),
    build=build,
)
