"""Keys and configurations found on real hosts: by every shell and awk at hand, and in their images."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from secops.hosts.carriers.root import Root
from secops.hosts.evidence import Evidence, Status, decode, judge
from secops.hosts.manifest import manifest
from secops.hosts.private_key import Told
from secops.hosts.script import generate
from secops.hosts.ssh_files import SSH_FILES
from secops.hosts.ssh_records import MOST, ConfigLine, Found, Place, Record, Unseen, named_keys, records
from secops.hosts.tables import derive
from secops.hosts.tables.ssh_identities import TABLE
from tests import testroot
from tests.hosts import key_kit
from tests.testroot import OPS, TestHost

SHELLS = {
    "dash": ("dash",),
    "bash": ("bash", "--posix"),
    "busybox": ("busybox", "sh"),
    "busybox and its tools": ("env", "PATH=/bb", "busybox", "sh"),
}


@pytest.fixture(scope="module")
def host(test_root: Path) -> Iterator[TestHost]:
    with testroot.host() as made:
        made.run(["sh", "-c", "mkdir /bb && busybox --install -s /bb"], check=True)
        plant(made)
        yield made


#: What is kept of it is below; nothing that is secret may be.
CONFIG = """Host *
  ProxyCommand sshpass -p S3cret nc %h %p
  ForwardAgent yes # was S3cret\r
Match host x exec "curl -u a:S3cret http://x"
  SetEnv TOKEN=S3cret
