"""Ways are gone for real: the user writes, the program runs it as root. What is told to be refused really is."""

from __future__ import annotations

import time

import pytest

from secops.core.errors import IncompleteError
from tests.hosts.carriers.kit import Wire
from tests.hosts.trusted.kit import Planter, collect, image, rows, ways
from tests.testroot import OPS, TestHost

#: What a user writes: it tells who ran it.
_MARK = "#!/bin/sh\nid -un >>/srv/ran\n"


@pytest.fixture
def planter(test_host: TestHost) -> Planter:
    planter = Planter(test_host)
    planter.people()
    planter.plant("text /srv/ran start\nown /srv/ran 0666 root")
    return planter


def _as(host: TestHost, user: str, command: str) -> int:
    """What a user does in a shell, with all its groups; the exit code."""
    return host.run(["su", user, "-s", "/bin/sh", "-c", command]).returncode


def _overwrite(host: TestHost, user: str, path: str) -> int:
    host.write("/srv/mark", _MARK)
    return _as(host, user, f"cp /srv/mark {path}.new 2>/dev/null && mv -f {path}.new {path} || cat /srv/mark >{path}")


def _ran(host: TestHost) -> list[str]:
    return host.at("/srv/ran").read_text().split("\n")[1:-1]


def _start_cron(host: TestHost, *, until: int) -> None:
    """Let cron run its jobs of the start, until so many have run, and some time for those that must not."""
    host.run(["sh", "-c", "rm -f /run/crond.*; cron"], check=True)
    deadline = time.monotonic() + 20
    while len(_ran(host)) < until and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.5)
    host.run(["sh", "-c", "kill $(cat /run/crond.pid)"], check=True)


def test_cron_runs_what_users_wrote_and_refuses_what_it_is_told_to_refuse(planter: Planter) -> None:
    host = planter.host
    planter.plant("""file /srv/group/job 0775 root:devs
        cron @reboot root /srv/group/job
        dir /srv/open 0777 root
        cron @reboot root /srv/open/not-there-yet
        file /srv/sticky/job 0755 root
        own /srv/sticky 1777 root
        cron @reboot root /srv/sticky/job
        text /etc/cron.d/loose @reboot root /srv/refused
        own /etc/cron.d/loose 0664 root:devs
        text /etc/cron.d/others @reboot root /srv/refused
        own /etc/cron.d/others 0644 alice
        file /srv/refused 0755 root""")
    host.write("/srv/refused", _MARK.replace("id -un", "echo refused"), 0o755)
    seen = collect(host, "dash")
    assert ways(seen) == {("alice", "root", "/srv/group/job", "shell"), ("*", "root", "/srv/open", "shell")}
    assert {row["point"] for row in rows(seen) if row["refused"]} == {"/etc/cron.d/loose", "/etc/cron.d/others"}
    assert _overwrite(host, "alice", "/srv/group/job") == 0
    assert _overwrite(host, "bob", "/srv/open/not-there-yet") == 0
    assert _as(host, "bob", "chmod +x /srv/open/not-there-yet") == 0
    assert _overwrite(host, "bob", "/srv/group/job") != 0, "bob is not in devs"
    assert _overwrite(host, "alice", "/srv/sticky/job") != 0, "of root in a sticky directory"
    _start_cron(host, until=2)
    assert _ran(host) == ["root", "root"]


def test_sudo_run_parts_and_login_shells_run_what_users_wrote(planter: Planter) -> None:
    host = planter.host
    planter.plant("""file /srv/tool 0755 alice
        text /etc/sudoers.d/tool bob ALL=(svc) NOPASSWD: /srv/tool
        file /etc/cron.daily/own 0755 ops
        file /srv/interpreter 0755 ops
        text /etc/cron.daily/own-first-line #!/srv/interpreter -u
        own /etc/cron.daily/own-first-line 0755 root
        text /etc/profile.d/open.sh :
        own /etc/profile.d/open.sh 0666 root""")
    assert ways(collect(host, "dash")) == {
        ("alice", "svc", "/srv/tool", "shell"), ("ops", "root", "/etc/cron.daily/own", "shell"),
        ("*", "root", "/etc/profile.d/open.sh", "shell"), ("ops", "root", "/srv/interpreter", "shell"),
    }  # fmt: skip
    written = {"/srv/tool": "alice", "/etc/cron.daily/own": "ops", "/srv/interpreter": "ops"}
    for path, user in {**written, "/etc/profile.d/open.sh": "bob"}.items():
        assert _overwrite(host, user, path) == 0
    assert _as(host, "bob", "sudo -n -u svc /srv/tool") == 0
    host.run(["run-parts", "--regex", "^own", "/etc/cron.daily"], check=True)
    host.run(["su", "-", "root", "-c", "true"], check=True)
    assert _ran(host) == ["svc", "root", "root", "root"]


