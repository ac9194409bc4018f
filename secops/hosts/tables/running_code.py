"""Code that runs: of which packages, as whom, and whether other hosts may speak to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from secops.hosts.evidence import Evidence, Status, readable
from secops.hosts.mapped import MAPPED_SH, MAX_FILES
from secops.hosts.section import Command
from secops.hosts.tables import Built, Column, Table, derive
from secops.hosts.tables import listening_ports as ports
from secops.hosts.tables._origin import Ask, Ids, asked
from secops.hosts.tables.mounts import MOUNTINFO
from secops.hosts.tables.processes import PROCESS_STATUS, hidden, identities

MAPPED = Command("mapped_code", MAPPED_SH, limit=32 << 20, raw=True)

_LINE = re.compile(r"([MU]) (\d{1,10}) (.{1,4096})")
_LEFT_OUT = re.compile(r"F (\d{1,10})")
_DELETED = " (deleted)"
_FIELDS = {"dpkg": 2, "apk": 1, "rpm": 2, "none": 0}

#: Where programs make files only to map and remove them: just-in-time compilers, libffi, shared memory.
_PASSING = re.compile(r"/[^/]*|/(?:dev|proc|sys|run|tmp|var/tmp|var/run)/.*|/.*/\.cache/.*|/(?:.*/)?ffi[A-Za-z0-9]{6}")


@dataclass
class Mapped:
    """What MAPPED found: (process id, path, deleted) in its order, units by process id, whose files they are."""

    files: list[tuple[int, str, bool]] = field(default_factory=list)
    units: dict[int, str] = field(default_factory=dict)
    left_out: int = 0
    owner: Ask | None = None
    manager: str = ""
    whole: bool = False


@dataclass
class _Use:
    """The processes of one name that run one package's code."""

    paths: set[str] = field(default_factory=set)
    pids: set[int] = field(default_factory=set)


def mapped(evidence: Evidence) -> Mapped:
    """Read the records; whatever follows one that is not known is left, and the result is not whole."""
    parts = [readable(part) for part in evidence[MAPPED.name].only.data.split(b"\0")]
    found = Mapped()
    for line in parts[0].split("\n"):
        if match := _LINE.fullmatch(line):
            kind, pid, text = match[1], int(match[2]), match[3]
            if kind == "U":
                found.units[pid] = text[:255]
            elif text.startswith("/"):
                found.files.append((pid, text.removesuffix(_DELETED), text.endswith(_DELETED)))
        elif left_out := _LEFT_OUT.fullmatch(line):
            found.left_out = int(left_out[1])
    count = _FIELDS.get(parts[1] if len(parts) > 1 else "")
    if count is not None and parts[2 + count : 3 + count] == ["end"]:
        found.manager, found.whole = parts[1], True
        found.owner = _owner(found.manager, parts[2 : 2 + count])
    return found


def _owner(manager: str, fields: list[str]) -> Ask | None:
    if manager == "none":
        return None
    more = [fields[0], "", fields[1], ""] if manager == "dpkg" else fields
    return asked(manager, more, Ids({}, {}))


def build(evidence: Evidence) -> Built:
    built = Built()
    found = mapped(evidence)
    _tell(found, evidence, built)
    reachable = ports.reachable(evidence)
    known = identities(evidence)
    uses: dict[tuple[str | None, str, str, bool], _Use] = {}
    for pid, path, package, deleted in _owned(found, built):
        program, _ = known.get(pid, ("", None))
        # one row will do for a package's files, unless the very file matters
        use = uses.setdefault((package, program, path if deleted else "", deleted), _Use())
        use.paths.add(path)
        use.pids.add(pid)
    seen = not evidence.problem(ports.SOCKETS) and not evidence.problem(ports.SOCKET_HOLDERS)
    for (package, program, _, deleted), use in uses.items():
        first = min(use.pids)
        built.rows.append(
            {
                "package": package,
                "path": min(use.paths),
                "files": len(use.paths),
                "program": program or None,
                "pid": first,
                "unit": next((found.units[pid] for pid in sorted(use.pids) if pid in found.units), None),
                "processes": len(use.pids),
                "as_root": _any(known.get(pid, ("", None))[1] for pid in use.pids),
                "listening": True if use.pids & reachable else False if seen else None,
                "deleted": deleted,
            }
        )
    return built


