"""Commands with fixed arguments are gone for real by a user of a test host, through its sudo, as is said of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from secops.hosts.evidence import decode
from secops.hosts.manifest import manifest
from secops.hosts.script import generate
from secops.hosts.snapshot import observe
from secops.hosts.tables import Row, sudo_rules, trusted_files
from secops.privilege.ways import privileges
from tests import testroot
from tests.testroot import OPS, TestHost


class Tried(NamedTuple):
    """What ops does, with what input; what is printed, and what is said: (becomes, gives, certain)."""

    command: str
    given: str
    printed: str
    said: tuple[str, str, bool] | None


ID = "id -u\n"
ROOT = ("root", "shell", True)
ALL = "ops ALL=(ALL) NOPASSWD: ALL\n"
THEN_ID = "sudo -n id -u; sudo -n rm -f /etc/sudoers.d/z"
NEW = "Xk3-unlikely\nXk3-unlikely\n"

#: By entry of sudoers.
TRIED = {
    "/usr/bin/su -": Tried("sudo -n su -", ID, "0", ROOT),
    "/usr/bin/su - root -c /usr/bin/id": Tried("sudo -n su - root", ID, "", None),
    "/usr/bin/su -s /bin/sh app": Tried("sudo -n su -s /bin/sh app", ID, "900", ("app", "shell", True)),
    "/usr/sbin/runuser -u app bash": Tried("sudo -n runuser -u app bash", ID, "900", ("app", "shell", True)),
    "/usr/sbin/runuser -u app /usr/bin/id": Tried("sudo -n runuser -u app id | wc -l", ID, "0", None),
    "/bin/bash -l": Tried("sudo -n /bin/bash -l", ID, "0", ROOT),
    "/bin/bash /srv/job": Tried("sudo -n /bin/bash /srv/job", ID, "done", None),
    "/usr/bin/env bash": Tried("sudo -n env bash", ID, "0", ROOT),
    "/usr/bin/env /usr/bin/true": Tried("sudo -n env /usr/bin/true", ID, "", None),
    "/usr/bin/timeout 9 nice sh": Tried("sudo -n timeout 9 nice sh", ID, "0", ROOT),
    "/bin/sh -c /srv/job *": Tried("sudo -n sh -c '/srv/job x; id -u' 2>&1 | grep -x 0", "", "0", ROOT),
    "/bin/sh /srv/job *": Tried("sudo -n sh /srv/job '; id -u'", "", "done", None),
    "/usr/sbin/service * restart": Tried(
        "mkdir -p /tmp/x/a; printf '#!/bin/sh\nid -u\n' >/tmp/x/s; chmod 755 /tmp/x/s;"
        " sudo -n service ../../tmp/x/s restart", "", "0", ROOT,
    ),
    "/usr/bin/perl -d /srv/x.pl": Tried(
        "sudo -n perl -d /srv/x.pl", "print 0 + $<, qq(\\n)\nq\n", "0", ROOT
    ),
    "/usr/bin/bash ^[a-z/]+$": Tried(
        "mkdir -p /tmp/x; echo id -u >/tmp/x/s; sudo -n /usr/bin/bash /tmp/x/s", "", "0", ROOT
    ),
    "/usr/bin/ed /srv/notes": Tried("sudo -n ed /srv/notes | grep -x 0", "!id -u\nq\n", "0", ROOT),
    "/usr/bin/tee -a /etc/sudoers.d/z": Tried(
        f"sudo -n tee -a /etc/sudoers.d/z >/dev/null; {THEN_ID}", ALL, "0", ("root", "write", True)
    ),
    "/usr/bin/tee -a /srv/log": Tried(f"sudo -n tee -a /srv/log >/dev/null; {THEN_ID}", ALL, "", None),
    "/usr/bin/tee notes": Tried(
        f"mkdir -p /tmp/x; cd /tmp/x; ln -s /etc/sudoers.d/z notes; sudo -n tee notes >/dev/null; {THEN_ID}", ALL, "0",
        ("root", "write", True),
    ),
    "/usr/bin/tee /tmp/note": Tried(
        f"cd /tmp; ln -s /etc/sudoers.d/z note; sudo -n tee /tmp/note >/dev/null; {THEN_ID}; rm note", ALL, "@sticky",
        ("root", "write", True),
    ),
    "CWD=/srv /usr/bin/tee other": Tried(
        f"mkdir -p /tmp/x; cd /tmp/x; ln -s /etc/sudoers.d/z other; sudo -n tee other >/dev/null; {THEN_ID}", ALL, "",
        None,
    ),
    "/usr/bin/tee /var/log/../../etc/sudoers.d/z": Tried(
        f"sudo -n tee /var/log/../../etc/sudoers.d/z >/dev/null; {THEN_ID}", ALL, "0", ("root", "write", True)
    ),
    "/usr/bin/cp /tmp/x/p /etc/sudoers.d/z": Tried(
        f"mkdir -p /tmp/x; cat >/tmp/x/p; sudo -n cp /tmp/x/p /etc/sudoers.d/z; {THEN_ID}", ALL, "0",
        ("root", "write", True),
    ),
    "/usr/bin/cp /srv/p /etc/sudoers.d/z": Tried(
        f"cat >/srv/p; sudo -n cp /srv/p /etc/sudoers.d/z; {THEN_ID}", ALL, "", None
    ),
    "/usr/bin/cp /srv/hers/p /etc/sudoers.d/z": Tried(
        f"cat >/srv/hers/p; sudo -n cp /srv/hers/p /etc/sudoers.d/z; {THEN_ID}", ALL, "0", ("root", "write", True)
    ),
    "/usr/bin/head -c 5 /srv/hers/x": Tried(
        "ln -s /etc/shadow /srv/hers/x; sudo -n head -c 5 /srv/hers/x; rm /srv/hers/x", "", "root:",
        ("root", "read", True),
    ),
    "/usr/bin/head -c 5 /srv/notes": Tried("ln -sf /etc/shadow /srv/notes; sudo -n head -c 1 /srv/notes", "", "", None),
    "/usr/bin/tar xf /srv/hers/a.tar -C /": Tried(
        "mkdir -p /tmp/x/etc/sudoers.d; cat >/tmp/x/etc/sudoers.d/z; chmod 440 /tmp/x/etc/sudoers.d/z;"
        " tar cf /srv/hers/a.tar -C /tmp/x --owner=0 --group=0 etc/sudoers.d/z;"
        f" sudo -n tar xf /srv/hers/a.tar -C /; {THEN_ID}", ALL, "0", ("root", "write", True),
    ),
    "/opt/lnk /srv/notes": Tried("sudo -n /opt/lnk /srv/notes | grep -x 0", "!id -u\nq\n", "0", ROOT),
    "/usr/bin/editor /srv/notes": Tried("sudo -n editor /srv/notes | grep -x 0", "!id -u\nq\n", "0", ROOT),
    "/usr/bin/mkdir /srv/x/*": Tried(
        "sudo -n mkdir /srv/x/a -p -m 777 /etc/x.service.d; stat -c %a /etc/x.service.d", "", "777",
        ("root", "write", True),
    ),
    "/usr/bin/chmod u+s /usr/bin/dash": Tried("sudo -n chmod u+s /usr/bin/dash; dash -p -c 'id -u'", "", "0", ROOT),
    "/usr/bin/chmod g+s /usr/bin/bash": Tried("sudo -n chmod g+s /usr/bin/bash; bash -p -c 'id -u'", "", "1000", None),
    "/usr/bin/python3 -m json.tool": Tried(
        "mkdir -p /tmp/x/json; cd /tmp/x; echo 'import os; os.system(\"id -u\"); os._exit(0)' >json/__init__.py;"
        " sudo -n python3 -m json.tool", "", "0", ROOT,
    ),
    "/usr/bin/python3 -I -m json.tool": Tried(
        "mkdir -p /tmp/x/json; cd /tmp/x; echo 'import os; os.system(\"id -u\"); os._exit(0)' >json/__init__.py;"
        " sudo -n python3 -I -m json.tool 2>/dev/null", "", "", None,
    ),
    "sudoedit /srv/job": Tried(
        "cat >/tmp/e; chmod 755 /tmp/e; EDITOR=/tmp/e sudo -n -e /srv/job; cat /srv/job", "#!/bin/sh\necho id -u >$1\n",
        "id -u", ("root", "write", True),
    ),
    "sudoedit /srv/x.pl": Tried(
        "cat >/tmp/e; chmod 755 /tmp/e; EDITOR=/tmp/e sudo -n -e /srv/x.pl; cat /srv/x.pl", "#!/bin/sh\necho 2 >$1\n",
        "2", None,
    ),
    "/usr/bin/head -c 5 /etc/shadow": Tried("sudo -n head -c 5 /etc/shadow", "", "root:", ("root", "read", True)),
    "/usr/bin/head -c 5 /etc/passwd": Tried("sudo -n head -c 5 /etc/passwd", "", "root:", None),
    "/usr/bin/chown ops /etc/gshadow": Tried(
        "sudo -n chown ops /etc/gshadow; head -c 4 /etc/gshadow", "", "root", ("root", "account", True)
    ),
    "/usr/bin/chown app /etc/gshadow-": Tried(
        "sudo -n chown app /etc/gshadow-; head -c 4 /etc/gshadow-", "", "", None
    ),
    "/usr/bin/passwd app": Tried(
        "sudo -n passwd app 2>&1 | grep -c successfully", NEW, "1",
        ("app", "account", True),
    ),
    "/usr/bin/passwd [A-Za-z]*, !/usr/bin/passwd *root*": Tried(
        "sudo -n passwd root -q 2>/dev/null; sudo -n passwd -q root 2>&1 | grep -c successfully", NEW, "0",
        ("app", "account", True),
    ),
    "/usr/bin/passwd -S app": Tried("sudo -n passwd -S app | cut -c 1-4", "", "app", None),
    "/usr/bin/passwd [A-Za-z]*, !/usr/bin/passwd root": Tried(
        "sudo -n passwd root 2>/dev/null; sudo -n passwd root -q 2>&1 | grep -c successfully", NEW, "1",
        ("root", "account", True),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def host(test_root: Path) -> Iterator[TestHost]:
    with testroot.host() as host:
        host.run(["sh", "-ec", "useradd -M -u 900 app; echo echo done >/srv/job; echo 1 >/srv/x.pl; echo a >/srv/notes;"
                  " mkdir /srv/hers; chown 1000 /srv/hers; echo '* * * * * root /srv/job' >/etc/cron.d/job;"
                  " ln -s ../usr/bin/ed /opt/lnk; ln -sf /usr/bin/ed /usr/bin/editor;"
                  " cp /etc/gshadow /etc/gshadow-; chmod 640 /etc/gshadow-"], check=True)  # fmt: skip
        yield host


@pytest.fixture
def planted(host: TestHost, request: pytest.FixtureRequest) -> Iterator[tuple[TestHost, list[Row]]]:
    """The host with one entry, and what is said of it."""
    host.write("/etc/sudoers.d/one", f"Defaults:ops !authenticate\nops ALL=(root) {request.param}\n", 0o440)
    stream = host.run(["sh"], generate(SECTIONS).encode(), check=True).stdout
    tables = observe(decode(stream, SECTIONS, carrier="local", label="test"), "h", privileges).tables
    rows = [row | {"becomes": "root"} for row in tables["root_ways"].rows] + list(tables["account_ways"].rows)
    assert not tables["root_ways"].problems["sudo"]
    yield host, [row for row in rows if row["way"] == "sudo"]
    host.run(["chmod", "u-s,g-s", "/usr/bin/dash", "/usr/bin/bash"], check=True)
    host.run(["rm", "-rf", "/etc/sudoers.d/one", "/tmp/x"], check=True)


_NAMES = {
    "passwd",
    "shadow",
    "group",
    "nsswitch",
    "dpkg_status",
    "sysctl_running",
    *(section.name for section in sudo_rules.SECTIONS),
}
_MORE = {section.name for table in (sudo_rules, trusted_files) for section in table.TABLE.all_sections}
SECTIONS = [section for section in manifest() if section.name in _NAMES | _MORE]


@pytest.mark.parametrize("planted", TRIED, indirect=True, ids=list(TRIED))
def test_what_is_said_is_so(planted: tuple[TestHost, list[Row]], request: pytest.FixtureRequest) -> None:
    host, rows = planted
    tried = TRIED[request.node.callspec.id]
    if tried.printed == "@sticky":  # as the kernel has it below all containers
        is_open = Path("/proc/sys/fs/protected_symlinks").read_text().strip() == "0"
        tried = tried._replace(printed="0" if is_open else "", said=tried.said if is_open else None)
    done = host.run(["sh", "-c", tried.command], tried.given.encode(), uid=OPS)
    assert done.stdout.decode().strip() == tried.printed, done.stderr
    assert [(row["becomes"], row["gives"], row["certain"]) for row in rows] == ([tried.said] if tried.said else [])


@pytest.mark.parametrize(
    ("rule", "printed"), [("%deputies ALL=(ALL) NOPASSWD: ALL", "0"), ("%others ALL=(ALL) ALL", "")]
)
def test_a_group_that_is_chosen_asks_again(host: TestHost, rule: str, printed: str) -> None:
    host.run(["sh", "-c", "groupadd -f deputies; groupadd -f others"], check=True)
    host.write("/etc/sudoers.d/one", f"ops ALL=(:deputies) NOPASSWD: ALL\n{rule}\n", 0o440)
    stream = host.run(["sh"], generate(SECTIONS).encode(), check=True).stdout
    tables = observe(decode(stream, SECTIONS, carrier="local", label="test"), "h", privileges).tables
    done = host.run(["sudo", "-n", "-g", "deputies", "sudo", "-n", "id", "-u"], uid=OPS)
    host.run(["rm", "/etc/sudoers.d/one"], check=True)
    assert done.stdout.decode().strip() == printed, done.stderr
    steps = [(row["user_name"], row["becomes"]) for row in tables["account_ways"].rows if row["way"] == "sudo"]
    assert steps == ([("ops", "-g deputies")] if printed else [])
    roots = [row["user_name"] for row in tables["root_ways"].rows if row["way"] == "sudo"]
    assert roots == (["-g deputies"] if printed else [])
