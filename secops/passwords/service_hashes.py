"""Hashes of services, which crypt(3) does not know: Apache, LDAP, Mosquitto, Redis, PostgreSQL, MySQL, Tomcat, SNMP.

Each function takes a word and a stored form and gives the stored form again if the word fits; something else, or None,
if it does not; None when the stored form is malformed. Where a service's own field does not tell all (the account, or
whose `$6$` it is), the stored form holds more: see each function.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import stringprep
import unicodedata
from collections.abc import Callable
from itertools import cycle, islice

Function = Callable[[bytes, bytes], bytes | None]

_APR1 = re.compile(rb"\$apr1\$([^$]{0,8})\$[./0-9A-Za-z]{22}")
_LDAP = re.compile(rb"\{(S?)SHA\}([A-Za-z0-9+/=]{28,128})")
_MOSQUITTO = re.compile(rb"mosquitto:\$(?:6|7\$([1-9][0-9]{0,8}))\$([A-Za-z0-9+/=]{1,128})\$([A-Za-z0-9+/=]{88})")
_REDIS = re.compile(rb"#[0-9a-f]{64}")
_SCRAM = re.compile(
    rb"SCRAM-SHA-256\$([1-9][0-9]{0,8}):([A-Za-z0-9+/=]{4,128})\$([A-Za-z0-9+/=]{44}):([A-Za-z0-9+/=]{44})"
)
_POSTGRESQL = re.compile(rb"postgresql:(.*):md5([0-9a-f]{32})", re.DOTALL)
_MYSQL = re.compile(rb"\*[0-9A-F]{40}")
_TOMCAT = re.compile(rb"tomcat:(?:((?:[0-9a-fA-F]{2})+)\$([1-9][0-9]{0,8})\$)?([0-9a-fA-F]+)")
_DIGEST = re.compile(rb"htdigest:(.*):([0-9a-f]{32})", re.DOTALL)
_SNMP = re.compile(rb"snmp:(md5|sha1|sha224|sha256|sha384|sha512):((?:[0-9a-f]{2}){5,32}):([0-9a-f]+)")

_ALPHABET = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

#: Bytes to which RFC 3414 repeats a passphrase.
_EXPANDED = 1 << 20

#: Length of a digest in hexadecimal → its function.
_BY_LENGTH = {32: "md5", 40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}


def function_for(stored: bytes) -> Function | None:
    """The function for a stored form, by how it starts; None when it is one of crypt(3), or of nobody."""
    return next((function for start, function in _FUNCTIONS if stored.startswith(start)), None)


def apr1(word: bytes, stored: bytes) -> bytes | None:
    """`$apr1$salt$…` of Apache: md5crypt with another name. Source: apr_md5.c."""
    match = _APR1.fullmatch(stored)
    if not match:
        return None
    salt = match[1]
    inner = _digest("md5", word + salt + word)
    text = word + b"$apr1$" + salt + (inner * (len(word) // 16 + 1))[: len(word)]
    length = len(word)
    while length:
        text += b"\0" if length & 1 else word[:1]
        length >>= 1
    digest = _digest("md5", text)
    for before, after in islice(cycle(_apr1_rounds(word, salt)), 1000):
        digest = hashlib.md5(before + digest + after, usedforsecurity=False).digest()
    order = [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)]
    values = [(digest[a] << 16 | digest[b] << 8 | digest[c], 4) for a, b, c in order] + [(digest[11], 2)]
    made = bytes(_ALPHABET[value >> 6 * place & 63] for value, count in values for place in range(count))
    return b"$apr1$" + salt + b"$" + made


def _apr1_rounds(word: bytes, salt: bytes) -> list[tuple[bytes, bytes]]:
    """What stands before and after the running digest; it repeats after 2 · 3 · 7 rounds."""
    pairs = []
    for number in range(42):
        middle = (salt if number % 3 else b"") + (word if number % 7 else b"")
        pairs.append((word + middle, b"") if number % 2 else (b"", middle + word))
    return pairs


def ldap_sha(word: bytes, stored: bytes) -> bytes | None:
    """`{SHA}` and, with a salt after the digest, `{SSHA}`: base 64 of SHA-1. Source: RFC 2307, OpenLDAP."""
    match = _LDAP.fullmatch(stored)
    raw = _base64(match[2]) if match else b""
    if not match or len(raw) < 20 or (len(raw) > 20) != bool(match[1]):
        return None
    return b"{%bSHA}" % match[1] + base64.b64encode(_digest("sha1", word + raw[20:]) + raw[20:])


def mosquitto(word: bytes, stored: bytes) -> bytes | None:
    """`mosquitto:$7$iterations$salt$hash` (PBKDF2 with SHA-512) and `mosquitto:$6$salt$hash` (SHA-512, once)."""
    match = _MOSQUITTO.fullmatch(stored)
    salt = _base64(match[2]) if match else b""
    if not match or not salt:
        return None
    made = hashlib.pbkdf2_hmac("sha512", word, salt, int(match[1])) if match[1] else _digest("sha512", word + salt)
    return stored[: match.start(3)] + base64.b64encode(made)


def redis(word: bytes, stored: bytes) -> bytes | None:
    """`#` and the SHA-256 of the password, as in Redis' ACLs."""
    return b"#" + _digest("sha256", word).hex().encode() if _REDIS.fullmatch(stored) else None


