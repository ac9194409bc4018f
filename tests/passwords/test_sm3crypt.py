"""sm3crypt: the public vector, and its construction against an independent reading of the specification."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secops.passwords import sm3crypt
from tests.passwords.hash_kit import PUBLIC


def test_the_public_vector() -> None:
    assert sm3crypt.crypt(b"hashgen", PUBLIC) == PUBLIC
    assert sm3crypt.crypt(b"hashgeN", PUBLIC) != PUBLIC


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"$sm3$",
        b"$sm3$salt$short",
        b"$6$salt$" + b"a" * 43,
        PUBLIC + b"x",
        PUBLIC[:-1],
        b"$sm3$rounds=0$s$" + b"a" * 43,
        b"$sm3$" + b"s" * 17 + b"$" + b"a" * 43,
    ],
)
def test_what_is_no_such_hash(stored: bytes) -> None:
    assert sm3crypt.crypt(b"word", stored) is None


def specification(word: bytes, salt: bytes, rounds: int) -> bytes:
    """SHA-crypt as its specification puts it, step by step, slow and plain, with SM3."""
    sm3 = lambda data: hashlib.new("sm3", data).digest()  # noqa: E731 - reads as the specification
    b = sm3(word + salt + word)
    a, length = word + salt, len(word)
    while length > 32:
        a += b
        length -= 32
    a += b[:length]
    count = len(word)
    while count:
        a += b if count & 1 else word
        count >>= 1
    digest = sm3(a)
    p = (sm3(b"".join([word] * len(word))) * (len(word) // 32 + 1))[: len(word)]
    s = (sm3(b"".join([salt] * (16 + digest[0]))) * (len(salt) // 32 + 1))[: len(salt)]
    for i in range(rounds):
        c = p if i % 2 else digest
        c += s if i % 3 else b""
        c += p if i % 7 else b""
        c += digest if i % 2 else p
        digest = sm3(c)
    return digest


@settings(max_examples=25, deadline=None)
@given(
    st.binary(max_size=70).filter(lambda word: b"\0" not in word),
    st.text("./0123456789abcXYZ", max_size=16).map(str.encode),
)
def test_the_fast_form_is_the_specified_one(word: bytes, salt: bytes) -> None:
    made = sm3crypt._digest(word, salt, 1000)
    assert made == specification(word, salt, 1000)


@given(st.binary(max_size=120))
def test_no_stored_value_breaks_it(stored: bytes) -> None:
    made = sm3crypt.crypt(b"word", b"$sm3$" + stored)
    assert made is None or len(made) == len(b"$sm3$" + stored)
