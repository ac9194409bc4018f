"""Who may run what as whom by doas: the rules of doas.conf, and whether doas takes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from posixpath import dirname, join, normpath

from secops.hosts.doas_conf import DoasError, DoasRule, parse
from secops.hosts.evidence import Evidence
from secops.hosts.listing import Entry
from secops.hosts.masking import DOAS_SECRETS
from secops.hosts.section import Files, Listing
from secops.hosts.tables import Built, Column, Row, Table
from secops.hosts.tables._listed import listed
from secops.hosts.tables.hosts import OS_RELEASE, os_release

_MAIN = "/etc/doas.conf"
_FOLDER = "/etc/doas.d"
_PATTERNS = (_MAIN, f"{_FOLDER}/*.conf", f"{_FOLDER}/.*conf")  # a name that begins with a dot counts
_BINARIES = ("/usr/bin/doas", "/usr/sbin/doas", "/bin/doas")
_OWN_BUILD = "/usr/local/bin/doas"

DOAS = Files("doas", _PATTERNS, rewrite=DOAS_SECRETS)
DOAS_PATHS = Listing("doas_paths", (*_BINARIES, _OWN_BUILD, _FOLDER, *_PATTERNS))

SECTIONS = (DOAS, DOAS_PATHS)
EXTRA_SECTIONS = (OS_RELEASE,)

#: Releases of Alpine with which its doas began to read the folder alone, and then the file and the folder.
_FOLDER_ALONE, _FOLDER_TOO = (3, 15), (3, 19)


@dataclass(frozen=True)
class DoasPolicy:
    """The rules in the order in which doas reads them. `in_force`: doas is installed and takes them; None = not known.

    Anything wrong in a file, or another than root who may write it, and doas refuses every request.
    """

    rules: tuple[DoasRule, ...]
    in_force: bool | None


def read_doas(evidence: Evidence, built: Built) -> DoasPolicy:
    """The host's policy. What is not seen or not known of it is told to `built`."""
    paths = {entry.path: entry for entry in listed(evidence, DOAS_PATHS, built)}
    files = {normpath(item.path): item.data for item in evidence[DOAS.name].files}
    installed = _installed(paths, built)
    read = _order(evidence, files, paths, built) if installed else sorted(files)
    rules, taken = list[DoasRule](), bool(read and installed)
    for path in read:
        if path not in files:  # doas ends at a link to nowhere, and passes over one to a directory
            built.lack(f"{path} cannot be read")
            continue
        if installed:
            taken = _is_roots(path, paths, built) and taken
        try:
            rules += parse(_without_hidden(path, files[path], built), path)
        except DoasError:
            taken = False
    is_seen = not (built.problems or any(evidence.problem(section) for section in SECTIONS))
    return DoasPolicy(tuple(rules), taken if is_seen else None)


def _installed(paths: dict[str, Entry], built: Built) -> bool | None:
    """Whether doas is there, and SUID root. Of one that was built on the host nobody knows which file it reads."""
    if _OWN_BUILD in paths:
        built.lack(f"{_OWN_BUILD}: which policy it reads is not known")
        return None
    found = [paths[path] for path in _BINARIES if path in paths]
    if any(entry.kind == "f" and entry.mode & 0o4000 and entry.uid == 0 for entry in found):
        return True
    if links := [entry.path for entry in found if entry.kind == "l"]:
        built.lack(f"{links[0]}: mode and owner of the file are not seen")
        return None
    return False


def _order(evidence: Evidence, files: dict[str, bytes], paths: dict[str, Entry], built: Built) -> list[str]:
    """The files that doas reads, in its order; none when it takes no request because of what is missing."""
    main = [_MAIN] if _MAIN in files else []
    inside = sorted(
        path
        for path, entry in paths.items()
        if dirname(path) == _FOLDER and path.endswith(".conf") and entry.kind in ("f", "l")
    )
    release = os_release(evidence)
    if _FOLDER not in paths or paths[_FOLDER].kind != "d" or not _is_alpine(release):
        if inside and not release:
            built.lack(f"{_FOLDER}: not known whether doas reads it here")
        return main
    number = re.match(r"(\d{1,3})\.(\d{1,3})", release.get("VERSION_ID", ""))
    if not number:
        built.lack(f"{_FOLDER}: not known whether doas reads it here")
        return main
    version = int(number[1]), int(number[2])
    if version < _FOLDER_ALONE:
        return main
    return inside if version < _FOLDER_TOO else [*main, *inside] if main else []


def _is_alpine(release: dict[str, str]) -> bool:
    return "alpine" in (release.get("ID", ""), *release.get("ID_LIKE", "").split())


def _is_roots(path: str, paths: dict[str, Entry], built: Built) -> bool:
    """Whether a file is root's and nobody else may write it."""
    entry = paths.get(path)
    if entry and entry.kind == "l":
        entry = paths.get(normpath(join(dirname(path), entry.link)))
    if entry is None or entry.kind == "l":
        built.lack(f"{path}: mode and owner of the file are not seen")
        return True
    return entry.uid == 0 and not entry.mode & 0o022


def _without_hidden(path: str, data: bytes, built: Built) -> bytes:
    """A file's lines, those that were left on the host empty, and told."""
    lines = data.split(b"\n")
    if b"?" in lines:
        built.lack(f"{path}:{lines.index(b'?') + 1} was left out: it is too long, or seems to hold a secret")
    return b"\n".join(b"" if line == b"?" else line for line in lines)


def build(evidence: Evidence) -> Built:
    built = Built()
    policy = read_doas(evidence, built)
    built.rows = [_row(rule, position, policy) for position, rule in enumerate(policy.rules, 1)]
    return built


def _row(rule: DoasRule, position: int, policy: DoasPolicy) -> Row:
    return {
        "permit": rule.permit,
        "identity": rule.identity,
        "target": rule.target,
        "command": rule.command,
        "arguments": None if rule.arguments is None else list(rule.arguments),
        **{name: name in rule.options for name in ("nopass", "persist", "keepenv", "setenv", "nolog")},
        "in_force": policy.in_force,
        "source": rule.source,
        "line": rule.line,
        "position": position,
    }


TABLE = Table(
    name="doas_rules",
    doc="What doas allows: one row per rule of doas.conf (on Alpine also of /etc/doas.d), in the order it reads them; "
    "of those that match a request the one with the highest position decides.",
    columns=(
        Column("permit", "boolean", "the rule permits; else it denies"),
        Column("identity", "text", "for whom: alice, 1000, :wheel"),
        Column("target", "text", "as whom; NULL = as anyone"),
        Column("command", "text", "the command as it must be typed; NULL = any"),
        Column("arguments", "text[]", "all arguments that must be given; NULL = any, empty = none"),
        Column("nopass", "boolean", "no password is asked"),
        Column("persist", "boolean", "after one password none is asked for some minutes"),
        Column("keepenv", "boolean", "the user's environment is kept"),
        Column("setenv", "boolean", "single variables are kept or set"),
        Column("nolog", "boolean", "nothing is logged"),
        Column(
            "in_force",
            "boolean",
            "doas is installed SUID root and takes its files: a mistake in one, or one that others may write, and it "
            "refuses every request; NULL when that is not known",
        ),
        Column("source", "text", "file of the rule"),
        Column("line", "integer", "line where the rule starts"),
        Column("position", "integer", "order among all rules, from 1"),
    ),
    sections=SECTIONS,
    build=build,
    extra_sections=EXTRA_SECTIONS,
)
