"""Files that need a look: SUID, SGID, writable by all, owned by nobody, with capabilities. From one walk."""

from __future__ import annotations

from secops.hosts.acl import Around, parents
from secops.hosts.capability import FileCapabilities
from secops.hosts.evidence import Evidence, Status
from secops.hosts.listing import Entry
from secops.hosts.origin import CONTAINER_STORES, MAX_DIGESTED, MAX_LOOKUPS
from secops.hosts.section import Files
from secops.hosts.tables import Built, Column, Row, Table
from secops.hosts.tables._origin import Ask, Ids, asked, compared
from secops.hosts.tables._rpm_origin import of_image
from secops.hosts.tables._walked import WALK, Walked, walked
from secops.hosts.tables.groups import GROUP, group_lines
from secops.hosts.tables.hosts import NSSWITCH, directory_accounts
from secops.hosts.tables.packages import RPM_FILES, RPM_SQLITE
from secops.hosts.tables.users import PASSWD, passwd_lines

SUBID = Files("subid", ("/etc/subuid", "/etc/subgid"))

_NONE = FileCapabilities([], [], False)


def build(evidence: Evidence) -> Built:
    built = Built()
    if evidence[WALK.name].status is Status.EMPTY:
        built.lack("the walk gave no output")
    found = walked(evidence)
    built.problems += found.problems
    built.part_problems["capabilities"] = found.capability_problems
    if not found.ended and evidence[WALK.name].status in (Status.OK, Status.EMPTY):
        built.lack("the walk ended early", Status.TRUNCATED)
    if directory_accounts(evidence) is not False:
        built.lack("accounts of a directory own files too, and are not listed", part="unowned")
    owners, packages = _Owners(evidence), _Packages(evidence, found, built)
    for path in dict.fromkeys([*found.files, *found.capabilities]):
        built.rows.append(_row(path, found, owners) | packages.of(path))
    return built


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


class _Packages:
    """What the package manager says of special files; what it cannot say is told to `built`."""

    def __init__(self, evidence: Evidence, found: Walked, built: Built) -> None:
        self._found, self._built, self._as_root = found, built, evidence.uid == 0
        self._ask = self._manager(evidence) if found.looked_up else None
        self._programs: dict[str, list[str]] = {}
        for path, digest in sorted(found.digests.items(), key=lambda one: (len(one[0]), one[0])):
            if path not in found.looked_up:
                self._programs.setdefault(digest, []).append(path)
        if found.is_many:
            self.lack(f"more than {MAX_LOOKUPS} files are SUID or SGID or carry capabilities, or their paths are long")

    def _manager(self, evidence: Evidence) -> Ask | None:
        name, fields = self._found.manager
        if name in ("", "nopkg"):
            self.lack("no package manager was found", Status.ABSENT)
            return None
        ids = Ids(
            {fields[0]: int(fields[2]) for _, fields in passwd_lines(evidence)},
            {fields[0]: int(fields[2]) for _, fields in group_lines(evidence)},
        )
        if name == "rpm" and evidence.carrier == "root":
            wanted = {one for path, others in self._found.looked_up.items() for one in (path, *others)}
            fields = of_image(evidence, wanted)
        ask = asked(name, fields, ids)
        if ask is None:
            self.lack(f"the database of {name} does not answer")
        return ask

    def of(self, path: str) -> Row:
        """The columns of one file that hang on its package."""
        names = self._found.looked_up.get(path)
        if names is None or self._ask is None:
            # no package has a name with a newline
            return {"packaged": False} if self._ask and "\n" in path else {}
        digest = self._found.digests.get(path)
        said = self._ask([path, *names])
        if said is None:
            return {"packaged": False, "copy_of": next(iter(self._programs.get(digest or "", ())), None)}
        entry = self._found.files.get(path)
        checked, changed = compared(said, entry, digest, self._found.capabilities.get(path, _NONE))
        if said.digests and not digest and entry and entry.size:
            self._unread(path, entry)
        return {"packaged": True, "package": said.package, "checked": checked, "changed": changed}

    def _unread(self, path: str, entry: Entry) -> None:
        if entry.size > MAX_DIGESTED:
            self.lack(f"{path}: larger than {MAX_DIGESTED} bytes", Status.TRUNCATED)
        else:
            self.lack(f"{path} cannot be read", Status.FAILED if self._as_root else Status.DENIED)

    def lack(self, reason: str, status: Status = Status.FAILED) -> None:
        self._built.lack(reason, status, part="package")


