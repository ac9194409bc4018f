"""Sockets by which daemons of root obey, and disks as device files: who may use one of them is as good as root."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from secops.core.inert import readable
from secops.hosts.acl import ACLS_SH, Around, from_getfacl
from secops.hosts.evidence import Evidence
from secops.hosts.listing import SHOW_SH, Entry, parse_listing, records
from secops.hosts.section import Command, Files
from secops.hosts.tables import Built, Column, Row, Table
from secops.hosts.tables.mounts import MOUNTINFO

#: Where such sockets are. A daemon that a user runs for himself has its own elsewhere: /run/user.
SOCKETS = (
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/docker/containerd/containerd.sock",
    "/run/k3s/containerd/containerd.sock",
    "/var/snap/microk8s/common/run/containerd.sock",
    "/run/crio/crio.sock",
    "/run/cri-dockerd.sock",
    "/run/isulad.sock",
    "/run/podman/podman.sock",
    "/var/lib/lxd/unix.socket",
    "/var/snap/lxd/common/lxd/unix.socket",
    "/var/lib/incus/unix.socket",
    "/run/libvirt/libvirt-sock",
    "/run/libvirt/virtqemud-sock",
    "/run/libvirt/virtlxcd-sock",
    "/run/libvirt/virtstoraged-sock",
    "/run/fail2ban/fail2ban.sock",
)

#: Whole disks and partitions, by the names that the kernel gives them.
DISKS = (
    "/dev/sd[a-z]*", "/dev/hd[a-z]*", "/dev/vd[a-z]*", "/dev/xvd[a-z]*", "/dev/nvme[0-9]*n[0-9]*", "/dev/mmcblk[0-9]*",
    "/dev/dm-[0-9]*", "/dev/md[0-9]*", "/dev/pmem[0-9]*", "/dev/dasd[a-z]*", "/dev/zd[0-9]*", "/dev/rbd[0-9]*",
)  # fmt: skip

# Records, as of the walk: a listing record of each path and of the directories above it, `ACL text` and `NOACL path`
# (see `acl`), `LISTEN paths` of the sockets that somebody listens at, `BLOCK lines` (`dev NAME MAJOR:MINOR`,
# `on NAME BELOW` of what lies on what, `btrfs NAME`), and at last `END`.
SEEN = Command(
    "control_sockets",
    r"""LC_ALL=C; export LC_ALL
[ "${gnu-unset}" != unset ] || { gnu=; find / -maxdepth 0 -printf '' 2>/dev/null && gnu=1; }
@SHOW@@ACLS@set --; dirs=
for f in @PATHS@; do
  [ -e "$f" ] || continue
  set -- "$@" "$f"; d=${f%/*}
  while [ "$d" ]; do
    case "$dirs " in *" $d "*) break ;; esac
    dirs="$dirs $d" d=${d%/*}
  done
done
if [ $# -gt 0 ]; then set -- "$@" $dirs; eval "$show"; acls "$@"; fi
printf 'LISTEN\0'
[ -r /proc/net/unix ] || exit 65
sed -n 's/^[^ ]* [^ ]* [^ ]* 00010000 [^ ]* [^ ]* *[0-9]* //p' /proc/net/unix | sed 's,^/var/run/,/run/,' |
  grep -xF '@SOCKETS@'
printf '\0BLOCK\0'
for d in /sys/class/block/*; do
  n=${d##*/}
  if read -r v <"$d/dev"; then printf 'dev %s %s\n' "$n" "$v"; fi
  for s in "$d"/slaves/*; do [ ! -e "$s" ] || printf 'on %s %s\n' "$n" "${s##*/}"; done
  for s in "$d"/*/partition; do s=${s%/partition}; [ ! -e "$s" ] || printf 'on %s %s\n' "${s##*/}" "$n"; done
