"""Mounted file systems, from the kernel's mountinfo; of an image, what /etc/fstab would mount."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from secops.hosts.evidence import Evidence, Item, readable
from secops.hosts.section import Files
from secops.hosts.tables import Built, Column, Row, Table
from secops.hosts.tables._files import HIDDEN, WITHOUT_COMMENTS, without_values

MOUNTINFO = Files("mountinfo", ("/proc/self/mountinfo",), required=True, limit=8 << 20, image=False)

_SECRETS = "pass|passphrase_passwd|passwd|password|password2|secret"
_SECRET = re.compile(rf"((?:[^=]*=)?(?:[^=]*:)?(?:{_SECRETS})=).*", re.DOTALL)  # eCryptfs: key=…:passphrase_passwd=…
_URL_PASSWORD = re.compile(r"(?<=[/#])([^/#@:]{1,255}):[^/@]{1,255}@")

# with real tabs: sed reads \\t otherwise
_KEY, _VALUE = f"[, \t:]({_SECRETS})=", "[^, \t]*"
_URL, _PASSWORD = "[ \t]*[^ \t]*[/#][^/#@: \t]+", "[^/@ \t]+"

FSTAB = Files(
    "fstab",
    ("/etc/fstab",),
    rewrite=(
        WITHOUT_COMMENTS[0],
        (f"^({_URL}):{_PASSWORD}(@.*{_KEY}){_VALUE}(.*)$", rf"\1:{HIDDEN}\2{HIDDEN}\4"),
        *without_values(_KEY, _VALUE),
        (f"^({_URL}):{_PASSWORD}(@.*)$", rf"\1:{HIDDEN}\2"),
        WITHOUT_COMMENTS[1],
    ),
)

_NETWORK = """9p afs beegfs ceph cifs coda davfs fuse.ceph fuse.curlftpfs fuse.glusterfs fuse.rclone fuse.s3fs
    fuse.sshfs glusterfs gpfs lustre ncpfs nfs nfs4 orangefs smb3 smbfs"""
_PSEUDO = """apparmorfs autofs binder binfmt_misc bpf cgroup cgroup2 configfs cpuset debugfs devpts devtmpfs efivarfs
    fusectl fuse.lxcfs fuse.portal mqueue nfsd nsfs pipefs proc pstore resctrl rpc_pipefs securityfs selinuxfs
    smackfs sysfs tracefs"""

#: File systems whose files lie on another machine, beside those marked `_netdev`.
NETWORK = frozenset(_NETWORK.split())

#: File systems that show the kernel's state and keep nobody's files. tmpfs and overlay keep files: not among them.
PSEUDO = frozenset(_PSEUDO.split())

#: What mount(8) adds for these options of fstab, unless a later option takes it back.
_IMPLIED = {
    "user": ("nosuid", "nodev", "noexec"),
    "users": ("nosuid", "nodev", "noexec"),
    "owner": ("nosuid", "nodev"),
    "group": ("nosuid", "nodev"),
}
_OPPOSITE = {"suid": "nosuid", "dev": "nodev", "exec": "noexec", "rw": "ro"}
_ESCAPE = re.compile(rb"\\([0-3][0-7]{2})")


@dataclass(frozen=True)
class Mount:
    """One mount or one entry of fstab; `number` and `parent` are the kernel's mount ids, `line` is fstab's."""

    mount_point: str
    device: str
    fs_type: str
    options: tuple[str, ...]
    number: int = 0
    parent: int = 0
    line: int | None = None


def mountinfo(evidence: Evidence, built: Built | None = None) -> Iterator[Mount]:
    """Every mount the kernel lists, covered ones too; malformed lines are told to `built`."""
    for at, line in _byte_lines(evidence[MOUNTINFO.name].only):
        fields = line.split(b" ")  # not at runs of spaces: an empty device is an empty field
        dash = fields.index(b"-", 6) if b"-" in fields[6:] else len(fields)
        if len(fields) >= dash + 4 and fields[0].isdigit() and fields[1].isdigit():
            fs_type, device, super_options = map(_decode, fields[dash + 1 : dash + 4])
            options = dict.fromkeys(f"{_decode(fields[5])},{super_options}".split(","))
            if "ro" in options:  # of the mount or of the file system: either is enough
                options.pop("rw", None)
            number, parent = int(fields[0][:10]), int(fields[1][:10])  # no kernel has longer ids
            yield Mount(_decode(fields[4]), device, fs_type, tuple(options), number, parent)
        elif built is not None:
            built.lack(f"/proc/self/mountinfo:{at} is not a mount")


def fstab(evidence: Evidence, built: Built | None = None) -> Iterator[Mount]:
    """Every entry of fstab that names a mount point; malformed lines are told to `built`."""
    for number, line in _byte_lines(evidence[FSTAB.name].only):
        fields = line.split()
        if not fields or fields[0].startswith(b"#"):
            continue
        if len(fields) < 3:
            if built is not None:
                built.lack(f"/etc/fstab:{number} is not an entry")
            continue
        device, mount_point, fs_type = map(_decode, fields[:3])
        options = _decode(fields[3]) if len(fields) > 3 else "defaults"
        if mount_point.startswith("/"):  # swap has none
            kept = tuple(dict.fromkeys(options.split(",")))
            yield Mount(mount_point.rstrip("/") or "/", device, fs_type, kept, line=number)


def _byte_lines(item: Item) -> Iterator[tuple[int, bytes]]:
    """Numbered lines as bytes: escapes stand for bytes and are undone before these become text."""
    return enumerate(item.data.removesuffix(b"\n").split(b"\n") if item.data else (), start=1)


def _decode(field: bytes) -> str:
    """Undo the octal escapes of space, tab, newline, backslash and hash."""
    return readable(_ESCAPE.sub(lambda found: bytes([int(found.group(1), 8)]), field))


def build(evidence: Evidence) -> Built:
    built = Built()
    entries = list(fstab(evidence, built))
    if evidence.carrier == "root":
        if not evidence[FSTAB.name].files:
            built.lack("no /etc/fstab: what a start would mount is not known")
        built.rows.extend(_row(entry, "fstab", entry.line) for entry in entries)
        return built
    problem = evidence.problem(MOUNTINFO)
    if problem:
        built.problems.append(problem)
    lines = {entry.mount_point: entry.line for entry in entries}
    mounts = list(mountinfo(evidence, built))
    covered = {(mount.parent, mount.mount_point) for mount in mounts if mount.parent != mount.number}
    built.rows.extend(
        _row(mount, "mountinfo", lines.get(mount.mount_point))
        for mount in mounts
        if (mount.number, mount.mount_point) not in covered
    )
    return built


def _row(mount: Mount, source: str, line: int | None) -> Row:
    flags = _flags(mount.options)
    device = _URL_PASSWORD.sub(rf"\1:{HIDDEN}@", mount.device)
    return {
        "mount_point": mount.mount_point,
        "device": device,
        "fs_type": mount.fs_type,
        "options": [_SECRET.sub(rf"\1{HIDDEN}", option) for option in mount.options if option],
        "nosuid": "nosuid" in flags,
        "nodev": "nodev" in flags,
        "noexec": "noexec" in flags,
        "read_only": "ro" in flags,
        "configured": line is not None,
        "source": source,
        "line": line,
        "is_network": mount.fs_type in NETWORK or "_netdev" in mount.options or device.startswith("//"),
        "is_pseudo": mount.fs_type in PSEUDO,
    }


def _flags(options: tuple[str, ...]) -> set[str]:
    """Which of nosuid, nodev, noexec and ro hold: of two options that contradict, the later one."""
    flags: set[str] = set()
    for option in options:
        flags.update(_IMPLIED.get(option, ()))
        if option in _OPPOSITE:
            flags.discard(_OPPOSITE[option])
        elif option in _OPPOSITE.values():
            flags.add(option)
    return flags


TABLE = Table(
    name="mounts",
    doc="Mounted file systems of the host's own mount namespace; of an image, the entries of /etc/fstab. "
    "A mount that another one covers at the same place cannot be reached and has no row.",
    columns=(
        Column("mount_point", "text", "where it is mounted"),
        Column("device", "text", "what is mounted: a device, a network path, or the kernel's name for it"),
        Column("fs_type", "text", "type of the file system, as ext4, nfs4, tmpfs"),
        Column("options", "text[]", "options of the mount and of its file system; passwords are hidden"),
        Column("nosuid", "boolean", "SUID, SGID and file capabilities have no effect here"),
        Column("nodev", "boolean", "device files have no effect here"),
        Column("noexec", "boolean", "programs cannot be started from here"),
        Column("read_only", "boolean", "the mount or its file system is read-only"),
        Column("configured", "boolean", "/etc/fstab names this mount point"),
        Column("source", "text", "mountinfo (mounted now) or fstab (an image: would be mounted)"),
        Column("line", "integer", "line of the entry in /etc/fstab; NULL when it names none"),
        Column("is_network", "boolean", "the files lie on another machine"),
        Column("is_pseudo", "boolean", "shows the kernel's state and keeps no files (proc, sysfs; not tmpfs)"),
    ),
    sections=(FSTAB,),
    parts={"running": (MOUNTINFO,)},  # all that is mounted, which the fstab of an image does not tell
    build=build,
)
