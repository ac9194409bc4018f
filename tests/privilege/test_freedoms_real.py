"""The real sudo hands over variables and roots by the policies that are judged so, and by the near misses not.

The library is one that refuses to start programs: that its code runs is seen by `cat` of the process's own map.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import testroot
from tests.privilege.freedoms_policies import PRELOADED, REFUSED, ROOTED, UNROOTED

_UID, _SVC = 2001, 2002
_LIBRARY = "/home/e/p.so"
_SETUP = f"""set -e
useradd -m -u {_UID} e
useradd -m -u {_SVC} svc
cp /usr/libexec/sudo/sudo_noexec.so {_LIBRARY}
cp /lib/*-linux-gnu/libc.so.6 /home/e/libc.so.6
printf '127.0.0.1 testhost\\n' >/etc/hosts
mkdir -p /home/e/r/usr/bin
cp /usr/bin/busybox /home/e/r/usr/bin/id
echo 'import os; print("mine", os.getuid())' >/home/e/json.py
echo 'print "mine $>\\n"; 1' >/home/e/strict.pm
echo 'echo mine $EUID' >/home/e/b
cd /usr/local/bin
printf '#!/usr/bin/python3\\nimport json' >t.py
printf '#!/usr/bin/perl\\nuse strict;' >t.pl
printf '#!/bin/bash\\n:' >t.sh
cp /usr/bin/cat own; cp own others; cp own group; cp own capable
chmod 755 *
chmod 4755 own; chown svc others; chmod 4755 others; chgrp shadow group; chmod 2755 group
setcap cap_net_raw=ep capable
"""


@pytest.fixture(scope="module")
def host(test_root: object) -> Iterator[testroot.TestHost]:
    with testroot.host() as host:
        host.run(["sh"], _SETUP.encode(), check=True)
        yield host


def said(host: testroot.TestHost, sudoers: str, *argv: str) -> str:
    """What `sudo argv` gives to e, who is at home."""
    host.write("/etc/sudoers.d/e", sudoers + "\n", 0o440)
    command = ["sh", "-c", 'cd /home/e; exec sudo -n "$@"', "sh", *argv]
    return host.run(command, uid=_UID).stdout.decode()


@pytest.mark.parametrize("name", PRELOADED)
def test_a_library_of_the_caller_is_loaded_by_root(host: testroot.TestHost, name: str) -> None:
    assert _LIBRARY in said(host, PRELOADED[name][0], f"LD_PRELOAD={_LIBRARY}", "/usr/bin/cat", "/proc/self/maps")


@pytest.mark.parametrize("name", REFUSED)
def test_a_near_miss_loads_none(host: testroot.TestHost, name: str) -> None:
    maps = said(host, REFUSED[name], f"LD_PRELOAD={_LIBRARY}", "/usr/bin/cat", "/proc/self/maps")
    assert _LIBRARY not in maps


def test_its_code_runs(host: testroot.TestHost) -> None:
    sudoers = "e ALL=(root) NOPASSWD: SETENV: /usr/bin/env"
    assert said(host, sudoers, "/usr/bin/env", "echo", "done") == "done\n"
    assert said(host, sudoers, f"LD_PRELOAD={_LIBRARY}", "/usr/bin/env", "echo", "done") == ""


@pytest.mark.parametrize(
    ("program", "as_root", "as_svc"),
    [("own", True, False), ("others", False, True), ("group", False, False), ("capable", True, False)],
)
def test_a_file_that_changes_who_it_runs_as_is_not_preloaded(
    host: testroot.TestHost, program: str, as_root: bool, as_svc: bool
) -> None:
    sudoers = f"e ALL=(ALL) NOPASSWD: SETENV: /usr/local/bin/{program}"
    for user, loads in (("root", as_root), ("svc", as_svc)):
        command = ("-u", user, f"LD_PRELOAD={_LIBRARY}", f"/usr/local/bin/{program}", "/proc/self/maps")
        assert (_LIBRARY in said(host, sudoers, *command)) is loads


def test_a_static_program_is_not_preloaded(host: testroot.TestHost) -> None:
    sudoers = "e ALL=(root) NOPASSWD: SETENV: /usr/bin/busybox cat *"
    assert _LIBRARY not in said(host, sudoers, f"LD_PRELOAD={_LIBRARY}", "/usr/bin/busybox", "cat", "/proc/self/maps")


@pytest.mark.parametrize(
    ("variable", "script"),
    [("PYTHONPATH=.", "t.py"), ("PERL5LIB=.", "t.pl"), ("PERLLIB=.", "t.pl"), ("PERL5OPT=-I.", "t.pl"),
     ("BASH_ENV=b", "t.sh")],
)  # fmt: skip
def test_a_check_for_slashes_leaves_the_callers_directory(host: testroot.TestHost, variable: str, script: str) -> None:
    """Also with `env_check`, as the content says by `checked`."""
    sudoers = f"Defaults {{}} += {variable.partition('=')[0]}\ne ALL=(root) NOPASSWD: /usr/local/bin/{script}"
    assert "mine 0" in said(host, sudoers.format("env_check"), variable, f"/usr/local/bin/{script}")
    assert "mine" not in said(host, sudoers.format("env_delete"), variable, f"/usr/local/bin/{script}")


def test_libraries_are_taken_from_there_too(host: testroot.TestHost) -> None:
    sudoers = "Defaults env_check += LD_LIBRARY_PATH\ne ALL=(root) {}NOPASSWD: /usr/bin/cat"
    asked = ("LD_LIBRARY_PATH=.", "/usr/bin/cat", "/proc/self/maps")
    assert "/home/e/libc.so.6" in said(host, sudoers.format(""), *asked)
    assert "/home/e/libc.so.6" not in said(host, sudoers.format("CWD=/ "), *asked)


@pytest.mark.parametrize("name", ROOTED)
def test_a_root_of_the_caller_runs_its_program(host: testroot.TestHost, name: str) -> None:
    sudoers = ROOTED[name][0]
    chosen = ("-R", "/home/e/r") if "=*" in sudoers else ()
    assert said(host, sudoers, *chosen, "/usr/bin/id") == "uid=0 gid=0 groups=0\n", "it knows no names there"


@pytest.mark.parametrize("name", UNROOTED)
def test_a_near_miss_runs_it_not(host: testroot.TestHost, name: str) -> None:
    assert "uid=0 gid=0" not in said(host, UNROOTED[name], "-R", "/home/e/r", "/usr/bin/id")
    assert "uid=0 gid=0" not in said(host, UNROOTED[name], "/usr/bin/id")
