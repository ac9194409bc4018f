"""Options of sudoers in force for one request: Defaults for all, for hosts, users, targets and commands."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from operator import itemgetter

from secops.hosts.sudoers import Policy, Setting, is_host
from secops.hosts.sudoers_answer import ALLOW
from secops.hosts.sudoers_options import used
from secops.privilege.accounts import Account
from secops.privilege.sudo.commands import Request, command_key, command_keys, is_command
from secops.privilege.sudo.lists import Lists
from secops.privilege.sudo.names import Names

_NAMES = (
    "authenticate", "noexec", "intercept", "targetpw", "rootpw", "runaspw", "runas_default", "exempt_group",
    "sudoedit_follow", "sudoedit_checkdir", "setenv", "env_reset", "env_keep", "env_check", "env_delete", "secure_path",
    "runchroot", "runcwd", "passwd_tries",
)  # fmt: skip
#: What sudo reads before all others.
_EARLY = ("runas_default",)

_KINDS = {"user": "User_Alias", "runas": "Runas_Alias", "command": "Cmnd_Alias", "host": "Host_Alias"}

#: The scopes that sudo goes through together, with what is for all in the first.
_PASSES = (("user", "runas", "host"), ("command",))

#: A setting: its place among all, itself, and what its list comes to.
Found = tuple[int, Setting, int]


class Defaults:
    """Of the settings that match, the last one decides; those of commands come after all others."""

    def __init__(self, policy: Policy, names: Names) -> None:
        settings = used(policy.settings, _NAMES)
        early = {name: settings.pop(name) for name in _EARLY}
        self._late, self._early = _Scoped(policy, names, settings), _Scoped(policy, names.early(), early)

    def flag(self, name: str, account: Account, request: Request, *, otherwise: bool = False) -> tuple[bool, bool]:
        """An option that is on or off, and whether that is sure."""
        setting, sure = self.last(name, account, request)
        return (otherwise if setting is None else not setting.negated), sure

    def text(self, name: str, account: Account, request: Request, otherwise: str) -> tuple[str, bool]:
        """An option with a text, and whether that is sure."""
        setting, sure = self.last(name, account, request)
        return (setting.value if setting and setting.value else otherwise), sure

    def last(self, name: str, account: Account, request: Request) -> tuple[Setting | None, bool]:
        """The setting of an option that decides, and whether that is sure."""
        return self._of(name).last(name, account, request)

    def takes_no_password(self, account: Account, request: Request) -> bool:
        """Whether sudo may refuse every password, as it lets nobody try one."""
        setting, _ = self.last("passwd_tries", account, request)
        return setting is not None and not (setting.value or "1").strip("0")

    def listed(self, name: str, account: Account, request: Request) -> Iterator[tuple[Setting, bool]]:
        """All settings of a list, in the order in which sudo takes them, and whether it surely does."""
        return self._of(name).all(name, account, request)

    def mark(self, account: Account) -> Hashable:
        """What tells accounts apart to whom different settings apply."""
        groups = (account.groups, account.gids) if self._late.has("exempt_group") else None
        return self._late.mark(account), self._early.mark(account), groups

    def _of(self, name: str) -> _Scoped:
        return self._early if name in _EARLY else self._late


class _Scoped:
    """Settings by their names, for all and for lists of users, targets and commands."""

    def __init__(self, policy: Policy, names: Names, settings: Mapping[str, Sequence[tuple[int, Setting]]]) -> None:
        self._policy, self._names = policy, names
        keys = {"user": names.key, "runas": names.key, "command": command_key, "host": lambda _: None}
        self._lists = {scope: Lists(policy, kind, keys[scope]) for scope, kind in _KINDS.items()}
        self._for_all: dict[str, list[Found]] = {}
        self._here: dict[int, int] | None = None
        self._for_some: dict[tuple[str, str], dict[int, list[tuple[int, Setting]]]] = {}
        for name, places in settings.items():
            for place, setting in places:
                self._add(name, place, setting)

    def _add(self, name: str, place: int, setting: Setting) -> None:
        if setting.scope == "global":
            self._for_all.setdefault(name, []).append((place, setting, ALLOW))
        else:
            number = self._lists[setting.scope].number(setting.members)
            self._for_some.setdefault((name, setting.scope), {}).setdefault(number, []).append((place, setting))

    def has(self, name: str) -> bool:
        return name in self._for_all or any(of == name for of, _ in self._for_some)

    def mark(self, account: Account) -> Hashable:
        return tuple(self._said("user", account, None).items()) if self._for_some else None

    def last(self, name: str, account: Account, request: Request) -> tuple[Setting | None, bool]:
        """The last setting that matches, and whether none that may match comes after it."""
        sure = True
        for scopes in _PASSES[::-1]:
            found = [one for scope in scopes for one in self._matching(name, scope, account, request)]
            if "user" in scopes:
                found += self._for_all.get(name, ())[-1:]  # those before it count no more
            self._policy.spend(len(found))
            for _, setting, said in sorted(found, key=itemgetter(0), reverse=True):
                if said == ALLOW:
                    return setting, sure
                sure = sure and not said & ALLOW
        return None, sure

    def all(self, name: str, account: Account, request: Request) -> Iterator[tuple[Setting, bool]]:
        """The settings that match, or may, in sudo's order."""
        for scopes in _PASSES:
            found = [one for scope in scopes for one in self._matching(name, scope, account, request)]
            if "user" in scopes:
                found += self._for_all.get(name, ())
            self._policy.spend(len(found))
            yield from (
                (setting, said == ALLOW) for _, setting, said in sorted(found, key=itemgetter(0)) if said & ALLOW
            )

    def _matching(self, name: str, scope: str, account: Account, request: Request) -> Iterator[Found]:
        settings = self._for_some.get((name, scope))
        if settings:
            for number, said in self._said(scope, account, request).items():
                for place, setting in settings.get(number, ()):
                    yield place, setting, said

    def _said(self, scope: str, account: Account, request: Request | None) -> dict[int, int]:
        if scope == "host":
            return self._said_here(account)
        if scope == "command" and request:
            return self._lists[scope].outcomes(command_keys(request), lambda member: is_command(member, request))
        of = request.target if scope == "runas" and request else account
        if scope == "runas" and request and request.group and request.group.gid not in of.gids:
            return {}  # sudo wants the group to be one of the target's
        return self._lists[scope].outcomes(self._names.keys(of), lambda member: self._names.is_user(member, of))

    def _said_here(self, account: Account) -> dict[int, int]:
        """What lists of hosts come to, for every account alike unless netgroups are asked for it too."""
        if self._here is None or self._names.host.by_user:
            host = self._names.host
            self._here = self._lists["host"].outcomes((), lambda member: is_host(member, host, account.name))
        return self._here
