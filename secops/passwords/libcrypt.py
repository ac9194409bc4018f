"""The system's crypt(3), through ctypes: yescrypt, gost-yescrypt, scrypt, bcrypt, SHA-crypt, md5crypt, DES, …

What it knows differs between systems (musl has no yescrypt, Debian no `$sm3$`), so it is asked, never assumed.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

from secops.core.errors import CitywallError
from secops.core.i18n import _

#: libxcrypt, libxcrypt with glibc's old name, and the C library itself (musl).
_LIBRARIES = ("libcrypt.so.2", "libcrypt.so.1", None)

#: glibc's `struct crypt_data` is the largest: 131,232 bytes.
_WORK_AREA = 1 << 18


@cache
def crypt() -> Callable[[bytes, bytes], bytes | None]:
    """`crypt(word, setting)`: the hash, or what is no hash (None, `*0`, `*1`) when the setting is not understood.

    Not for several threads at once: it has one work area. Raises `CitywallError` where no library is found.
    """
    for name in _LIBRARIES:
        try:
            function = ctypes.CDLL(name).crypt_r
        except (OSError, AttributeError):
            continue
        function.restype = ctypes.c_char_p
        function.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p)
        area = ctypes.create_string_buffer(_WORK_AREA)
        return lambda word, setting: function(word, setting, area)
    raise CitywallError(_("no libcrypt on this machine"), hint=_("Install libxcrypt (Debian: libcrypt1)."))