\t"forwardAgent" = no
# Host S3cret
include "config.d/*"
LocalCommand S3cret Host x
HostName x
"""
KEPT = [
    (1, b"Host *"), (3, b"  ForwardAgent yes"), (4, b"Match exec ?"), (6, b'\t"forwardAgent" = no'),
    (8, b'include "config.d/*"'), (10, b"HostName x"), (11, b"IdentityFile /opt/deploy/key"),
]  # fmt: skip


def plant(host: TestHost) -> None:
    """Keys of every kind, and files that are none."""
    for name, key in key_kit.made().items():
        host.write(f"/home/ops/.ssh/{name}", key.content, 0o600, OPS)
        if not key.told:
            host.write(f"/home/ops/.ssh/{name}.pub", key.public, 0o644, OPS)
    plain = key_kit.made()["ed25519-openssh"]
    odd = ["two\nlines", "sp ace", "-n", "quo'te\"", "%41\\", "日志", "tab\t", "$(touch owned)", ".hidden", "a=b"]
    for name in odd:
        host.write(f"/home/ops/.ssh/{name}", plain.content, 0o600, OPS)
    host.write(os.fsdecode(b"/home/ops/.ssh/\xff\xfe"), plain.content, 0o600, OPS)
    host.write("/home/ops/.ssh/lies", plain.content, 0o600, OPS)
    host.write("/home/ops/.ssh/lies.pub", key_kit.made()["rsa-openssh"].public, 0o644, OPS)
    host.write("/home/ops/.ssh/known_hosts", "host ssh-ed25519 AAAA\n" * 5000, 0o600, OPS)
    host.write("/home/ops/.ssh/large", plain.content + b"\n" * (1 << 20), 0o600, OPS)
    host.write("/home/ops/.ssh/alone.pub", plain.public, 0o644, OPS)
    config = CONFIG + 'IdentityFile /opt/deploy/key # x\nidentityfile = "/opt/deploy/my key"\nIdentityFile ~/keys/%h\n'
    host.write("/home/ops/.ssh/config", config + "IdentityFile ~/.ssh/rsa-pem\nIdentityFile relative\n", 0o600, OPS)
    host.at("/home/ops/.ssh/config.d").mkdir()
    host.write("/home/ops/.ssh/config.d/odd\t%41", "ForwardAgent no\nHost " + "x" * 9000 + "\n", 0o600, OPS)
    host.write("/home/ops/.ssh/config.d/large", "ForwardAgent yes\n" + "#\n" * (1 << 19), 0o600, OPS)
    host.write("/home/ops/.ssh/config.d/many", "ForwardAgent yes\n" * (MOST + 1), 0o600, OPS)
    host.at("/home/ops/.ssh/config.d/shadow").symlink_to("/etc/shadow")
    os.mkfifo(host.at("/home/ops/.ssh/config.d/fifo"))
    host.write("/etc/ssh/ssh_config.d/own.conf", "Host *\n\tIdentityFile ~/jobs/key\n  IdentityFile=/gone\n")
    plant_jobs(host, plain.content)
    for folder in ("/opt/deploy", "/home/ops/jobs", "/root/.ssh", "/.ssh"):
        host.at(folder).mkdir(mode=0o755)
    for path in ("/opt/deploy/key", "/opt/deploy/my key", "/home/ops/jobs/key", "/root/.ssh/id", "/.ssh/id"):
        host.write(path, plain.content, 0o640)
    os.mkfifo(host.at("/home/ops/.ssh/fifo"))
    os.mkfifo(host.at("/home/ops/.ssh/sp ace.pub"))
    for name, target in (("shadow", "/etc/shadow"), ("zero", "/dev/zero"), ("loop", "loop"), ("folder", "/etc"),
                         ("gone", "/gone"), ("linked", "/opt/deploy/key"), (".hidden.pub", "/dev/zero")):  # fmt: skip
        host.at(f"/home/ops/.ssh/{name}").symlink_to(target)
    host.write("/home/ops/.ssh/huge", "")
    os.truncate(host.at("/home/ops/.ssh/huge"), 8 << 30)


#: Files of root that name keys, and those that are found by them; the other names are none that anybody may see.
JOBS = {
    "/etc/cron.d/copy": "0 3 * * * root rsync -e 'ssh -i /srv/keys/cron' /a b:\n",
    "/etc/systemd/system/tunnel.service": "[Service]\nExecStart=/usr/bin/ssh -oIdentityFile=/srv/keys/unit -N b\n",
    "/usr/local/bin/push now": '#!/bin/sh\nssh -p 22 \\\n  -i"$HOME/keys/home" -i /srv/keys/none b\n',
    "/usr/local/sbin/silent": "sed -i /srv/keys/sed x\ngrep -i /srv/keys/grep\n",  # has nothing to do with SSH
    "/usr/local/sbin/relative": "ssh -i keys/cron -i $KEYS/other b\n",
    "/usr/local/lib/deep": "ssh -i /srv/keys/elsewhere b\n",
}
JOB_KEYS = {"/srv/keys/cron", "/srv/keys/unit", "/home/ops/keys/home"}


def plant_jobs(host: TestHost, key: bytes) -> None:
    for folder in ("/srv/keys", "/home/ops/keys", "/home/ops/.ssh/old/er/oldest", "/opt/linked"):
        host.at(folder).mkdir(parents=True)
    for path, text in JOBS.items():
        host.write(path, text)
    for name in ("cron", "unit", "sed", "grep", "elsewhere", "other"):
        host.write(f"/srv/keys/{name}", key)
    host.write("/srv/keys/cron", key_kit.made()["rsa-pem-locked"].content)
    host.write("/srv/keys/cron.pub", key_kit.made()["rsa-pem-locked"].public)
    for path in ("/home/ops/keys/home", "/opt/linked/id", *(f"/home/ops/.ssh/{deep}/id" for deep in DEEP), TOO_DEEP):
        host.write(path, key, 0o600, OPS)
    host.at("/home/ops/.ssh/link").symlink_to("/opt/linked")


DEEP = ("old", "old/er")
TOO_DEEP = "/home/ops/.ssh/old/er/oldest/id"


def answer(host: TestHost, shell: str, uid: int = 0) -> bytes:
    done = host.run([*SHELLS[shell], "-c", SSH_FILES.script], uid=uid)
    assert done.returncode == 0
    return done.stdout


def keys(data: bytes) -> dict[str, Found]:
    found = list(records(data))
    assert None not in found
    return {record.path: record for record in found if isinstance(record, Found)}


def test_every_key_is_found_and_nothing_else(host: TestHost) -> None:
    found = keys(answer(host, "dash"))
    odd = ["two\nlines", "sp ace", "-n", "quo'te\"", "%41\\", "日志", "tab\t", "$(touch owned)", ".hidden", "a=b",
           "\\xff\\xfe", "lies", "linked"]  # fmt: skip
    elsewhere = {"/opt/deploy/key", "/opt/deploy/my key", "/home/ops/jobs/key", "/root/.ssh/id", "/.ssh/id"}
    elsewhere |= JOB_KEYS | {f"/home/ops/.ssh/{deep}/id" for deep in DEEP}
    assert found["/srv/keys/cron"].public.encode() == key_kit.made()["rsa-pem-locked"].public.strip()
    assert set(found) == {f"/home/ops/.ssh/{name}" for name in [*key_kit.made(), *odd]} | elsewhere
    assert found["/home/ops/.ssh/linked"].place == Place(0o640, 0, 0)
    for name, key in key_kit.made().items():
        record = found[f"/home/ops/.ssh/{name}"]
        assert (record.told.form, record.told.locked) == (key.form, "yes" if key.locked else "no")
        assert (record.told.public != "-") == key.told
        assert record.public.encode() == (b"" if key.told else key.public.strip())
    assert not list(host.root.glob("**/owned"))


def test_of_configurations_only_what_matters_leaves_the_host(host: TestHost) -> None:
    found = [record for record in records(answer(host, "dash")) if isinstance(record, ConfigLine | Unseen)]
    own = [
        (one.number, one.text) for one in found if isinstance(one, ConfigLine) and one.path == "/home/ops/.ssh/config"
    ]
    assert own[: len(KEPT)] == KEPT
    odd = [(one.number, one.text) for one in found if one.path == "/home/ops/.ssh/config.d/odd\t%41"]
    assert odd == [(1, b"ForwardAgent no"), (2, b"?")]
    assert {one.path for one in found if isinstance(one, Unseen)} == {
        "/home/ops/.ssh/config.d/many", "/home/ops/.ssh/config.d/large",
    }  # fmt: skip
    assert {one.path for one in found if one.path.startswith("/etc/")} == {
        "/etc/ssh/ssh_config", "/etc/ssh/ssh_config.d/own.conf",
    }  # fmt: skip
    assert b"S3cret" not in answer(host, "dash")


@pytest.mark.parametrize("shell", list(SHELLS)[1:])
def test_every_shell_and_tool_gives_the_same(host: TestHost, shell: str) -> None:
    assert sorted(answer(host, shell).split(b"\n")) == sorted(answer(host, "dash").split(b"\n"))


def test_the_image_gives_the_same(host: TestHost) -> None:
    image = Root(str(host.root)).collect()[SSH_FILES.name]
    assert image.status is Status.OK
    assert sorted(image.only.data.split(b"\n")) == sorted(answer(host, "dash").split(b"\n"))


def whole(host: TestHost, uid: int = 0) -> Evidence:
    """What the whole collector says of the tables' sections."""
    wanted = [section for section in manifest() if section in list(TABLE.all_sections)]
    done = host.run(["sh"], generate(wanted).encode(), uid=uid)
    return decode(done.stdout, wanted, carrier="local", label="test")


