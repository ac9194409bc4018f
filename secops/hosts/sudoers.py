"""The sudoers language: files → policy (rules, Defaults, aliases), with every fault named.

`load` follows includes, `Policy.expand` resolves aliases. What sudo would refuse or skip becomes a fault, since then
the policy is not what its author wrote. Nothing here knows users or groups of a host.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from posixpath import basename, dirname, join, normpath

from secops.hosts.sudoers_answer import Answer, decides
from secops.hosts.sudoers_grammar import AnyMember, Command, Grant, Member, Parser, Rule, Setting
from secops.hosts.sudoers_host import Host, is_host
from secops.hosts.sudoers_lexer import logical_lines
from secops.hosts.sudoers_tokens import Line, SudoersError

__all__ = [
    "Answer", "Command", "Grant", "Host", "Member", "Policy", "Rule", "Setting", "TooLargeError", "decides", "is_host",
    "load",
]  # fmt: skip

#: sudo's own limit of nested includes, and ours for includes and for alias members looked at in all.
MAX_DEPTH = 128
MAX_INCLUDES = 1_000
MAX_STEPS = 1_000_000

_SCOPES = {"": "global", ":": "user", "@": "host", ">": "runas", "!": "command"}
_ALIAS_OF_SCOPE = {"user": "User_Alias", "host": "Host_Alias", "runas": "Runas_Alias", "command": "Cmnd_Alias"}


class TooLargeError(Exception):
    """The policy takes more steps to expand than `MAX_STEPS`."""


@dataclass
class Policy:
    """Rules and Defaults in the order sudo reads them: of several that match, the last one decides.

    They and the aliases are not to be changed: policies that were read from the same files share them.
    """

    rules: list[Rule] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    aliases: dict[tuple[str, str], tuple[Member, ...]] = field(default_factory=dict)
    faults: dict[str, None] = field(default_factory=dict)  # ordered, each once
    broken: bool = False  # a line does not parse: sudo before 1.9.3 refuses all of it
    steps: int = 0

    def fault(self, reason: str) -> None:
        self.faults[reason] = None

    def spend(self, steps: int = 1) -> None:
        """Count work. Raises `TooLargeError` when a policy explodes."""
        self.steps += steps
        if self.steps > MAX_STEPS:
            raise TooLargeError(f"the policy takes more than {MAX_STEPS} steps to expand")

    def expand(self, members: Sequence[AnyMember], kind: str) -> Iterator[AnyMember]:
        """The members with aliases of `kind` replaced by what they hold, negation carried inward, order kept.

        An alias that is not defined stands for a name of its own, as in sudo; a command by that name is none at all.
        Raises `TooLargeError`.
        """
        stack: list[tuple[str, bool, Iterator[AnyMember]]] = [("", False, iter(members))]
        active: set[str] = set()
        while stack:
            name, negated, rest = stack[-1]
            member = next(rest, None)
            if member is None:
                stack.pop()
                active.discard(name)
                continue
            self.spend()
            inner = self.aliases.get((kind, member.text)) if member.kind == "alias" else None
            if inner is not None and member.text not in active:
                active.add(member.text)
                stack.append((member.text, negated ^ member.negated, iter(inner)))  # type: ignore[arg-type]
                continue
            if member.kind == "alias":
                name = f"{kind} {member.text}"
                self.fault(f"{name} is not defined" if inner is None else f"{name} is defined by itself")
                if isinstance(member, Command):
                    continue
                member = replace(member, kind="host" if kind == "Host_Alias" else "user")
            yield replace(member, negated=not member.negated) if negated else member

    def expand_scope(self, setting: Setting) -> Iterator[Member]:
        """The members a Defaults entry is for; none for a global one. Raises `TooLargeError`."""
        return self.expand(setting.members, _ALIAS_OF_SCOPE.get(setting.scope, ""))


def load(
    files: Mapping[str, bytes],
    root: str,
    *,
    directories: Collection[str],
    host: str | None,
    refused: Collection[str] = (),
) -> Policy:
    """Read `root` and what it includes from `files` (content by path).

    `directories` are those whose every file is in `files` when it exists; `host` is the host's short name for `%h`.
    Files that are `refused` are left out, as sudo does.
    """
    read = _read(tuple(sorted(files.items())), root, frozenset(directories), host, frozenset(refused))
    return replace(read, faults=dict(read.faults))


@lru_cache(maxsize=4)  # one policy serves several tables, and often many hosts
def _read(
    files: tuple[tuple[str, bytes], ...],
    root: str,
    directories: frozenset[str],
    host: str | None,
    refused: frozenset[str],
) -> Policy:
    policy = Policy()
    try:
        _Loader(dict(files), directories, host, policy, refused).read(root, ())
    except _UnendedError as error:
        policy = Policy(broken=True)
        policy.fault(str(error))
    return policy


class _UnendedError(Exception):
    """The policy ends inside an entry: sudo takes nothing of it."""


@dataclass
class _Loader:
    files: Mapping[str, bytes]
    directories: frozenset[str]
    host: str | None
    policy: Policy
    refused: Collection[str]
    includes: int = 0

    def read(self, path: str, chain: tuple[str, ...]) -> None:
        for line in logical_lines(self.files[path]):
            where = f"{path}:{line.number}"
            if line.open:
                self._unended(where, is_main=not chain)
                return
            try:
                if line.keyword.startswith("include"):
                    self._include(line, path, (*chain, path))
                else:
                    self._add(line, path)
            except SudoersError as error:
                self._broken(f"{where}: {error}")

    def _broken(self, fault: str) -> None:
        self.policy.broken = True
        self.policy.fault(fault)

    def _unended(self, where: str, *, is_main: bool) -> None:
        if is_main:
            raise _UnendedError(f"{where}: the file ends in a continued line: sudo refuses the whole policy")
        self._broken(f"{where}: the file ends in a continued line")

    def _add(self, line: Line, path: str) -> None:
        parser = Parser(line.tokens)
        if line.keyword.endswith("_Alias"):
            for alias in parser.aliases(line.keyword):
                if (alias.kind, alias.name) in self.policy.aliases:
                    raise SudoersError(f"{alias.kind} {alias.name} is already defined")
                self.policy.aliases[alias.kind, alias.name] = alias.members
        elif line.keyword.startswith("Defaults"):
            self.policy.settings.extend(parser.settings(_SCOPES[line.keyword[len("Defaults") :]], path, line.number))
        else:
            self.policy.rules.extend(parser.rules(path, line.number))
            for fault in parser.faults:
                self._broken(f"{path}:{line.number}: {fault}")

    def _include(self, line: Line, path: str, chain: tuple[str, ...]) -> None:
        if not line.tokens or line.tokens[0].kind != "word":
            raise SudoersError("include without a path")
        target = line.tokens[0].text
        if "%h" in target:
            if not self.host:
                raise SudoersError(f"{target} is included, but the host's name is not known")
            target = target.replace("%h", self.host.replace("/", "_"))
        target = normpath(join(dirname(path), target))
        if line.keyword == "include":
            self._follow(target, chain)
        elif target not in self.directories:
            raise SudoersError(f"files of {target} are included but were not collected")
        else:
            for name in sorted(name for name in self.files if dirname(name) == target and _is_read(basename(name))):
                self._follow(name, chain)
        if line.tokens[1:]:
            raise SudoersError("text after an include")

    def _follow(self, target: str, chain: tuple[str, ...]) -> None:
        self.includes += 1
        if target in self.refused:
            return
        if target not in self.files:
            raise SudoersError(f"{target} is included but was not collected or does not exist")
        if target in chain or len(chain) > MAX_DEPTH or self.includes > MAX_INCLUDES:
            raise SudoersError(f"{target} is included in a loop or too often")
        self.read(target, chain)


def _is_read(name: str) -> bool:
    """Whether sudo reads a file of an included directory: not packages' leftovers, not editors' backups."""
    return "." not in name and not name.endswith("~")
