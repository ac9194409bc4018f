"""Groups that an entry lets an account choose for a command (`sudo -g`): as good as root, or a step to what they may.

Who runs a shell with a group may do what its members may, and ask sudo and doas again as one of them. Such a group is
an account of its own, by the name of `step`: its ways are looked for as those of accounts are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from secops.core.content import Text
from secops.hosts.sudoers import Policy
from secops.privilege.accounts import Account
from secops.privilege.sudo.names import Group
from secops.privilege.sudo.sudo import Right
from secops.privilege.way import STEP

#: The number of an account that none has.
_NOBODY = -1


def step(group: Group) -> Account:
    """The account that a group is as a step."""
    gids = frozenset(() if group.gid is None else {group.gid})
    return Account(f"{STEP}{group.name}", _NOBODY, frozenset({group.name}), gids)


def choosable(policy: Policy, right: Right, known: Mapping[str, Group], account: Account) -> Iterator[Group]:
    """The groups of a host that an entry may let an account choose, and that it is not in; sudo decides."""
    wanted = dict[str, None]()
    by_gid = {str(group.gid): name for name, group in reversed(list(known.items()))}
    for member in policy.expand(right.grant.runas_groups or (), "Runas_Alias"):
        if member.kind == "all" or member.negated:
            wanted |= dict.fromkeys(known)  # of what is left when some are taken away sudo says more
        else:
            wanted[by_gid.get(member.text[1:], "") if member.kind == "uid" else member.text] = None
    policy.spend(len(wanted))
    yield from (known[name] for name in wanted if name in known and known[name].gid not in account.gids)


def how_with(group: Group, how: Text) -> Text:
    return Text(f"`sudo -g {group.name}`: {how.en}", f"`sudo -g {group.name}`：{how.zh}")


#: What a group gives that is none of groups.yml.
RIGHTS = Text("commands run with the group's rights", "命令以该组的权限运行")