def _row(path: str, found: Walked, owners: _Owners) -> Row:
    entry = found.files.get(path)
    capabilities = found.capabilities.get(path, _NONE)
    row: Row = {
        "path": path,
        "kind": "f",
        "setuid": False,
        "setgid": False,
        "world_writable": False,
        "sticky": False,
        "unowned": False,
        "capabilities": capabilities.names,
        "permitted": capabilities.permitted,
        "effective": capabilities.effective,
        "in_container_store": path.startswith(CONTAINER_STORES),
    }
    if entry:
        row |= _of_entry(entry) | {"unowned": not owners.known(entry.uid, entry.gid)}
    if path in found.looked_up and found.ended:
        row |= {"reachable": not any(_is_roots(found.around, above) for above in parents(path)),
                "is_script": path in found.scripts}  # fmt: skip
    return row


def _of_entry(entry: Entry) -> Row:
    return {
        "kind": entry.kind,
        "mode": f"{entry.mode:04o}",
        "uid": entry.uid,
        "gid": entry.gid,
        "setuid": bool(entry.mode & 0o4000) and entry.kind == "f",
        "setgid": bool(entry.mode & 0o2000) and entry.kind == "f",
        "world_writable": bool(entry.mode & 0o2),
        "sticky": bool(entry.mode & 0o1000),
    }


def _is_roots(around: Around, directory: str) -> bool:
    """Whether a directory lets only root pass. The group's bits are the most that an access list gives anybody."""
    entry = around.entries.get(directory)
    if entry is None or entry.uid != 0 or entry.mode & 0o001:
        return False
    has_list = directory in around.acls or directory in around.unknown
    return not entry.mode & 0o010 or (entry.gid == 0 and not has_list)


TABLE = Table(
    name="special_files",
    doc=(
        "Files on local file systems, with all subvolumes of btrfs, that are SUID, SGID, writable by all, unowned, or "
        "carry capabilities. Snapshots that snapper and timeshift keep are left out. Of regular files that are SUID, "
        "SGID or carry capabilities, containers' apart, also what their package says of them; that a digest is the "
        "package's proves nothing against somebody who has been root."
    ),
    columns=(
        Column("path", "text", "absolute path; bytes that are not UTF-8 as \\xNN"),
        Column("kind", "text", "f file, d directory, p FIFO, s socket, b and c devices"),
        Column("mode", "text", "permission bits in octal, four digits"),
        Column("uid", "integer", "owner"),
        Column("gid", "integer", "group"),
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
        Column(
            "permitted",
            "text[]",
            "those of them that whoever starts the file gets: not what is only inherited, nor what counts only in a "
            "user namespace",
            parts=("capabilities",),
        ),
        Column(
            "effective",
            "boolean",
            "they are in force from the start; else the program must raise them itself",
            parts=("capabilities",),
        ),
        Column("in_container_store", "boolean", "below a container runtime's storage: not the host's own"),
        Column("reachable", "boolean", "others than root may pass the directories above it; NULL where not looked up"),
        Column("is_script", "boolean", "begins with #!: SUID, SGID and capabilities have no effect on it"),
        Column("packaged", "boolean", "a package owns it; NULL where not looked up", parts=("package",)),
        Column("package", "text", "the package that owns it", parts=("package",)),
        Column(
            "checked",
            "text[]",
            "what the package manager keeps of it and was compared: digest, mode, owner, capabilities (dpkg keeps the "
            "digest, and what dpkg-statoverride says; apk no capabilities)",
            parts=("package",),
        ),
        Column(
            "changed",
            "text[]",
            "of these, what differs: another content or owner, more in the mode or more capabilities than it gives",
            parts=("package",),
        ),
        Column(
            "copy_of",
            "text",
            "of a file that no package owns: the program below /usr/bin, /usr/sbin or /usr/local with the same content",
            parts=("package",),
        ),
    ),
    sections=(WALK,),
    parts={"capabilities": (), "unowned": (PASSWD, GROUP), "package": (PASSWD, GROUP)},
    extra_sections=(SUBID, NSSWITCH, RPM_FILES, RPM_SQLITE),
    build=build,
)
