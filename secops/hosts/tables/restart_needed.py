"""What was changed and does not run yet: an older kernel, deleted code in processes, marks that ask for a restart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from secops.hosts.evidence import Evidence, Status
from secops.hosts.section import Files
from secops.hosts.tables import Built, Column, Row, Table, derive, hosts, kernels, packages, running_code

MARKERS = Files(
    "restart_markers",
    ("/run/reboot-required", "/run/reboot-required.pkgs", "/run/reboot-needed"),
    limit=64 << 10,
    image=False,
)
BOOT_TIME = Files("boot_time", ("/proc/stat",), rewrite=(("^(btime [0-9]{1,12})$", r"\1"),), image=False)

#: Packages that dnf's needs-restarting is told to look at besides its own.
CORE_PACKAGES = Files("core_packages", ("/etc/dnf/plugins/needs-restarting.d/*.conf",))

#: Packages of which nothing old is left only after a restart. The kernel's own are judged by what runs.
_CORE = frozenset(
    ("glibc", "linux-firmware", "systemd", "udev", "dbus", "dbus-daemon", "dbus-broker", "openssl-libs", "gnutls",
     "microcode_ctl")
)  # fmt: skip
_KERNEL = re.compile(r"kernel(?:-.+)?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]{0,127}")


def build(evidence: Evidence) -> Built:
    built = Built()
    if evidence.carrier == "root":
        built.lack("a mounted image runs nothing", Status.ABSENT)
    found = [*_kernel(evidence, built), *_core(evidence, built), *_processes(evidence, built), *_marks(evidence)]
    built.rows = [_EMPTY | row for row in found]
    return built


_EMPTY: Row = {"needs": "reboot", "packages": [], "files": [], "pid": None, "unit": None, "newer": None}


def _kernel(evidence: Evidence, built: Built) -> Iterator[Row]:
    """The running kernel, when a newer one of its kind is installed, or its modules are gone and others are there."""
    facts = derive(kernels.TABLE, evidence)
    built.part_problems["kernel"] = [*facts.problems["running"], *facts.problems["newer"]]
    others = [row["release"] for row in facts.rows if not row["running"] and row["has_modules"]]
    for row in facts.rows:
        if row["running"] and (row["newer"] or (others and not row["has_modules"])):
            yield {
                "what": "kernel" if row["newer"] else "kernel-gone",
                "name": row["release"],
                "newer": row["newer"],
                "packages": [row["package"]] if row["package"] else [],
                "source": kernels.OSRELEASE,
            }


def _core(evidence: Evidence, built: Built) -> Iterator[Row]:
    """Core packages of the Red Hat family that were installed after the boot."""
    (host,) = derive(hosts.TABLE, evidence).rows
    if host["family"] not in ("rhel", None):
        return
    facts = derive(packages.TABLE, evidence)
    built.part_problems["core"] = list(facts.problems[""])
    if host["is_container"] is not False:
        built.lack("the boot of a container is not that of the machine", Status.ABSENT, part="core")
        return
    booted = _boot_time(evidence)
    if booted is None:
        built.lack("the time of the boot is not known", part="core")
        return
    wanted = _CORE | _configured(evidence)
    for row in facts.rows:
        if row["name"] in wanted and row["kind"] == "rpm" and (row["installed_at"] or 0) > booted:
            yield {"what": "core-package", "name": row["name"], "packages": [row["name"]], "newer": row["version"],
                   "source": "/proc/stat"}  # fmt: skip


def _boot_time(evidence: Evidence) -> int | None:
    words = evidence[BOOT_TIME.name].only.text.split()
    return int(words[1]) if len(words) == 2 and words[0] == "btime" and re.fullmatch(r"\d{1,12}", words[1]) else None


def _configured(evidence: Evidence) -> frozenset[str]:
    lines = (line.strip() for item in evidence[CORE_PACKAGES.name].files for line in item.lines)
    return frozenset(line for line in lines if _NAME.fullmatch(line) and not _KERNEL.fullmatch(line))


@dataclass
class _Old:
    """The deleted code that processes of one name and unit run."""

    packages: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    pids: set[int] = field(default_factory=set)


def _processes(evidence: Evidence, built: Built) -> Iterator[Row]:
    facts = derive(running_code.TABLE, evidence)
    built.part_problems["process"] = list(facts.problems[""])
    built.part_problems["package"] = list(facts.problems["package"])
    found: dict[tuple[str, str | None], _Old] = {}
    for row in facts.rows:
        if row["deleted"]:
            old = found.setdefault((row["program"] or "", row["unit"]), _Old())
            old.files.add(row["path"])
            old.pids.add(row["pid"])
            old.packages |= {row["package"]} - {None}
    for (program, unit), old in found.items():
        pid = min(old.pids)
        yield {"what": "process", "needs": "reboot" if pid == 1 else "restart", "name": program or None, "unit": unit,
               "pid": pid, "packages": sorted(old.packages), "files": sorted(old.files),
               "source": f"/proc/{pid}/maps"}  # fmt: skip


def _marks(evidence: Evidence) -> Iterator[Row]:
    """Files by which package managers ask for a restart, with the packages that asked where they are named."""
    content = {item.path: item.lines for item in evidence[MARKERS.name].files}
    asked = sorted({line.strip() for line in content.get("/run/reboot-required.pkgs", ()) if _NAME.fullmatch(line)})
    for path in ("/run/reboot-required", "/run/reboot-needed"):
        if path in content:
            yield {"what": "marker", "name": path, "packages": asked if path.endswith("required") else [],
                   "source": path}  # fmt: skip


TABLE = Table(
    name="restart_needed",
    doc="What was updated and does not run yet. Each kind of row hangs on a part of its own, but for markers: that "
    "there is no row means something only where that part is whole.",
    columns=(
        Column(
            "what",
            "text",
            "kernel: a newer one is installed; kernel-gone: its modules are not there any more; core-package: "
            "installed after the boot; process: it runs deleted code; marker: the package manager asks for it",
        ),
        Column("needs", "text", "what ends it: reboot, or restart of the process"),
        Column("name", "text", "the kernel's release, the package, the process's name, or the marker's path"),
        Column("newer", "text", "what runs after a restart: the kernel's release, the package's version"),
        Column("packages", "text[]", "packages whose code is old, or that asked for it", parts=("package",)),
        Column("files", "text[]", "of processes: the deleted files that they still run"),
        Column("pid", "integer", "of processes: the lowest id of them"),
        Column("unit", "text", "of processes: the systemd unit, or scope of a session"),
        Column("source", "text", "the file that tells"),
    ),
    sections=(MARKERS,),
    parts={
        "kernel": kernels.TABLE.sections,
        "core": (BOOT_TIME, CORE_PACKAGES, *packages.SECTIONS),
        "process": running_code.TABLE.sections,
        "package": running_code.TABLE.sections,
    },
    extra_sections=(*kernels.TABLE.extra_sections, *running_code.TABLE.all_sections, *hosts.TABLE.all_sections),
    build=build,
)
