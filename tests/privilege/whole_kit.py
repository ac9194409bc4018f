"""Evidence of a host where nothing but accounts and policies is special, so that every kind of way is decided."""

from __future__ import annotations

from tests.hosts.evidence_kit import Content

_ROOT = b"x41ed\x000\x000\x000\x000\x00/\x00\x00\x00"  # the record of a root directory

WHOLE: dict[str, Content] = {
    "walk": b"END\0",
    "control_sockets": _ROOT + b"LISTEN\0\0BLOCK\0\0END\0",
    "trusted_paths": _ROOT + b"Z\0",
    "mountinfo": {"/proc/self/mountinfo": "1 0 0:30 / / rw - tmpfs tmpfs rw\n"},
}
