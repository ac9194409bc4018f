"""A key file opens with its passphrase alone, and a changed one is noticed."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privacy.parties import keyfile, pkcs8
from privacy.parties.keys import Signer
from secops.core.errors import CitywallError, UsageError
from secops.core.secret import Secret

PASSPHRASE = Secret("正确的口令 horse".encode())


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pkcs8, "COST", 1 << 10)


def _chain(error: BaseException | None) -> str:
    """All that a traceback would show."""
    text = ""
    while error:
        text += repr(error) + repr(error.args)
        error = error.__cause__ or error.__context__
    return text


def test_a_key_is_as_it_was_saved(tmp_path: Path) -> None:
    signer, path = Signer.new(), tmp_path / "ann.key"
    keyfile.save(signer, path, PASSPHRASE)
    assert path.stat().st_mode & 0o777 == 0o600
    assert keyfile.named(path) == signer.key_id
    again = keyfile.load(path, PASSPHRASE)
    message = b"citywall-head/1\n"
    assert again.sign(message) == signer.sign(message)
    assert b"ENCRYPTED" in path.read_bytes()
    assert pkcs8.COST * pkcs8.BLOCK * 128 == 128 << 20


@pytest.mark.usefixtures("cheap")
def test_openssl_reads_it(tmp_path: Path) -> None:
    signer, path = Signer.new(), tmp_path / "ann.key"
    keyfile.save(signer, path, PASSPHRASE)
    assert shutil.which("openssl")
    line = ["openssl", "pkey", "-in", str(path), "-passin", f"pass:{PASSPHRASE.reveal().decode()}", "-pubout"]
    said = subprocess.run([*line, "-outform", "DER"], capture_output=True, check=True).stdout
    assert base64.b64encode(said[-32:]).decode() == signer.public_key


@pytest.mark.usefixtures("cheap")
def test_a_wrong_passphrase_opens_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ann.key"
    keyfile.save(Signer.new(), path, PASSPHRASE)
    with pytest.raises(UsageError, match="passphrase is wrong") as caught:
        keyfile.load(path, Secret(b"another passphrase"))
    assert "another" not in _chain(caught.value)


@pytest.mark.usefixtures("cheap")
def test_no_key_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "ann.key"
    keyfile.save(Signer.new(), path, PASSPHRASE)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="already"):
        keyfile.save(Signer.new(), path, PASSPHRASE)
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="already"):
        keyfile.save(Signer.new(), tmp_path / "link", PASSPHRASE)
    assert path.read_bytes() == before


@pytest.mark.usefixtures("cheap")
def test_a_key_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CitywallError):
        keyfile.save(Signer.new(), tmp_path / "no" / "ann.key", PASSPHRASE)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "bo.key"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pkcs8, "COST", 1 << 10)
        keyfile.save(Signer.new(), path, PASSPHRASE)
    return path


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_changed_key_file_is_another_or_none(saved: Path, tmp_path: Path, data: st.DataObject) -> None:
    """Flipped bits of what PEM carries: AES-CBC alone would give other keys."""
    head, _mark, rest = saved.read_text().partition("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    body, _end, _ = rest.partition("-----END")
    raw = bytearray(base64.b64decode(body))
    place = data.draw(st.integers(len(raw) - 66, len(raw) - 1))  # the length of the ciphertext, and itself
    raw[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path / "changed.key"
    text = base64.b64encode(raw).decode()
    path.write_text(f"{head}-----BEGIN ENCRYPTED PRIVATE KEY-----\n{text}\n-----END ENCRYPTED PRIVATE KEY-----\n")
    with pytest.raises(UsageError):
        keyfile.load(path, PASSPHRASE)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(raw=st.binary(max_size=300))
def test_any_file_is_read_or_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "any.key"
    for content in (raw, b"Citywall key ed25519:" + b"0" * 32 + b"\n-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + raw):
        path.write_bytes(content)
        with pytest.raises(UsageError):
            keyfile.load(path, PASSPHRASE)


def test_a_key_that_is_not_encrypted_is_refused(tmp_path: Path) -> None:
    pem = base64.b64encode(Signer.new().document().reveal()).decode()
    path = tmp_path / "plain.key"
    path.write_text(f"-----BEGIN PRIVATE KEY-----\n{pem}\n-----END PRIVATE KEY-----\n")
    with pytest.raises(UsageError, match="no private key"):
        keyfile.load(path, PASSPHRASE)
