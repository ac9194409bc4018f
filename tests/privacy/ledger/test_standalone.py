"""The cryptography of the file that stands alone, against published vectors and against the libraries."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.ledger.verify_standalone import L, point, signed_by, sm3

# RFC 8032, section 7.1: public key, message, signature
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), RFC_8032)
def test_published_signatures(public: str, message: str, signature: str) -> None:
    key, text, made = (bytes.fromhex(part) for part in (public, message, signature))
    assert signed_by(key, text, made)
    assert not signed_by(key, text + b"x", made)
    for at in (0, 31, 32, 63):
        assert not signed_by(key, text, made[:at] + bytes([made[at] ^ 1]) + made[at + 1 :])
    twin = int.from_bytes(made[32:], "little") + L  # the same signature, written otherwise
    assert not signed_by(key, text, made[:32] + twin.to_bytes(32, "little"))
    assert not signed_by(key, text, made[:-1])


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
@settings(max_examples=30, deadline=None)
def test_signatures_of_the_library(seed: bytes, message: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert signed_by(public, message, signature)
    assert not signed_by(public, b"x" + message, signature)


@pytest.mark.parametrize("raw", ["02" + "00" * 31, "ff" * 32, "01" + "00" * 30 + "80"])
def test_bytes_that_are_no_point(raw: str) -> None:
    with pytest.raises(ValueError, match="no point"):
        point(bytes.fromhex(raw))


def test_published_sm3() -> None:
    # GB/T 32905, appendix A
    assert sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert sm3(b"abcd" * 16).hex() == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


@given(st.binary(max_size=300))
@settings(max_examples=50, deadline=None)
def test_sm3_of_the_library(data: bytes) -> None:
    assert sm3(data) == hashlib.new("sm3", data).digest()