done 2>/dev/null
for d in /sys/fs/btrfs/*/devices/*; do [ ! -e "$d" ] || printf 'btrfs %s\n' "${d##*/}"; done
printf '\0END\0'""".replace("@SHOW@", SHOW_SH)
    .replace("@ACLS@", ACLS_SH)
    .replace("@PATHS@", " ".join((*SOCKETS, *DISKS)))
    .replace("@SOCKETS@", "\n".join(SOCKETS)),
    raw=True,
)

#: What libvirt's daemons ask who connects; with polkit, their default, the mode of the socket says nothing.
LIBVIRT_CONF = Files(
    "libvirt_conf",
    tuple(f"/etc/libvirt/{name}.conf" for name in ("libvirtd", "virtqemud", "virtlxcd", "virtstoraged")),
    rewrite=(("^([ \t]*auth_unix_rw[ \t]*=.*)$", r"\1"),),
    image=False,
)
_AUTH = re.compile(r"[ \t]*auth_unix_rw[ \t]*=[ \t]*[\"']?([a-z]*)")

_LIBVIRT = {
    "/run/libvirt/libvirt-sock": "libvirtd", "/run/libvirt/virtqemud-sock": "virtqemud",
    "/run/libvirt/virtlxcd-sock": "virtlxcd", "/run/libvirt/virtstoraged-sock": "virtstoraged",
}  # fmt: skip

_TAGS = {b"ACL": 1, b"NOACL": 1, b"LISTEN": 1, b"BLOCK": 1, b"END": 0}
#: Their disks stand in no place that all kernels have.
_POOLS = ("zfs ", "bcachefs ")


@dataclass
class Seen:
    """Sockets, disks and the directories above them. `listening` and `below` (what lies on what) are None if unread.

    `numbers` has the kernel's name of a block device by `major:minor`.
    """

    around: Around = field(default_factory=Around)
    listening: set[str] | None = None
    below: dict[str, set[str]] | None = None
    numbers: dict[str, str] = field(default_factory=dict)
    btrfs: set[str] = field(default_factory=set)
    ended: bool = False


def seen(evidence: Evidence) -> Seen:
    found = Seen()
    for tag, fields in records(evidence[SEEN.name].only.data, _TAGS):
        texts = list(map(readable, fields))
        match tag:
            case b"":
                for entry in parse_listing(b"\0".join(fields) + b"\0"):
                    found.around.entries[entry.path] = entry
            case b"ACL":
                found.around.acls |= from_getfacl(fields[0])
            case b"NOACL":
                found.around.unknown.add(texts[0])
            case b"LISTEN":
                found.listening = set(texts[0].split("\n"))
            case b"BLOCK":
                _blocks(found, texts[0])
        found.ended = tag == b"END"
    return found


def _blocks(found: Seen, text: str) -> None:
    found.below = {}
    for line in text.split("\n"):
        words = line.split(" ")
        if words[0] == "dev" and len(words) == 3:
            found.numbers[words[2]] = words[1]
        elif words[0] == "on" and len(words) == 3:
            found.below.setdefault(words[1], set()).add(words[2])
        elif words[0] == "btrfs" and len(words) == 2:
            found.btrfs.add(words[1])


def _carriers(evidence: Evidence, found: Seen) -> set[str] | None:
    """The kernel's names of the devices on which mounted file systems lie; None when that is not known."""
    disks = any(entry.kind == "b" for entry in found.around.entries.values())
    if found.below is None or evidence.problem(MOUNTINFO) or (disks and not found.numbers):
        return None
    carriers = set(found.btrfs)
    for line in evidence[MOUNTINFO.name].only.lines:
        before, _, after = line.partition(" - ")
        if after.startswith(_POOLS):
            return None
        carriers |= {found.numbers[number] for number in before.split(" ")[2:3] if number in found.numbers}
    todo = list(carriers)
    while todo:
        new = found.below.get(todo.pop(), set()) - carriers
        carriers |= new
        todo += new
    return carriers


def build(evidence: Evidence) -> Built:
    built = Built()
    found = seen(evidence)
    if evidence.problem(SEEN) is None and not found.ended:
        built.lack("the list of sockets and disks is not whole")
    carriers, asks = _carriers(evidence, found), _asking(evidence)
    if carriers is None and not evidence.problem(SEEN) and not evidence.problem(MOUNTINFO):
        built.lack("on which disks the mounted file systems lie is not known", part="mounted")
    for path, entry in found.around.entries.items():
        if path in SOCKETS and entry.kind == "l" and entry.link not in SOCKETS:
            built.lack(f"{path} is a link to {entry.link}, which is not looked at")
        elif path in SOCKETS and entry.kind == "s":
            is_used = None if found.listening is None else path in found.listening
            built.rows.append(_row(entry, found.around) | {"listening": is_used, "asks": asks.get(path, False)})
        elif entry.kind == "b":
            name = path.rpartition("/")[2]
            built.rows.append(_row(entry, found.around) | {"mounted": None if carriers is None else name in carriers})
    return built


def _row(entry: Entry, around: Around) -> Row:
    return {
        "path": entry.path,
        "kind": entry.kind,
        "mode": f"{entry.mode:04o}",
        "uid": entry.uid,
        "gid": entry.gid,
        "acl": None if entry.path in around.unknown else entry.path in around.acls,
    }


def _asking(evidence: Evidence) -> dict[str, bool]:
    """Whether a daemon of libvirt asks who connects: by polkit, unless its configuration says otherwise."""
    asks = {}
    for socket, name in _LIBVIRT.items():
        lines = (item.lines for item in evidence[LIBVIRT_CONF.name].files if item.path.endswith(f"/{name}.conf"))
        values = [found[1] for line in next(lines, []) if (found := _AUTH.match(line))]
        asks[socket] = values[-1:] != ["none"]
    return asks


TABLE = Table(
    name="control_sockets",
    doc="Sockets of daemons that do as root what they are told (containers, virtual machines, fail2ban), and disks as "
    "device files. What only root may use is here too. Of /dev/mem and the like the kernel asks for CAP_SYS_RAWIO, "
    "whatever their mode: they are not here.",
    columns=(
        Column("path", "text", "absolute path"),
        Column("kind", "text", "s socket, b block device"),
        Column("mode", "text", "permission bits in octal, four digits: to connect to a socket is to write"),
        Column("uid", "integer", "owner"),
        Column("gid", "integer", "group"),
        Column("acl", "boolean", "has an access control list beside its mode; NULL when that is not known"),
        Column("listening", "boolean", "of a socket: somebody answers there now"),
        Column(
            "asks", "boolean", "of a socket: the daemon asks who it is (polkit, SASL), so that the mode decides nothing"
        ),
        Column(
            "mounted", "boolean", "of a disk: a mounted file system lies on it or on a part of it", parts=("mounted",)
        ),
    ),
    sections=(SEEN, LIBVIRT_CONF),
    parts={"mounted": (MOUNTINFO,)},
    build=build,
)
