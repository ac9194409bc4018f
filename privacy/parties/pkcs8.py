"""Encrypted PKCS#8 with scrypt (RFC 5958, 7914, 8018): the library reads it, but writes it with PBKDF2 alone.

scrypt needs memory for each guess, so that a stolen key file is not tried out on graphics cards.
"""

from __future__ import annotations

from base64 import b64encode
from secrets import token_bytes
from textwrap import fill

from secops.core.secret import Secret

#: Cost (N), block size (r), lanes (p) of scrypt: 128 MiB and about 0.4 s for each guess.
COST, BLOCK, LANES = 1 << 17, 8, 1

_INTEGER, _OCTETS, _OBJECT, _SEQUENCE = 0x02, 0x04, 0x06, 0x30
_PBES2 = bytes.fromhex("2a864886f70d01050d")  # 1.2.840.113549.1.5.13
_SCRYPT = bytes.fromhex("2b06010401da47040b")  # 1.3.6.1.4.1.11591.4.11
_AES_256_CBC = bytes.fromhex("60864801650304012a")  # 2.16.840.1.101.3.4.1.42


def encrypted(document: Secret[bytes], passphrase: Secret[bytes]) -> str:
    """A PKCS#8 document (DER) as PEM that only the passphrase opens."""
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    salt, iv = token_bytes(16), token_bytes(16)
    key = Scrypt(salt=salt, length=32, n=COST, r=BLOCK, p=LANES).derive(passphrase.reveal())
    numbers = b"".join(_der(_INTEGER, _integer(number)) for number in (COST, BLOCK, LANES))
    kdf = _der(_SEQUENCE, _der(_OBJECT, _SCRYPT), _der(_SEQUENCE, _der(_OCTETS, salt), numbers))
    cipher = _der(_SEQUENCE, _der(_OBJECT, _AES_256_CBC), _der(_OCTETS, iv))
    scheme = _der(_SEQUENCE, _der(_OBJECT, _PBES2), _der(_SEQUENCE, kdf, cipher))
    whole = _der(_SEQUENCE, scheme, _der(_OCTETS, _aes_cbc(key, iv, document.reveal())))
    body = fill(b64encode(whole).decode(), 64)
    return f"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{body}\n-----END ENCRYPTED PRIVATE KEY-----\n"


def _aes_cbc(key: bytes, iv: bytes, document: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    padding = 16 - len(document) % 16
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return cipher.update(document + bytes([padding]) * padding) + cipher.finalize()


def _der(tag: int, *parts: bytes) -> bytes:
    """One element; a key of 48 bytes never needs a length of more than one byte after the mark."""
    content = b"".join(parts)
    mark = b"" if len(content) < 0x80 else b"\x81"
    return bytes([tag]) + mark + bytes([len(content)]) + content


def _integer(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big")
