"""A mounted image (`--root DIR`): the same sections, read straight from its files."""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from secops.core.errors import UsageError
from secops.core.i18n import _, because
from secops.hosts.apk import image as apk
from secops.hosts.apk.sections import INDEXES as APK_INDEXES
from secops.hosts.apt import image as apt
from secops.hosts.apt import sections as apt_sections
from secops.hosts.carriers.image_origin import origin
from secops.hosts.carriers.image_ssh_files import ssh_files
from secops.hosts.carriers.process import stoppable
from secops.hosts.dnf import image as dnf
from secops.hosts.dnf import sections as dnf_sections
from secops.hosts.dnf.index_section import INDEXES as DNF_INDEXES
from secops.hosts.evidence import Evidence, Item, SectionEvidence, Status, judge, readable, summarise
from secops.hosts.image import Image, homes, literal
from secops.hosts.listing import record
from secops.hosts.manifest import manifest
from secops.hosts.masking import without_hashes
from secops.hosts.polkit import collected
from secops.hosts.section import PASSWD_LIMIT, Command, Files, Listing, Rewrite, Section, Walk, ends_wild, is_text
from secops.hosts.ssh_files import SSH_FILES
from secops.hosts.sudo_includes import sudo_includes
from secops.hosts.trusted.image import trusted_paths
from secops.hosts.usage.image import auth_logs
from secops.hosts.usage.sections import AUTH_LOGS
from secops.hosts.usage.terminal import LOGIN_RECORDS
from secops.hosts.usage.terminal_image import login_records
from secops.hosts.walk import LOCAL_TYPES, PASSED_OVER

#: What stands for a command that images can answer too, by the section's name.
_TWINS: Mapping[str, Callable[[Image, Command], Item]] = {
    SSH_FILES.name: ssh_files,
    collected.ACTIONS.name: collected.actions_of_image,
    AUTH_LOGS.name: auth_logs,
    LOGIN_RECORDS.name: login_records,
    "trusted_paths": trusted_paths,
    apt_sections.INDEXES.name: apt.indexes,
    apt_sections.CONF.name: apt.conf,
    apt_sections.HISTORY.name: apt.history,
    APK_INDEXES.name: apk.indexes,
    DNF_INDEXES.name: dnf.indexes,
    dnf_sections.HISTORY.name: dnf.history,
}

#: What finds paths, by the name that sections have in `found`.
_FINDERS: Mapping[str, Callable[[Image], Iterator[bytes]]] = {"sudo_includes": sudo_includes}

NEEDS_RUNNING_HOST = SectionEvidence(Status.ABSENT, reason="needs a running host")


@dataclass
class Root:
    """An image mounted at `directory`. Nothing in it is executed. `hashes` also reads the stored password hashes."""

    directory: str
    name: str = ""
    hashes: bool = False

    @property
    def label(self) -> str:
        return f"root:{readable(os.fsencode(self.directory))}"

    def collect(self) -> Evidence:
        """Read every section an image can answer.

        Raises `UsageError` when the directory cannot be opened, `IncompleteError` when `end_all` is called meanwhile.
        """
        sections = manifest("clear" if self.hashes else "none")
        with stoppable() as check:
            try:
                image = Image(self.directory, check)
            except OSError as error:
                raise UsageError(
                    _("cannot open the image: {reason}").format(reason=because(error)),
                    where=self.directory,
                    hint=_("Name a mounted directory."),
                ) from error
            try:
                seen = {s.name: self._section(image, s) if s.image else NEEDS_RUNNING_HOST for s in sections}
            finally:
                image.close()
        return Evidence("root", self.label, os.geteuid(), seen)

    def _section(self, image: Image, section: Section) -> SectionEvidence:
        if isinstance(section, Walk):
            return summarise(section, [_walk(image, section, self.directory)])
        if isinstance(section, Command):
            return summarise(section, [_TWINS[section.name](image, section)])
        items: list[Item] = []
        for pattern in section.patterns:
            only_files = isinstance(section, Files) and ends_wild(pattern)
            for path in _expand(image, pattern):
                if isinstance(path, Item):
                    items.append(path)
                elif not (only_files and _is_directory(image, path)):
                    items.append(_item(image, section, path))
        if isinstance(section, Files | Listing) and section.found:
            found = (path for path in _FINDERS[section.found](image) if _is_to_read(image, section, path))
            items += (_item(image, section, path) for path in found)
        return summarise(section, items)


def _expand(image: Image, pattern: str) -> Iterator[bytes | Item]:
    """The paths a section's pattern matches; a directory closed to us is an item that says so."""
    raw = os.fsencode(pattern)
    patterns = [raw]
    if raw.startswith(b"~/"):
        passwd = _content(image, b"/etc/passwd")
        patterns = [literal(home) + raw[1:] for home in homes(passwd)]
        if len(passwd) > PASSWD_LIMIT:
            yield Item("/etc/passwd", status=Status.TRUNCATED, reason=f"larger than {PASSWD_LIMIT} bytes")
    for one in patterns:
        try:
            yield from image.glob(one)
        except PermissionError:
            yield Item(readable(one), status=Status.DENIED, reason="permission denied")