def _any(euids: Iterable[int | None]) -> bool | None:
    """Whether one of these is root's; None when that cannot be told."""
    euids = list(euids)
    return True if 0 in euids else None if None in euids else False


def _owned(found: Mapped, built: Built) -> Iterator[tuple[int, str, str | None, bool]]:
    """(process id, path, package, deleted) of what is code of its own, not made in passing."""
    owners: dict[str, str | None] = {}
    for pid, path, deleted in found.files:
        if deleted and _PASSING.fullmatch(path):
            continue
        if path not in owners and found.owner:
            said = found.owner(_names(path)) if len(owners) < MAX_FILES else None
            owners[path] = said.package if said else None
        yield pid, path, owners.get(path), deleted
    if len({path for _, path, _ in found.files}) > MAX_FILES:
        built.lack(f"more than {MAX_FILES} files are mapped as code", part="package")


def _names(path: str) -> tuple[str, str]:
    """A file's path and its other one: only the one that is the same file was asked for."""
    return (path, path.removeprefix("/usr")) if path.startswith("/usr/") else (path, f"/usr{path}")


def _tell(found: Mapped, evidence: Evidence, built: Built) -> None:
    """Say what is not whole."""
    if reason := hidden(evidence):
        built.lack(reason, Status.DENIED)
    if evidence.problem(MAPPED) is None and not found.whole:
        built.lack("the list of mapped files is not whole")
    elif found.whole and not found.files:
        built.lack("no process maps a file")
    if found.left_out:
        text = f"processes in other file systems, as those of containers, are not looked into: {found.left_out}"
        built.lack(text, Status.ABSENT, part="containers")
    if found.whole and found.manager == "none":
        built.lack("no package manager was found", Status.ABSENT, part="package")
    elif found.whole and not found.owner:
        built.lack(f"the database of {found.manager} does not answer", part="package")
    built.part_problems.setdefault("listening", []).extend(derive(ports.TABLE, evidence).problems["process"])


TABLE = Table(
    name="running_code",
    doc="Programs and libraries that processes of this host have mapped as code: a row for each package and process "
    "name, and for each file that was deleted since. Processes whose file systems are not "
    "this host's (containers, snaps, flatpaks) are left out, and counted as what the part `containers` lacks.",
    columns=(
        Column(
            "package",
            "text",
            "the package that owns the file; NULL when none does: built here, unpacked by hand, or deleted for good",
            parts=("package",),
        ),
        Column("path", "text", "a mapped file of it, the first by name; of files that were deleted each has its row"),
        Column("files", "integer", "how many of its files are mapped"),
        Column("program", "text", "the processes' own word for themselves; NULL when they ended meanwhile"),
        Column("pid", "integer", "lowest id of these processes"),
        Column("unit", "text", "of deleted files: the systemd unit, or scope of a session, that one of them is in"),
        Column("processes", "integer", "how many there are"),
        Column("as_root", "boolean", "one of them has effective user id 0"),
        Column(
            "listening",
            "boolean",
            "one of them holds a socket that other hosts may speak to: TCP that listens, UDP that is not connected",
            parts=("listening",),
        ),
        Column("deleted", "boolean", "the file was removed or replaced since: what runs is the old code"),
    ),
    sections=(MAPPED, PROCESS_STATUS, MOUNTINFO),
    parts={
        "package": (),
        "listening": (ports.SOCKETS, ports.SOCKET_HOLDERS),
        "containers": (),
    },
    build=build,
)
