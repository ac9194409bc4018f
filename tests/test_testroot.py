"""The test hosts themselves: private, and gone with the process that made them."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import testroot
from tests.testroot import TestHost


def test_a_copy_never_changes_the_root(test_root: Path) -> None:
    with testroot.copy() as root:
        (root / "etc/hostname").write_text("changed\n")
        (root / "etc/fstab").unlink(missing_ok=True)
        place = root
    assert (test_root / "etc/hostname").read_text() == "testhost\n"
    assert not place.parent.exists()


def test_a_host_has_its_own_name_processes_and_network(test_host: TestHost) -> None:
    seen = test_host.run(["sh", "-c", "hostname; cat /proc/1/comm; grep -c : /proc/net/dev"], check=True).stdout
    assert seen.split() == [b"testhost", b"sh", b"1"]


def test_a_path_that_leads_to_this_machine_is_refused(test_host: TestHost) -> None:
    with pytest.raises(ValueError, match="leads out"):
        test_host.write("/var/run/owned", "")  # an absolute link: /run of this machine


def test_nothing_outlives_a_killed_test_process(test_root: Path) -> None:
    code = (
        "import os, time; from tests import testroot\n"
        "with testroot.host() as host: print(host.pid, host.root, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        pid, root = process.stdout.readline().split()
        assert Path("/proc", pid).exists()
        process.kill()
    until = time.monotonic() + 10
    while Path("/proc", pid).exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path("/proc", pid).exists()
    assert root not in Path("/proc/mounts").read_text()
    testroot.base()
    assert not Path(root).exists()
