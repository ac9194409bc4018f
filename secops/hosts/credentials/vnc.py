"""VNC: password files of 8 bytes a password, DES under a key that every copy of VNC holds."""

from __future__ import annotations

from collections.abc import Iterator

from secops.hosts.credentials.ciphers import des_decrypt
from secops.hosts.credentials.kind import Credential, Kind, UnreadableError
from secops.hosts.credentials.text import credential

_SERVICE = "vnc"

#: The bytes 23, 82, 107, 6, 35, 78, 88, 7 of VNC's vncauth.c, whose DES takes the bits of each byte backwards.
_KEY = bytes(int(f"{byte:08b}"[::-1], 2) for byte in (23, 82, 107, 6, 35, 78, 88, 7))

#: The second password, if there is one, only lets one watch.
_ACCOUNTS = ("full control", "view only")


def read(path: str, content: bytes) -> Iterator[Credential]:
    if len(content) not in (8, 16):
        raise UnreadableError("is no VNC password file of one or two passwords")
    for account, at in zip(_ACCOUNTS, range(0, len(content), 8), strict=False):
        password = des_decrypt(_KEY, content[at : at + 8]).rstrip(b"\0")
        yield credential(_SERVICE, path, None, account, password, "obfuscated")


KIND = Kind(
    _SERVICE,
    (
        "~/.vnc/passwd",
        "~/.config/tigervnc/passwd",
        "~/.x11vnc/passwd",
        "/etc/vnc/passwd",
        "/etc/vncpasswd",
        "/etc/tigervnc/passwd",
        "/etc/x11vnc.pass",
    ),
    read,
)
