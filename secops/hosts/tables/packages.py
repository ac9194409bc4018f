"""Installed packages, from the databases of dpkg, rpm and apk."""

from __future__ import annotations

from collections.abc import Iterator

from secops.hosts.evidence import Evidence, Item, Status
from secops.hosts.rpmdb import Header, RpmdbError, parse_header, read_blobs
from secops.hosts.section import Command, Files, Listing
from secops.hosts.tables import Built, Column, Row, Table
from secops.hosts.tables._listed import listed

# Only the lines we read leave the host, and the blank ones, which separate packages. Continuation lines start with
# a space, so no description or file list can pass for a field.
DPKG_STATUS = Files(
    "dpkg_status",
    ("/var/lib/dpkg/status", "/var/lib/dpkg/status.d/*"),
    limit=64 << 20,
    rewrite=(("^((Package|Status|Version|Architecture|Source): .*)$", r"\1"), ("^$", "")),
)
APK_INSTALLED = Files(
    "apk_installed",
    ("/lib/apk/db/installed", "/usr/lib/apk/db/installed"),
    limit=64 << 20,
    rewrite=(("^([PVAo]:.*)$", r"\1"), ("^$", "")),
)

_RPM_DIRECTORIES = ("/usr/lib/sysimage/rpm", "/var/lib/rpm")
RPM_FILES = Listing(
    "rpm_files",
    tuple(f"{path}/{name}" for path in _RPM_DIRECTORIES for name in ("rpmdb.sqlite", "Packages", "Packages.db")),
)
RPM_SQLITE = Files(
    "rpm_sqlite",
    tuple(f"{path}/rpmdb.sqlite{suffix}" for path in _RPM_DIRECTORIES for suffix in ("", "-wal")),
    limit=512 << 20,
    timeout=120,
    raw=True,
    live=False,
)

# Why as it is: an empty environment and --dbpath keep macros in a user's home out of it; without a database rpm would
# make one; an older rpm refuses a format with a tag that it does not know; %|TAG?{…}| is empty for an absent tag;
# busybox may have an rpm of its own that cannot list.
RPM_QUERY = Command(
    "rpm_query",
    r"""ask() { env -i PATH="$PATH" HOME=/ LC_ALL=C rpm "$@"; }
case $(ask --version 2>/dev/null) in "RPM version"*) ;; *) exit 66 ;; esac
for d in @DIRECTORIES@; do
  db=
  for f in "$d/Packages" "$d/Packages.db" "$d/rpmdb.sqlite"; do
    if [ -e "$f" ]; then db=$f; fi
  done
  if [ -d "$d" ] && ! [ -x "$d" ]; then exit 65; fi
  [ "$db" ] || continue
  [ -r "$db" ] || exit 65
  m=; if ask --querytags | grep -qx MODULARITYLABEL; then m='%|MODULARITYLABEL?{%{MODULARITYLABEL}}|'; fi
  ask --dbpath "$d" -qa --qf "%{NAME}\t%|EPOCH?{%{EPOCH}}|\t%{VERSION}\t%{RELEASE}\t%|ARCH?{%{ARCH}}|\t\
%|SOURCERPM?{%{SOURCERPM}}|\t$m\t%|INSTALLTIME?{%{INSTALLTIME}}|\t%|VENDOR?{%{VENDOR}}|\n" || exit 1
  exit 0
done""".replace("@DIRECTORIES@", " ".join(_RPM_DIRECTORIES)),
    required=False,
    limit=32 << 20,
    timeout=120,
)

SECTIONS = (DPKG_STATUS, APK_INSTALLED, RPM_FILES)
RPM_SECTIONS = (RPM_QUERY, RPM_SQLITE)  # one for live hosts, one for images: the parser judges them

#: dpkg's words for a package of which nothing but settings, or nothing at all, is left.
_NOT_THERE = frozenset({"config-files", "not-installed"})


def build(evidence: Evidence) -> Built:
    built = Built()
    for item in evidence[DPKG_STATUS.name].files:
        if not item.path.endswith(".md5sums"):
            _dpkg(item, built)
    for item in _distinct(evidence[APK_INSTALLED.name].files):
        _apk(item, built)
    if evidence.carrier == "root":
        _rpm_image(evidence, built)
    else:
        _rpm_live(evidence, built)
    if not built.rows and not built.problems:
        built.lack("no dpkg, rpm or apk database lists a package", Status.ABSENT)
    return built


def _distinct(items: tuple[Item, ...]) -> list[Item]:
    """Without those whose content was seen before: with /lib or /var/lib/rpm as a link, two paths are one file."""
    first: dict[bytes, Item] = {}
    for item in items:
        first.setdefault(item.data, item)
    return list(first.values())


def stanzas(item: Item, first: str, built: Built) -> Iterator[dict[str, str]]:
    """The blank-line separated entries, as `Field: value`; one without the field `first`, or with two, is told."""
    fields: dict[str, str] = {}
    for line in [*item.lines, ""]:
        name, _, value = line.partition(":")
        if line.strip():
            if name == first and first in fields:
                built.lack(f"{item.path}: the entry of {fields[first]} runs into the next one")
            if not line.startswith((" ", "\t")):
                fields[name] = value.strip()
        elif fields:
            if fields.get(first):
                yield fields
            else:
                built.lack(f"{item.path}: an entry has no {first}")
            fields = {}


