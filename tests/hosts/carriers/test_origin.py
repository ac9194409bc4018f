"""Where special files come from, on real hosts: every shell, every set of tools and the image carrier say the same."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pytest

from secops.hosts.carriers.root import Root
from secops.hosts.tables import Facts, derive, special_files
from secops.hosts.walk import WALK_SH
from tests.hosts.evidence_kit import evidence
from tests.testroot import OPS, TestHost

SHELLS = {"dash": ("dash",), "bash": ("bash",), "busybox": ("busybox", "sh")}

PLANTED = """set -e
cp /bin/bash "/srv/a copy"; chmod 4755 "/srv/a copy"
cp /bin/bash /srv/grown; echo >>/srv/grown; chmod 6750 /srv/grown
cp /usr/bin/find /root/find; chmod 4755 /root/find; chmod 700 /root
printf '#!/bin/sh\\nid\\n' >/usr/local/bin/script; chmod 4755 /usr/local/bin/script
echo >>/usr/bin/chfn; chmod 4755 /usr/bin/chfn
setcap cap_setuid+ep /usr/bin/perl; setcap cap_setuid+i /usr/bin/dd
cp /bin/true '/srv/odd ='; setcap cap_chown=ep '/srv/odd ='
mkdir -m 750 /srv/shut; cp /bin/true /srv/shut/x; chmod 4711 /srv/shut/x; setfacl -m u:1000:x /srv/shut
: >/srv/empty; chmod 4755 /srv/empty
dpkg-divert --quiet --local --rename /usr/bin/newgrp; cp /bin/true /usr/bin/newgrp; chmod 4755 /usr/bin/newgrp
"""


def walked(host: TestHost, shell: str, uid: int = 0) -> Facts:
    """The table as this shell with its tools makes it, and other sections as the image has them."""
    setting = "export LC_ALL=C gnu=1; " if shell != "busybox" else "export LC_ALL=C gnu=; "
    records = host.run([*SHELLS[shell], "-c", setting + WALK_SH], uid=uid).stdout
    files = {name: {f"/etc/{name}": host.at(f"/etc/{name}").read_bytes()} for name in ("passwd", "group")}
    return derive(special_files.TABLE, evidence(walk=records, uid=uid, **files))


def rows(facts: Facts) -> Mapping[str, Mapping[str, object]]:
    return {row["path"]: row for row in facts.rows if not row["path"].startswith(("/dev/", "/proc/"))}


def images(host: TestHost) -> Facts:
    return derive(special_files.TABLE, Root(str(host.root)).collect())


@pytest.fixture
def planted(test_host: TestHost) -> TestHost:
    test_host.run(["sh", "-c", PLANTED], check=True)
    return test_host


def test_debian_knows_its_own_files_and_what_is_not(planted: TestHost) -> None:
    facts = walked(planted, "dash")
    assert facts.problems["package"] == []
    found = rows(facts)
    told = ("packaged", "package", "changed", "copy_of", "reachable", "is_script")
    assert {path: tuple(found[path].get(name) for name in told) for path in found if path.startswith("/srv/")} == {
        "/srv/a copy": (False, None, None, "/usr/bin/bash", True, False),
        "/srv/grown": (False, None, None, None, True, False),
        "/srv/odd =": (False, None, None, "/usr/bin/true", True, False),
        "/srv/shut/x": (False, None, None, "/usr/bin/true", True, False),
        "/srv/empty": (False, None, None, None, True, False),
    }
    assert tuple(found["/root/find"].get(name) for name in told)[-3:] == ("/usr/bin/find", False, False)
    assert found["/usr/local/bin/script"]["is_script"]
    assert found["/usr/bin/chfn"]["changed"] == ["digest"]
    assert tuple(found["/usr/bin/newgrp"].get(name) for name in told)[:2] == (False, None)
    assert tuple(found["/usr/bin/newgrp.distrib"].get(name) for name in told)[:3] == (True, "login", [])
    assert (found["/usr/bin/perl"]["permitted"], found["/usr/bin/dd"]["permitted"]) == (["cap_setuid"], [])
    assert (found["/srv/odd ="]["permitted"], found["/srv/odd ="]["mode"]) == (["cap_chown"], "0755")
    clean = [row for path, row in found.items() if row.get("packaged") and path != "/usr/bin/chfn"]
    assert len(clean) > 12
    assert {tuple(row["changed"]) for row in clean} == {()}  # type: ignore[arg-type]
    assert found["/usr/bin/crontab"]["checked"] == ["digest", "mode", "owner"], "dpkg-statoverride tells of it"


def test_every_shell_and_the_image_say_the_same(planted: TestHost) -> None:
    first = walked(planted, "dash")
    others = {name: walked(planted, name) for name in ("bash", "busybox")} | {"image": images(planted)}
    for name, facts in others.items():
        assert rows(facts) == rows(first), name
        assert facts.problems["package"] == first.problems["package"], name


APK_DATABASE = """C:Q1abc
P:busybox-suid
V:1.36
F:bin
M:0:0:755
R:bbsuid
a:0:0:4111
Z:{bbsuid}
F:
R:tool
a:0:0:755

