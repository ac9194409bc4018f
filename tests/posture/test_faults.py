"""Faults planted one at a time on a real host: each flips exactly its named rules, and a clean twin flips none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from secops.core.content import shipped
from secops.core.finding import Severity, Verdict
from secops.hosts.evidence import Evidence, decode
from secops.hosts.manifest import manifest
from secops.hosts.script import generate
from secops.posture.isolation import judge
from secops.posture.judge import Source
from secops.posture.rule import Rule, load_rules
from tests import testroot
from tests.posture.whole import spooled

#: fault → (what is done on the host as root, rules that must fail for it and for nothing else)
FAULTS: dict[str, tuple[str, set[str]]] = {
    "second root": ("useradd -o -u 0 -M toor", {"account-uid-zero"}),
    "no password": ("useradd guest; passwd -d guest", {"account-empty-password"}),
    "shared uid": ("echo 'dup:x:1000:1000::/:/usr/sbin/nologin' >>/etc/passwd", {"account-duplicate"}),
    "hash in passwd": (
        "sed -i 's|^ops:x:|ops:$6$salt$0123456789abcdef:|' /etc/passwd", {"account-password-in-passwd"},
    ),
    "md5 hash": ("usermod -p \"$(openssl passwd -1 kX9vQ2mZrTy4)\" ops", {"account-weak-hash"}),
    "guessable password": ("usermod -p \"$(openssl passwd -6 Ops@123)\" ops", {"password-guessable"}),
    "default password of a service": (
        "mkdir /etc/redis; echo requirepass foobared >/etc/redis/redis.conf",
        {"credential-guessable", "credential-readable"},
    ),
    "root without a password in passwd": (
        "sed -i 's|^root:[^:]*:|root::|' /etc/passwd; usermod -s /bin/sh root;"
        " printf 'PermitRootLogin yes\nPermitEmptyPasswords yes\n' >/etc/ssh/sshd_config.d/x.conf",
        {
            "account-password-in-passwd", "account-empty-password", "joined-admin-empty-password",
            "ssh-empty-passwords", "ssh-root-login",
        },
    ),
    "old hash of root in passwd": (
        "sed -i 's|^root:[^:]*:|root:ab1cD./efGHij:|' /etc/passwd; usermod -s /bin/sh root;"
        " echo PermitRootLogin yes >/etc/ssh/sshd_config.d/x.conf",
        {
            "account-password-in-passwd", "account-weak-hash", "joined-admin-weak-password",
            "joined-root-password-guessable", "ssh-root-login",
        },
    ),
    "no password, no shell": ("useradd -s /usr/sbin/nologin ftp; passwd -d ftp", {"account-empty-password-closed"}),
    "no password, expired": ("useradd -e 1 ftp; passwd -d ftp", {"account-empty-password-closed"}),
    "docker group": (
        "groupadd docker; usermod -aG docker ops",
        {"account-root-equivalent-group", "joined-root-group-ssh-password"},
    ),
    "primary docker group": (
        "groupadd docker; usermod -g docker ops",
        {"account-root-equivalent-group", "joined-root-group-ssh-password"},
    ),
    "root for everyone over ssh": (
        "useradd -s /bin/sh guest; passwd -d guest; echo 'guest ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/x;"
        " echo PermitEmptyPasswords yes >/etc/ssh/sshd_config.d/x.conf",
        {"account-empty-password", "joined-admin-empty-password", "ssh-empty-passwords", "sudo-nopasswd-all"},
    ),
    "newer kernel": (
        "for k in $(uname -r) 9$(uname -r); do mkdir -p /lib/modules/$k/kernel; touch /boot/vmlinuz-$k; done",
        {"kernel-reboot-pending"},
    ),
    "older kernel": (
        "r=$(uname -r); for k in $r 1.0.1-${r#*-}; do mkdir -p /lib/modules/$k/kernel; touch /boot/vmlinuz-$k; done",
        set(),
    ),
    "daemon with a password": (
        "usermod -p '$y$j9T$abc$def' -s /bin/sh games", {"account-system-password"},
    ),
    "anyone passes PAM": ("sed -i '1i auth sufficient pam_permit.so' /etc/pam.d/common-auth", {"auth-pam-bypass"}),
    "md5 for new passwords": ("sed -i 's/yescrypt/md5/' /etc/pam.d/common-password", {"auth-weak-hash-method"}),
    "open directory": ("mkdir -m 777 /srv/open", {"dir-world-writable-no-sticky"}),
    "capability": ("setcap cap_setuid+ep /usr/bin/perl", {"file-dangerous-capability"}),
    "SUID bash": ("chmod u+s /bin/bash", {"file-suid-shell"}),
    "SUID in tmp": ("cp /bin/true /tmp/.x; chmod 4755 /tmp/.x", {"file-suid-writable-place"}),
    "SUID in opt": ("mkdir /opt/x; cp /bin/true /opt/x/y; chmod 4755 /opt/x/y", {"file-suid-unpackaged"}),
    "nobody's file": ("touch /srv/x; chown 4242 /srv/x", {"file-unowned"}),
    "open program": ("cp /bin/true /usr/local/bin/tool; chmod 777 /usr/local/bin/tool", {"file-writable-program"}),
    "ssh empty passwords": ("echo PermitEmptyPasswords yes >/etc/ssh/sshd_config.d/x.conf", {"ssh-empty-passwords"}),
    "ssh root login": ("echo PermitRootLogin yes >/etc/ssh/sshd_config.d/x.conf", {"ssh-root-login"}),
    "ssh root login, root in no group of the list": (
        "printf 'PermitRootLogin yes\nAllowGroups ops\n' >/etc/ssh/sshd_config.d/x.conf", set(),
    ),
    "ssh root login, root's group denied": (
        "printf 'PermitRootLogin yes\nDenyGroups root\n' >/etc/ssh/sshd_config.d/x.conf", set(),
    ),
    "ssh old cipher": ("echo Ciphers +3des-cbc >/etc/ssh/sshd_config.d/x.conf", {"ssh-weak-algorithms"}),
    "ssh user environment": ("echo PermitUserEnvironment yes >/etc/ssh/sshd_config.d/x.conf", {"ssh-risky-options"}),
    "sudo without password": ("echo 'ops ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/x", {"sudo-nopasswd-all"}),
    "sudo asks again by a later group": (
        "groupadd adm2; usermod -aG adm2 ops;"
        " printf 'ops ALL=(ALL) NOPASSWD: ALL\n%%adm2 ALL=(ALL:ALL) ALL\n' >/etc/sudoers.d/x",
        set(),
    ),
    "sudo for everyone": ("echo 'ALL ALL=(ALL) ALL' >/etc/sudoers.d/x", {"sudo-everyone"}),
    "sudo editor": ("echo 'ops ALL=(root) /usr/bin/vim' >/etc/sudoers.d/x", {"sudo-shell-escape"}),
    "sudo with exceptions": ("echo 'ops ALL=(ALL) ALL, !/bin/su' >/etc/sudoers.d/x", {"sudo-negated-command"}),
    "sudo wildcard": ("echo 'ops ALL=(root) /bin/cat /var/log/*' >/etc/sudoers.d/x", {"sudo-wildcard"}),
    "sudo keeps environment": ("echo 'Defaults !env_reset' >/etc/sudoers.d/x", {"sudo-environment"}),
    "sudo for nobody": ("echo '%gone ALL=(root) /usr/bin/id' >/etc/sudoers.d/x", {"sudo-unknown-name"}),
    "broken package": (
        "sed -i '/^Package: sudo$/,/^$/s/^Status: .*/Status: install ok half-configured/' /var/lib/dpkg/status",
        {"software-broken-package"},
    ),
    "telnet": ("busybox nc -l -p 23 </dev/null >/dev/null 2>&1 & sleep 0.2", {"service-cleartext-login"}),
    "open cache": ("busybox nc -l -p 11211 </dev/null >/dev/null 2>&1 & sleep 0.2", {"service-unauthenticated-store"}),
    "docker over TCP": ("busybox nc -l -p 2375 </dev/null >/dev/null 2>&1 & sleep 0.2", {"service-docker-api"}),
    "process from tmp": ("cp /bin/sleep /tmp/m; /tmp/m 60 </dev/null >/dev/null 2>&1 &", {"process-writable-place"}),
    "false AppImage": (
        "mkdir /tmp/.mount_x; cp /bin/sleep /tmp/.mount_x/m; /tmp/.mount_x/m 60 </dev/null >/dev/null 2>&1 &",
        {"process-fake-appimage"},
    ),
    "cron file of a user": (
        "echo '* * * * * root /bin/true' >/etc/cron.d/job; chown ops /etc/cron.d/job", {"file-refused"},
    ),
    "cron runs an open program": (
        "echo '* * * * * root /srv/job' >/etc/cron.d/job; cp /bin/true /srv/job; chmod 777 /srv/job",
        {"file-writable-program"},
    ),
    "cron runs a user's program": (
        "echo '* * * * * root sh /home/ops/bin/job' >/etc/cron.d/job;"
        " mkdir /home/ops/bin; cp /bin/true /home/ops/bin/job; chown -R ops /home/ops/bin",
        {"file-others-may-change"},
    ),
    "cron runs the script of a user": (
        "cp /bin/true /etc/cron.daily/job; chown ops /etc/cron.daily/job", {"file-others-may-change"},
    ),
    "sudo runs a program of a group": (
        "cp /bin/true /srv/job; chmod 775 /srv/job; chgrp ops /srv/job; useradd web;"
        " echo 'web ALL=(root) /srv/job' >/etc/sudoers.d/x",
        {"file-others-may-change"},
    ),
    "open hashes": ("chmod 644 /etc/shadow", {"file-hashes-readable"}),
    "legacy server": (
        "sed -i 's/^Package: cron$/Package: telnetd/' /var/lib/dpkg/status", {"software-legacy"},
    ),
    "clean twin": (":", set()),
}  # fmt: skip

Failing = dict[str, set[str]]  # host → rules that fail


@pytest.fixture(scope="module")
def rules() -> dict[str, Rule]:
    return dict(load_rules([shipped("rules") / "posture"]).rules)


@pytest.fixture(scope="module")
def failing(test_root: Path, rules: dict[str, Rule], tmp_path_factory: pytest.TempPathFactory) -> Failing:
    """Every fault on a host of its own, all judged together."""
    scratch = tmp_path_factory.mktemp("faults")
    spools = spooled(_hosts(), scratch)
    source = Source(spools=[s.path for s in spools], widest=max(s.widest for s in spools))
    found: Failing = {s.host: set() for s in spools}
    for outcome in judge(source, list(rules.values()), hosts=len(spools)):
        for status, reason, hosts in outcome.hosts:
            assert status is not Verdict.ERROR, (outcome.rule, reason)
            for host in hosts if status is Verdict.FAIL else ():
                found[host].add(outcome.rule)
    return found


def _hosts() -> Iterator[tuple[str, Evidence]]:
    testroot.own_mounts()  # of this thread, for those that it starts
    scripts = {"fresh": ":", **{name: script for name, (script, _) in FAULTS.items()}}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from zip(scripts, pool.map(_evidence, scripts, scripts.values()), strict=True)


def _evidence(name: str, script: str) -> Evidence:
    """What a host says to which the script was done."""
    with testroot.host() as host:
        done = host.run(["sh", "-c", f"set -e; {script}"])
        assert done.returncode == 0, (name, done.stderr)
        stream = host.run(["sh"], generate(manifest("clear")).encode()).stdout
        return decode(stream, manifest("clear"), carrier="local", label=name)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_flips_exactly_its_rules(fault: str, failing: Failing) -> None:
    assert failing[fault] - failing["fresh"] == FAULTS[fault][1]
    assert failing["fresh"] - failing[fault] == set()


def test_a_fresh_debian_has_nothing_critical_and_at_most_three_high(failing: Failing, rules: dict[str, Rule]) -> None:
    severities = [rules[name].severity for name in failing["fresh"]]
    assert severities.count(Severity.CRITICAL) == 0
    assert severities.count(Severity.HIGH) <= 3
