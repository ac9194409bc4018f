"""Ways planted on a test host, many on one: each for a user of its own, who has a near miss on another host."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import NamedTuple

from secops.hosts.evidence import decode
from secops.hosts.manifest import manifest
from secops.hosts.script import generate
from secops.hosts.snapshot import observe
from secops.hosts.tables import Facts
from secops.privilege.fleet.fleet import Fleet, Position
from secops.privilege.ways import privileges
from tests.testroot import TestHost


class Row(NamedTuple):
    """What is said of one way."""

    user: str
    way: str
    thing: str
    becomes: str = "root"
    certain: bool = True


@dataclass(frozen=True)
class Case:
    """What root does on the host, and the one way that comes of it; `twin` is nearly the same, and gives none."""

    row: Row
    plant: str
    twin: str


#: The account that ways to others lead to.
OTHER = "svc"
_FIRST_UID = 2000


def people(host: TestHost, names: list[str]) -> None:
    """An account for each name, with a group and a home of its own."""
    ids = {name: _FIRST_UID + place for place, name in enumerate([OTHER, *names])}
    for file, line in (
        ("/etc/passwd", "{name}:x:{uid}:{uid}::/home/{name}:/bin/bash\n"),
        ("/etc/group", "{name}:x:{uid}:\n"),
        ("/etc/shadow", "{name}:*:19000:0:99999:7:::\n"),
    ):
        with host.at(file).open("a") as out:
            out.writelines(line.format(name=name, uid=uid) for name, uid in ids.items())
    for name, uid in ids.items():
        host.at(f"/home/{name}").mkdir(mode=0o755)
        os.chown(host.at(f"/home/{name}"), uid, uid)


#: What the commands of cases have at hand; $u is the case's user.
_PRELUDE = """set -e
may() { echo "$1" >/etc/sudoers.d/$u; chmod 440 /etc/sudoers.d/$u; }
job() { mkdir -p /srv/$u; printf '#!/bin/sh\\n' >/srv/$u/job; chmod 755 /srv/$u/job; }
cron() { echo "@daily $1" >/etc/cron.d/$u; }
unit() { printf "[Service]\\nExecStart=/srv/$u/job\\n$1" >/etc/systemd/system/$u.service
  ln -s ../$u.service /etc/systemd/system/multi-user.target.wants/; }
listen() { mkdir -p ${1%/*}; perl -MIO::Socket::UNIX -e '$s = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1);
  sleep' $1 </dev/null >/dev/null 2>&1 & until [ -S $1 ]; do sleep 0.05; done; }
own_keys() { : >/etc/ssh/authorized_keys/$1; chown $u /etc/ssh/authorized_keys/$1; }
new_key() { install -d -m 700 -o $u /home/$u/.ssh; ssh-keygen -q -t ed25519 -N "$1" -f /home/$u/.ssh/id
  chown $u /home/$u/.ssh/id; }
groupadd -g 4242 by-number; usermod -aG by-number numbered
mkdir -p /etc/systemd/system/multi-user.target.wants /etc/ssh/authorized_keys
echo 'AuthorizedKeysFile /etc/ssh/authorized_keys/%u .ssh/authorized_keys' >/etc/ssh/sshd_config.d/keys.conf
"""


def plant(host: TestHost, steps: dict[str, str]) -> None:
    """Do the commands of each user, all in one shell."""
    script = _PRELUDE + "".join(f"u={user}\n{commands}\n" for user, commands in steps.items())
    done = host.run(["sh", "-x"], script.encode())
    assert done.returncode == 0, done.stderr.decode()[-800:]


def seen(host: TestHost) -> dict[str, Facts]:
    """All tables of the host, and those over the fleet that it is alone."""
    stream = host.run(["sh"], generate(manifest()).encode(), check=True).stdout
    tables = observe(decode(stream, manifest(), carrier="local", label="test"), "h", privileges).tables
    return {**tables, **Fleet().tables({"h": Position.of(tables)})["h"]}


def rows(tables: dict[str, Facts]) -> set[Row]:
    """The ways of a host, to root and to others, those by keys among them."""
    found = [*tables["root_ways"].rows, *tables["account_ways"].rows]
    keys = [row for row in tables["key_trust"].rows if row["opens"] and row["encrypted"] is False]
    keys = [row for row in keys if row["holder_user"] != row["user_name"]]
    return {
        Row(row["user_name"], row["way"], row["thing"], row.get("becomes", "root"), row["certain"]) for row in found
    } | {Row(row["holder_user"], "key", row["path"], row["user_name"]) for row in keys}
