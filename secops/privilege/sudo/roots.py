"""Where sudo lets the caller choose the root directory of a command (`sudo -R`): CHROOT and `runchroot`.

A command in a directory tree of the caller's own is the caller's own program, also with NOEXEC, and whoever is root
in there gets out. A directory to work in (CWD, `runcwd`) gives nothing like that: without it the command starts where
the caller is.
"""

from __future__ import annotations

from collections.abc import Mapping

from secops.core.content import Text
from secops.hosts.sudoers import Policy, Setting
from secops.hosts.tables import Row
from secops.privilege.accounts import Account
from secops.privilege.fits import Fit
from secops.privilege.places import OPEN, OWNED
from secops.privilege.sudo.commands import Request
from secops.privilege.sudo.defaults import Defaults
from secops.privilege.sudo.probes import Opening
from secops.privilege.sudo.sudo import Right

#: The first version that knows of it.
_SINCE = (1, 9, 3)

_CHOSEN = Text(
    "`sudo -R DIRECTORY`: the command of that name in a directory tree of the caller's own is run",
    "`sudo -R 目录`：运行调用者自备目录树中的同名程序",
)
_FIXED = Text(
    "the command is run in the root {}, in which the caller puts a program of that name",
    "命令以 {} 为根目录运行，调用者可在其中放入同名程序",
)
_OLDER = Text(": whether this sudo knows of it is not known (1.9.3 does)", "：该 sudo 版本是否支持未知（1.9.3 起支持）")
_UNSET = Text(": whether the setting is for this request is not known", "：该设置是否适用于此请求未知")


class Roots:
    """One host's answers. `users` are rows by name, `version` is sudo's, None when not known."""

    def __init__(
        self, policy: Policy, defaults: Defaults, users: Mapping[str, Row], version: tuple[int, ...] | None
    ) -> None:
        self._defaults, self._users, self._version = defaults, users, version
        fixed = {setting.value for setting in policy.settings if setting.name == "runchroot"}
        fixed |= {grant.options.get("CHROOT") for rule in policy.rules for grant in rule.grants}
        self.has_fixed = bool(fixed - {None, "*"})
        self.is_used = bool(fixed - {None}) and (version is None or version >= _SINCE)

    def opening(self, account: Account, request: Request, right: Right) -> Opening | None:
        """What the choice of a root opens by an entry."""
        if not self.is_used:
            return None
        root, by, sure = right.grant.options.get("CHROOT"), None, True
        if root is None:
            by, sure = self._set(account, request)
            root = by.value if by else None
        if not root or root.strip("/") == "":
            return None
        is_own = root == "*" or self._is_own(root, account)
        doubts = ((OWNED, not is_own), (_UNSET, not sure), (_OLDER, self._version is None))
        doubt = next((text for text, holds in doubts if holds), None)
        how = _CHOSEN if root == "*" else Text(_FIXED.en.format(root), _FIXED.zh.format(root))
        return Opening(Fit(None, "shell", how, exec=False), by=by, doubt=doubt)

    def _set(self, account: Account, request: Request) -> tuple[Setting | None, bool]:
        """The setting that decides; sudo 1.9.13 crashes where one of commands leaves the choice."""
        setting, sure = self._defaults.last("runchroot", account, request)
        crashes = setting is not None and setting.scope == "command" and setting.value == "*"
        return setting, sure and not crashes

    def _is_own(self, root: str, account: Account) -> bool:
        """Whether the directory is where anyone may make one, or in the home of who asks."""
        home = self._users.get(account.name, {}).get("home") or ""
        own = (f"{home.rstrip('/')}/",) if home.count("/") > 1 else ()
        return f"{root}/".startswith((*OPEN, *own))
