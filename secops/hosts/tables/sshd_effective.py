"""What the OpenSSH server really uses: sshd_config with its includes, Match blocks and defaults.

`sshd -T`, where it could run, has the last word on values outside Match blocks. Options on sshd's command line are
not seen, except the crypto policy that RHEL 8 and its kin pass there. Other SSH servers (dropbear) are not seen.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence

from secops.hosts.evidence import Evidence, Item, Problem, Status
from secops.hosts.masking import SSHD_SECRETS, masked, names_only
from secops.hosts.section import Command, Files
from secops.hosts.sshd_config import ALL, Setting, parse
from secops.hosts.sshd_keywords import (
    ACCUMULATE,
    ALGORITHMS,
    DEFAULTS,
    GLOBAL_ONLY,
    REMOVED,
    VARYING,
    Version,
    canonical,
    default,
    normalise,
)
from secops.hosts.tables import Built, Column, Row, Table
from secops.hosts.tables._files import WITHOUT_COMMENTS
from secops.hosts.tables.hosts import OS_RELEASE

MAIN = ("/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config")
POLICY = "/etc/crypto-policies/back-ends/opensshserver.config"
LOCAL = "/usr/local/etc/sshd_config"
SYSCONFIG = "/etc/sysconfig/sshd"

SSHD_CONFIG = Files(
    "sshd_config",
    (*MAIN, "/etc/ssh/*.conf", "/etc/ssh/sshd_config.d/*", "/usr/etc/ssh/sshd_config.d/*", POLICY, LOCAL),
    rewrite=(*SSHD_SECRETS, *WITHOUT_COMMENTS),
)
#: Only the release strings in the program: old sshd cannot print its version, and an image runs nothing.
SSHD_PROGRAM = Files(
    "sshd_program",
    ("/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd"),
    limit=16 << 20,
    rewrite=((r"^.*(OpenSSH_([3-9]|[1-9][0-9])\.[0-9]+(\.[0-9]+)?p[0-9]+( [A-Za-z]+)?).*$", r"\1"),),
)
SSHD_START = Files(
    "sshd_start",
    (
        "/etc/systemd/system/sshd.service.d/*.conf",
        "/etc/systemd/system/sshd.service",
        "/usr/lib/systemd/system/sshd.service",
        SYSCONFIG,
    ),
    rewrite=WITHOUT_COMMENTS,
)
SSHD_TEST = Command(
    "sshd_test",
    """for s in /usr/sbin/sshd /usr/bin/sshd /usr/local/sbin/sshd; do [ -x "$s" ] && break; s=; done
