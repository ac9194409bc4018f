"""What a host holds reaches the audit alike by every way: live in clear, over ssh as root, from an image, sealed."""

from __future__ import annotations

from pathlib import Path

import pytest

from secops.hosts.bundle_format import encode
from secops.hosts.carriers.root import Root
from secops.hosts.certificate import load_certificate
from secops.hosts.evidence import Evidence, Status, decode
from secops.hosts.held import SEALED, Held
from secops.hosts.manifest import manifest
from secops.hosts.script import generate
from secops.hosts.snapshot import observe
from secops.hosts.unseal import opened
from tests.hosts.carriers.kit import Wire
from tests.hosts.carriers.test_seal import make_certificate
from tests.testroot import OPS, TestHost

FILES = {
    "/etc/redis/redis.conf": ("port 6379\nrequirepass foobared\n", 0o644, 0),
    "/root/.my.cnf": ("[client]\nuser = backup\npassword = Backup@123\n", 0o600, 0),
    "/home/ops/.netrc": ("machine files login deploy password dep123\n", 0o600, OPS),
    "/home/ops/.pgpass": ("db:5432:*:app:app2024\n", 0o600, OPS),
    "/etc/snmp/snmpd.conf": ("rocommunity public\n", 0o600, 0),
    "/srv/app/.env": ("DB_PASSWORD=admin@123\n", 0o644, 0),
}


def plant(host: TestHost) -> None:
    for path, (content, mode, owner) in FILES.items():
        host.at(str(Path(path).parent)).mkdir(parents=True, exist_ok=True)
        host.write(path, content, mode, owner)
    host.run(["sh", "-c", "printf 'ops:Ops@2025\\nroot:Root@123\\n' | chpasswd"], check=True)


def live(host: TestHost, *, uid: int = 0) -> Evidence:
    sections = manifest("clear")
    return decode(host.run(["sh"], generate(sections).encode(), uid=uid).stdout, sections, carrier="local", label="t")


def shape(held: Held) -> tuple[object, ...]:
    credentials = sorted((c.service, c.path, c.line, c.account, c.form, c.value.reveal()) for c in held.credentials)
    files = {c.path: (held.files[c.path].mode, held.files[c.path].uid) for c in held.credentials}
    return [(s.user, s.hash.reveal()) for s in held.hashes], credentials, files


def test_every_way_brings_the_same(test_host: TestHost, tmp_path: Path) -> None:
    wire = Wire.lay(test_host, tmp_path)
    plant(test_host)
    (test_host.at("/etc/sudoers.d/ops")).write_text("ops ALL=(ALL) NOPASSWD: ALL\n")
    test_host.at("/etc/sudoers.d/ops").chmod(0o440)
    here = observe(live(test_host)).held
    assert not here.hashes_lack
    assert not here.credentials_lack
    assert {stored.user for stored in here.hashes} == {"root", "ops"}
    assert {(c.service, c.account, c.value.reveal()) for c in here.credentials} >= {
        ("redis", "default", b"foobared"), ("mysql", "backup", b"Backup@123"), ("netrc", "deploy", b"dep123"),
        ("postgresql", "app", b"app2024"), ("dotenv", "DB_PASSWORD", b"admin@123"),
    }  # fmt: skip
    image = observe(Root(str(test_host.root), hashes=True).collect()).held
    assert shape(image) == shape(here)
    over_ssh = observe(wire.ssh(become="sudo", hashes=True).collect()).held
    assert shape(over_ssh) == shape(here)

    certificate = make_certificate(tmp_path, "rsa:2048")
    script = generate(manifest("sealed"), certificate=load_certificate(certificate))
    stream = test_host.run(["sh"], script.encode()).stdout
    sealed = decode(stream, manifest("sealed"), carrier="bundle", label="t")
    assert shape(observe(opened(sealed, tmp_path / "key.pem")).held) == shape(here)
    assert not any(content.split()[-1].encode() in encode(sealed) for content, _, _ in FILES.values())
    closed = observe(opened(sealed, None)).held
    assert not closed.hashes
    assert not closed.credentials
    assert "--key" in closed.hashes_lack[0].reason


def test_a_password_in_passwd_counts_before_the_one_in_shadow(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    fields = {"a": "$6$s$inpasswd", "b": "x", "c": "", "d": "!$6$s$locked", "e": "*"}
    passwd = "".join(f"{name}:{field}:1:1::/:/bin/sh\n" for name, field in fields.items())
    (tmp_path / "etc/passwd").write_text(passwd)
    (tmp_path / "etc/shadow").write_text("".join(f"{name}:$6$s$shadow-{name}:1::::::\n" for name in "abcde"))
    found = observe(Root(str(tmp_path), hashes=True).collect()).held
    assert {stored.user: stored.hash.reveal() for stored in found.hashes} == {
        "a": b"$6$s$inpasswd", "b": b"$6$s$shadow-b", "d": b"$6$s$shadow-d", "e": b"$6$s$shadow-e",
    }  # fmt: skip


def test_a_plain_user_holds_what_he_may_read_and_says_what_he_may_not(test_host: TestHost) -> None:
    plant(test_host)
    held = observe(live(test_host, uid=OPS)).held
    assert not held.hashes
    assert held.hashes_lack[0].status is Status.DENIED
    assert {c.path for c in held.credentials} == {
        "/etc/redis/redis.conf", "/home/ops/.netrc", "/home/ops/.pgpass", "/srv/app/.env",
    }  # fmt: skip
    assert any(problem.status is Status.DENIED for problem in held.credentials_lack)


@pytest.mark.parametrize("hashes", ["none", "sealed"])
def test_nothing_of_it_is_asked_for_unless_wanted(hashes: str) -> None:
    script = generate(manifest(hashes))  # type: ignore[arg-type]
    assert not any(section.name in script for section in SEALED)
