"""How a host with apt is kept up to date."""

from __future__ import annotations

import gzip
import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from secops.hosts.apt import sections
from secops.hosts.tables import Row
from tests.patches.pending.apt_kit import AptRoot, Deb, Suite, reasons

SECURE = {
    "Origin": "Debian",
    "Label": "Debian-Security",
    "Suite": "stable-security",
    "Codename": "bookworm-security",
    "Date": "Sat, 10 Feb 2024 11:27:00 UTC",
}
PERIODIC = 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n'
ORIGINS = """Unattended-Upgrade::Origins-Pattern {
  "origin=Debian,codename=${distro_codename}-security,label=Debian-Security"; };
"""
TIMERS = ("apt-daily.timer", "apt-daily-upgrade.timer")
UTC = b"TZif" + bytes(16) + struct.pack(">6l", 0, 0, 0, 0, 1, 4) + bytes(6) + b"UTC\0"


@pytest.fixture
def root(tmp_path: Path) -> AptRoot:
    """A host whose security updates are automatic."""
    root = AptRoot(tmp_path / "root")
    root.status(Deb("unattended-upgrades", "2.9", "all"))
    root.keep(Suite("http://security.example.org", "stable-security", "main", [], SECURE))
    root.write("etc/apt/apt.conf.d/20auto-upgrades", PERIODIC)
    root.write("etc/apt/apt.conf.d/50unattended-upgrades", ORIGINS)
    root.write("usr/lib/systemd/systemd", "")
    root.write("etc/localtime", UTC)
    wants = root.path / "etc/systemd/system/timers.target.wants"
    wants.mkdir(parents=True)
    for timer in TIMERS:
        root.write(f"usr/lib/systemd/system/{timer}", "[Timer]\n[Install]\nWantedBy=timers.target\n")
        (wants / timer).symlink_to(f"/usr/lib/systemd/system/{timer}")
    return root


def state(root: AptRoot) -> Row:
    _, found = root.pending()
    assert reasons(found) == []
    return found.rows[0]


def automatic(root: AptRoot) -> tuple[bool | None, bool | None, str | None]:
    row = state(root)
    return row["automatic"], row["automatic_security"], row["why_not"]


def test_security_updates_are_automatic(root: AptRoot) -> None:
    assert automatic(root) == (True, True, None)
    assert state(root)["security_repository"] is True


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ('APT::Periodic::Unattended-Upgrade "0";', "APT::Periodic::Unattended-Upgrade is 0"),
        ('APT::Periodic::Update-Package-Lists "0";', "APT::Periodic::Update-Package-Lists is 0"),
        ('APT::Periodic::Enable "0";', "APT::Periodic::Enable is 0"),
        ('APT::Periodic::Unattended-Upgrade "0d";', "APT::Periodic::Unattended-Upgrade is 0d"),
        ('APT { Periodic { Enable "1"; Unattended-Upgrade "7d"; Update-Package-Lists "always"; }; };', None),
        ('// APT::Periodic::Enable "0";', None),
    ],
)
def test_the_last_setting_decides(root: AptRoot, settings: str, why: str | None) -> None:
    root.write("etc/apt/apt.conf.d/99local", settings)
    assert automatic(root) == ((False, False, why) if why else (True, True, None))


def test_an_earlier_file_is_overridden(root: AptRoot) -> None:
    root.write("etc/apt/apt.conf.d/10periodic", 'APT::Periodic::Unattended-Upgrade "0";')
    assert automatic(root) == (True, True, None)


def test_without_the_package_or_its_settings_nothing_is_automatic(root: AptRoot) -> None:
    (root.path / "etc/apt/apt.conf.d/20auto-upgrades").unlink()
    assert automatic(root) == (False, False, "APT::Periodic::Update-Package-Lists is 0")
    root.status(Deb("unattended-upgrades", "2.9", "all", state="config-files"))
    assert automatic(root) == (False, False, "unattended-upgrades is not installed")


@pytest.mark.parametrize("timer", TIMERS)
def test_a_timer_that_does_not_start_is_told(root: AptRoot, timer: str) -> None:
    link = root.path / "etc/systemd/system/timers.target.wants" / timer
    link.unlink()
    assert automatic(root) == (False, False, f"{timer} is not enabled")
    link.symlink_to(f"/usr/lib/systemd/system/{timer}")
    assert automatic(root)[0] is True
    (root.path / "etc/systemd/system" / timer).symlink_to("/dev/null")
    assert automatic(root) == (False, False, f"{timer} is not enabled")


