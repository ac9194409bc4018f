"""What sshd's StrictModes makes of a file of keys: it is refused where others may write it, or a directory above."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from posixpath import dirname

from secops.hosts.listing import Entry
from secops.hosts.trusted.tree import Tree


@dataclass(frozen=True)
class StrictModes:
    """As sshd(8) looks: at what a path leads to, and at the directories above it, the home the last one.

    `alone`: groups with one member, and this one's uid.
    """

    tree: Tree
    alone: Mapping[int, int]

    def refuses(self, path: str, home: str, uid: int) -> bool | None:
        """Whether sshd refuses the file when it is asked for the account; None when not all of it was seen.

        A group that is the account's alone is no stranger to the sshd of Debian, and is to that of others: not known.
        """
        real, top = self.tree.leads_to(path), self.tree.leads_to(home)
        if real is None:
            return None
        answers = [None if entry is None else self._is_bad(entry, uid) for entry in self._looked_at(real, top)]
        return True if True in answers else None if None in answers else False

    def _looked_at(self, path: str, top: str | None) -> Iterator[Entry | None]:
        yield self.tree.entries.get(path)
        while path not in ("/", top):
            path = dirname(path)
            yield self.tree.entries.get(path)

    def _is_bad(self, entry: Entry, uid: int) -> bool | None:
        if entry.uid not in (0, uid) or entry.mode & 0o002:
            return True
        if not entry.mode & 0o020:
            return False
        return None if self.alone.get(entry.gid) == uid else True


def lone_members(accounts: Iterable[tuple[str, int, int]], groups: Iterable[tuple[int, str]]) -> dict[int, int]:
    """Groups with one member, and its uid: from (name, uid, gid) of accounts and (gid, members) of groups."""
    known = list(accounts)
    uids = {name: uid for name, uid, _ in reversed(known)}
    found: dict[int, set[int]] = {}
    for _, uid, gid in known:
        found.setdefault(gid, set()).add(uid)
    for gid, members in groups:
        found.setdefault(gid, set()).update(uids[name] for name in members.split(",") if name in uids)
    return {gid: next(iter(own)) for gid, own in found.items() if len(own) == 1}
