"""Who may pass a directory, start a program, open a file: modes and access control lists, as the kernel reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from secops.hosts.acl import Acl, Around, from_mode, parents
from secops.hosts.tables import Built, Row
from secops.privilege.accounts import Account
from secops.privilege.techniques import by_group
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
    def is_for_some(self) -> bool:
        """Whether more than the owner pass and less than all: a list's mask stands in the group's bits."""
        return bool(self.mode >> 3 & self.bit) and not self.mode & self.bit


class Access:
    """Who gets to the files of one answer. What is not known of one is told to `built`."""

    def __init__(self, view: View, around: Around, built: Built) -> None:
        self._accounts = [one for one in (*view.accounts.values(), *view.chosen.values()) if one.uid != 0]
        self._view, self._around, self._built = view, around, built
        self._known: dict[object, Sequence[str]] = {}

    def users(self, row: Row, bit: int) -> Sequence[str]:
        """The accounts that may use a file so, without root's; `EVERYONE` alone when all may, others than these too."""
        gates = [gate for gate in self._gates(row, bit) if not gate.is_open]
        for gate in gates:
            if gate.is_for_some and gate.path in self._around.unknown:
                self._built.lack(f"{gate.path}: whether an access control list opens it to others is not known")
            elif gate.is_for_some and self._may_hold_others(gate.gid):
                self._built.lack(f"{gate.path}: accounts of a directory may be among those whom it lets")
        like = tuple((gate.uid, gate.gid, gate.mode, gate.path if gate.acl else "") for gate in gates)
        if like not in self._known:
            self._known[like] = self._passers(gates)
        return self._known[like]

    def _may_hold_others(self, gid: int) -> bool:
        """Whether accounts of a directory may be in a group that is not as good as root anyhow."""
        return self._view.has_directory and gid != 0 and self._view.group_name(gid) not in by_group()

    def _gates(self, row: Row, bit: int) -> list[Gate]:
        """The file, and the directories above it that not everybody may pass."""
        path, around = row["path"], self._around
        found = [Gate(path, row["uid"], row["gid"], int(row["mode"], 8), bit, around.acls.get(path))]
        for above in parents(path):
            if entry := around.entries.get(above):
                found.append(Gate(above, entry.uid, entry.gid, entry.mode, EXECUTE, around.acls.get(above)))
        return found

    def _passers(self, gates: Sequence[Gate]) -> Sequence[str]:
        names = [one.name for one in self._accounts if all(gate.lets(one) for gate in gates)]
        lets_others = all(gate.mode & gate.bit for gate in gates)
        return [EVERYONE] if lets_others and len(names) == len(self._accounts) else names