P:other
F:usr/sbin
R:bbsuid
"""


def test_the_layout_of_alpine(test_host: TestHost) -> None:
    """Nothing but busybox, and a database that is text."""
    sums = "sha1sum /usr/bin/true | cut -c 1-40 | xxd -r -p | base64"
    script = f"cp /bin/true /usr/bin/bbsuid; chmod 4111 /usr/bin/bbsuid; cp /bin/true /tool; chmod 4755 /tool; {sums}"
    digest = test_host.run(["busybox", "sh", "-c", script], check=True).stdout.decode().strip()
    test_host.at("/var/lib/dpkg/status").unlink()
    test_host.run(["mkdir", "-p", "/lib/apk/db"], check=True)
    test_host.write("/lib/apk/db/installed", APK_DATABASE.format(bbsuid="Q1" + digest))
    first = walked(test_host, "busybox")
    assert first.problems["package"] == []
    found = rows(first)
    assert [found["/usr/bin/bbsuid"].get(name) for name in ("package", "checked", "changed")] == [
        "busybox-suid", ["digest", "mode", "owner"], [],
    ]  # fmt: skip
    assert [found["/tool"].get(name) for name in ("package", "checked", "changed")] == [
        "busybox-suid", ["mode", "owner"], ["mode"],
    ]  # fmt: skip
    assert found["/usr/bin/su"]["packaged"] is False
    for facts in (walked(test_host, "dash"), images(test_host)):
        assert rows(facts) == found


def test_a_user_says_what_could_not_be_compared(test_host: TestHost) -> None:
    test_host.at("/usr/bin/su").chmod(0o4711)
    facts = walked(test_host, "dash", uid=OPS)
    assert [problem.reason for problem in facts.problems["package"] if "su " in problem.reason] == [
        "/usr/bin/su cannot be read"
    ]
    assert rows(facts)["/usr/bin/su"]["package"] == "util-linux"


def test_a_broken_database_says_nothing(test_host: TestHost) -> None:
    for path in test_host.at("/var/lib/dpkg/info").glob("*.list"):
        path.unlink()
    for facts in (walked(test_host, "dash"), images(test_host)):
        assert [problem.reason for problem in facts.problems["package"]] == ["the database of dpkg does not answer"]
        assert {row.get("packaged") for row in facts.rows} == {None}


@pytest.mark.parametrize("shell", ["dash", "busybox"])
def test_more_files_than_are_looked_up_are_cut_and_told(test_host: TestHost, shell: str) -> None:
    folder = test_host.at("/home/ops")
    deep = "/".join(["d" * 200] * 6)
    os.makedirs(folder / deep)
    for number in range(2_100):
        path = folder / (f"{deep}/x" if number == 0 else f"s{number}")
        path.touch()
        path.chmod(0o4755)
        os.chown(path, OPS, OPS)
        path.chmod(0o4755)
    facts = walked(test_host, shell)
    assert sum("reachable" in row for row in facts.rows) == 2_000
    assert facts.problems["package"][0].reason.startswith("more than 2000 files")
    assert facts.problems[""] == []


def test_a_container_is_not_asked_of_this_hosts_packages(test_host: TestHost) -> None:
    test_host.run(["sh", "-c", "mkdir -p /var/lib/docker/x/bin && cp -p /bin/su /var/lib/docker/x/bin"], check=True)
    for facts in (walked(test_host, "dash"), images(test_host)):
        row = rows(facts)["/var/lib/docker/x/bin/su"]
        assert (row["in_container_store"], row.get("packaged"), row.get("reachable")) == (True, None, None)
