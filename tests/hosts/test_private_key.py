"""What private keys tell of their public part, and that it is nothing else."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.hosts.private_key import HEAD_LINES, Told, told
from secops.hosts.ssh_key import from_der, joined, public_key
from tests.hosts import key_kit

NAMES = [f"{name}-{form}{locked}" for name in key_kit.TYPES for form in ("openssh", "pem", "pkcs8")
         for locked in ("", "-locked") if name != "ed25519" or form == "openssh"]  # fmt: skip

#: A key of PuTTY's own form, made by puttygen.
PUTTY = """PuTTY-User-Key-File-{version}: ssh-ed25519
Encryption: {encryption}
Comment: putty c
Public-Lines: 2
AAAAC3NzaC1lZDI1NTE5AAAAIIRXfCZmYBCywccTf0I/3Dh+8xG7bLI+9zJN3CyJ
A6zz
Private-Lines: 1
c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlYw==
Private-MAC: 00
"""
PUTTY_PRINT = "SHA256:1bQ+/cBS9t5OvaajNUJdhl4oligXARrvfmwLehMtavk"


def fingerprint(found: Told) -> str | None:
    kind, _, digits = found.public.partition(":")
    blob = bytes.fromhex(digits)
    key = public_key(blob if kind == "ssh" else from_der(kind, blob) or b"")
    return key.fingerprint if key else None


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_key_tells_its_public_part_and_no_more(name: str) -> None:
    made = key_kit.made()[name]
    found = told(made.content)
    assert found is not None
    assert (found.form, found.locked) == (made.form, "yes" if made.locked else "no")
    assert (found.public != "-") == made.told
    if made.told:
        assert fingerprint(found) == made.fingerprint
    assert not key_kit.shown(made.secrets, found.public.encode())


def test_the_search_for_secrets_finds_them() -> None:
    made = key_kit.made()["rsa-pem"]
    body = b"".join(made.content.split(b"\n")[1:-2])
    assert key_kit.shown(made.secrets, body)
    assert key_kit.shown(made.secrets, base64.b64decode(body).hex().encode())


@pytest.mark.parametrize(
    ("version", "encryption", "locked"), [(2, "none", "no"), (3, "aes256-cbc", "yes"), (3, "?", "yes")]
)
def test_putty_keys(version: int, encryption: str, locked: str) -> None:
    text = PUTTY.format(version=version, encryption=encryption)
    for content in (text, text.replace("\n", "\r\n")):
        found = told(content.encode())
        assert found is not None
        assert (found.form, found.locked, fingerprint(found)) == ("putty", locked, PUTTY_PRINT)


def test_a_hardware_key_and_one_of_tectia() -> None:
    blob = joined([b"sk-ssh-ed25519@openssh.com", bytes(32), b"ssh:"])
    found = told(key_kit.with_public_part(blob))
    assert found == Told("openssh", "no", f"ssh:{blob.hex()}")
    assert told(b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: x\nP2/56w\n") == Told("ssh2", "?", "-")


OPENSSH = b"-----BEGIN OPENSSH PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\n", b"ssh-ed25519 AAAA x\n", b"x -----BEGIN RSA PRIVATE KEY-----\n", b"-----BEGIN PUBLIC KEY-----\n",
        b"-----BEGIN CERTIFICATE-----\n", b"-----BEGIN RSA PRIVATE KEY----- x\n", b"\0" * 1000,
        b"\n" * HEAD_LINES + OPENSSH,
    ],
)  # fmt: skip
def test_what_is_no_key(content: bytes) -> None:
    assert told(content) is None


def test_text_before_a_key_is_passed_over() -> None:
    content = key_kit.made()["rsa-pem"].content
    assert told(b"Bag Attributes\n    friendlyName: x\n" + content) == told(content)


@pytest.mark.parametrize(
    "content",
    [
        OPENSSH,
        OPENSSH + b"AAAA\n",
        OPENSSH + base64.b64encode(b"openssh-key-v1\0\xff\xff\xff\xff"),
        key_kit.with_public_part(b"x" * 40, count=2),
        b"-----BEGIN RSA PRIVATE KEY-----\n" + base64.b64encode(b"\x30\x82\xff\xff\x02\x01\x00\x02\x7f") + b"\n",
        b"-----BEGIN EC PRIVATE KEY-----\n" + base64.b64encode(b"\x30\x03\x02\x01\x01") + b"\n",
        b"-----BEGIN PRIVATE KEY-----\n" + base64.b64encode(b"\x30\x84\x00\x00\x00\x00") + b"\n",
        b"PuTTY-User-Key-File-3: x\nPublic-Lines: 0\nAAAA\n",
        b"PuTTY-User-Key-File-3: x\nPublic-Lines: " + b"9" * 90 + b"\n",
    ],
)
def test_a_broken_key_is_one_of_which_nothing_is_known(content: bytes) -> None:
    found = told(content)
    assert found is not None
    assert found.public == "-"


@given(st.sampled_from(NAMES), st.data())
def test_a_damaged_key_does_not_break_it(name: str, data: st.DataObject) -> None:
    content = key_kit.made()[name].content
    at = data.draw(st.integers(0, len(content) - 1))
    damaged = content[:at] + data.draw(st.binary(max_size=3)) + content[at + data.draw(st.integers(0, 3)) :]
    found = told(damaged)
    if found and found.public != "-":
        kind, _, digits = found.public.partition(":")
        from_der(kind, bytes.fromhex(digits))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_raising(raw: bytes) -> None:
    for head in (OPENSSH, b"-----BEGIN PRIVATE KEY-----\n", b"PuTTY-User-Key-File-2: x\nPublic-Lines: 9\n", b""):
        told(head + raw)
        told(head + base64.b64encode(b"openssh-key-v1\0" + raw))
    for kind in ("rsa", "dsa", "ec", "x"):
        public_key(from_der(kind, raw) or raw)
