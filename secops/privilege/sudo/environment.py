"""Which variables of the caller sudo hands to a command: SETENV and setenv, env_reset and its lists, secure_path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from secops.hosts.sudoers import Answer, Policy, Setting
from secops.hosts.sudoers_answer import both
from secops.privilege.accounts import Account
from secops.privilege.sudo.commands import Request
from secops.privilege.sudo.defaults import Defaults
from secops.privilege.sudo.names import Names
from secops.privilege.sudo.sudo import Right
from secops.privilege.sudo.variables import Variable, environment, is_named

_LISTS = ("env_keep", "env_check", "env_delete")
_OWN_DIRECTORY = (None, "", "*")


@dataclass(frozen=True)
class Passed:
    """How a variable gets through: by the rule's own `tag`, by a `setting`, or by what sudo does on its own."""

    sure: bool
    setting: Setting | None = None
    tag: bool = False


#: The entries of one of sudo's lists: whether each is surely there, and what put it there (None: sudo itself).
_List = Mapping[str, tuple[bool, Setting | None]]


#: The settings of a list that are for a request, and whether they surely are.
_Settings = tuple[tuple[Setting, bool], ...]

#: What the settings say to one request: env_reset, the three lists, whether PATH and the directory are the caller's.
_State = tuple[tuple[Setting | None, Answer], _Settings, _Settings, _Settings, Answer, Answer]


@dataclass(frozen=True)
class _Lists:
    """What decides over variables for one request. `here`: the command starts where the caller is."""

    reset: tuple[Setting | None, Answer]
    keep: _List
    check: _List
    delete: _List
    path: Answer  # whether PATH is the caller's
    here: Answer

    def passed(self, name: str, variable: Variable) -> Passed | None:
        keep, keeper = _has(self.keep, name)
        check, checker = _has(self.check, name)
        harmless = both(variable.checked, self.here)
        by, on = self.reset
        deleted = _has(self.delete, name, whole=True)[0]
        let = _either(on, _either(check, harmless, keep), _either(check, harmless, _not(deleted)))
        let = both(let, self.path) if name == "PATH" else let
        if let is False:
            return None
        return Passed(let is True, by if on is False else checker if check is not False else keeper)


