"""Who may pass a directory, start a program, open a file: modes and access control lists, as the kernel reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from secops.hosts.acl import Acl, Around, from_mode, parents
from secops.hosts.tables import Built, Row
from secops.privilege.accounts import Account
from secops.privilege.way import EVERYONE, View

READ, WRITE, EXECUTE = 4, 2, 1


@dataclass(frozen=True)
class Gate:
    """A file or directory, and the bit that is needed on it. `acl` is None when it has no list."""

    path: str
    uid: int
    gid: int
    mode: int
    bit: int
    acl: Acl | None = None

    @property
    def is_open(self) -> bool:
        """Whether every account passes, whatever its groups."""
        return all(self.mode >> shift & self.bit for shift in (0, 3, 6)) and not self.acl

    def lets(self, account: Account) -> bool:
        """Whether an account that is not root passes."""
        if account.uid is None:
            return bool(self.mode & self.bit)
        acl = self.acl or from_mode(self.mode)
        return bool(acl.allows(account.uid, account.gids, self.uid, self.gid) & self.bit)

    @property
    def list_matters(self) -> bool:
        """Whether a list could let somebody pass whom the mode does not: its mask stands in the group's bits."""
        return bool(self.mode >> 3 & self.bit) and not self.mode & self.bit


def gates(row: Row, bit: int, around: Around, built: Built) -> list[Gate]:
    """A file as a table has it, and the directories above it that not everybody may pass.

    `built` is told of each of which it is not known whom it lets.
    """
    path = row["path"]
    found = [Gate(path, row["uid"], row["gid"], int(row["mode"], 8), bit, around.acls.get(path))]
    for above in parents(path):
        if entry := around.entries.get(above):
            found.append(Gate(above, entry.uid, entry.gid, entry.mode, EXECUTE, around.acls.get(above)))
    for gate in found:
        if gate.path in around.unknown and gate.list_matters:
            built.lack(f"{gate.path}: whether an access control list opens it to others is not known")
    return found


def passers(view: View, way: Iterable[Gate]) -> Sequence[str]:
    """The accounts that pass all gates, without root's; `EVERYONE` alone when each known one does and others would."""
    shut = [gate for gate in way if not gate.is_open]
    names = [one.name for one in view.accounts.values() if one.uid != 0 and all(gate.lets(one) for gate in shut)]
    others = all(gate.mode & gate.bit for gate in shut)
    known = sum(one.uid != 0 for one in view.accounts.values())
    return [EVERYONE] if others and len(names) == known else names
