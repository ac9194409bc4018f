"""What is there and, as far as is known, is not run: who may change it does not get anything for certain."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from posixpath import basename, dirname

from secops.hosts.trusted import roles
from secops.hosts.trusted.places import COMPLETION, POLKITD, Place
from secops.hosts.trusted.stream import Seen
from secops.hosts.units import kind_of

#: Names that every cron and every run-parts takes, and what those take that take more: run-parts and cronie of the
#: RHEL family, and SUSE's.
_NAME = re.compile("[A-Za-z0-9_-]+")
_OTHER_NAME = re.compile(r"[^.].*(?<!~)(?<!\.swp)(?<!,v)(?<!\.rpmsave)(?<!\.rpmorig)(?<!\.rpmnew)(?<!\.cfsaved)")
_TAKE_MORE = frozenset({"rhel", "suse"})

#: Shells that read a start file by themselves, by what its name holds; any other is read by those of Bourne's kind.
_READERS: Mapping[str, frozenset[str]] = {
    ".z": frozenset({"zsh"}), "cshrc": frozenset({"csh", "tcsh"}), ".login": frozenset({"csh", "tcsh"}),
    ".logout": frozenset({"csh", "tcsh"}), "kshrc": frozenset({"ksh", "ksh93", "lksh"}), ".mkshrc": frozenset({"mksh"}),
    "fish": frozenset({"fish"}), ".bash": frozenset({"bash", "rbash"}),
    ".profile": frozenset({"sh", "bash", "rbash", "dash", "ash", "ksh", "ksh93", "mksh", "lksh"}),
}  # fmt: skip

#: Roles of files of which the names are asked too.
_NAMED = frozenset({roles.CRON_TABLE, roles.CRON_SCRIPT, roles.MOTD})


@dataclass(frozen=True)
class Idle:
    """What decides it on one host: its family, the shells of accounts, the scripts of init.d that a link starts."""

    seen: Seen
    family: str | None
    shells: Mapping[str, str]
    started: Collection[str]

    @cached_property
    def has_polkit(self) -> bool:
        return any(self.seen.tree.leads_to(path) for path in POLKITD)

    def is_run(self, place: Place, path: str, users: Sequence[str]) -> bool:
        """Whether something runs or reads what is at a place, as far as that hangs on its name, mode or a link."""
        if place.role is roles.POLKIT:
            return self.has_polkit
        if path.startswith("/etc/bash_completion.d"):
            return any(self.seen.tree.leads_to(reader) for reader in COMPLETION)
        if self._is_directory(path):
            return True
        if place.executed and not self._may(path):
            return False
        if self.family == "debian" and path in self.seen.unended:  # cron of Debian leaves such a file alone
            return False
        if place.role in _NAMED and dirname(path) != "/etc":
            return self._takes(path)
        if place.role is roles.BOOT_SCRIPT and dirname(path) == "/etc/init.d":
            return basename(path) in self.started and basename(path) not in self._services
        if place.role is roles.START_FILE:
            return any(self.shells.get(user, "") in _readers(path) for user in users)
        return True

    @cached_property
    def _services(self) -> frozenset[str]:
        """Names of the services that systemd has units for: it leaves scripts of these names alone."""
        names = (basename(path) for _, path in self.seen.places)
        return frozenset(name.removesuffix(".service") for name in names if kind_of(name) == "service")

    def _is_directory(self, path: str) -> bool:
        entry = self.seen.entries.get(self.seen.tree.leads_to(path) or "")
        return entry is not None and entry.kind == "d"

    def _may(self, path: str) -> bool:
        """Whether its mode says that it may be executed."""
        entry = self.seen.entries.get(self.seen.tree.leads_to(path) or "")
        return entry is None or bool(entry.mode & 0o111)

    def _takes(self, path: str) -> bool:
        """Whether cron, or run-parts, takes a file of this name."""
        more = self.family in _TAKE_MORE and _OTHER_NAME.fullmatch(basename(path))
        return bool(more or _NAME.fullmatch(basename(path)))


def _readers(path: str) -> frozenset[str]:
    own = path if "fish" in path else basename(path)
    return next((shells for mark, shells in _READERS.items() if mark in own), frozenset())
