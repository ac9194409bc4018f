"""Hosts, roles and records of use for tests of grading."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from secops.hosts.evidence import Problem, Status
from secops.hosts.snapshot import observe
from secops.hosts.tables import Facts, Row
from secops.privilege.roles.grading import gaps
from secops.privilege.roles.holdings import Holdings, holdings
from secops.privilege.roles.posts import Roles
from secops.privilege.roles.roles_file import load
from secops.privilege.ways import privileges
from tests.hosts.evidence_kit import evidence
from tests.hosts.tables.test_authorized_keys import key
from tests.hosts.tables.test_sudo_rules import SUDO
from tests.privilege.whole_kit import WHOLE

TODAY = date(2026, 6, 30)

#: What every host has besides the people of a test.
_SYSTEM = """root:x:0:0::/root:/bin/bash
daemon:x:1:1::/usr/sbin:/usr/sbin/nologin
sync:x:4:65534::/bin:/bin/sync
syslog:x:104:104::/home/syslog:/usr/sbin/nologin
postgres:x:105:105::/var/lib/postgresql:/bin/bash
"""
_HOMES = {"root": "/root", "postgres": "/var/lib/postgresql"}
_GROUPS = "root:x:0:\nwheel:x:10:\nadm:x:4:syslog\ndocker:x:998:\n"


def tables(
    users: str = "",
    sudoers: str = "",
    *,
    groups: str = _GROUPS,
    keys: Mapping[str, list[str]] | None = None,
    shadow: str | Status = "",
    nologin: str = "",
    used: Mapping[str, Any] | None = None,
    nss: str = "passwd: files\n",
) -> dict[str, Facts]:
    """The tables of a host where `users` (names, with a password) and `nologin` have accounts.

    `keys`: comments of the keys that open an account. `used`: days since the last login and the last use of sudo, by
    account, see `use`.
    """
    names = users.split()
    people = "".join(f"{name}:x:{1000 + n}:{1000 + n}::/home/{name}:/bin/bash\n" for n, name in enumerate(names))
    others = "".join(f"{name}:x:{900 + n}:{900 + n}::/:/usr/sbin/nologin\n" for n, name in enumerate(nologin.split()))
    hashes = "".join(f"{name}:$y$:17000:0:99999:7:::\n" for name in names) + "postgres:!:17000:0:99999:7:::\n"
    lines = {
        f"{_HOMES.get(user, f'/home/{user}')}/.ssh/authorized_keys": "".join(
            f"{key('ssh-ed25519', comment.encode() * 9)} {comment}\n" for comment in comments
        )
        for user, comments in (keys or {}).items()
    }
    seen = evidence(
        **WHOLE,
        passwd={"/etc/passwd": _SYSTEM + people + others},
        group={"/etc/group": groups},
        shadow={"/etc/shadow": shadow or "root:!:17000:0:99999:7:::\n" + hashes},
        sudoers={"/etc/sudoers": sudoers + "root ALL=(ALL:ALL) ALL\n"},
        sudo_paths=SUDO,
        authorized_keys=lines,
        sshd_config={"/etc/ssh/sshd_config": "AuthorizedKeysFile .ssh/authorized_keys\n"},
        nsswitch={"/etc/nsswitch.conf": nss},
        kernel_hostname={"/proc/sys/kernel/hostname": "web1\n"},
    )
    found = observe(seen, "web1", privileges).tables
    return {**found, **use(used if used is not None else dict.fromkeys(names, 1))}


def use(used: Mapping[str, Any], reach: int | None = 200, **columns: Any) -> dict[str, Facts]:
    """Records of use that reach back `reach` days: by account, days since the last login, or a pair with sudo's.

    `columns` are those of `sudo_use` that differ.
    """
    logins: list[Row] = []
    sudo: list[Row] = []
    for user, given in used.items():
        login, by_sudo = given if isinstance(given, tuple) else (given, given)
        logins.append({"user_name": user, "last_login": seconds(login), **_record(login, reach)})
        row = {"user_name": user, "last_use": seconds(by_sudo), **_record(by_sudo, reach), "granted": None, **columns}
        sudo += [{**row, "program": "sudo"}, {**row, "program": "su", "last_use": seconds(0), "idle_days": 0}]
        sudo += [{**row, "program": "doas", **(_record(None, reach) | {"last_use": None})}]
    parts = {"quarter": [], "half_year": [Problem(Status.FAILED, "too short")]}
    return {"last_logins": Facts(logins, {"": [], **parts}), "sudo_use": Facts(sudo, {"": [], **parts})}


def _record(last: int | None, reach: int | None) -> Row:
    idle = None if reach is None else min(reach, reach if last is None else last)
    return {"record_since": seconds(reach), "record_days": reach, "idle_days": idle}


def seconds(days: int | None) -> int | None:
    """Seconds since 1970 of noon, so many days ago; None for never."""
    if days is None:
        return None
    noon = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
    return int((noon - timedelta(days=days)).timestamp())


def held(*args: Any, **named: Any) -> Holdings:
    """What the accounts of a host of `tables` hold."""
    return holdings(tables(*args, **named), TODAY)


def roles(folder: Path, text: str) -> Roles:
    path = folder / "roles.yml"
    path.write_text(text, "utf-8")
    return load(path)


def without(found: Mapping[str, Facts], table: str, part: str = "") -> dict[str, Facts]:
    """The tables with one, or a part of it, that was not seen."""
    lack = [Problem(Status.DENIED, "permission denied")]
    facts = found[table]
    parts = facts.problems if not part else {part}
    return {**found, table: Facts(facts.rows, {**facts.problems, **dict.fromkeys(parts, lack)})}


def rows(declared: Roles, hosts: Mapping[str, Holdings], *kinds: str) -> list[tuple[Any, ...]]:
    """(host, gap, account, level) of the gaps of these kinds, or of all, sorted."""
    return sorted(
        (host, row["gap"], row["user_name"], row["level"] or "")
        for host, facts in gaps(declared, hosts, TODAY).items()
        for row in facts.rows
        if not kinds or row["gap"] in kinds
    )