class Environment:
    """A policy's answers about variables. Raises `TooLargeError` as the policy does."""

    def __init__(self, policy: Policy, names: Names, defaults: Defaults) -> None:
        self._policy, self._names, self._defaults = policy, names, defaults
        variables = {name for one in environment().variables for name in one.names}
        self._is_open = any(_opens(setting, variables) for setting in policy.settings)
        paths = [setting for setting in policy.settings if setting.name == "secure_path"]
        always = any(setting.scope == "global" for setting in paths) and not any(setting.negated for setting in paths)
        exempt = any(setting.name == "exempt_group" for setting in policy.settings)
        self._known: dict[_State, list[tuple[str, Variable, Passed]]] = {}
        self._fixes_path = always and not exempt

    def passed(self, account: Account, request: Request, right: Right) -> list[tuple[str, Variable, Passed]]:
        """The variables that get through by an entry, with what they do."""
        setting, sure = self._setenv(account, request, right)
        if sure is not False:
            passed = Passed(bool(sure), setting, tag=setting is None)
            return [(name, one, passed) for one in environment().variables for name in one.names]
        asked = [(name, one) for one in environment().variables for name in one.names if self._may(name)]
        if not asked:
            return []
        state = self._state(account, request, right)
        if state not in self._known:
            lists = self._lists(state)
            self._known[state] = [(name, one, found) for name, one in asked if (found := lists.passed(name, one))]
        return self._known[state]

    def lets(self, name: str, right: Right) -> bool:
        """Whether a variable may get through by an entry at all, whoever asks."""
        command = right.grant.command
        implied = command.kind == "all" and not command.negated
        return right.grant.tags.get("SETENV", implied) or self._may(name)

    def _may(self, name: str) -> bool:
        return self._is_open or (name == "PATH" and not self._fixes_path)

    def _setenv(self, account: Account, request: Request, right: Right) -> tuple[Setting | None, Answer]:
        """Whether any variable gets through, and the setting by which; None by the rule itself."""
        tag = right.grant.tags.get("SETENV")
        if tag is not None:
            return None, tag
        if right.grant.command.kind == "all" and not right.grant.command.negated:
            return None, True
        setting, sure = self._defaults.last("setenv", account, request)
        on = setting is not None and not setting.negated
        if not sure and not on:
            setting = next((one for one in self._policy.settings if one.name == "setenv" and not one.negated), None)
            return setting, None if setting else False
        return setting, on if sure else None

    def _state(self, account: Account, request: Request, right: Right) -> _State:
        setting, sure = self._defaults.last("env_reset", account, request)
        reset: Answer = (setting is None or not setting.negated) if sure else None
        if reset is None:
            setting = next((s for s in self._policy.settings if s.name == "env_reset" and s.negated), setting)
        keep, check, delete = (tuple(self._defaults.listed(name, account, request)) for name in _LISTS)
        path, here = self._own_path(account, request), self._here(account, request, right)
        return (setting, reset), keep, check, delete, path, here

    def _lists(self, state: _State) -> _Lists:
        reset, keep, check, delete, path, here = state
        own = environment()
        return _Lists(
            reset,
            self._list(own.kept, keep),
            self._list(own.vetted, check),
            self._list(own.removed, delete),
            path,
            here,
        )

    def _list(self, own: Iterable[str], settings: _Settings) -> _List:
        """A list as the settings leave it, read in sudo's order."""
        found: dict[str, tuple[bool, Setting | None]] = dict.fromkeys(own, (True, None))
        for setting, sure in settings:
            words = [] if setting.negated else (setting.value or "").split()
            self._policy.spend(len(words) + 1)
            if setting.negated or setting.operator == "=":
                found = {} if sure else {one: (known and one in words, by) for one, (known, by) in found.items()}
            if setting.operator == "-=":
                gone = {one: (False, found[one][1]) for one in words if one in found}
                found = {one: told for one, told in found.items() if one not in gone} | ({} if sure else gone)
            else:
                found |= {one: (sure, setting) for one in words if not found.get(one, (False,))[0]}
        return found

    def _own_path(self, account: Account, request: Request) -> Answer:
        setting, sure = self._defaults.last("secure_path", account, request)
        fixed = bool(setting and setting.value and not setting.negated)
        if not fixed or not sure:
            return None  # sudo may have been built with one
        group = self._defaults.text("exempt_group", account, request, "")[0]
        return self._names.is_member(group, account) if group else False

    def _here(self, account: Account, request: Request, right: Right) -> Answer:
        """Whether the command starts in the caller's directory: a fixed one may be the caller's too."""
        directory = right.grant.options.get("CWD") or self._defaults.text("runcwd", account, request, "")[0]
        return True if directory in _OWN_DIRECTORY else None


def _opens(setting: Setting, names: Iterable[str]) -> bool:
    """Whether a setting may let one of the variables through that sudo would keep back."""
    if setting.name == "env_reset":
        return setting.negated
    if setting.name == "setenv":
        return not setting.negated
    if setting.name not in ("env_keep", "env_check") or setting.operator == "-=":
        return False
    return any(is_named(word, name) for word in (setting.value or "").split() for name in names if name != "PATH")


def _has(entries: _List, name: str, *, whole: bool = False) -> tuple[Answer, Setting | None]:
    """Whether a list takes a variable in, and the setting by which it does."""
    found = [told for pattern, told in entries.items() if is_named(pattern, name, whole=whole)]
    sure, setting = max(found, key=lambda told: told[0], default=(False, None))
    return (True if sure else None) if found else False, setting


def _not(answer: Answer) -> Answer:
    return None if answer is None else not answer


def _either(which: Answer, one: Answer, other: Answer) -> Answer:
    """The first where it is so, else the other; None where that decides and is not known."""
    if which is None:
        return one if one == other else None
    return one if which else other
