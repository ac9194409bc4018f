"""Password hashes leave a host only sealed to the operator's certificate."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from secops.core.errors import Exit, UsageError
from secops.hosts.bundle_format import encode
from secops.hosts.certificate import load_certificate
from secops.hosts.evidence import Evidence, Status, decode
from secops.hosts.held import SHADOW_HASHES
from secops.hosts.manifest import manifest
from secops.hosts.script import generate
from tests.testroot import OPS, TestHost

HASHES = SHADOW_HASHES.name


def openssl(*arguments: str | Path, stdin: bytes = b"") -> bytes:
    command = ["openssl", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, check=True).stdout


def make_certificate(folder: Path, *kind: str) -> Path:
    key, certificate = folder / "key.pem", folder / "cert.pem"
    openssl("req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=operator", "-newkey", *kind,
            "-keyout", key, "-out", certificate)  # fmt: skip
    return certificate


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return make_certificate(tmp_path, "rsa:2048")


def collect(host: TestHost, certificate: Path, *, uid: int = 0) -> Evidence:
    sections = manifest("sealed")
    script = generate(sections, certificate=load_certificate(certificate))
    stream = host.run(["sh"], script.encode(), uid=uid).stdout
    return decode(stream, sections, carrier="local", label="test")


@pytest.mark.parametrize("kind", [("rsa:2048",), ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")], ids=["rsa", "ec"])
def test_the_owner_of_the_key_reads_the_very_shadow_file(
    test_host: TestHost, tmp_path: Path, kind: tuple[str, ...]
) -> None:
    evidence = collect(test_host, make_certificate(tmp_path, *kind))
    shadow = test_host.at("/etc/shadow").read_bytes()
    item = evidence[HASHES].only
    assert (evidence[HASHES].status, item.path) == (Status.OK, "/etc/shadow")
    assert b"ops:" not in item.data
    arguments = ("cms", "-decrypt", "-binary", "-inform", "DER", "-inkey", tmp_path / "key.pem")
    assert openssl(*arguments, stdin=item.data) == shadow
    again = decode(encode(evidence), manifest("sealed"), carrier="bundle", label="test")
    assert again[HASHES] == evidence[HASHES]


def test_a_host_without_openssl_cannot_seal(test_host: TestHost, certificate: Path) -> None:
    test_host.at("/usr/bin/openssl").unlink()
    evidence = collect(test_host, certificate)
    assert evidence[HASHES].status is Status.DENIED
    assert "cannot seal" in evidence[HASHES].reason


def test_a_key_that_cannot_encrypt_seals_nothing(test_host: TestHost, tmp_path: Path) -> None:
    evidence = collect(test_host, make_certificate(tmp_path, "ed25519"))
    assert evidence[HASHES].status is Status.DENIED
    assert "cannot seal" in evidence[HASHES].reason
    assert evidence[HASHES].only.data == b""


def test_a_plain_user_has_nothing_to_seal(test_host: TestHost, certificate: Path) -> None:
    evidence = collect(test_host, certificate, uid=OPS)
    assert evidence[HASHES].status is Status.DENIED
    assert "permission denied" in evidence[HASHES].reason


def test_a_shadow_file_beyond_the_limit_is_not_sealed_in_part(test_host: TestHost, certificate: Path) -> None:
    with test_host.at("/etc/shadow").open("ab") as shadow:
        shadow.truncate(SHADOW_HASHES.limit + 1)
    evidence = collect(test_host, certificate)
    assert evidence[HASHES].status is Status.FAILED
    assert "larger than" in evidence[HASHES].reason


def test_nothing_is_sealed_unless_asked_for() -> None:
    assert HASHES not in {section.name for section in manifest()}
    assert HASHES not in generate(manifest("sealed"))


def test_a_certificate_is_read_with_text_around_it(certificate: Path) -> None:
    plain = load_certificate(certificate)
    certificate.write_bytes(openssl("x509", "-text", "-in", certificate))
    assert load_certificate(certificate) == plain


def test_a_private_key_is_refused(certificate: Path) -> None:
    key = certificate.with_name("key.pem").read_text()
    for content in (key, certificate.read_text() + key):
        certificate.write_text(content)
        with pytest.raises(UsageError, match="private key") as caught:
            load_certificate(certificate)
        assert caught.value.exit_code is Exit.USAGE


def test_what_is_not_one_certificate_is_refused(certificate: Path) -> None:
    good = certificate.read_text()
    broken = good.replace(good.splitlines()[3], "A" * 64)
    request = good.replace("CERTIFICATE", "CERTIFICATE REQUEST")
    for content in ("", "hello", good + good, broken, request, good[:-40], "x" * 70000 + good):
        certificate.write_text(content)
        with pytest.raises(UsageError):
            load_certificate(certificate)
    with pytest.raises(UsageError):
        load_certificate(certificate.with_name("none.pem"))
