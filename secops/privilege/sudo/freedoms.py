"""What an entry of sudo leaves to the caller besides the command: its environment, and the root it runs in.

Whoever chooses these is as good as the target, whatever the command is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from secops.core.content import Text
from secops.hosts.sudoers import Answer, Command, Policy
from secops.hosts.tables import Row
from secops.privilege.accounts import Account
from secops.privilege.fits import Fit
from secops.privilege.patterns import is_wild
from secops.privilege.sudo.commands import Request, both_names
from secops.privilege.sudo.environment import Environment, Passed
from secops.privilege.sudo.names import Group, Names
from secops.privilege.sudo.probes import ABSENT, ANY, Opening, Probe, programs
from secops.privilege.sudo.roots import Roots
from secops.privilege.sudo.sudo import Right, Sudo
from secops.privilege.sudo.variables import SYSTEM, Variable, environment
from secops.privilege.way import View

_UNSEEN = Text(": whether the program's file is SUID or SGID was not seen", "：未能查看该程序文件是否为 SUID 或 SGID")
_UNSET = Text(": whether sudo lets the variable through here is not known", "：sudo 在此是否放行该变量未知")


@dataclass(frozen=True)
class _File:
    """A command's program; `is_pattern` when it is not known which."""

    path: str
    is_pattern: bool


class Freedoms:
    """Asks one host's policy and files. `version` is sudo's, None when not known. Raises `TooLargeError`."""

    def __init__(self, view: View, policy: Policy, names: Names, sudo: Sudo, version: tuple[int, ...] | None) -> None:
        users = {row["user_name"]: row for row in view.rows("users")}
        self._environment = Environment(policy, names, sudo.defaults)
        self._roots = Roots(policy, sudo.defaults, users, version)
        self._gids: Mapping[str, int | None] = {name: row["gid"] for name, row in users.items()}
        files = view.tables["special_files"]
        self._special: Mapping[str, Row] = {row["path"]: row for row in files.rows if row["kind"] == "f"}
        self._is_seen = not files.problems[""]
        self._of_path = [one for one in environment().variables if "PATH" in one.names]
        self._files: dict[Command, _File] = {}

    @property
    def by_account(self) -> bool:
        """Whether accounts of whom the policy says the same may differ: a fixed root may be in the home of one."""
        return self._roots.has_fixed

    def probes(self, account: Account, right: Right, target: Account, group: Group | None = None) -> Iterator[Probe]:
        """What to ask of an entry for a target, and a group of choice, with what its freedoms open."""
        if not self.may_open(right):
            return
        command, file = right.command, self._file(right.command)
        words = tuple((command.arguments or "").replace("*", "x").split())
        as_user = group is None or target is not account
        request = Request(target, file.path, words, command.arguments, group, as_user)
        if opening := self._roots.opening(account, request, right):
            yield Probe(file.path, words, command.arguments, [opening])
        for opening in self._by_variable(account, request, right, file):
            yield Probe(file.path, words, command.arguments, [opening])

    def may_open(self, right: Right) -> bool:
        """Whether an entry leaves anything to anybody."""
        command = right.command
        if command.kind in ("edit", "list", "alias"):
            return False
        if self._roots.is_used or self._environment.lets("", right):
            return True
        works = (one.works_on(self._file(command).path, command.arguments) for one in self._of_path)
        return self._environment.lets("PATH", right) and any(answer is not False for answer in works)

    def _file(self, command: Command) -> _File:
        """The program; of those that a pattern takes in one that most systems have."""
        found = self._files.get(command)
        if found is None:
            found = self._files[command] = _file(command)
        return found

    def _by_variable(self, account: Account, request: Request, right: Right, file: _File) -> Iterator[Opening]:
        """One for each variable that gets through and works, or may."""
        is_plain = self._is_plain(request)
        for name, variable, passed in self._environment.passed(account, request, right):
            if file.path == ANY:
                works: Answer = variable.on == "linked"
            else:
                works = variable.works_on(file.path, request.pattern)
            if works is False or (is_plain is False and variable.on != "named"):
                continue
            doubts = (
                (ABSENT, file.is_pattern), (variable.doubt, works is None), (_UNSET, not passed.sure),
                (_UNSEEN, is_plain is None and variable.on == "linked"),
            )  # fmt: skip
            doubt = next((text for text, holds in doubts if holds), None)
            how = _how(name, variable, right.command, passed)
            yield Opening(Fit(None, variable.gives, how, variable.exec), by=passed.setting, doubt=doubt)

    def _is_plain(self, request: Request) -> Answer:
        """Whether the program starts with the target's rights alone: others make the linker forget its variables.

        Root that starts a SUID file of root, or one with capabilities, has these rights already.
        """
        rows = [row for path in both_names(request.command) if (row := self._special.get(path))]
        for row in rows:
            if row["is_script"]:
                continue
            gid = request.group.gid if request.group else self._gids.get(request.target.name)
            if row["setuid"] and row["uid"] != request.target.uid:
                return False
            if (row["setgid"] and row["gid"] != gid) or (row["capabilities"] and request.target.uid != 0):
                return False
        return True if self._is_seen or rows or request.command == ANY else None


def _file(command: Command) -> _File:
    if command.kind == "all":
        return _File(ANY, is_pattern=False)
    if command.kind == "path" and not is_wild(command.text):
        return _File(command.text, is_pattern=False)
    for path in programs(command):
        folder, _, name = path.rpartition("/")
        if folder in SYSTEM and name not in environment().static:
            return _File(path, is_pattern=False)
    return _File(command.text, is_pattern=True)


def _how(name: str, variable: Variable, command: Command, passed: Passed) -> Text:
    by = "SETENV, " if passed.tag else ""
    program = "…" if command.kind == "all" else command.text
    call = f"{by}`sudo {name}=… {program}`"
    return Text(f"{call}: {variable.how.en}", f"{call}：{variable.how.zh}")
