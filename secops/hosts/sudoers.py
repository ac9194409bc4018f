"""The sudoers language: files → policy (rules, Defaults, aliases), with every fault named.

`load` follows includes, `Policy.expand` resolves aliases. What sudo would refuse or skip becomes a fault, since then
the policy is not what its author wrote. Nothing here knows users or groups of a host.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from posixpath import basename, dirname, join, normpath

from secops.hosts.sudoers_grammar import AnyMember, Command, Grant, Member, Parser, Rule, Setting
from secops.hosts.sudoers_lexer import Line, SudoersError, logical_lines

__all__ = [
    "Answer", "Command", "Grant", "Member", "Policy", "Rule", "Setting", "TooLargeError", "decides", "is_host", "load",
]  # fmt: skip

#: sudo's own limit of nested includes, and ours for includes and for alias members looked at in all.
MAX_DEPTH = 128
MAX_INCLUDES = 1_000
MAX_STEPS = 1_000_000

_SCOPES = {"": "global", ":": "user", "@": "host", ">": "runas", "!": "command"}
_ALIAS_OF_SCOPE = {"user": "User_Alias", "host": "Host_Alias", "runas": "Runas_Alias", "command": "Cmnd_Alias"}


#: True, False, or None: it hangs on what is not known. None is never taken for a refusal.
Answer = bool | None


class TooLargeError(Exception):
    """The policy takes more steps to expand than `MAX_STEPS`."""


@dataclass
class Policy:
    """Rules and Defaults in the order sudo reads them: of several that match, the last one decides."""

    rules: list[Rule] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    aliases: dict[tuple[str, str], tuple[Member, ...]] = field(default_factory=dict)
    faults: dict[str, None] = field(default_factory=dict)  # ordered, each once
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


def load(files: Mapping[str, bytes], root: str, *, directories: Collection[str], host: str | None) -> Policy:
    """Read `root` and what it includes from `files` (content by path).

    `directories` are those whose every file is in `files` when it exists; `host` is the host's short name for `%h`.
    """
    policy = Policy()
    loader = _Loader(files, frozenset(directories), host, policy)
    loader.read(root, ())
    return policy


@dataclass
class _Loader:
    files: Mapping[str, bytes]
    directories: frozenset[str]
    host: str | None
    policy: Policy
    includes: int = 0

    def read(self, path: str, chain: tuple[str, ...]) -> None:
        for line in logical_lines(self.files[path]):
            where = f"{path}:{line.number}"
            try:
                if line.keyword.startswith("include"):
                    self._include(line, path, (*chain, path))
                else:
                    self._add(line, path)
                if line.error:
                    raise SudoersError(line.error)
            except SudoersError as error:
                self.policy.fault(f"{where}: {error}")

    def _add(self, line: Line, path: str) -> None:
        if line.error:
            return
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
        if target not in self.files:
            raise SudoersError(f"{target} is included but was not collected or does not exist")
        if target in chain or len(chain) > MAX_DEPTH or self.includes > MAX_INCLUDES:
            raise SudoersError(f"{target} is included in a loop or too often")
        self.read(target, chain)


def _is_read(name: str) -> bool:
    """Whether sudo reads a file of an included directory: not packages' leftovers, not editors' backups."""
    return "." not in name and not name.endswith("~")


def decides(members: Sequence[Member], matches: Callable[[Member], Answer]) -> Answer:
    """Whether a list holds: the last member that matches decides. None when it hangs on one that is not known."""
    doubt: set[Answer] = set()
    for member in reversed(members):
        match = matches(member)
        if match is False:
            continue
        answer = not member.negated
        if match:
            return None if doubt - {answer} else answer
        doubt.add(answer)
    return None if True in doubt else False


def is_host(member: Member, host: str | None, *, whole: bool = False) -> Answer:
    """Whether an entry stands for the host of this name; None when not known, as for networks and netgroups.

    An entry with a domain stands for the whole name, which sudo may have from the resolver. Where `host` has none, and
    that is not all of it (`whole`), one that begins with another name is of another host, and else it is not known.
    """
    if member.kind == "all":
        return True
    pattern = member.text.lower()
    if member.kind != "host" or host is None or len(pattern) > 255:
        return None
    name, label = host.lower(), pattern.partition(".")[0]
    if whole or "." in name:
        return fnmatchcase(name if "." in pattern else name.partition(".")[0], pattern)
    return fnmatchcase(name, label) and ("." not in pattern or None)
