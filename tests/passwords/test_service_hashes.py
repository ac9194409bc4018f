"""Hashes of services, each against the tool that makes it or a published vector."""

from __future__ import annotations

import hashlib
import subprocess

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secops.passwords import service_hashes
from secops.passwords.service_hashes import function_for

SALT = bytes.fromhex("0a0b0c0d")

#: (password, stored form)
VECTORS = {
    # htpasswd 2.4.71
    "apr1": ("Kestane7", "$apr1$hxvWQNSA$R1QNW3UjhLjc8uSasy5et/"),
    "sha": ("Kestane7", "{SHA}FXNTS5IJuydbHbvdttJjDH1G+iE="),
    # Built by the definition of RFC 2307: SHA-1 of password and salt, then the salt.
    "ssha": ("Kestane7", "{SSHA}BH8vR+He2nQmh7OIMbFeXUCLHIxzYWx0"),
    # mosquitto_passwd 2.0.11
    "mosquitto 7": (
        "Kes-tane 7",
        "mosquitto:$7$101$oDMP3eD5qhX1GxTT$o7jEKWXKd2TIotU/HvDUiKe4mmi51bNuvhuIJ0w9kszJ4vVtyB0s+poM1j4T0NVpZYjub6d2wALnbr"
        "+Al1v6Sg==",
    ),
    "mosquitto 6": (
        "Kes-tane 7",
        "mosquitto:$6$+Lbgi3S8JO80SZuR$H3MAqPdoZvfIwe3XraFOtCOLLiqNSzdhilVlrx1l4chuRTNRa8vLA75yockT4TlgJqk7IYE9D6IelPC1Yf"
        "o3cg==",
    ),
    # The example of Redis' ACL documentation is the hash of "password".
    "redis": ("password", "#5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"),
    # MySQL's manual: PASSWORD('password').
    "mysql": ("password", "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19"),
    # RFC 3414, A.3.1 and A.3.2.
    "snmp md5": ("maplesyrup", "snmp:md5:000000000000000000000002:526f5eed9fcce26f8964c2930787d82b"),
    "snmp sha": ("maplesyrup", "snmp:sha1:000000000000000000000002:6695febc9288e36282235fc7151f128497b38f3f"),
    # RFC 2617, 3.5: HA1 of the example.
    "htdigest": ("Circle Of Life", "htdigest:Mufasa:testrealm@host.com:939e7578ed9e3c518a452acee763bce9"),
    "tomcat md5": ("password", "tomcat:5f4dcc3b5aa765d61d8327deb882cf99"),
    # RFC 6070, the second vector of PBKDF2-HMAC-SHA1: "password", "salt", 2 rounds, 20 bytes.
    "tomcat pbkdf2": ("password", "tomcat:73616c74$2$ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"),
    # MessageDigestCredentialHandler: salt and password, then the digest again.
    "tomcat sha256": ("pw", "tomcat:0a0b0c0d$2$" + hashlib.sha256(hashlib.sha256(SALT + b"pw").digest()).hexdigest()),
}  # fmt: skip


@pytest.mark.parametrize("name", VECTORS)
def test_vectors(name: str) -> None:
    word, stored = (text.encode() for text in VECTORS[name])
    hash_word = function_for(stored)
    assert hash_word is not None
    assert hash_word(word, stored) == stored
    for other in (word + b"x", word[:-1], word.swapcase(), b""):
        assert hash_word(other, stored) != stored


@pytest.mark.parametrize("word", ["", "a", "Kes-tane 7", "密码口令", "x" * 70])
def test_apr1_as_openssl_makes_it(word: str) -> None:
    command = ["openssl", "passwd", "-apr1", "-salt", "s4lt", "-stdin"]
    made = subprocess.run(command, input=word.encode() + b"\n", capture_output=True, check=True).stdout.strip()
    assert service_hashes.apr1(word.encode(), made) == made
    assert service_hashes.apr1(word.encode() + b"x", made) != made


@pytest.mark.parametrize("word", ["a", "Kes-tane 7", "密码口令", "ﬁ\u00a0\u00adn", "\u0627\u0661"])
def test_postgresql_as_its_client_library_makes_it(word: str) -> None:
    connection = psycopg.pq.PGconn.connect_start(b"host=/nonexistent")
    scram = connection.encrypt_password(word.encode(), b"app", b"scram-sha-256")
    md5 = b"postgresql:app:" + connection.encrypt_password(word.encode(), b"app", b"md5")
    for stored in (scram, md5):
        hash_word = function_for(stored)
        assert hash_word is not None
        assert hash_word(word.encode(), stored) == stored
        assert hash_word(word.encode() + b"x", stored) != stored


@pytest.mark.parametrize("stored", ["$6$salt$hash", "$2y$04$x", "", "$1$s$h", "yuFdCCJSTuQj."])
def test_what_crypt_knows_is_left_to_it(stored: str) -> None:
    assert function_for(stored.encode()) is None


@given(
    st.sampled_from([start for start, _ in service_hashes._FUNCTIONS]), st.binary(max_size=80), st.binary(max_size=9)
)
def test_no_stored_value_breaks_them(start: bytes, rest: bytes, word: bytes) -> None:
    hash_word = function_for(start + rest)
    assert hash_word is not None
    hash_word(word, start + rest)


@pytest.mark.parametrize("name", VECTORS)
def test_malformed_forms_are_told(name: str) -> None:
    stored = VECTORS[name][1].encode()
    for broken in (stored + b"!", stored[:-1] + b"\n", stored[: len(stored) // 2]):
        hash_word = function_for(broken)
        assert hash_word is None or hash_word(b"word", broken) is None