def test_no_private_byte_leaves_the_host(host: TestHost) -> None:
    """Neither of the keys that were made nor of their files' encrypted parts."""
    secrets = [number for key in key_kit.made().values() for number in key.secrets]
    locked = [key.content for key in key_kit.made().values() if key.locked and key.form != "openssh"]
    for evidence in (whole(host), Root(str(host.root)).collect()):
        data = b"\n".join(item.data for section in evidence.sections.values() for item in section.items)
        assert SSH_FILES.name in evidence.sections
        assert b"rsa-pem" in data
        assert not key_kit.shown(tuple(secrets), data)
        assert not any(line in data for content in locked for line in content.split(b"\n")[4:-2])
        assert b"root:" not in evidence[SSH_FILES.name].only.data


def test_a_user_is_told_what_is_closed(host: TestHost) -> None:
    for shell in SHELLS:
        data = answer(host, shell, uid=OPS)
        assert b"! /root/.ssh\n" in data
        assert "/home/ops/.ssh/rsa-pem" in keys(data)
    facts = derive(TABLE, whole(host, uid=OPS))
    assert (Status.DENIED, "/root/.ssh: permission denied") in [(p.status, p.reason) for p in facts.problems[""]]
    reasons = [problem.reason for problem in derive(TABLE, whole(host)).problems[""]]
    assert {reason.rpartition(": ")[2] for reason in reasons} == {"the configuration is too large to be read"}