def test_who_administers_a_group_or_is_in_its_shadow_can_take_it_on(planter: Planter) -> None:
    host = planter.host
    with host.at("/etc/group").open("a") as group, host.at("/etc/gshadow").open("a") as shadow:
        group.write("team:x:2002:\nother:x:2003:\n")
        shadow.write("team:!:alice:bob\nother:!::\n")
    planter.plant("""file /srv/job 0755 root
        cron @daily root /srv/job; /srv/other""")
    host.run(["sh", "-c", "chgrp 2002 /srv/job; chmod 775 /srv/job"], check=True)
    host.run(["sh", "-c", "cp /srv/job /srv/other; chgrp 2003 /srv/other; chmod 775 /srv/other"], check=True)
    expected = {(name, "root", "/srv/job", "shell") for name in ("alice", "bob")}
    assert ways(collect(host, "dash")) == ways(image(host)) == expected
    assert _as(host, "alice", "echo : >>/srv/job") != 0
    assert _as(host, "alice", "gpasswd -a alice team && ! gpasswd -a alice other") == 0
    assert _as(host, "alice", "echo : >>/srv/job") == 0
    assert _as(host, "bob", "! echo : >>/srv/job && echo 'echo : >>/srv/job' | newgrp team") == 0
    host.run(["chmod", "u-s", "/usr/bin/newgrp"], check=True)
    assert ways(collect(host, "dash")) == {("alice", "root", "/srv/job", "shell")}
    assert _as(host, "bob", "echo 'echo : >>/srv/job' | newgrp team") != 0


def test_programs_of_root_take_the_environment_that_users_wrote(planter: Planter) -> None:
    host = planter.host
    planter.plant("""text /srv/sudo.env X=1
        own /srv/sudo.env 0644 alice
        text /etc/sudoers.d/env Defaults env_file=/srv/sudo.env\\nbob ALL=(root) NOPASSWD: /bin/bash /srv/nothing
        text /srv/pam.env X=1
        own /srv/pam.env 0664 root:devs
        file /srv/marking 0755 root""")
    with host.at("/etc/pam.d/su").open("a") as stack:
        stack.write("session required pam_env.so envfile=/srv/pam.env\n")
    host.write("/srv/marking", _MARK, 0o755)
    assert {way for way in ways(collect(host, "dash")) if way[0] == "alice"} == {
        ("alice", "root", "/srv/sudo.env", "shell"), ("alice", "root", "/srv/pam.env", "account"),
    }  # fmt: skip
    for file in ("/srv/sudo.env", "/srv/pam.env"):
        assert _as(host, "alice", f"echo BASH_ENV=/srv/marking >{file}") == 0
    assert _as(host, "bob", "echo X=2 >/srv/sudo.env") != 0
    _as(host, "bob", "sudo -n /bin/bash /srv/nothing")
    host.run(["su", "root", "-s", "/bin/bash", "-c", "true"], check=True)
    assert _ran(host) == ["root", "root"]


def test_sudo_refuses_its_own_files_when_others_may_write_them(planter: Planter) -> None:
    host = planter.host
    planter.plant("""text /etc/sudoers.d/loose alice ALL=(ALL) NOPASSWD: ALL
        own /etc/sudoers.d/loose 0664 root:devs
        text /etc/sudoers.d/others alice ALL=(ALL) NOPASSWD: ALL
        own /etc/sudoers.d/others 0440 alice""")
    seen = collect(host, "dash")
    assert {row["point"] for row in rows(seen) if row["refused"]} == {"/etc/sudoers.d/loose", "/etc/sudoers.d/others"}
    assert ways(seen) == set()
    assert _as(host, "alice", "sudo -n true") != 0
    host.at("/etc/sudoers.d/loose").chmod(0o440)
    assert _as(host, "alice", "sudo -n true") == 0


def test_sudo_takes_a_file_of_its_own_that_an_access_list_lets_others_write(planter: Planter) -> None:
    """The file is of root and root's group still, which is all that sudo looks at."""
    host = planter.host
    planter.plant("""text /etc/sudoers.d/site # nothing yet
        acl /etc/sudoers.d/site alice 6""")
    assert ways(collect(host, "dash")) == {("alice", "root", "/etc/sudoers.d/site", "account")}
    assert _as(host, "alice", "echo 'alice ALL=(ALL) NOPASSWD: ALL' >>/etc/sudoers.d/site") == 0
    assert _as(host, "alice", "sudo -n true") == 0
    host.run(["chgrp", "devs", "/etc/sudoers.d/site"], check=True)
    assert ways(collect(host, "dash")) == set()
    assert _as(host, "alice", "sudo -n true") != 0


def test_doas_refuses_a_policy_that_an_access_list_lets_others_write(planter: Planter) -> None:
    host = planter.host
    host.write("/etc/doas.conf", "permit nopass bob\n", 0o600)
    assert _as(host, "bob", "doas -n true") == 0
    planter.plant("acl /etc/doas.conf alice 6")
    assert [(row["point"], row["refused"]) for row in rows(collect(host, "dash"))] == [("/etc/doas.conf", True)]
    assert ways(collect(host, "dash")) == set()
    assert _as(host, "bob", "doas -n true") != 0


def test_sshd_refuses_keys_that_others_may_write_unless_it_is_told_not_to(wire: Wire) -> None:
    host = wire.host
    keys = "/home/ops/.ssh/authorized_keys"
    assert wire.ssh().collect().uid == OPS
    host.at(keys).chmod(0o666)
    host.at("/home/ops/.ssh").chmod(0o755)
    assert [(row["point"], row["refused"]) for row in rows(collect(host, "dash"))] == [(keys, True)]
    assert ways(collect(host, "dash")) == set()
    with pytest.raises(IncompleteError, match="publickey"):
        wire.ssh().collect()
    host.write("/etc/ssh/sshd_config.d/lax.conf", "StrictModes no\n")
    assert wire.ssh().collect().uid == OPS
    assert ways(collect(host, "dash")) == {("*", "ops", keys, "shell")}
