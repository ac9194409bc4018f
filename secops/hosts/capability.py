"""File capabilities: the kernel's `security.capability` attribute and the text of getcap, as one form."""

from __future__ import annotations

import re
import struct
from collections.abc import Collection
from dataclasses import dataclass

#: capabilities(7), in bit order.
_LISTED = (
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service"
    " net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin"
    " sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override"
    " mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore"
)
NAMES = _LISTED.split()
_ALL = frozenset(f"cap_{name}" for name in NAMES)

# clauses of cap_to_text(3): `cap_net_raw=ep`, `=ep`, and the lone `=` that stands before the clauses of old getcaps;
# with -n getcap adds which uid is root where they count
_CLAUSES = re.compile(r"(?: [a-z0-9_,]*(?:[=+-][eip]*)+)+")
_CHANGE = re.compile(r"([=+-])([eip]*)")
_ROOT_ID = re.compile(r" \[rootid=(\d{1,10})\]$")

# linux/capability.h: the last revision holds the uid that is root where the capabilities count; bit 0: effective
_REVISION, _NAMESPACED, _EFFECTIVE = 0xFF000000, 0x03000000, 1


@dataclass(frozen=True)
class FileCapabilities:
    """The capabilities of one file, sorted; a set of all of them is `["all"]`.

    `permitted` are those that whoever starts the file gets on the host itself: not what only a process that has it
    inherits, and not what counts only in a user namespace (`names` holds these too). `effective`: they are in force
    from the start; else the program must raise them itself.
    """

    names: list[str]
    permitted: list[str]
    effective: bool


def from_attribute(raw: bytes) -> FileCapabilities:
    """What the attribute says (revisions 1 to 3); of a cut one what is whole."""
    words = [word for (word,) in struct.iter_unpack("<I", raw[: len(raw) // 4 * 4])]
    head, pairs, root = (words[0] if words else 0), words[1:5], words[5:6]
    permitted = _bits(pairs[: len(pairs) // 2 * 2 : 2])
    inheritable = _bits(pairs[1::2])
    elsewhere = head & _REVISION == _NAMESPACED and root != [0]
    return _made(permitted, inheritable, bool(head & _EFFECTIVE), elsewhere=elsewhere)


def _bits(words: list[int]) -> set[str]:
    bits = sum(word << 32 * n for n, word in enumerate(words))
    return {f"cap_{NAMES[bit]}" if bit < len(NAMES) else f"cap_{bit}" for bit in range(64) if bits >> bit & 1}


def _made(permitted: set[str], inheritable: set[str], effective: bool, *, elsewhere: bool) -> FileCapabilities:
    mine = [] if elsewhere else _sorted(permitted)
    return FileCapabilities(_sorted(permitted | inheritable), mine, effective and bool(mine))


def _sorted(names: Collection[str]) -> list[str]:
    return ["all"] if names and set(names) >= _ALL else sorted(names)


def from_text(text: str) -> FileCapabilities | None:
    """What getcap prints after a path, or cap_to_text(3) says; None when it is something else."""
    root = _ROOT_ID.search(text)
    clauses = text[: root.start()] if root else text
    if not _CLAUSES.fullmatch(f" {clauses.strip()}"):
        return None
    flags: dict[str, set[str]] = {}
    for clause in clauses.split():
        for name in _named(re.split("[=+-]", clause)[0]):
            for change, letters in _CHANGE.findall(clause):
                _apply(flags.setdefault(name, set()), change, letters)
    permitted, inheritable = ({name for name, held in flags.items() if letter in held} for letter in "pi")
    effective = any("e" in held for held in flags.values())
    return _made(permitted, inheritable, effective, elsewhere=root is not None and int(root[1]) != 0)


def _named(listed: str) -> Collection[str]:
    """The capabilities of a clause: without a list, or with `all`, every one. A bit without a name is its number."""
    names = {f"cap_{name}" if name.isdigit() else name for name in listed.split(",") if name}
    return _ALL | names - {"all"} if not names or "all" in names else names


def _apply(held: set[str], change: str, letters: str) -> None:
    if change == "=":
        held.clear()
    if change == "-":
        held.difference_update(letters)
    else:
        held.update(letters)