def _dpkg(item: Item, built: Built) -> None:
    whole_status = item.path.endswith("/status")  # distroless images leave the status out of status.d
    for fields in stanzas(item, "Package", built):
        name = fields["Package"]
        words = fields.get("Status", "" if whole_status else "install ok installed").split()
        if len(words) != 3:
            built.lack(f"{item.path}: the entry of {name} has no status")
        elif words[2] not in _NOT_THERE:
            version = fields.get("Version", "")
            source, _, rest = fields.get("Source", name).partition(" ")
            source_version = rest.strip(" ()") or version
            row = _row("dpkg", name, version, fields.get("Architecture", ""), source, source_version)
            _add(row | {"status": words[2]}, item.path, built)


def _apk(item: Item, built: Built) -> None:
    for fields in stanzas(item, "P", built):
        name, version = fields["P"], fields.get("V", "")
        _add(_row("apk", name, version, fields.get("A", ""), fields.get("o") or name, version), item.path, built)


def _rpm_live(evidence: Evidence, built: Built) -> None:
    problem = evidence.problem(RPM_QUERY)
    if problem:
        built.problems.append(problem)
    listed = _rpm_databases(evidence, built)
    if evidence[RPM_QUERY.name].status is Status.ABSENT and listed:
        built.lack(f"{listed[0]} is there, but no rpm command to read it", Status.ABSENT)
    for number, line in enumerate(evidence[RPM_QUERY.name].only.lines, start=1):
        fields = line.split("\t")
        if len(fields) != 9 or not all((fields[0], fields[2], fields[3])):
            built.lack(f"rpm -qa: line {number} is not a package")
            continue
        name, epoch, version, release, arch, source, modularity, installed, vendor = fields
        header = Header(name, version, release, _number(epoch) or 0, arch, source, vendor, modularity,
                        _number(installed))  # fmt: skip
        _rpm(header, "rpm -qa", built)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _rpm_databases(evidence: Evidence, built: Built) -> list[str]:
    return [entry.path for entry in listed(evidence, RPM_FILES, built)]


def _rpm_image(evidence: Evidence, built: Built) -> None:
    problem = evidence.problem(RPM_SQLITE)
    if problem:
        built.problems.append(problem)
    files = evidence[RPM_SQLITE.name].files
    logs = {item.path.removesuffix("-wal"): item.data for item in files if item.path.endswith("-wal")}
    databases = _distinct(tuple(item for item in files if item.data and not item.path.endswith("-wal")))
    if len(databases) > 1:
        built.lack("there are two different rpm databases")
    found = sum(_rpm_database(item, logs.get(item.path, b""), built) for item in databases)
    others = [path for path in _rpm_databases(evidence, built) if not path.endswith(".sqlite")]
    if others and not found:
        kind = "ndb" if others[0].endswith(".db") else "Berkeley DB"
        built.lack(f"{others[0]} is an rpm database in {kind} format: scan the running host instead")


def _rpm_database(item: Item, log: bytes, built: Built) -> int:
    """The number of headers that were read."""
    good, bad = 0, []
    try:
        for blob in read_blobs(item.data, log):
            try:
                _rpm(parse_header(blob), item.path, built)
                good += 1
            except RpmdbError as error:
                bad.append(error)
    except RpmdbError as error:
        built.lack(f"{item.path}: {error}")
    if bad:
        built.lack(f"{item.path}: {len(bad)} package headers cannot be read, the first because {bad[0]}")
    return good


def _rpm(header: Header, where: str, built: Built) -> None:
    if header.name == "gpg-pubkey":  # a trusted key, stored as if it were a package
        return
    source = header.source_rpm.removesuffix(".src.rpm").removesuffix(".nosrc.rpm").rsplit("-", 2)
    name, version = (source[0], f"{source[1]}-{source[2]}") if len(source) == 3 else ("", "")
    row = _row("rpm", header.name, header.evr, header.arch, name, version)
    row["modularity"], row["vendor"] = header.modularity or None, header.vendor or None
    row["installed_at"] = header.install_time
    _add(row, where, built)


def _row(kind: str, name: str, version: str, architecture: str, source: str, source_version: str) -> Row:
    return {
        "name": name,
        "kind": kind,
        "version": version,
        "architecture": architecture or None,
        "source_name": source or None,
        "source_version": source_version or None,
        "status": "installed",
        "modularity": None,
        "vendor": None,
        "installed_at": None,
    }


def _add(row: Row, where: str, built: Built) -> None:
    if row["version"]:
        built.rows.append(row)
    else:
        built.lack(f"{where}: the entry of {row['name']} has no version")


TABLE = Table(
    name="packages",
    doc=(
        "Installed packages of dpkg, rpm and apk. The same name may occur more than once (architectures, kernels). "
        "Packages of which only settings are left, and keys that rpm stores as packages, are not in it."
    ),
    columns=(
        Column("name", "text", "name of the (binary) package"),
        Column("kind", "text", "package manager that installed it: dpkg, rpm or apk"),
        Column("version", "text", "whole version, as its package manager orders it: [epoch:]version[-release]"),
        Column("architecture", "text", "architecture it was built for, in the package manager's words"),
        Column("source_name", "text", "name of the source package it was built from"),
        Column("source_version", "text", "version of the source package; for rpm without its epoch"),
        Column(
            "status", "text", "installed, or dpkg's word for a package that is only partly there (half-installed, …)"
        ),
        Column("modularity", "text", "rpm: name:stream:version:context of the module it belongs to"),
        Column("vendor", "text", "rpm: who built it, in the builder's own words"),
        Column("installed_at", "integer", "rpm: when it was installed", unit="seconds since 1970-01-01 UTC"),
    ),
    sections=SECTIONS,
    build=build,
    extra_sections=RPM_SECTIONS,
)
