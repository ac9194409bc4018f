"""Whom the entries of sudoers stand for: users, groups, netgroups, compared as the policy wants it."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from secops.hosts.sudoers import Answer, Host, Member
from secops.hosts.sudoers_options import Switches
from secops.hosts.sudoers_patterns import fold
from secops.privilege.accounts import Account

_LONGEST_ID = 20  # digits, with zeros before it


class Group(NamedTuple):
    """A group that a command may be run as. `gid` None: a directory has it."""

    name: str
    gid: int | None


@dataclass(frozen=True)
class Names:
    """How names are compared. `gids`: of the host's groups by name, the first of each."""

    host: Host = field(default_factory=Host)
    switches: Switches = field(default_factory=Switches)
    gids: Mapping[str, int] = field(default_factory=dict)

    def early(self) -> Names:
        """As names are compared where the policy's own wishes are not known yet: for `runas_default`."""
        found = self.switches
        plain = Switches(match_group_by_gid=found.match_group_by_gid, plugin=found.plugin)
        return replace(self, host=replace(self.host, use_netgroups=True, by_user=False), switches=plain)

    def is_user(self, member: Member, account: Account) -> Answer:
        """Whether an entry of a list of users or of targets stands for the account.

        One without a number is only known by name: numbers of the policy that nobody here has are told on their own.
        """
        match member.kind:
            case "all":
                return True
            case "user":
                return self._user(member.text) == self._user(account.name)
            case "uid":
                return account.uid is not None and _number(member.text[1:]) == account.uid
            case "gid":
                return _is_id(member.text[2:], account.gids)
            case "group":
                return self.is_member(member.text[1:], account)
            case "netgroup":
                return self.host.holds_user(member.text, account.name)
        return None if self.switches.plugin else False  # a group of a plugin, that is not there

    def is_member(self, group: str, account: Account) -> Answer:
        """Whether the account is in a group of this name, or `#number`."""
        if group.startswith("#"):
            return _is_id(group[1:], account.gids)
        if self.switches.match_group_by_gid:
            found = self.gids[group] in account.gids if group in self.gids else group in account.groups
        else:
            found = self._group(group) in map(self._group, account.groups)
        asked = self.switches.plugin and self.switches.always_query_group_plugin
        return None if asked and not found else found

    def is_group(self, member: Member, group: Group) -> Answer:
        """Whether an entry of a list of groups to choose stands for the group."""
        match member.kind:
            case "all":
                return True
            case "uid":
                return None if group.gid is None else _is_id(member.text[1:], {group.gid})
        return self._group(member.text) == self._group(group.name)

    def key(self, member: Member) -> Hashable:
        """What a subject must have for the entry to stand for it; None when that cannot be said."""
        match member.kind:
            case "user":
                return "user", self._user(member.text)
            case "uid":
                return "uid", _number(member.text[1:])
            case "group" if not self.switches.match_group_by_gid and not self.switches.plugin:
                return "group", self._group(member.text[1:])
            case "gid":
                return "gid", _number(member.text[2:])
        return None

    def keys(self, account: Account) -> Iterator[Hashable]:
        """What the account has, of these."""
        yield "user", self._user(account.name)
        yield "uid", account.uid
        yield from (("group", self._group(group)) for group in account.groups)
        yield from (("gid", gid) for gid in account.gids)

    def group_key(self, member: Member) -> Hashable:
        """As `key`, of a list of groups to choose."""
        if member.kind == "user":
            return "group", self._group(member.text)
        return ("gid", _number(member.text[1:])) if member.kind == "uid" else None

    def group_keys(self, group: Group) -> Iterator[Hashable]:
        yield "group", self._group(group.name)
        yield "gid", group.gid

    def _user(self, name: str) -> str:
        return fold(name) if self.switches.case_insensitive_user else name

    def _group(self, name: str) -> str:
        return fold(name) if self.switches.case_insensitive_group else name


def _number(text: str) -> int | None:
    """An id as written; None for what is none, or too long to be one: it is nobody's."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_ID else None


def _is_id(text: str, ids: Collection[int]) -> bool:
    number = _number(text)
    return number is not None and number in ids
