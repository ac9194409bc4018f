"""Patches of what runs, without a restart: of the kernel (kpatch, livepatch, kGraft), of programs (SysCare)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from secops.hosts.evidence import Evidence, Status
from secops.hosts.section import Command, Files, Listing
from secops.hosts.tables import Built, Column, Row, Table, derive, packages
from secops.hosts.tables._listed import listed

LIVE_PATCHES = Files(
    "live_patches",
    ("/sys/kernel/livepatch/*/enabled", "/sys/kernel/kpatch/*/enabled", "/sys/kernel/kpatch/patches/*/enabled"),
    image=False,
)
KGRAFT = Listing("kgraft_modules", ("/sys/module/kgraft_patch_*",), image=False)

# It asks SysCare's own service, and changes nothing.
SYSCARE = Command("syscare", '[ "$(command -v syscare)" ] || exit 66\nsyscare list', required=False)

#: Packages that bring patches of the kernel: Red Hat's, SUSE's, Alibaba's, openEuler's.
_OF_KERNEL = re.compile(r"(?:kpatch-patch|kernel-livepatch|kernel-hotfix|patch-kernel)-.+")
#: SysCare's: patch-NAME-VERSION-RELEASE-PATCH.
_OF_SYSCARE = re.compile(r"patch-(.+)-([^-]+-[^-]+)-([A-Za-z][A-Za-z0-9_.]*)")

_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_STATES = {"ACTIVED": True, "ACCEPTED": True, "DEACTIVED": False, "NOT-APPLIED": False, "UNKNOWN": None}
_ENABLED = {"1": True, "0": False}


def build(evidence: Evidence) -> Built:
    built = Built()
    if evidence.carrier == "root":
        built.lack("a mounted image runs nothing", Status.ABSENT)
    found = derive(packages.TABLE, evidence)
    built.part_problems["package"] = list(found.problems[""])
    rows = [*_loaded(evidence, built), *_kgraft(evidence, built), *_syscare(evidence, built)]
    brought = _Packages(found.rows)
    rows = [row | brought.of(row) for row in rows]
    taken = {row["package"] for row in rows}
    built.rows = [*rows, *(row for row in _installed(found.rows) if row["package"] not in taken)]
    return built


def _row(name: str, target: str, source: str, *, enabled: bool | None) -> Row:
    return {"name": name, "target": target, "target_version": None, "enabled": enabled, "version": None,
            "package": None, "source": source}  # fmt: skip


def _loaded(evidence: Evidence, built: Built) -> Iterator[Row]:
    """Patches that the kernel lists: each a folder with a file that says whether it is enabled."""
    for item in evidence[LIVE_PATCHES.name].files:
        enabled = _ENABLED.get(item.text.strip())
        if enabled is None:
            built.lack(f"{item.path} is neither 0 nor 1")
        yield _row(item.path.split("/")[-2:][0][:255], "kernel", item.path, enabled=enabled)


def _kgraft(evidence: Evidence, built: Built) -> Iterator[Row]:
    """kGraft tells only that the module is loaded."""
    for entry in listed(evidence, KGRAFT, built):
        yield _row(entry.path.rpartition("/")[2], "kernel", entry.path, enabled=None)


def _syscare(evidence: Evidence, built: Built) -> Iterator[Row]:
    """Lines of `UUID TARGET-VERSION-RELEASE/PATCH[/FILE] STATE`."""
    if problem := evidence.problem(SYSCARE):
        built.problems.append(problem)
    for line in evidence[SYSCARE.name].only.lines:
        words = line.split()
        if not words or not _UUID.fullmatch(words[0]):
            continue
        target, patch = (words[1].split("/") if len(words) == 3 else [""])[0].rsplit("-", 2), words[1:2]
        if len(target) != 3 or words[-1] not in _STATES:
            built.lack("syscare list: a line is not a patch")
            continue
        row = _row(patch[0][:255], target[0], "syscare list", enabled=_STATES[words[-1]])
        yield row | {"target_version": f"{target[1]}-{target[2]}"}


class _Packages:
    """Which package brought a patch: its name and version are in the patch's own."""

    def __init__(self, found: Sequence[Row]) -> None:
        self._syscare: dict[str, Row] = {}
        self._kernel: dict[str, Row] = {}
        for package in found:
            name, version = package["name"], package["version"].rpartition(":")[2]
            if patch := _OF_SYSCARE.fullmatch(name):
                self._syscare.setdefault(f"{patch[1]}-{patch[2]}/{patch[3]}-{version}", package)
            if _OF_KERNEL.fullmatch(name):
                plain = version.rpartition(".")[0] or version  # without .el9
                self._kernel.setdefault(_plain(f"{name.replace('-patch-', '-', 1)}_{plain}"), package)

    def of(self, row: Row) -> Row:
        """The columns of a patch that hang on its package."""
        if row["source"] == "syscare list":
            found = self._syscare.get("/".join(row["name"].split("/")[:2]))
        else:
            starts = accumulate(_plain(row["name"]).split("_"), "{}_{}".format)
            found = next((self._kernel[start] for start in starts if start in self._kernel), None)
        return {"package": found["name"], "version": found["version"]} if found else {}


def _plain(name: str) -> str:
    """As module names are: kpatch-5_14_0-70-1-2 is loaded as kpatch_5_14_0_70_1_2."""
    return re.sub(r"[^A-Za-z0-9]", "_", name)


def _installed(found: Sequence[Row]) -> Iterator[Row]:
    """Packages of patches of which nothing tells whether they are in force."""
    for package in found:
        name = package["name"]
        patch = _OF_SYSCARE.fullmatch(name)
        if package["kind"] != "rpm" or not (patch or _OF_KERNEL.fullmatch(name)):
            continue
        row = _row(name, patch[1] if patch else "kernel", "package", enabled=None)
        yield row | {
            "package": name, "version": package["version"], "target_version": patch[2] if patch else None
        }  # fmt: skip


TABLE = Table(
    name="live_patches",
    doc="Patches that mend a running kernel or program. What Canonical's livepatch keeps in its snap is not read: its "
    "patches are seen where the kernel lists them.",
    columns=(
        Column("name", "text", "the patch's own name, as the kernel or SysCare lists it; else its package's"),
        Column("target", "text", "what it mends: kernel, or the package of a program"),
        Column("target_version", "text", "the version and release that it is made for; NULL where it is not told"),
        Column("enabled", "boolean", "it is in force now; NULL where nothing tells"),
        Column("version", "text", "version of the package that brings it", parts=("package",)),
        Column("package", "text", "the package that brings it; NULL when none is known to", parts=("package",)),
        Column("source", "text", "what tells of it: a file, `syscare list`, or `package` when only that is there"),
    ),
    sections=(LIVE_PATCHES, KGRAFT),
    parts={"package": (*packages.SECTIONS,)},
    extra_sections=(SYSCARE, *packages.RPM_SECTIONS),
    build=build,
)