[ -n "$s" ] || exit 66
[ "$(id -u)" = 0 ] || exit 65
c=/etc/ssh/sshd_config; [ -f "$c" ] || c=/usr/etc/ssh/sshd_config
out=$("$s" -T -f "$c" -C user=root,host=localhost,addr=127.0.0.1,laddr=127.0.0.1,lport=22) || exit $?
printf '%s\n' "$out" | sed -E"""
    + "".join(f" -e {shlex.quote(f's~{pattern}~{kept}~;t')}" for pattern, kept in SSHD_SECRETS),
)

#: Keywords whose value may be unknown although the configuration was read; each is a part of the table.
PARTS = (*VARYING, *ALGORITHMS)

#: Source of a value that only sshd itself told.
TEST_SOURCE = "sshd -T"

_RELEASE = re.compile(r"OpenSSH_([0-9]{1,3})\.([0-9]{1,3})(?:\.[0-9]+)?p[0-9]+(?: ([A-Za-z]+))?")
_MAX_FAULTS = 20
_COMMANDS = frozenset({"forcecommand", "subsystem", "authorizedkeyscommand", "authorizedprincipalscommand"})

Settings = dict[tuple[str, str], list[Setting]]  # by (context, key)


def build(evidence: Evidence) -> Built:
    built = Built()
    settings = _settings(evidence, built)
    if settings is None:
        return built
    version, vendor = release(evidence)
    policy = _policy(evidence)
    rows = _rows(_resolve([*policy, *settings], built), version, vendor, built)
    beyond = {row["key"] for row in rows if row["match_context"]} | {canonical(s.keyword) for s in policy}
    built.rows = [_without_secrets(row) for row in _tested(rows, _test_output(evidence, beyond))]
    for row in built.rows:
        if row["key"] in PARTS and row["value"] is None:
            built.lack(f"neither the configuration nor sshd told {row['key']}", _untold(evidence), part=row["key"])
    unseen = [problem for problem in [evidence.problem(SSHD_START)] if problem]
    unseen += [
        Problem(item.status, f"{POLICY}: {item.reason}")
        for item in evidence[SSHD_CONFIG.name].items
        if item.path == POLICY and item.status not in (Status.OK, Status.EMPTY, Status.ABSENT)
    ]
    for problem in unseen:
        for key in ALGORITHMS:
            built.lack(f"the options that sshd starts with: {problem.reason}", problem.status, part=key)
    return built


def authorized_keys_files(evidence: Evidence) -> list[str]:
    """Every AuthorizedKeysFile value in force for anyone, tokens (`%h`, `%u`) unexpanded; `none` is left out.

    Whether it is all of them, the problems of `build(evidence)` say.
    """
    rows = [row for row in build(evidence).rows if row["key"] == "authorizedkeysfile"]
    values = [row["value"] for row in rows] or [DEFAULTS["authorizedkeysfile"]]
    words = dict.fromkeys(word for value in values for word in value.split(" "))
    return [word for word in words if word != "none"]


def release(evidence: Evidence) -> tuple[Version | None, str]:
    """(OpenSSH's release, vendor) of the sshd program; None when there are several, or none was told."""
    found = set()
    for item in evidence[SSHD_PROGRAM.name].files:
        named = [(int(major), int(minor), name.lower()) for major, minor, name in _RELEASE.findall(item.text)]
        if named:
            found.add(max(named))  # a program also names older releases, to know their bugs
    major, minor, name = found.pop() if len(found) == 1 else (0, 0, "")
    version = (major, minor) if major else None
    if any("suse" in item.text.lower() for item in evidence[OS_RELEASE.name].files):
        return version, "suse"
    return version, "debian" if name in ("debian", "ubuntu") else ""


def _settings(evidence: Evidence, built: Built) -> list[Setting] | None:
    """The lines of the configuration in order; None when there is nothing to read, which may be a problem."""
    seen = evidence[SSHD_CONFIG.name]
    files = {item.path: item for item in seen.items if item.status is not Status.ABSENT}
    main = next((path for path in MAIN if path in files), None)
    if main is None:
        for section in (SSHD_CONFIG, SSHD_PROGRAM):
            if problem := evidence.problem(section):
                built.problems.append(problem)
        for item in evidence[SSHD_PROGRAM.name].files[:1]:
            built.lack(f"{item.path} is there, but no sshd_config was found")
        return None
    if LOCAL in files:
        built.lack(f"{LOCAL}: the configuration of a second sshd is not read")
    parsed = parse(main, files, SSHD_CONFIG.patterns)
    built.problems.extend(parsed.problems)
    problem = evidence.problem(SSHD_CONFIG)
    if problem and not any(item.status is problem.status for item in seen.items):
        built.problems.append(problem)  # the section itself was cut off; a single file counts only when included
    return None if files[main].status in (Status.DENIED, Status.FAILED) else parsed.settings


def _policy(evidence: Evidence) -> list[Setting]:
    """The algorithms that RHEL 8's kind of unit passes to sshd as `-o` options, ahead of every configuration line."""
    start = {item.path: item for item in evidence[SSHD_START.name].files}
    if not any("$CRYPTO_POLICY" in line or "${CRYPTO_POLICY}" in line for line in _start_lines(start.values())):
        return []
    policy = [item for item in evidence[SSHD_CONFIG.name].files if item.path == POLICY]
    options, place = [], None
    for item in (*policy, *(start[path] for path in (SYSCONFIG,) if path in start)):
        for number, line in enumerate(item.lines, start=1):
            name, equals, value = line.strip().partition("=")
            if name == "CRYPTO_POLICY" and equals:
                options, place = _options(value), (item.path, number)
    return [Setting("", key, (value,), value, *place) for key, value in options if place]


def _start_lines(units: Iterable[Item]) -> list[str]:
    """The ExecStart lines in force: a drop-in's before the unit's, /etc before /usr/lib, as they were collected."""
    for folder in ("/etc/systemd/system/sshd.service.d/", "/etc/systemd/system/", "/usr/lib/systemd/system/"):
        lines = [line for item in units if item.path.startswith(folder) for line in item.lines]
        if found := [line for line in lines if re.match(r"ExecStart=.", line)]:
            return found
    return []


def _options(text: str) -> list[tuple[str, str]]:
    """`'-oCiphers=a,b -oMACs=c'` → (key in lower case, value) pairs."""
    try:
        words = " ".join(shlex.split(text[:65536])).split()
    except ValueError:
        return []
    pairs = (word.removeprefix("-o").partition("=") for word in words)
    return [(key.lower(), value) for key, equals, value in pairs if key and equals and value]


def _resolve(settings: list[Setting], built: Built) -> Settings:
    """Which lines are in force: the first of each keyword, all of those that accumulate.

    `Match all` holds for every connection and, evaluated last, beats the lines outside every Match.
    """
    found: Settings = {}
    for setting in settings:
        key, context = canonical(setting.keyword), setting.context
        if key in GLOBAL_ONLY:
            if context not in ("", ALL):
                _refused(built, setting, f"sshd refuses {setting.keyword[:64]} inside a Match block")
            context = ""
        elif context not in ("", ALL) and key not in ACCUMULATE and (ALL, key) in found:
            continue  # a `Match all` above it has matched first
        found.setdefault((context, key), []).append(setting)
    for context, key in [place for place in found if place[0] == ALL]:
        found["", key] = found.pop((context, key)) + (found.get(("", key), []) if key == "subsystem" else [])
    return found


def _rows(found: Settings, version: Version | None, vendor: str, built: Built) -> list[Row]:
    rows = []
    for (context, key), settings in found.items():
        if key in REMOVED and version is not None and version >= REMOVED[key]:
            continue
        kept = settings if key in ACCUMULATE else settings[:1]
        if key == "maxstartups" and (version is None or version < (10, 1)):
            kept = settings[-1:]  # the one keyword whose last line won, until that was mended
        if key == "subsystem":
            kept = list({setting.words[0]: setting for setting in reversed(settings)}.values())[::-1]
        for setting in kept:
            rows.append(_row(context, key, _value(key, setting, built), setting.source, setting.line))
    for row in rows:
        if row["key"] in ALGORITHMS and row["value"][:1] in ("+", "-", "^"):
            row["value"] = None  # changes a list that only sshd knows
    if keyboard := found.get(("", "kbdinteractiveauthentication")):
        _keyboard_interactive(keyboard, version, rows)
    set_keys = {row["key"] for row in rows if not row["match_context"]}
    for key in (*DEFAULTS, "permitrootlogin", *ALGORITHMS):
        if key not in set_keys:
            rows.append(_row("", key, default(key, version, vendor)))
    return rows


def _row(context: str, key: str, value: str | None, source: str | None = None, line: int | None = None) -> Row:
    """A row; without a source it is a default."""
    return {
        "match_context": context, "key": key, "value": value, "source": source, "line": line,
        "is_default": source is None,
    }  # fmt: skip


def _value(key: str, setting: Setting, built: Built) -> str:
    value = normalise(key, setting.words, setting.rest)
    if value is None:
        _refused(built, setting, f"sshd refuses {setting.keyword[:64]} with this value")
        return " ".join(setting.words)
    return value


def _refused(built: Built, setting: Setting, why: str) -> None:
    """sshd would not start with this line, so that a running one uses something else."""
    if len(built.problems) < _MAX_FAULTS:
        built.lack(f"{setting.source}:{setting.line}: {why}")


def _keyboard_interactive(lines: list[Setting], version: Version | None, rows: list[Row]) -> None:
    """Before 8.7 two keywords, either of which turned it on; since then one with two names. Mends the row in place."""
    row = next(row for row in rows if row["key"] == "kbdinteractiveauthentication" and not row["match_context"])
    own = next((line for line in lines if canonical(line.keyword) == line.keyword), None)
    challenge = next((line for line in lines if canonical(line.keyword) != line.keyword), None)
    on = [line for line in (own, challenge) if line and line.words[0].lower() == "yes"]
    before = "yes" if on or challenge is None else "no"
    if (version is not None and version >= (8, 7)) or before == row["value"]:
        return
    row["value"] = before if version is not None else None
    if version is not None:
        decisive = on[0] if on else None
        row.update(
            source=decisive.source if decisive else None, line=decisive.line if decisive else None,
            is_default=decisive is None,
        )  # fmt: skip


def _test_output(evidence: Evidence, excluded: set[str]) -> dict[str, list[str]]:
    """What `sshd -T` printed: normalised values by key, without the keys on which it has no last word.

    It answers for root from this host, so that a Match block may have shaped a value; and it was not given the
    options that the service starts with.
    """
    seen = evidence[SSHD_TEST.name]
    if seen.status is not Status.OK:
        return {}
    told: dict[str, list[str]] = {}
    for line in seen.only.lines:
        keyword, _, rest = line.partition(" ")
        words = rest.split()
        key = keyword.lower()
        if words and key not in excluded and canonical(key) not in excluded:
            value = normalise(canonical(key), words, rest)
            told.setdefault(key, []).append(rest if value is None else value)
    for old in [key for key in told if canonical(key) != key]:
        told.setdefault(canonical(old), told[old])
    return told


def _tested(rows: list[Row], told: dict[str, list[str]]) -> list[Row]:
    """The rows with what sshd told: it fills what was not known, and replaces what it contradicts."""
    mine: dict[str, list[Row]] = {}
    for row in rows:
        if not row["match_context"]:
            mine.setdefault(row["key"], []).append(row)
    result: list[Row] = []
    for key, old in mine.items():
        values = [row["value"] for row in old]
        if key not in told or _words(values) == _words(told[key]):
            result += old
        elif values == [None]:
            result.append(old[0] | {"value": " ".join(told[key])})
        else:
            kept = all(row["is_default"] for row in old)
            result += [_row("", key, value, TEST_SOURCE) | {"is_default": kept} for value in told[key]]
    return result + [row for row in rows if row["match_context"]]


def _words(values: Sequence[str | None]) -> list[str]:
    return sorted(word for value in values if value for word in value.split())


def _without_secrets(row: Row) -> Row:
    """The row as it may be kept: of SetEnv only the names, of commands nothing that looks like a secret."""
    if row["value"] is None or row["key"] not in _COMMANDS | {"setenv"}:
        return row
    return row | {"value": names_only(row["value"]) if row["key"] == "setenv" else masked(row["value"])}


def _untold(evidence: Evidence) -> Status:
    """Why sshd itself did not tell: as a plain user more privilege would help."""
    denied = evidence[SSHD_TEST.name].status is Status.DENIED
    return Status.DENIED if denied else Status.ABSENT


TABLE = Table(
    name="sshd_effective",
    doc=(
        "Effective settings of the OpenSSH server. One row per keyword and context; keywords that accumulate (port, "
        "hostkey, allowusers, …) have a row per line. Rows of a Match block hold only what the block sets; what it "
        "does not set is as in the global rows. Empty without sshd. A keyword whose unset value depends on the build "
        "(permitrootlogin, ciphers, macs, …) is a part by its own name: `needs: [sshd_effective.permitrootlogin]`."
    ),
    columns=(
        Column("match_context", "text", "criteria of the Match block (`user root address 10.0.0.0/8`); empty = global"),
        Column("key", "text", "keyword in lower case, by its present name"),
        Column(
            "value",
            "text",
            "value in one form: yes/no and choices in lower case, times in seconds, lists parted by one space, an "
            "empty list as empty text; NULL = not known",
        ),
        Column("source", "text", "file, or `sshd -T` where only sshd told or contradicted the files; NULL = default"),
        Column("line", "integer", "line in the file"),
        Column("is_default", "boolean", "set nowhere: what this release of sshd does by itself"),
    ),
    sections=(),
    build=build,
    parts=dict.fromkeys(PARTS, ()),
    extra_sections=(SSHD_CONFIG, SSHD_PROGRAM, SSHD_START, SSHD_TEST, OS_RELEASE),
)
