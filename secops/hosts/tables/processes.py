"""Running processes: as whom, with which privileges, from which executable. Never their arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from secops.hosts.evidence import Evidence, Status, readable
from secops.hosts.section import Command
from secops.hosts.tables import Built, Column, Row, Table
from secops.hosts.tables.mounts import MOUNTINFO, mountinfo

# The kernel escapes newlines in Name, so no process can write a line. A status file that is there and cannot be
# read (hidepid=1, SELinux) is denied; one that is gone belonged to a process that ended meanwhile.
PROCESS_STATUS = Command(
    "process_status",
    r"""LC_ALL=C; export LC_ALL
grep -ahsE '^(Name|State|Pid|PPid|Uid|VmSize|Threads|CapEff|NoNewPrivs|Seccomp):' /proc/[0-9]*/status
[ $? -le 2 ] || exit 1
for d in /proc/[0-9]*; do
  [ -r "$d/status" ] || [ ! -d "$d" ] || exit 65
done
exit 0""",
    limit=32 << 20,
)

# `/proc/PID NUL target NUL`. A link without a target belongs to a kernel thread or a process that ended.
PROCESS_EXECUTABLES = Command(
    "process_executables",
    r"""LC_ALL=C; export LC_ALL
exec 3>&1
gnu=; find / -maxdepth 0 -printf '' && gnu=1
links() {
  if [ "$gnu" ]; then find /proc/[0-9]*/exe -printf '%h\0%l\0'
  else
    for d in /proc/[0-9]*; do
      target=$(readlink -nv "$d/exe"; echo .)
      printf '%s\0%s\0' "$d" "${target%.}"
    done
  fi
}
case $({ links >&3; } 2>&1) in *'Permission denied'* | *'not permitted'*) exit 65 ;; esac""",
    limit=32 << 20,
)

_FIELD = re.compile(r"(Name|State|Pid|PPid|Uid|VmSize|Threads|CapEff|NoNewPrivs|Seccomp):\t(.*)", re.DOTALL)
_ESCAPE = re.compile(r"\\([n\\])")
_HEX = re.compile(r"[0-9a-f]{1,32}")
_DELETED = " (deleted)"
_SECCOMP = {"0": "disabled", "1": "strict", "2": "filter"}
_HIDING = re.compile(r"hidepid=(?!0$|off$).+")


def hidden(evidence: Evidence) -> str:
    """Why a user other than root does not see every process; empty when nothing hides them."""
    hiding = any(
        mount.mount_point == "/proc" and mount.fs_type == "proc" and _HIDING.fullmatch(option)
        for mount in mountinfo(evidence)
        for option in mount.options
    )
    return "/proc hides the processes of others (hidepid)" if hiding and evidence.uid != 0 else ""


def statuses(evidence: Evidence) -> Iterator[dict[str, str]]:
    """The fields of each /proc/PID/status."""
    fields: dict[str, str] = {}
    for line in evidence[PROCESS_STATUS.name].only.lines:
        found = _FIELD.fullmatch(line)
        if found is None:
            continue
        if found.group(1) == "Name" and fields:
            yield fields
            fields = {}
        fields[found.group(1)] = found.group(2)
    if fields:
        yield fields


def names(evidence: Evidence) -> dict[int, str]:
    """The names of processes, by process id."""
    return {pid: name for pid, (name, _) in identities(evidence).items()}


def identities(evidence: Evidence) -> dict[int, tuple[str, int | None]]:
    """The name and the effective user id of processes, by process id."""
    found = {}
    for fields in statuses(evidence):
        pid, uids = _number(fields.get("Pid")), fields.get("Uid", "").split()
        if pid is not None:
            found[pid] = _name(fields), _number(uids[1]) if len(uids) == 4 else None
    return found


def executable_path(target: str) -> tuple[str | None, bool | None]:
    """(path, deleted) of what /proc/PID/exe links to; the kernel marks a file that is gone."""
    if not target:
        return None, None
    return target.removesuffix(_DELETED), target.endswith(_DELETED)


def build(evidence: Evidence) -> Built:
    built = Built()
    if reason := hidden(evidence):
        built.lack(reason, Status.DENIED)
    targets = _executables(evidence, built)
    seen = 0
    for fields in statuses(evidence):
        row = _row(fields, targets)
        seen += row is not None
        if row is None:
            built.lack("an entry of /proc cannot be parsed")
        elif "VmSize" in fields or row["state"] == "Z":  # a kernel thread has no memory of its own
            built.rows.append(row)
            if row["state"] == "Z" and (row["threads"] or 0) > 1:  # its first thread has ended, the others run on
                built.lack(f"process {row['pid']} runs without a first thread", part="executable")
    if not seen and evidence.problem(PROCESS_STATUS) is None:
        built.lack("no process was listed")
    return built


def _executables(evidence: Evidence, built: Built) -> dict[int, str]:
    """What each /proc/PID/exe links to, by process id."""
    parts = evidence[PROCESS_EXECUTABLES.name].only.data.split(b"\0")
    if len(parts) % 2 == 0:  # pairs, and the empty rest after the last NUL
        built.lack("the list of executables is not whole", part="executable")
    targets = {}
    for directory, target in zip(parts[0::2], parts[1::2], strict=False):
        pid = _number(readable(directory.removeprefix(b"/proc/")))
        if pid is not None and target:
            targets[pid] = readable(target)
    return targets


def _row(fields: dict[str, str], targets: dict[int, str]) -> Row | None:
    pid, parent, threads = (_number(fields.get(name)) for name in ("Pid", "PPid", "Threads"))
    uids = [_number(uid) for uid in fields.get("Uid", "").split()]
    effective = fields.get("CapEff", "")
    if pid is None or parent is None or len(uids) != 4 or "Name" not in fields or not _HEX.fullmatch(effective):
        return None
    executable, deleted = executable_path(targets.get(pid, ""))
    privileges = fields.get("NoNewPrivs")
    return {
        "pid": pid,
        "ppid": parent,
        "uid": uids[0],
        "euid": uids[1],
        "name": _name(fields),
        "executable": executable,
        "deleted": deleted,
        "state": fields.get("State", "")[:1] or None,
        "threads": threads,
        "cap_eff": effective,
        "no_new_privs": None if privileges is None else privileges == "1",
        "seccomp": _SECCOMP.get(fields.get("Seccomp", "")),
    }


def _name(fields: dict[str, str]) -> str:
    return _ESCAPE.sub(lambda found: "\n" if found.group(1) == "n" else "\\", fields.get("Name", ""))


def _number(text: str | None) -> int | None:
    """A number the kernel prints; None when it is none (or too long for one)."""
    return int(text) if text and len(text) <= 10 and text.isascii() and text.isdigit() else None


TABLE = Table(
    name="processes",
    doc="Processes of the host's process namespace (those of containers too), without kernel threads and without "
    "arguments, which may hold passwords. The collector's own are among them.",
    columns=(
        Column("pid", "integer", "process id"),
        Column("ppid", "integer", "process id of the parent"),
        Column("uid", "integer", "real user id"),
        Column("euid", "integer", "effective user id"),
        Column("name", "text", "the process's own word for itself, at most 15 bytes; any process can change its own"),
        Column(
            "executable",
            "text",
            "path of the program, as its own mounts show it; NULL for a zombie and one just started",
            parts=("executable",),
        ),
        Column(
            "deleted",
            "boolean",
            "the program's file was removed or replaced since, or lies in memory only (memfd)",
            parts=("executable",),
        ),
        Column("state", "text", "the kernel's letter: R running, S sleeping, D waiting, T stopped, Z zombie, …"),
        Column("threads", "integer", "number of threads"),
        Column("cap_eff", "text", "effective capabilities, as the kernel's hexadecimal mask"),
        Column("no_new_privs", "boolean", "cannot gain privileges by exec; NULL on kernels before 4.10"),
        Column("seccomp", "text", "disabled, strict or filter; NULL where the kernel has none"),
    ),
    sections=(PROCESS_STATUS, MOUNTINFO),
    parts={"executable": (PROCESS_EXECUTABLES,)},  # root sees those of all
    build=build,
)
