"""File capabilities: the kernel's `security.capability` attribute and the text of getcap, as one form."""

from __future__ import annotations

import re
import struct

#: capabilities(7), in bit order.
_LISTED = (
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service"
    " net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin"
    " sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override"
    " mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore"
)
NAMES = _LISTED.split()

# one clause of cap_to_text(3): `cap_net_raw=ep`, `=ep`, and the lone `=` that stands before the clauses of old getcaps
_CLAUSE = re.compile(r"[a-z0-9_,]*[=+-][eip]*")
_ROOT_ID = re.compile(r" \[rootid=\d{1,10}\]$")


def from_attribute(raw: bytes) -> list[str]:
    """The permitted and inheritable capabilities of the attribute (linux/capability.h, revisions 1 to 3), sorted."""
    words = [word for (word,) in struct.iter_unpack("<I", raw[4 : len(raw) // 4 * 4])][:4]
    pairs = zip(words[::2], words[1::2], strict=False)  # a cut attribute may end in the middle of a pair
    bits = sum((permitted | inheritable) << 32 * n for n, (permitted, inheritable) in enumerate(pairs))
    return sorted(f"cap_{NAMES[bit]}" if bit < len(NAMES) else f"cap_{bit}" for bit in range(64) if bits >> bit & 1)


def from_getcap(line: str) -> tuple[str, list[str]] | None:
    """(path, capabilities) of one line of getcap; None when it is none. `=ep`, that is all of them, gives `all`.

    `path = cap_net_raw+ep` before libcap 2.41, `path cap_net_raw=ep` since. Read from the right: a path may hold
    anything.
    """
    path = _ROOT_ID.sub("", line)
    clauses: list[str] = []
    while True:
        left, space, last = path.rpartition(" ")
        if not space or not _CLAUSE.fullmatch(last):
            break
        path, clauses = left, [last, *clauses]
    return (path, from_text(" ".join(clauses))) if path and clauses else None


def from_text(clauses: str) -> list[str]:
    """The capability names of cap_from_text(3) clauses, sorted."""
    names = set()
    for clause in clauses.split():
        listed = re.split("[=+-]", clause)[0]
        names |= set(listed.split(",")) if listed else {"all"} if clause != "=" else set()
    return sorted(names)
