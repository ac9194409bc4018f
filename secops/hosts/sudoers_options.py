"""Defaults of sudoers: which of them sudo takes, and what they say of the policy as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from secops.hosts.sudoers import Policy
from secops.hosts.sudoers_answer import Answer, decides
from secops.hosts.sudoers_grammar import Member, Setting

#: Options of ours that are on or off, those with a text, of which some can be switched off, and lists.
_FLAGS = frozenset(
    {
        "authenticate", "noexec", "setenv", "targetpw", "rootpw", "runaspw", "intercept", "fqdn", "use_netgroups",
        "netgroup_tuple", "case_insensitive_user", "case_insensitive_group", "match_group_by_gid",
        "always_query_group_plugin", "sudoedit_follow", "sudoedit_checkdir", "env_reset",
    }
)  # fmt: skip
_OFF = frozenset({"exempt_group", "secure_path", "runchroot", "runcwd"})
_TEXTS = _OFF | {"runas_default", "group_plugin", "passwd_tries"}
_LISTS = frozenset({"env_keep", "env_check", "env_delete"})

#: What is asked for the whole policy, before anybody's request.
_OF_ALL = frozenset(
    {
        "fqdn", "use_netgroups", "netgroup_tuple", "case_insensitive_user", "case_insensitive_group",
        "match_group_by_gid", "group_plugin", "always_query_group_plugin",
    }
)  # fmt: skip


def taken(setting: Setting) -> bool:
    """Whether sudo takes a setting of these options; one that does not fit is warned of and left out."""
    if setting.name in _FLAGS:
        return setting.value is None
    if setting.name in _TEXTS:
        return setting.operator == "=" or (setting.negated and setting.name in _OFF)
    return setting.name in _LISTS and (setting.negated or setting.value is not None)


@dataclass(frozen=True)
class Switches:
    """How names are compared. `fqdn` None: as sudo was built. `plugin`: groups of users may be asked of a plugin."""

    fqdn: bool | None = None
    use_netgroups: bool = True
    netgroup_tuple: bool = False
    case_insensitive_user: bool = True
    case_insensitive_group: bool = True
    match_group_by_gid: bool = False
    always_query_group_plugin: bool = False
    plugin: bool = False


def switches(policy: Policy, is_here: Callable[[Member], Answer]) -> Switches:
    """The last setting of each that is for this host. `is_here` knows the host by the name that it gives itself."""
    found: dict[str, bool] = {}
    for setting in _here(policy, is_here):
        name = "plugin" if setting.name == "group_plugin" else setting.name
        found[name] = not setting.negated
    return Switches(**found)


def _here(policy: Policy, is_here: Callable[[Member], Answer]) -> Iterator[Setting]:
    for setting in policy.settings:
        if setting.name not in _OF_ALL or not taken(setting):
            continue
        if setting.scope == "global" or _is_for(policy, setting, is_here):
            yield setting


def _is_for(policy: Policy, setting: Setting, is_here: Callable[[Member], Answer]) -> bool:
    """Of what is not for all, or perhaps not for this host, it is said that it is not worked out."""
    answer: Answer = None
    if setting.scope == "host":
        answer = decides(list(policy.expand_scope(setting)), is_here)
    if answer is None:
        policy.fault(f"{setting.source}:{setting.line}: whether {setting.name} is set here is not known")
    return bool(answer)


def used(settings: Iterable[Setting], names: Iterable[str]) -> dict[str, list[tuple[int, Setting]]]:
    """The settings that sudo takes of some options, by name, each with its place among all."""
    found: dict[str, list[tuple[int, Setting]]] = {name: [] for name in names}
    for place, setting in enumerate(settings):
        if setting.name in found and taken(setting):
            found[setting.name].append((place, setting))
    return found
