"""Keys sign what says what it is; nobody sees them; keys with which anybody can sign are none."""

from __future__ import annotations

import pickle
from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.parties.keys import Signer, key_id, verify

KEY = Signer.new()
MESSAGE = b"citywall-approval/1\n{}"
SIGNATURE = KEY.sign(MESSAGE)


def test_a_signature_is_verified() -> None:
    assert len(SIGNATURE) == 64
    assert verify(KEY.public_key, MESSAGE, SIGNATURE)
    assert not verify(Signer.new().public_key, MESSAGE, SIGNATURE)


@given(place=st.integers(0, 8 * 64 - 1))
def test_a_bit_of_the_signature_matters(place: int) -> None:
    changed = bytearray(SIGNATURE)
    changed[place // 8] ^= 1 << place % 8
    assert not verify(KEY.public_key, MESSAGE, bytes(changed))


@given(place=st.integers(0, 8 * len(MESSAGE) - 1))
def test_a_bit_of_the_message_matters(place: int) -> None:
    changed = bytearray(MESSAGE)
    changed[place // 8] ^= 1 << place % 8
    assert not verify(KEY.public_key, bytes(changed), SIGNATURE)


@pytest.mark.parametrize("message", [b"", b"{}", b"citywall-approval/1", b"citywall-/1\n", b" citywall-approval/1\n"])
def test_a_message_says_what_it_is(message: bytes) -> None:
    with pytest.raises(ValueError, match="context"):
        KEY.sign(message)
    assert not verify(KEY.public_key, message, KEY._key.sign(message))


def test_the_key_id_is_that_of_the_raw_key() -> None:
    """The key of RFC 8032, 7.1, test 1."""
    raw = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert key_id(b64encode(raw).decode()) == "ed25519:21fe31dfa154a261626bf854046fd227"


@pytest.mark.parametrize(
    "text",
    ["", "AAAA", "x" * 44, KEY.public_key[:-1], KEY.public_key + "\n", "é" * 44],
    ids=["empty", "short", "no bytes", "cut", "longer", "not ASCII"],
)
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        key_id(text)
    assert not verify(text, MESSAGE, SIGNATURE)


def _small_order() -> list[bytes]:
    """Every encoding of a point of small order, worked out from the curve; and those with y beyond the prime.

    Doubling a point of order 8 gives y = 0, so x² = −y² there, and d·y⁴ + 2·y² − 1 = 0 by the curve's equation.
    """
    p = 2**255 - 19
    d = -121665 * pow(121666, -1, p) % p
    squares = [(sign * _sqrt(1 + d, p) - 1) * pow(d, -1, p) % p for sign in (1, -1)]
    roots = [_sqrt(square, p) for square in squares if pow(square, (p - 1) // 2, p) == 1]
    ys = [0, 1, p - 1, p, p + 1, *roots, *(p - root for root in roots)]
    return [(y | top << 255).to_bytes(32, "little") for y in ys for top in (0, 1)]


def _sqrt(square: int, p: int) -> int:
    found = pow(square, (p + 3) // 8, p)
    return found if (found * found - square) % p == 0 else found * pow(2, (p - 1) // 4, p) % p


@pytest.mark.parametrize("raw", _small_order())
def test_a_key_with_which_anybody_signs_is_none(raw: bytes) -> None:
    with pytest.raises(ValueError, match="anybody"):
        key_id(b64encode(raw).decode())


def test_there_are_two_y_of_order_eight() -> None:
    assert len(_small_order()) == 2 * (5 + 2)


def test_nothing_shows_the_private_key() -> None:
    secret = KEY.document().reveal()[-32:]
    assert secret not in b64decode(KEY.public_key)
    assert repr(KEY) == f"Signer({KEY.key_id})" == str(KEY)
    assert "***" in repr(KEY.document())
    with pytest.raises(TypeError):
        pickle.dumps(KEY)