def test_a_key_in_an_open_folder_that_may_not_be_read_is_told(host: TestHost) -> None:
    host.at("/home/ops/.ssh").chmod(0o755)
    try:
        done = host.run(["sh", "-c", SSH_FILES.script], uid=65534)
        assert b"! /home/ops/.ssh/rsa-pem" in done.stdout.split(b"\n")
        assert "/home/ops/.ssh/linked" not in keys(done.stdout)
    finally:
        host.at("/home/ops/.ssh").chmod(0o700)


def test_mutations_are_read_alike_by_awk_and_by_python(test_host: TestHost) -> None:
    """Hundreds of damaged keys: what one of them would show, all would."""
    rng = random.Random(20)  # noqa: S311 - what is damaged
    contents = [key.content for key in key_kit.made().values()]
    for number in range(400):
        content = bytearray(contents[number % len(contents)])
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(content))
            content[at : at + rng.choice([0, 1, 1, 1, 70])] = rng.choice(
                [b"", b"A", b"/", b"=", b"\n", b" ", b"\xff", b":"]  # no NUL, which each awk takes as it likes
            )
        test_host.write(f"/home/ops/.ssh/{number}", bytes(content), 0o600, OPS)
    test_host.run(["sh", "-c", "mkdir /bb && busybox --install -s /bb"], check=True)
    image = Root(str(test_host.root)).collect()[SSH_FILES.name].only.data
    assert len(keys(image)) > 200
    for shell in ("dash", "busybox and its tools"):
        assert sorted(answer(test_host, shell).split(b"\n")) == sorted(image.split(b"\n"))


def test_a_home_full_of_files_stays_cheap(test_host: TestHost) -> None:
    for number in range(5000):
        test_host.at(f"/home/ops/.ssh/{number}").write_text("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n")
    test_host.write("/home/ops/.ssh/blank", b"-----BEGIN PRIVATE KEY-----" + b" " * 1_000_000 + b"x\n")
    test_host.write("/home/ops/.ssh/config", b'IdentityFile "' + b" " * 500_000 + b"\n")
    started = time.monotonic()
    assert len(keys(answer(test_host, "dash"))) == 5000
    assert time.monotonic() - started < 15


def test_without_awk_it_says_so(test_host: TestHost) -> None:
    test_host.at("/usr/bin/awk").unlink()
    done = test_host.run(["sh", "-c", SSH_FILES.script])
    assert judge(SSH_FILES, "", done.stdout, done.returncode).status is Status.ABSENT


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("IdentityFile /a/b", ["/a/b"]),
        (' \t"identityFILE"  =  ~/x/y', ["/h/x/y"]),
        ('IdentityFile="/a b" # c', ["/a b"]),
        ("IdentityFile %d/k", ["/h/k"]),
        ("IdentityFile /a # c", ["/a"]),
        ("IdentityFile none\nIdentityFile k\nIdentityFile ~user/k\nIdentityFile /a/%u", []),
        ("IdentityFiles /a\n#IdentityFile /a\nIdentityAgent /a", []),
    ],
)
def test_keys_that_a_configuration_names(line: str, named: list[str]) -> None:
    assert [path.decode() for path in named_keys(line.encode(), b"/h")] == named


def test_what_is_no_record_is_none() -> None:
    for line in (
        b"k",
        b"k 600 0 0 openssh no ssh:0g\t/x\t",
        b"k 600 0 0 other no -\t/x\t",
        b"d 755 0\t/",
        b"?",
        b"x\0",
    ):
        assert list[Record](records(line)) == [None], line
    assert list(records(b"")) == []
    assert list(records(b"k ? ? ? pem ? -\t/%25%09%0a\t\n")) == [Found("/%\t\n", None, Told("pem", "?", "-"), "")]
