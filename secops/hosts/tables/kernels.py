"""Installed kernels and the running one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from secops.hosts.evidence import Evidence, Status
from secops.hosts.section import Files, Listing
from secops.hosts.tables import Built, Column, Row, Table, derive, packages
from secops.hosts.tables._listed import listed

OSRELEASE, PROC_VERSION = "/proc/sys/kernel/osrelease", "/proc/version"
KERNEL_RUNNING = Files("kernel_running", (OSRELEASE, PROC_VERSION), image=False)
KERNEL_FILES = Listing(
    "kernel_files",
    (
        # A directory that lacks `kernel` is what drivers built on the host leave behind.
        "/lib/modules/*/kernel", "/usr/lib/modules/*/kernel", "/lib/modules/*/vmlinuz", "/usr/lib/modules/*/vmlinuz",
        "/boot/vmlinuz-*", "/boot/vmlinux-*", "/boot/Image-*", "/boot/kernel-*",
    ),
)  # fmt: skip

_RELEASE = re.compile(r"[1-9]\d*\.\d")
_IMAGE = re.compile(r"(?:vmlinuz|vmlinux|Image|kernel)-(.+)", re.DOTALL)
_COPIES = (".old", ".bak", ".hmac")

_FLAVOUR = re.compile(r"(?:-(?=[A-Za-z](?!c[0-9]))|\+(?![^-]*-))([A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*)\Z")
_NUMBERS = re.compile(r"[0-9.]+\+?")
_ORDERED = re.compile(r"([0-9]+)|(?!rc)([A-Za-z]+)|(~|rc)")

_RPM_KERNEL = re.compile(r"kernel(?:-(?!core\Z)([a-z0-9]+))?(-core)?")
_NOT_KERNELS = frozenset(
    {"devel", "doc", "docs", "firmware", "headers", "macros", "modules", "source", "syms", "tools"}
)


def build(evidence: Evidence) -> Built:
    built = Built()
    modules, images = _installed(evidence, built)
    running = _running(evidence, built)
    owned = derive(packages.TABLE, evidence)
    built.part_problems["newer"] = list(owned.problems[""])
    owners = _owners(owned.rows)
    releases = {*modules, *(name for name in images if _RELEASE.match(name)), *([running] if running else [])}
    for release in sorted(releases):
        owner = owners.get(release, {})
        # Alpine names an image after its flavour alone: 6.6.30-0-lts is in vmlinuz-lts.
        has_image = release in images or (release in modules and release.rpartition("-")[2] in images)
        built.rows.append(
            {
                "release": release,
                "running": release == running if running else None,
                "has_modules": release in modules,
                "has_image": has_image,
                "package": owner.get("name"),
                "package_version": owner.get("version"),
                "build": _first_line(evidence, PROC_VERSION) if release == running else None,
            }
        )
    _tell_newer(built.rows)
    return built


def _tell_newer(rows: list[Row]) -> None:
    """Name each kernel's newest successor: of its flavour, and with all that a start needs."""
    newest: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: _order(row["release"])):
        if row["has_modules"] and row["has_image"]:
            newest[_flavour(row)] = row
    for row in rows:
        found = newest.get(_flavour(row), row)
        row["newer"] = found["release"] if _order(found["release"]) > _order(row["release"]) else None


def _flavour(row: Row) -> str:
    """What kernels that replace each other share: the words behind the version, else the kind of the rpm package.

    A release that has neither (5.10.1-1.x86_64 of no package) is of a flavour of its own.
    """
    words = _FLAVOUR.search(row["release"])
    if words:
        return words[1]
    package = _RPM_KERNEL.fullmatch(row["package"] or "")
    if package:
        return f"rpm {package[1] or ''}"
    return "plain" if row["package"] or _NUMBERS.fullmatch(row["release"]) else row["release"]


def _order(release: str) -> list[tuple[int, int, str]]:
    """A key that sorts releases of one flavour as their packages' versions sort: 6.1.9 < 6.1.10, 6.2-rc1 < 6.2."""
    parts = []
    for number, word, early in _ORDERED.findall(release):
        parts.append((-1, 0, "") if early else (2, int(number), "") if number else (1, 0, word))
    return [*parts, (0, 0, "")]