def test_without_systemd_cron_starts_it(root: AptRoot) -> None:
    (root.path / "usr/lib/systemd/systemd").unlink()
    root.write("sbin/openrc", "")
    assert automatic(root) == (False, False, "/etc/cron.daily/apt-compat is not there")
    root.write("etc/cron.daily/apt-compat", "#!/bin/sh\n").chmod(0o755)
    assert automatic(root) == (True, True, None)


@pytest.mark.parametrize(
    ("origins", "security"),
    [
        ('Unattended-Upgrade::Allowed-Origins { "${distro_id}:stable-security"; };', True),
        ('Unattended-Upgrade::Allowed-Origins { "${distro_id}:${distro_codename}"; };', False),
        ('Unattended-Upgrade::Allowed-Origins { "Debian:*-security"; };', True),
        ('Unattended-Upgrade::Origins-Pattern { "origin=Debian,archive=stable-security"; };', True),
        ('Unattended-Upgrade::Origins-Pattern { "origin=Debian,label=Debian"; };', False),
        ('Unattended-Upgrade::Origins-Pattern { "site=security.example.org"; };', True),
        ('Unattended-Upgrade::Origins-Pattern { "o=*,x=y"; };', False),
        (ORIGINS + "#clear Unattended-Upgrade::Origins-Pattern;", False),
    ],
)
def test_it_is_told_whether_security_is_among_what_is_taken(root: AptRoot, origins: str, security: bool) -> None:
    root.write("etc/apt/apt.conf.d/50unattended-upgrades", origins)
    assert automatic(root) == (True, security, None)


def test_without_a_security_repository_no_security_update_comes(root: AptRoot) -> None:
    root.keep(Suite("http://deb.example.org/debian", "stable", "main", [], {"Suite": "stable"}))
    assert (automatic(root), state(root)["security_repository"]) == ((True, False, None), False)


def test_times_of_lists_and_upgrades(root: AptRoot) -> None:
    lists = root.path / "var/lib/apt/lists"
    os.utime(lists, (1_000, 1_700_000_000))
    row = state(root)
    assert (row["lists_updated_at"], row["indexes_made_at"], row["last_upgrade_at"]) == (
        1_700_000_000,
        1707564420,
        None,
    )
    os.utime(root.write("var/lib/apt/periodic/update-success-stamp", ""), (1_000, 1_710_000_000))
    root.write(
        "var/log/dpkg.log", "2024-02-01 10:00:00 install x:amd64 <none> 1\n2024-02-02 00:00:00 upgrade a:amd64 1 2\n"
    )
    assert (state(root)["lists_updated_at"], state(root)["last_upgrade_at"]) == (1_710_000_000, 1_706_832_000)
    history = b"\nStart-Date: 2024-02-03  00:00:00\nCommandline: apt upgrade\nUpgrade: a:amd64 (1, 2)\nEnd-Date: x\n"
    later = b"\nStart-Date: 2024-02-04  00:00:00\nInstall: b:amd64 (1)\n"
    root.write("var/log/apt/history.log", later)
    root.write("var/log/apt/history.log.1.gz", gzip.compress(history + later))
    assert state(root)["last_upgrade_at"] == 1_706_918_400
    script = sections.HISTORY.script.replace("/var/log", f"{root.path}/var/log").replace("${f#/", "${f#/")
    for shell in filter(shutil.which, ("dash", "bash")):
        done = subprocess.run(
            [shell, "-c", script], capture_output=True, env={"PATH": "/usr/bin:/bin", "TZ": "UTC"}, check=True
        )
        assert done.stdout == root.evidence()[sections.HISTORY.name].only.data


def test_lists_that_were_never_fetched_have_no_time(root: AptRoot) -> None:
    for path in (root.path / "var/lib/apt/lists").glob("*_*"):
        path.unlink()
    _, found = root.pending()
    assert found.rows[0]["lists_updated_at"] is None
    assert found.rows[0]["security_repository"] is None
    assert reasons(found)
