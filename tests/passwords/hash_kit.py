"""Hashes made by the system's own libcrypt, for tests."""

from __future__ import annotations

import ctypes

from secops.passwords.libcrypt import crypt

#: Prefix of each format and the cheapest cost its library allows, so that tests do not wait.
CHEAP = {
    "yescrypt": (b"$y$", 1),
    "gost-yescrypt": (b"$gy$", 1),
    "scrypt": (b"$7$", 6),
    "bcrypt": (b"$2b$", 4),
    "sha512crypt": (b"$6$", 1000),
    "sha256crypt": (b"$5$", 1000),
    "md5crypt": (b"$1$", 0),
    "descrypt": (b"", 0),
}


#: Public vector: https://github.com/cyclone-github/hashgen/pull/34
PUBLIC = b"$sm3$f7cUOinryhcuinh2$nHJ8D7ub2ah8ilksLL74QpOwxuWvBDqBsgMl0vsjuE6"


def make(algorithm: str, word: str, *, count: int | None = None) -> bytes:
    """A fresh hash of `word`. `count` is the cost; the cheapest when not given, 0 for the library's default."""
    prefix, cheapest = CHEAP[algorithm]
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt_gensalt_rn.restype = ctypes.c_char_p
    library.crypt_gensalt_rn.argtypes = (
        ctypes.c_char_p,
        ctypes.c_ulong,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_int,
    )
    area = ctypes.create_string_buffer(400)
    setting = library.crypt_gensalt_rn(prefix, cheapest if count is None else count, None, 0, area, 400)
    made = crypt()(word.encode(), setting)
    assert made
    assert not made.startswith(b"*")
    return made