def _installed(evidence: Evidence, built: Built) -> tuple[set[str], set[str]]:
    """The releases that have modules, and the names of images: a release, or a flavour of one."""
    modules: set[str] = set()
    images: set[str] = set()
    for entry in listed(evidence, KERNEL_FILES, built):
        folder, _, name = entry.path.rpartition("/")
        release = folder.rpartition("/")[2]
        if folder == "/boot":
            found = _IMAGE.fullmatch(name)
            if found and entry.kind in "fl" and not name.endswith(_COPIES):
                images.add(found.group(1))
        elif _RELEASE.match(release) and name in ("kernel", "vmlinuz"):
            (modules if name == "kernel" else images).add(release)
    return modules, images


def _running(evidence: Evidence, built: Built) -> str | None:
    """The running kernel's release; why it is not known is told to the part `running`."""
    if evidence.carrier == "root":
        built.lack("a mounted image runs no kernel", Status.ABSENT, part="running")
        return None
    release = _first_line(evidence, OSRELEASE)
    problem = evidence.problem(KERNEL_RUNNING)
    if problem:
        built.part_problems.setdefault("running", []).append(problem)
    elif release is None:
        built.lack(f"{OSRELEASE} cannot be read", part="running")
    return release


def _first_line(evidence: Evidence, path: str) -> str | None:
    texts = (item.lines[0].strip() for item in evidence[KERNEL_RUNNING.name].files if item.path == path and item.data)
    return next(texts, None) or None


def _owners(rows: Sequence[Row]) -> dict[str, Row]:
    """Kernel release → the package that brings it, told from names and versions alone."""
    owners: dict[str, Row] = {}
    for row in rows:
        name, version, kind = row["name"], row["version"], row["kind"]
        if kind == "dpkg" and name.startswith("linux-image-"):
            owners.setdefault(name.removeprefix("linux-image-").removeprefix("unsigned-"), row)
        elif kind == "apk" and name.startswith("linux-"):
            upstream, _, build_number = version.rpartition("-r")
            owners.setdefault(f"{upstream}-{build_number}-{name.removeprefix('linux-')}", row)
    for match, row in _rpm_kernels(rows):
        for release in _rpm_releases(row, match.group(1)):
            owners.setdefault(release, row)
    return owners


def _rpm_kernels(rows: Sequence[Row]) -> list[tuple[re.Match[str], Row]]:
    """The rpm packages that hold a kernel: plain ones before flavours, and -core, which has the files, first."""
    matches = [(found, row) for row in rows if row["kind"] == "rpm" and (found := _RPM_KERNEL.fullmatch(row["name"]))]
    kernels = [(found, row) for found, row in matches if found.group(1) not in _NOT_KERNELS]
    return sorted(kernels, key=lambda kernel: (kernel[0].group(1) is not None, kernel[0].group(2) is None))


def _rpm_releases(row: Row, flavour: str | None) -> list[str]:
    """How a kernel package's release may look: 5.14.0-70.el9.x86_64[+debug], or SUSE's 5.14.21-150400.22-default."""
    version = row["version"].rpartition(":")[2]
    plain = f"{version}.{row['architecture']}"
    return [plain, f"{plain}+{flavour}", f"{version.rpartition('.')[0]}-{flavour}"] if flavour else [plain]


TABLE = Table(
    name="kernels",
    doc=(
        "Installed kernels and the running one. In a container the running kernel is the machine's, "
        "and is not installed: it has neither modules nor an image."
    ),
    columns=(
        Column("release", "text", "the kernel's release, as uname -r prints it"),
        Column("running", "boolean", "it is the kernel that runs; NULL where that cannot be told", parts=("running",)),
        Column("has_modules", "boolean", "its modules are there, in /lib/modules"),
        Column("has_image", "boolean", "it can be booted: its image is in /boot or beside its modules"),
        Column("package", "text", "the package it belongs to, told from names and versions; NULL when none fits"),
        Column("package_version", "text", "that package's version, as in packages"),
        Column(
            "newer",
            "text",
            "the newest kernel of the same flavour that a start can take; NULL when none is newer",
            parts=("newer",),
        ),
        Column(
            "build",
            "text",
            "/proc/version: compiler and time of the build; only of the running kernel",
            parts=("running",),
        ),
    ),
    sections=(KERNEL_FILES,),
    parts={"running": (), "newer": ()},  # newer: which kernels are of one flavour, the packages tell
    build=build,
    extra_sections=(KERNEL_RUNNING, *packages.SECTIONS, *packages.RPM_SECTIONS),
)
