"""A test host with files planted that others can change, and what its table says of it, seen in several ways."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from secops.hosts.carriers.root import Root
from secops.hosts.evidence import Evidence, decode
from secops.hosts.script import generate
from secops.hosts.section import Section
from secops.hosts.snapshot import observe
from secops.hosts.tables import Row, derive, registry
from secops.hosts.tables.trusted_files import TABLE
from secops.privilege.ways import privileges
from tests.hosts.carriers.test_dialects import BUSYBOX_TOOLS
from tests.testroot import OPS, TestHost

#: Numbers of users and groups. alice is in devs; nobody is in empty; svc may not log in; stranger is no account.
_IDS = {
    "root": 0, "ops": OPS, "alice": 1001, "bob": 1002, "svc": 1003, "devs": 2000, "empty": 2001, "stranger": 4711,
    # of rhel.txt
    "polkitd": 998, "postgres": 26, "tomcat": 53, "oracle": 54321, "admin": 1000, "mail": 12, "wheel": 10, "dba": 54322,
    "oinstall": 54321,
}  # fmt: skip
_PASSWD = """alice:x:1001:1001::/home/alice:/bin/bash
bob:x:1002:1002::/home/bob:/bin/bash
svc:x:1003:1003::/var/lib/svc:/usr/sbin/nologin
"""
_GROUP = "alice:x:1001:\nbob:x:1002:\nsvc:x:1003:\ndevs:x:2000:alice\nempty:x:2001:\n"

_SHADOW = "".join(f"{name}:*:19000::::::\n" for name in ("alice", "bob", "svc"))

#: Accounts of the host beside root: those of the Debian root, and the planted ones.
_ACCOUNTS = {
    "_apt", "alice", "backup", "bin", "bob", "daemon", "games", "irc", "list", "lp", "mail", "man", "news", "nobody",
    "ops", "proxy", "sshd", "svc", "sync", "sys", "uucp", "www-data",
}  # fmt: skip

#: What the table and ways by files are made of.
SECTIONS: tuple[Section, ...] = tuple(
    {
        section.name: section
        for name in ("trusted_files", "hosts", "users", "groups", "group_members", "gshadow_members")
        for section in registry()[name].all_sections
    }.values()
)


@dataclass
class Planter:
    """Puts things on a host, each as a line says: see `plant`."""

    host: TestHost
    jobs: int = 0

    def people(self) -> None:
        for file, lines in (("/etc/passwd", _PASSWD), ("/etc/group", _GROUP), ("/etc/shadow", _SHADOW)):
            with self.host.at(file).open("a") as out:
                out.write(lines)
        self.plant("dir /home/alice 0755 alice\ndir /home/bob 0755 bob\ndir /var/lib/svc 0755 svc")

    def plant(self, lines: str) -> None:
        """Lines of `file PATH MODE OWNER` (a script), `dir PATH MODE OWNER`, `link PATH TARGET [OWNER]`, `text PATH
        CONTENT` (of root, 0644; `raw`: no newline behind it), `own PATH MODE OWNER` (of what is there), `acl PATH USER
        RIGHTS [MASK]`, `cron LINE`
        (in a file of its own), and `unit NAME CONTENT` (enabled). An owner is USER or USER:GROUP, `\\n` a newline,
        `\\xff` a byte that is no UTF-8.
        """
        for line in filter(None, map(str.strip, lines.replace(r"\xff", "\udcff").split("\n"))):
            verb, _, rest = line.partition(" ")
            getattr(self, f"_{verb}")(
                *rest.split(" ", 1 if verb in ("text", "raw", "unit") else 0 if verb == "cron" else -1)
            )

    def _path(self, path: str) -> Path:
        where = self.host.at(path)
        where.parent.mkdir(parents=True, exist_ok=True)
        return where

    def _own(self, path: str, mode: str, owner: str) -> None:
        user, _, group = owner.partition(":")
        os.chown(self._path(path), _IDS[user], _IDS[group or user])
        self._path(path).chmod(int(mode, 8))

    def _file(self, path: str, mode: str, owner: str) -> None:
        self._path(path).write_text("#!/bin/sh\n")
        self._own(path, mode, owner)

    def _dir(self, path: str, mode: str, owner: str) -> None:
        self._path(path).mkdir(exist_ok=True)
        self._own(path, mode, owner)

    def _link(self, path: str, target: str, owner: str = "root") -> None:
        self._path(path).symlink_to(target)
        os.lchown(self._path(path), _IDS[owner], _IDS[owner])

    def _text(self, path: str, content: str) -> None:
        self._path(path).write_text(content.replace("\\n", "\n") + "\n")
        self._own(path, "0644", "root")

    def _raw(self, path: str, content: str) -> None:
        self._text(path, content)
        self._path(path).write_text(content.replace("\\n", "\n"))

    def _cron(self, line: str) -> None:
        self.jobs += 1
        self._text(f"/etc/cron.d/job{self.jobs}", line)

    def _unit(self, name: str, content: str) -> None:
        self._text(f"/etc/systemd/system/{name}", content)
        self._link(f"/etc/systemd/system/multi-user.target.wants/{name}", f"../{name}")

    def _acl(self, path: str, user: str, rights: str, mask: str = "7") -> None:
        """An access list as the kernel keeps it: one more user, on top of 0644."""
        entries = [(1, 6, -1), (2, int(rights), _IDS[user]), (4, 4, -1), (16, int(mask), -1), (32, 4, -1)]
        packed = b"".join(struct.pack("<HHi", *entry) for entry in entries)
        os.setxattr(self.host.at(path), "system.posix_acl_access", struct.pack("<I", 2) + packed)


Way = tuple[str, str, str, str]

#: What is said of possible ways.
_DOUBT = "whether something runs or reads it is not known"


@dataclass(frozen=True)
class Case:
    """What is planted, and the ways that come of it: (who, becomes whom, by changing what, what it gives). A possible
    way has a question mark behind what it gives.
    """

    name: str
    lines: str
    ways: frozenset[Way]

    def holds(self, thing: str) -> bool:
        path = self.name.split(" ")[0]
        return thing == path or thing.startswith(f"{path}/")


def cases() -> list[Case]:
    """Those of `cases.txt`."""
    blocks = Path(__file__).with_name("cases.txt").read_text("utf-8").split("\n= ")[1:]
    return [_case(*block.split("\n")) for block in blocks]


def _case(name: str, *lines: str) -> Case:
    ways = frozenset(way for line in lines if line.startswith("> ") for way in _ways(*line[2:].split(" ")))
    return Case(name, "\n".join(line for line in lines if line and not line.startswith("> ")), ways)


def _ways(who: str, becomes: str, thing: str, gives: str = "shell") -> list[Way]:
    names = sorted(_ACCOUNTS - {"alice"}) if who == "<all-but-alice>" else [who]
    return [(name, becomes, thing, gives) for name in names]


def collect(host: TestHost, *shell: str, uid: int = 0) -> Evidence:
    answer = host.run(shell, generate(SECTIONS).encode(), uid=uid)
    assert (answer.returncode, answer.stderr) == (0, b"")
    return decode(answer.stdout, SECTIONS, carrier="local", label="test")


def image(host: TestHost) -> Evidence:
    with patch("secops.hosts.carriers.root.manifest", lambda _: SECTIONS):  # the walk is dear
        return Root(str(host.root)).collect()


def use_busybox(host: TestHost) -> None:
    """From now on every tool of the host that busybox has too is busybox's."""
    host.run(["busybox", "sh", "-c", BUSYBOX_TOOLS], check=True)


def rows(evidence: Evidence) -> list[Row]:
    """The table's rows, which must be all of them."""
    facts = derive(TABLE, evidence)
    assert facts.problems == {"": [], "acls": []}
    return list(facts.rows)


def ways(evidence: Evidence) -> set[Way]:
    """Those by files, of both tables."""
    tables = observe(evidence, "h", privileges).tables
    found = set()
    for name in ("root_ways", "account_ways"):
        rows = [row for row in tables[name].rows if row["way"] == "file"]
        found |= {
            (row["user_name"], row.get("becomes", "root"), row["thing"], row["gives"] + "?" * (not row["certain"]))
            for row in rows
        }
        told = [one.reason.partition(": ")[2] for one in tables[name].problems["file"]]
        assert told in ([], [_DOUBT]), name
        assert all(row["certain"] for row in rows) or told
    return found
