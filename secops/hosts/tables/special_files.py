"""Files that need a look: SUID, SGID, writable by all, owned by nobody, with capabilities. From one walk."""

from __future__ import annotations

from collections.abc import Iterator

from secops.hosts.capability import from_getcap, from_text
from secops.hosts.evidence import Evidence, Status, readable
from secops.hosts.listing import FIELDS, Entry, parse_listing
from secops.hosts.section import Files, Walk
from secops.hosts.tables import Built, Column, Row, Table
from secops.hosts.tables.groups import GROUP, group_lines
from secops.hosts.tables.hosts import NSSWITCH, directory_accounts
from secops.hosts.tables.users import PASSWD, passwd_lines

WALK = Walk("walk")
SUBID = Files("subid", ("/etc/subuid", "/etc/subgid"))

#: Where container runtimes keep the file systems of their containers: not this host's own programs.
CONTAINER_STORES = (
    "/var/lib/docker/",
    "/var/lib/containers/",
    "/var/lib/containerd/",
    "/var/lib/lxc/",
    "/var/lib/lxd/",
)

_TAGS = {b"SKIP": 2, b"CAPS": 1, b"CAP": 2, b"NOCAPS": 0, b"ERRS": 1, b"END": 0}


def build(evidence: Evidence) -> Built:
    built = Built()
    if evidence[WALK.name].status is Status.EMPTY:
        built.lack("the walk gave no output")
    rows: dict[str, Row] = {}
    owners = _Owners(evidence)
    ended = False
    for tag, fields in _records(evidence[WALK.name].only.data):
        if tag == b"":
            if entry := next(iter(parse_listing(b"\0".join(fields) + b"\0")), None):
                rows[entry.path] = _row(entry, owners)
            else:
                built.lack("a record of the walk does not parse")
        elif tag == b"CAPS":
            for line in filter(None, readable(fields[0]).split("\n")):
                if found := from_getcap(line):
                    _capability(rows, *found)
                else:
                    built.lack("a line of getcap does not parse", part="capabilities")
        elif tag == b"CAP":
            _capability(rows, readable(fields[1]), from_text(readable(fields[0])))
        elif tag == b"NOCAPS":
            built.lack("getcap is not installed", Status.ABSENT, part="capabilities")
        elif tag == b"ERRS":
            built.lack(f"not everything could be read: {readable(fields[0])[:200]}", Status.DENIED)
        ended = tag == b"END"
    if not ended and evidence[WALK.name].status in (Status.OK, Status.EMPTY):
        built.lack("the walk ended early", Status.TRUNCATED)
    if directory_accounts(evidence) is not False:
        built.lack("accounts of a directory own files too, and are not listed", part="unowned")
    built.rows = list(rows.values())
    return built


def _records(data: bytes) -> Iterator[tuple[bytes, list[bytes]]]:
    """(tag, fields) of each record; a listing record has the empty tag. Reading ends at what does not parse."""
    fields = data.split(b"\0")
    at = 0
    while at < len(fields) - 1:
        tag = fields[at]
        start, count = (at + 1, _TAGS[tag]) if tag in _TAGS else (at, FIELDS)
        if start + count > len(fields) - 1:
            return
        yield (tag if tag in _TAGS else b""), fields[start : start + count]
        at = start + count


class _Owners:
    """Which ids belong to somebody: accounts, groups, and ranges given to users for containers."""

    def __init__(self, evidence: Evidence) -> None:
        self.uids = {int(fields[2]) for _, fields in passwd_lines(evidence)}
        self.gids = {int(fields[2]) for _, fields in group_lines(evidence)}
        self.ranges = []
        for item in evidence[SUBID.name].files:
            for line in item.lines:
                parts = line.split(":")
                if len(parts) == 3 and parts[1].isdecimal() and parts[2].isdecimal() and len(line) < 200:
                    self.ranges.append(range(int(parts[1]), int(parts[1]) + int(parts[2])))

    def known(self, uid: int, gid: int) -> bool:
        spans = self.ranges
        return (uid in self.uids or any(uid in span for span in spans)) and (
            gid in self.gids or any(gid in span for span in spans)
        )


def _row(entry: Entry, owners: _Owners) -> Row:
    return {
        "path": entry.path,
        "kind": entry.kind,
        "mode": f"{entry.mode:04o}",
        "uid": entry.uid,
        "gid": entry.gid,
        "setuid": bool(entry.mode & 0o4000) and entry.kind == "f",
        "setgid": bool(entry.mode & 0o2000) and entry.kind == "f",
        "world_writable": bool(entry.mode & 0o2),
        "sticky": bool(entry.mode & 0o1000),
        "unowned": not owners.known(entry.uid, entry.gid),
        "capabilities": [],
        "in_container_store": entry.path.startswith(CONTAINER_STORES),
    }


def _capability(rows: dict[str, Row], path: str, names: list[str]) -> None:
    row = rows.setdefault(path, {"path": path, "kind": "f", "setuid": False, "setgid": False, "world_writable": False,
                                 "sticky": False, "unowned": False,
                                 "in_container_store": path.startswith(CONTAINER_STORES)})  # fmt: skip
    row["capabilities"] = names


TABLE = Table(
    name="special_files",
    doc=(
        "Files on local file systems, with all subvolumes of btrfs, that are SUID, SGID, writable by all, unowned, or "
        "carry capabilities. Snapshots that snapper and timeshift keep are left out."
    ),
    columns=(
        Column("path", "text", "absolute path; bytes that are not UTF-8 as \\xNN"),
        Column("kind", "text", "f file, d directory, p FIFO, s socket, b and c devices"),
        Column("mode", "text", "permission bits in octal, four digits; NULL where only capabilities were seen"),
        Column("uid", "integer", "owner; NULL where only capabilities were seen"),
        Column("gid", "integer", "group; NULL where only capabilities were seen"),
        Column("setuid", "boolean", "a file that runs as its owner"),
        Column("setgid", "boolean", "a file that runs with its group"),
        Column("world_writable", "boolean", "every account may write"),
        Column("sticky", "boolean", "only owners may delete in this directory"),
        Column(
            "unowned",
            "boolean",
            "owner or group is no account, group or subordinate range of the host",
            parts=("unowned",),
        ),
        Column("capabilities", "text[]", "file capabilities (cap_net_raw, …; all)", parts=("capabilities",)),
        Column("in_container_store", "boolean", "below a container runtime's storage: not the host's own"),
    ),
    sections=(WALK,),
    parts={"capabilities": (), "unowned": (PASSWD, GROUP)},
    extra_sections=(SUBID, NSSWITCH),
    build=build,
)
