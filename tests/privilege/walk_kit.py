"""A host made by hand of records of the walk, for ways by SUID, SGID and capability files."""

from __future__ import annotations

import stat

from secops.hosts.evidence import Evidence
from secops.hosts.listing import record
from secops.hosts.snapshot import observe
from secops.hosts.tables import Facts
from secops.privilege.ways import privileges
from tests.hosts.evidence_kit import evidence

PASSWD = """root:x:0:0::/root:/bin/bash
alice:x:1001:1001::/home/alice:/bin/bash
bob:x:1002:1002::/home/bob:/bin/bash
app:x:900:900::/srv/app:/usr/sbin/nologin
"""
GROUP = "root:x:0:\nalice:x:1001:\nbob:x:1002:\napp:x:900:\nteam:x:2000:alice,bob\nshadow:x:42:bob\ndocker:x:998:\n"

INFO = "/var/lib/dpkg/info"
A, B = "a" * 32, "b" * 32


class Host:
    """Records of a walk, as `secops.hosts.walk` and `secops.hosts.origin` describe them."""

    def __init__(self) -> None:
        self.files, self.near, self.lists, self.sums, self.heads, self.digests = b"", b"", "", "", "", ""

    def file(self, path: str, mode: int = 0o4755, uid: int = 0, gid: int = 0, *, caps: str = "", package: str = "x",
             digest: str = A, copy_of: str = "", script: bool = False) -> Host:  # fmt: skip
        """A file of a package with the digest `A`; of none when `package` is empty."""
        status = (stat.S_IFREG | mode, uid, gid, 10, 1)
        self.files += record(path.encode(), status)
        if caps:
            self.files += f"CAP\0 {caps}\0{path}\0".encode()
        self.near += f"LOOKED\0{path}\0\0".encode() + (b"" if mode & 1 else record(path.encode(), status))
        if package:
            self.lists += f"{INFO}/{package}.list:{path}\n"
            self.sums += f"{INFO}/{package}.md5sums:{A}  {path[1:]}\n"
        self.heads += f"==> {path} <==\n{'#!' if script else '?E'}\n"
        digests = {path: digest} | ({copy_of: digest} if copy_of else {})
        self.digests += "".join(f"{one}  {name}\n" for name, one in digests.items())
        return self

    def directory(self, path: str, mode: int, uid: int = 0, gid: int = 0) -> Host:
        self.near += record(path.encode(), (stat.S_IFDIR | mode, uid, gid, 1, 1))
        return self

    def acl(self, text: str) -> Host:
        self.near += f"ACL\0{text}\0".encode()
        return self

    def unknown_list(self, path: str) -> Host:
        self.near += f"NOACL\0{path}\0".encode()
        return self

    def evidence(self, mounts: str = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n", **more: object) -> Evidence:
        lists = f"{INFO}/dpkg.list:/usr/bin/dpkg\n{self.lists}"
        origin = f"DPKG\0{lists}\0{self.sums}\0\0\0HEAD\0{self.heads}\0SUMS\0{self.digests}\0"
        known = {
            "walk": self.files + self.near + origin.encode() + b"END\0",
            "passwd": {"/etc/passwd": PASSWD},
            "group": {"/etc/group": GROUP},
            "nsswitch": {"/etc/nsswitch.conf": "passwd: files\n"},
            "mountinfo": {"/proc/self/mountinfo": mounts},
            **more,
        }
        return evidence(**known)  # type: ignore[arg-type]

    def facts(self, table: str = "root_ways", **more: object) -> Facts:
        return observe(self.evidence(**more), "h", privileges).tables[table]  # type: ignore[arg-type]

    def ways(self, **more: object) -> list[tuple[object, ...]]:
        """(user, way, thing, program, gives, certain) of both tables, with `becomes` of those that are not to root."""
        found = []
        for table in ("root_ways", "account_ways"):
            facts = self.facts(table, **more)
            assert facts.problems[""] == []
            for row in (row for row in facts.rows if row["way"] != "group"):
                told = tuple(row[name] for name in ("user_name", "way", "thing", "program", "gives", "certain"))
                found.append(told + ((row["becomes"],) if "becomes" in row else ()))
        return sorted(found, key=str)