def scram_sha_256(word: bytes, stored: bytes) -> bytes | None:
    """`SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey` of PostgreSQL. Source: RFC 5802, RFC 7677."""
    match = _SCRAM.fullmatch(stored)
    salt = _base64(match[2]) if match else b""
    if not match or not salt:
        return None
    salted = hashlib.pbkdf2_hmac("sha256", _prepared(word), salt, int(match[1]))
    key = _digest("sha256", hmac.digest(salted, b"Client Key", "sha256"))
    server = hmac.digest(salted, b"Server Key", "sha256")
    return stored[: match.start(3)] + base64.b64encode(key) + b":" + base64.b64encode(server)


def _prepared(word: bytes) -> bytes:
    """SASLprep (RFC 4013) as PostgreSQL does it: what it refuses is taken as it is."""
    if word.isascii():
        return word
    try:
        text = word.decode()
    except UnicodeError:
        return word
    mapped = (" " if stringprep.in_table_c12(c) else c for c in text if not stringprep.in_table_b1(c))
    normal = unicodedata.normalize("NFKC", "".join(mapped))
    refused = any(
        stringprep.in_table_c21_c22(c) or stringprep.in_table_c3(c) or stringprep.in_table_a1(c) for c in normal
    )
    return word if refused or not normal else normal.encode()


def postgresql_md5(word: bytes, stored: bytes) -> bytes | None:
    """`postgresql:ACCOUNT:md5…`: the account's name is the salt."""
    match = _POSTGRESQL.fullmatch(stored)
    return stored[: match.start(2)] + _digest("md5", word + match[1]).hex().encode() if match else None


def mysql_native(word: bytes, stored: bytes) -> bytes | None:
    """`*` and forty digits: SHA-1 of SHA-1 (mysql_native_password)."""
    if not _MYSQL.fullmatch(stored):
        return None
    return b"*" + _digest("sha1", _digest("sha1", word)).hex().upper().encode()


def tomcat(word: bytes, stored: bytes) -> bytes | None:
    """`tomcat:salt$iterations$digest` or `tomcat:digest`, in hexadecimal, of Tomcat's two credential handlers.

    Which one, and its algorithm, stand in server.xml; the digest's length tells the algorithm.
    """
    match = _TOMCAT.fullmatch(stored)
    algorithm = _BY_LENGTH.get(len(match[3])) if match else None
    if not match or not algorithm:
        return None
    salt, rounds = bytes.fromhex((match[1] or b"").decode()), int(match[2] or 1)
    made = _digest(algorithm, salt + word)  # MessageDigestCredentialHandler
    for _ in range(rounds - 1):
        made = hashlib.new(algorithm, made, usedforsecurity=False).digest()
    if salt and made.hex().encode() != match[3].lower():  # SecretKeyCredentialHandler
        made = hashlib.pbkdf2_hmac(algorithm, word, salt, rounds)
    text = made.hex().encode()
    return stored if text == match[3].lower() else stored[: match.start(3)] + text


def htdigest(word: bytes, stored: bytes) -> bytes | None:
    """`htdigest:user:realm:MD5` of Apache's mod_auth_digest."""
    match = _DIGEST.fullmatch(stored)
    return stored[: match.start(2)] + _digest("md5", match[1] + b":" + word).hex().encode() if match else None


def snmp_usm(word: bytes, stored: bytes) -> bytes | None:
    """`snmp:protocol:engine:key`: a key made of a passphrase and localised to an engine. Source: RFC 3414, A.2."""
    match = _SNMP.fullmatch(stored)
    if not match or not word:
        return None
    algorithm, engine = match[1].decode(), bytes.fromhex(match[2].decode())
    key = _digest(algorithm, (word * (_EXPANDED // len(word) + 1))[:_EXPANDED])
    return stored[: match.start(3)] + _digest(algorithm, key + engine + key).hex().encode()


_FUNCTIONS: tuple[tuple[bytes, Function], ...] = (
    (b"$apr1$", apr1),
    (b"{SHA}", ldap_sha),
    (b"{SSHA}", ldap_sha),
    (b"mosquitto:", mosquitto),
    (b"#", redis),
    (b"SCRAM-SHA-256$", scram_sha_256),
    (b"postgresql:", postgresql_md5),
    (b"*", mysql_native),
    (b"tomcat:", tomcat),
    (b"htdigest:", htdigest),
    (b"snmp:", snmp_usm),
)


def _digest(algorithm: str, data: bytes) -> bytes:
    return hashlib.new(algorithm, data, usedforsecurity=False).digest()


def _base64(text: bytes) -> bytes:
    """What it holds; empty when it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return b""
