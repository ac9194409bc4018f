"""Ways by programs and sockets are gone for real by a user of a test host, and their near misses are refused."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from secops.hosts.carriers.root import Root
from secops.hosts.evidence import Evidence, decode
from secops.hosts.manifest import manifest
from secops.hosts.script import generate
from secops.hosts.snapshot import observe
from secops.hosts.tables import Facts
from secops.privilege.ways import privileges
from tests import testroot
from tests.testroot import OPS, TestHost

PLANT = """set -e
cd /usr/local/bin
useradd --no-create-home --uid 900 app
cp /usr/bin/find search; cp /usr/bin/find /root/search; chmod 4755 search /root/search; chmod 700 /root
cp /usr/bin/bash .update; chmod 4755 .update
printf '#!/bin/bash -p\\nid -u\\n' >script; chmod 4755 script
cp /usr/bin/head first; cp /usr/bin/head last; chgrp shadow first; chgrp games last; chmod 2755 first last
cp /usr/bin/perl p; cp /usr/bin/perl q; setcap cap_setuid=ep p; setcap cap_setuid=i q
cp /usr/bin/perl own; setcap -n 1000 cap_setuid=ep own
cp /usr/bin/find s; setcap cap_setuid=ep s
cp /usr/bin/head r; cp /usr/bin/head t; setcap cap_dac_read_search=ep r; setcap cap_dac_read_search=p t
cp /usr/bin/chmod c; setcap cap_fowner=ep c
cp /usr/bin/dash d; chown app d; chmod 4755 d
mkdir -m 750 /srv/in /srv/out; cp /usr/bin/bash /srv/in/b; cp /usr/bin/bash /srv/out/b; chmod 4755 /srv/*/b
setfacl -m u:1000:x /srv/in; setfacl -m u:33:x /srv/out
mkdir /srv/nosuid /srv/noexec
for o in nosuid noexec; do mount -t tmpfs -o $o none /srv/$o; cp /usr/bin/bash /srv/$o/b; chmod 4755 /srv/$o/b; done
cp /usr/bin/bash g; chgrp app g; chmod 4750 g
echo >>/usr/bin/chsh; chmod 4755 /usr/bin/chsh
"""

ID, SHADOW = "id -u", "root:"
SETUID = """-e '$< = $> = 0; exec "id", "-u"'"""

#: What `ops` runs → what it prints, and what is said of it: (way, program, gives, certain) or nothing.
TRIED = {
    "/usr/local/bin/search / -maxdepth 0 -exec id -u ;": ("0", ("suid", "find", "shell", True)),
    "/root/search / -maxdepth 0 -exec id -u ;": ("", None),
    "/usr/local/bin/.update -p -c 'id -u'": ("0", ("suid", "bash", "shell", True)),
    "/usr/local/bin/script": ("1000", None),
    "/usr/local/bin/first -c 5 /etc/shadow": (SHADOW, ("sgid", "head", "read", True)),
    "/usr/local/bin/last -c 5 /etc/shadow": ("", None),
    f"/usr/local/bin/p {SETUID}": ("0", ("capability", "perl", "shell", True)),
    f"/usr/local/bin/q {SETUID}": ("1000", None),
    f"/usr/local/bin/own {SETUID}": ("1000", None),
    "/usr/local/bin/s / -maxdepth 0 -exec id -u ;": ("1000", None),
    "/usr/local/bin/r -c 5 /etc/shadow": (SHADOW, ("capability", "head", "read", True)),
    "/usr/local/bin/t -c 5 /etc/shadow": ("", None),
    "/usr/local/bin/d -p -c 'id -u'": ("900", ("suid", "dash", "shell", True)),
    "/srv/in/b -p -c 'id -u'": ("0", ("suid", "bash", "shell", True)),
    "/srv/out/b -p -c 'id -u'": ("", None),
    "/srv/nosuid/b -p -c 'id -u'": ("1000", None),
    "/srv/noexec/b -p -c 'id -u'": ("", None),
    "/usr/local/bin/g -p -c 'id -u'": ("", None),
    "/usr/local/bin/c o+r /etc/shadow; head -c 5 /etc/shadow": (SHADOW, ("capability", "chmod", "account", True)),
    "/usr/bin/chsh --version >/dev/null 2>&1; echo unknown": ("unknown", ("suid", None, "shell", False)),
}  # fmt: skip


#: The sections that ways by sockets hang on.
SOCKETS = frozenset({"passwd", "group", "nsswitch", "control_sockets", "libvirt_conf", "mountinfo"})


def collected(host: TestHost, only: frozenset[str] = frozenset()) -> Evidence:
    """All that is collected, or some sections."""
    sections = [section for section in manifest() if not only or section.name in only]
    stream = host.run(["sh"], generate(sections).encode(), check=True).stdout
    return decode(stream, sections, carrier="local", label="test")


def tables(evidence: Evidence) -> dict[str, Facts]:
    return dict(observe(evidence, "h", privileges).tables)


@pytest.fixture(scope="module")
def planted(test_root: Path) -> Iterator[tuple[TestHost, dict[str, Facts], dict[str, Facts]]]:
    """A host, and what is said of it running and as an image."""
    with testroot.host() as host:
        host.run(["sh", "-c", PLANT], check=True)
        running = tables(collected(host))
        host.run(["sh", "-c", "umount /srv/nosuid /srv/noexec"], check=True)
        image = tables(Root(str(host.root)).collect())
        host.run(["sh", "-c", PLANT[PLANT.index("for o in") : PLANT.index("cp /usr/bin/bash g")]], check=True)
        yield host, running, image


def told(facts: dict[str, Facts], thing: str) -> set[tuple[object, ...]]:
    """(way, program, gives, certain) of what ops may go, to root or to another account."""
    rows = [*facts["root_ways"].rows, *facts["account_ways"].rows]
    mine = (row for row in rows if row["thing"] == thing and row["user_name"] in ("ops", "*"))
    return {(row["way"], row["program"], row["gives"], row["certain"]) for row in mine}


@pytest.mark.parametrize("command", TRIED)
def test_what_is_said_is_so(command: str, planted: tuple[TestHost, dict[str, Facts], dict[str, Facts]]) -> None:
    host, running, image = planted
    printed, way = TRIED[command]
    line = command if ";" not in command or "id -u ;" not in command else command.replace(";", "\\;")
    done = host.run(["sh", "-c", line], uid=OPS)
    assert done.stdout.decode().strip() == printed, done.stderr
    wanted = {way} if way else set()
    thing = command.split()[0]
    assert told(running, thing) == wanted
    if "/srv/no" not in thing:  # they are mounted
        assert told(image, thing) == wanted


def test_who_may_go_them_and_nobody_else(planted: tuple[TestHost, dict[str, Facts], dict[str, Facts]]) -> None:
    _, running, _ = planted
    who: dict[str, set[str]] = {}
    for row in running["root_ways"].rows:
        who.setdefault(row["thing"], set()).add(row["user_name"])
    assert (who["/srv/in/b"], who["/srv/out/b"], who["/usr/local/bin/g"]) == ({"ops"}, {"www-data"}, {"app"})
    assert {row["becomes"] for row in running["account_ways"].rows} == {"app"}
    assert running["root_ways"].problems["suid"][0].reason.startswith("/usr/bin/chsh: ")


def test_a_clean_debian_has_none_and_is_seen_whole(test_host: TestHost) -> None:
    live = tables(collected(test_host))
    for name in ("root_ways", "account_ways"):
        assert (list(live[name].rows), live[name].problems["suid"], live[name].problems["socket"]) == ([], [], [])
    image = tables(Root(str(test_host.root)).collect())
    assert (list(image["root_ways"].rows), image["root_ways"].problems["suid"]) == ([], [])
    assert {problem.reason for problem in image["root_ways"].problems["socket"]} == {"needs a running host"}


def test_a_clean_alpine_has_none(test_host: TestHost) -> None:
    script = """find / -xdev -type f -perm /6000 -exec chmod ug-s {} +; rm /var/lib/dpkg/status
mkdir -p /lib/apk/db; cp /usr/bin/busybox /bin/bbsuid; chmod 4111 /bin/bbsuid
printf 'P:busybox-suid\\nF:bin\\nR:bbsuid\\na:0:0:4111\\nZ:Q1%s\\n' "$(sha1sum /bin/bbsuid | cut -c 1-40 |
  busybox xxd -r -p | base64)" >/lib/apk/db/installed"""
    test_host.run(["sh", "-c", script], check=True)
    live = tables(collected(test_host))
    assert [row["package"] for row in live["special_files"].rows if row["setuid"]] == ["busybox-suid"]
    assert (list(live["root_ways"].rows), live["root_ways"].problems["suid"]) == ([], [])


SERVER = """use IO::Socket::UNIX; umask 0;
my $s = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 5) or die; chmod oct($ARGV[1]), $ARGV[0];
$| = 1; print "up\\n"; while (my $c = $s->accept) { print $c qx(id -u); close $c }"""
CLIENT = """use IO::Socket::UNIX; my $c = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "refused: $!"; print <$c>"""


@contextmanager
def daemon(host: TestHost, path: str, mode: str) -> Iterator[None]:
    """A daemon of root that does what it is told by whoever connects."""
    command = host.command("perl", "-e", SERVER, path, mode)
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout
            server.stdout.readline()
            yield
        finally:
            host.run(["sh", "-c", 'for p in /proc/[0-9]*; do [ "$(cat $p/comm)" = perl ] && kill ${p#/proc/}; done'])


@pytest.mark.parametrize(
    ("mode", "change", "reached", "wanted"),
    [
        ("0666", "", True, {"*"}),
        ("0660", "", False, set()),
        ("0660", "chgrp ops /run/fail2ban/fail2ban.sock", True, {"ops"}),
        ("0664", "", False, set()),
        ("0660", "setfacl -m u:1000:rw /run/fail2ban/fail2ban.sock", True, {"ops"}),
        ("0660", "setfacl -m u:33:rw /run/fail2ban/fail2ban.sock", False, {"www-data"}),
        ("0666", "chmod 700 /run/fail2ban", False, set()),
    ],
)
def test_a_socket_is_what_is_said(test_host: TestHost, mode: str, change: str, reached: bool, wanted: set[str]) -> None:
    path = "/run/fail2ban/fail2ban.sock"
    test_host.run(["mkdir", "-p", "/run/fail2ban"], check=True)
    with daemon(test_host, path, mode):
        test_host.run(["sh", "-c", change], check=True)
        done = test_host.run(["perl", "-e", CLIENT, path], uid=OPS)
        assert (done.stdout.strip() == b"0") is reached, done.stderr
        assert gone(test_host) == {(user, path, "shell", True) for user in wanted}
    assert gone(test_host) == set(), "nobody answers any more"


def gone(host: TestHost) -> set[tuple[object, ...]]:
    facts = tables(collected(host, SOCKETS))["root_ways"]
    assert facts.problems["socket"] == []
    rows = (row for row in facts.rows if row["way"] == "socket")
    return {(row["user_name"], row["thing"], row["gives"], row["certain"]) for row in rows}


def test_disks_are_seen_with_what_lies_on_them(test_host: TestHost) -> None:
    """Device files are made, and none is opened."""
    script = "mknod /dev/sdz b 0 0; chmod 666 /dev/sdz; ln -s sdz /dev/sdy; mknod /dev/vdz c 1 3"
    test_host.run(["sh", "-c", script], check=True)
    facts = tables(collected(test_host, SOCKETS))["control_sockets"]
    assert [(row["path"], row["kind"], row["mode"], row["mounted"]) for row in facts.rows] == [
        ("/dev/sdz", "b", "0666", None)
    ]
    assert [problem.reason for problem in facts.problems["mounted"]] == [
        "on which disks the mounted file systems lie is not known"
    ]
    test_host.run(["mount", "-t", "sysfs", "none", "/sys"], check=True)
    facts = tables(collected(test_host, SOCKETS))["control_sockets"]
    known = any(Path("/sys/class/block").iterdir())
    assert [row["mounted"] for row in facts.rows] == [False if known else None]