def _content(image: Image, path: bytes) -> bytes:
    """The start of passwd or group, one byte longer than the limit when there is more; empty when it is not there."""
    try:
        return image.read(path, PASSWD_LIMIT + 1) or b""
    except OSError:
        return b""


def _is_directory(image: Image, path: bytes) -> bool:
    try:
        with image.at(path) as fd:
            return stat.S_ISDIR(os.fstat(fd).st_mode)
    except OSError:
        return False  # reading it will tell


def _is_to_read(image: Image, section: Files | Listing, path: bytes) -> bool:
    """Whether something is there, and a file where its content is wanted."""
    with suppress(OSError, ValueError):
        image.status(path)
        return isinstance(section, Listing) or not _is_directory(image, path)
    return False


def _item(image: Image, section: Files | Listing, path: bytes) -> Item:
    name = readable(path)
    try:
        if isinstance(section, Listing):
            found, link = image.status(path)
            return Item(name, record(path, _numbers(found), link))
        content = image.read(path, section.limit + 1)
    except PermissionError:
        return Item(name, status=Status.DENIED, reason="permission denied")
    except FileNotFoundError:
        return Item(name, status=Status.ABSENT, reason="a link to nowhere inside the image")
    except OSError as error:
        return Item(name, status=Status.FAILED, reason=error.strerror or "cannot be read")
    if content is None:
        return Item(name, status=Status.FAILED, reason="not a regular file")
    cut = len(content) > section.limit
    kept = content[: section.limit]
    if is_text(section):
        kept = rewrite(without_hashes(kept), section.rewrite)
    return judge(section, name, kept, 0, cut=cut)


def _numbers(found: os.stat_result) -> tuple[int, int, int, int, int]:
    return found.st_mode, found.st_uid, found.st_gid, found.st_size, int(found.st_mtime)


def rewrite(content: bytes, rules: Rewrite) -> bytes:
    """Apply a section's rewrite rules, as `sed -E` does on a live host."""
    if not rules or not content:
        return content
    compiled = [(re.compile(ere.encode()), replacement.encode()) for ere, replacement in rules]
    kept = []
    for line in content.removesuffix(b"\n").split(b"\n"):
        for pattern, replacement in compiled:
            new, changed = pattern.subn(replacement, line, count=1)
            if changed:
                kept.append(new)
                break
    return b"\n".join([*kept, b""]) if kept else b""


def _walk(image: Image, section: Walk, directory: str) -> Item:
    """The walk's records; see `secops.hosts.walk` for their form."""
    uids = _ids(image, b"/etc/passwd")
    gids = _ids(image, b"/etc/group")
    out = bytearray()
    size, unread = 0, 0
    special: list[bytes] = []
    closed: dict[bytes, tuple[int, int, int, int, int]] = {}
    devices, others = _mounted(directory)
    for path, found, capability in image.walk(devices, lambda path: path in others or bool(_ASIDE.match(path))):
        if capability == b"!":
            unread += 1
            continue
        has_mode = bool(found.st_mode & 0o6000) and stat.S_ISREG(found.st_mode)
        if found.st_mode & 0o6002 or capability or found.st_uid not in uids or found.st_gid not in gids:
            out += record(path, _numbers(found))
        if capability:
            out += b"XATTR\0" + capability.hex().encode() + b"\0" + path + b"\0"
        if has_mode or capability:
            special.append(path)
        if not found.st_mode & 0o001 and (has_mode or capability or stat.S_ISDIR(found.st_mode)):
            closed[path] = _numbers(found)
        size = len(out)
        if size > section.limit:
            return Item("", bytes(out), Status.TRUNCATED, f"larger than {section.limit} bytes")
    out += origin(image, special, closed)
    if unread:
        out += b"ERRS\0" + f"{unread} directories could not be read".encode() + b"\0"
    status = Status.DENIED if unread else Status.OK
    return Item("", bytes(out) + b"END\0", status, f"{unread} directories could not be read" if unread else "")


def _ids(image: Image, path: bytes) -> frozenset[int]:
    fields = [line.split(b":") for line in _content(image, path).split(b"\n")]
    return frozenset(int(row[2][:10]) for row in fields if len(row) > 2 and row[2].isdigit())


#: Subvolumes that are not walked.
_ASIDE = re.compile("|".join(map(fnmatch.translate, PASSED_OVER)).encode())


def _mounted(directory: str) -> tuple[frozenset[int], frozenset[bytes]]:
    """Devices of the image's own file systems, its root and local ones mounted below it here; and other mount points.

    The devices are asked for: those in mountinfo are not those of btrfs subvolumes.
    """
    top = os.path.realpath(os.fsencode(directory)).rstrip(b"/")
    devices, others = {os.stat(directory).st_dev}, set()
    with open("/proc/self/mountinfo", "rb") as mounts:
        for line in mounts:
            before, _, after = line.partition(b" - ")
            point = re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8)]), before.split(b" ")[4])
            if not point.startswith(top + b"/"):
                continue
            if after.split()[0].decode() in LOCAL_TYPES.split():
                with suppress(OSError):  # below a mount point that hides it
                    devices.add(os.lstat(point).st_dev)
            else:
                others.add(point[len(top) :])
    return frozenset(devices), frozenset(others)
