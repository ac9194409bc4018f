"""Keys and streams against other ways to make them."""

from __future__ import annotations

import hashlib
import hmac

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from privacy.federated.secagg import masks
from privacy.federated.secagg.keying import commitment
from tests.privacy.federated.secagg.kit import ASK, JOB, LIMIT, joined, terms, vectors

KEY = bytes(range(32))


def _hkdf(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """RFC 5869, one block."""
    extracted = hmac.digest(salt, secret, hashlib.sha256)
    return hmac.digest(extracted, info + b"\x01", hashlib.sha256)


def _stream(key: bytes, count: int) -> bytes:
    """Counter mode by hand: each counter encrypted by itself."""
    cipher = Cipher(AES(key), ECB()).encryptor()  # noqa: S305 - counters are all different
    return cipher.update(b"".join(n.to_bytes(16, "big") for n in range(-(-count // 16))))[:count]


def test_keys_are_hkdf_over_what_they_are_for() -> None:
    info = b'citywall-secagg-mask/1\n{"round":3,"sites":["a","b"]}'
    assert masks.key(KEY, JOB, "mask", sites=["a", "b"], round=3) == _hkdf(KEY, JOB.encode(), info)


def test_every_thing_that_a_key_is_bound_to_changes_it() -> None:
    made = [
        masks.key(KEY, JOB, "mask", round=1, site="a"),
        masks.key(KEY[::-1], JOB, "mask", round=1, site="a"),
        masks.key(KEY, JOB[::-1], "mask", round=1, site="a"),
        masks.key(KEY, JOB, "self", round=1, site="a"),
        masks.key(KEY, JOB, "mask", round=2, site="a"),
        masks.key(KEY, JOB, "mask", round=1, site="b"),
        masks.key(KEY, JOB, "mask", round=1),
    ]
    assert len(set(made)) == len(made)
    assert {len(key) for key in made} == {32}


@pytest.mark.parametrize("word", ["<u4", "<u8"])
@pytest.mark.parametrize("size", [1, 3, 1000, (1 << 15) - 1, 1 << 15, (1 << 15) + 1, 70_001])
def test_a_mask_is_the_stream_of_its_key(word: str, size: int) -> None:
    total = np.zeros(size, word)
    masks.add(total, KEY)
    assert total.tobytes() == _stream(KEY, total.nbytes)


@pytest.mark.parametrize("word", ["<u4", "<u8"])
def test_what_is_added_can_be_taken_away(word: str) -> None:
    values = np.arange(-50, 50_000).astype(word)
    total = values.copy()
    masks.add(total, KEY)
    masks.add(total, KEY[::-1], negative=True)
    assert not np.array_equal(total, values)
    masks.add(total, KEY[::-1])
    masks.add(total, KEY, negative=True)
    assert np.array_equal(total, values)


def test_two_sites_share_one_secret() -> None:
    one, other = X25519PrivateKey.generate(), X25519PrivateKey.generate()
    public = [key.public_key().public_bytes_raw() for key in (one, other)]
    assert masks.shared(one, public[1]) == masks.shared(other, public[0])


@pytest.mark.parametrize("number", [0, 1, 2**255 - 20])
def test_a_public_key_that_shares_nothing_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match=r"."):
        masks.shared(X25519PrivateKey.generate(), number.to_bytes(32, "little"))


@pytest.mark.parametrize("bits", [32, 64])
def test_what_a_site_sends_is_what_the_documentation_says(bits: int) -> None:
    """The vector of a site by hand, from its secrets: own mask added, those with others by the order of names."""
    agreed = terms(3, 2, bits=bits, first=5)
    cast, values = joined(agreed), vectors(agreed, 9)
    me, turn = cast.sites["site-001"], 1
    own, setup = me._secrets.rounds[turn], me._setup
    assert setup

    def stream(secret: bytes, use: str, who: str) -> np.ndarray:
        bound = f'{{"ask":"{ASK}","round":6,"setup":"{setup.digest}",{who}}}'
        key = _hkdf(secret, JOB.encode(), f"citywall-secagg-{use}/1\n{bound}".encode())
        return np.frombuffer(_stream(key, 10 * bits // 8), agreed.word)

    pairs = [
        own.mask_key.exchange(X25519PublicKey.from_public_bytes(setup.keys(peer).mask_key(turn)))
        for peer in ("site-000", "site-002")
    ]
    expected = (
        np.append(values["site-001"], 1).astype(agreed.word)
        + stream(own.seed, "self", '"site":"site-001"')
        - stream(pairs[0], "mask", '"sites":["site-000","site-001"]')
        + stream(pairs[1], "mask", '"sites":["site-001","site-002"]')
    )
    assert me.mask(6, ASK, values["site-001"], LIMIT) == expected.tobytes()


def test_a_commitment_is_to_one_seed_of_one_site_in_one_job() -> None:
    made = [commitment(seed, job, site) for seed in (KEY, KEY[::-1]) for job in (JOB, ASK) for site in ("a", "b")]
    assert len(set(made)) == len(made)
