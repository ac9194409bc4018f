"""What to ask sudo of an entry, to see whether it still holds, and what each answer would open: `rules/privilege/`."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import msgspec

from secops.core.content import Text
from secops.hosts.sudoers import Command, Setting
from secops.privilege.accounts import Account
from secops.privilege.files import Ground
from secops.privilege.fits import Fit, fits, of_file, of_technique, takes, tries
from secops.privilege.lines import example, plain
from secops.privilege.patterns import is_wild, matches_arguments
from secops.privilege.places import is_one, obeyed
from secops.privilege.sudo.commands import EDIT, Request, is_command
from secops.privilege.techniques import POWERS, Power, by_program, content, usable

#: Where programs are looked for that a directory or a wildcard takes in.
_FOLDERS = ("/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/")

#: What every system has, as POSIX wants it.
_EVERYWHERE = frozenset(
    ["sh", "env", "cat", "chmod", "chown", "cp", "dd", "head", "ln", "mv", "nice", "nohup", "sort", "tail", "tee"]
)

#: The plainest first: of programs that open as much, this one is told.
_PLAINEST = ("sh", "bash", "env", "cat", "tee", "cp")

#: A program that no rule names: what is allowed for it is allowed for all.
ANY = "/citywall/any-program"
#: Why it is not sure that a program is there.
ABSENT = Text(": whether there is a program that the pattern takes in is not known", "：是否存在与该模式匹配的程序未知")
_SOME = Text("a program there starts a shell or changes files", "其中的程序可启动 shell 或改写文件")
_NOBODY = Account("")
_EVERYTHING = Text("any command", "任意命令")
_LINKED = Text(
    "a link to any file in its place, which sudoedit follows", "将其替换为指向任意文件的链接，sudoedit 会跟随链接"
)
_STEM = re.compile(r"[\\?*\[\]^].*", re.DOTALL)


class _RootOnly(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    programs: list[str]
    but_for: list[str] = []


class _RootOnlyPrograms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    programs: list[_RootOnly]


@dataclass(frozen=True)
class Opening:
    """What a request gives when it is allowed. `followed`: only by a link that sudoedit follows.

    `by` is the setting that makes it so, None where the entry does. `doubt`: what is not known, as said after a place.
    """

    fit: Fit
    followed: bool = False
    by: Setting | None = None
    doubt: Text | None = None


@dataclass(frozen=True)
class Probe:
    """A command with arguments, or whatever has arguments of a pattern, and what it opens, the strongest first."""

    command: str
    arguments: Sequence[str]
    pattern: str | None
    openings: Sequence[Opening]

    def request(self, target: Account) -> Request:
        return Request(target, self.command, self.arguments, self.pattern)


@dataclass(frozen=True)
class Known:
    """What is known of a host: its ground, the packages' names, accounts that arguments may name."""

    ground: Ground
    packages: frozenset[str]
    users: Sequence[str]

    def has(self, path: str) -> bool:
        """Whether a program is there: one of every system, or of the package that is called like it."""
        folder, _, program = path.rpartition("/")
        return folder in ("/usr/bin", "/usr/sbin") and (program in _EVERYWHERE or program in self.packages)


def probes(command: Command, known: Known) -> Iterator[Probe]:
    """What to ask of an entry's command on a host."""
    if command.kind == "all":
        yield Probe(ANY, (), None, _all())
    elif command.kind == "edit":
        yield from _edits(command, known.ground)
    else:
        is_named = command.kind == "path" and not is_wild(command.text)
        for path in programs(command):
            seen = is_named or known.has(path)
            yield from (_unseen(probe) if not seen else probe for probe in _of_program(path, command, known))


def _of_program(path: str, command: Command, known: Known) -> Iterator[Probe]:
    """What one program opens with the arguments of an entry: fixed ones, a pattern, and what a pattern takes."""
    program, arguments = known.ground.program(path), command.arguments
    fixed = None if arguments is None else plain(arguments)
    if arguments is None or fixed is not None:
        if found := _openings(fits(program, fixed, known.ground)):
            yield Probe(path, tuple((fixed or "").split()), arguments, found)
        return
    words = tuple(arguments.replace("*", "x").split())
    techniques = [one for one in usable(program, known.ground.majors) if takes(one, arguments)]
    if techniques:
        yield Probe(path, words, arguments, _openings(of_technique(program, one) for one in techniques))
    one = example(arguments)
    if matches_arguments(arguments, one) is not False and (found := _openings(fits(program, one, known.ground))):
        yield Probe(path, tuple(one.split()), None, found)
    for line, fit in tries(program, arguments, known.ground, known.users):
        yield Probe(path, tuple(line.split()), None, _openings([fit]))


def _openings(found: Iterable[Fit]) -> list[Opening]:
    return [Opening(fit) for fit in sorted(found, key=lambda fit: POWERS.index(fit.gives))]


def rank(opening: Opening) -> tuple[bool, int]:
    """What is sure comes first, and of that what opens most."""
    return opening.doubt is not None, POWERS.index(opening.fit.gives)


def plainness(probe: Probe) -> tuple[bool, int, int]:
    """What to ask first: as `rank` has it, and of the same the plainest program."""
    program = probe.openings[0].fit.program
    return *rank(probe.openings[0]), _PLAINEST.index(program) if program in _PLAINEST else len(_PLAINEST)


def _unseen(probe: Probe) -> Probe:
    """The same of a program that may not be there: which it is, is not said."""
    unsure = (replace(opening, fit=replace(opening.fit, program=None, how=_SOME)) for opening in probe.openings)
    return replace(probe, openings=[replace(opening, doubt=ABSENT) for opening in unsure])


@cache
def _all() -> Sequence[Opening]:
    return Opening(Fit(None, "shell", _EVERYTHING, exec=True)), Opening(Fit(None, "write", _EVERYTHING, exec=False))


def _edits(command: Command, ground: Ground) -> Iterator[Probe]:
    """Files to edit: any, or those that root obeys; then those that may be replaced by a link."""
    if command.arguments is None:
        yield Probe(EDIT, ("/etc/shadow",), None, _openings(fits(EDIT, None, ground)))
        return
    for path, how in _candidates(command.arguments):
        yield Probe(EDIT, path.split(), None, [Opening(Fit(EDIT, "write", how, exec=False))])
    for path in _trusted(command.arguments, ground):
        for user, how in ground.trusted_at(path).items():
            fit = Fit(EDIT, "write", of_file(path, how), exec=False, user=None if ground.is_root(user) else user)
            yield Probe(EDIT, (path,), None, [Opening(fit)])
    yield Probe(
        EDIT,
        command.arguments.split(),
        command.arguments,
        [Opening(Fit(EDIT, "write", _LINKED, exec=False), followed=True)],
    )


def _candidates(arguments: str) -> Iterator[tuple[str, Text]]:
    """Files that root obeys and that arguments may name: those that they are, or examples of what a pattern takes."""
    example = arguments.replace("*", "x").replace("?", "x")
    if not arguments.startswith("^"):
        for word in example.split():
            yield from ((example, how) for pattern, how in obeyed() if is_one(word, pattern))
    if is_wild(arguments) or arguments.startswith("^"):
        stem = "" if arguments.startswith("^") else _STEM.sub("", arguments)
        for pattern, how in obeyed():
            if pattern.startswith(stem) or stem.startswith(pattern.partition("*")[0]):
                yield pattern.replace("*", "x"), how


def _trusted(arguments: str, ground: Ground) -> Iterator[str]:
    """Files that somebody runs or reads on this host, of those that arguments may name."""
    if not (is_wild(arguments) or arguments.startswith("^")):
        yield from (word for word in arguments.split() if ground.trusted_at(word))
        return
    found = ground.files.trusted if ground.files else ()
    yield from (path for path in found if matches_arguments(arguments, path, edit=True) is True)


def programs(command: Command) -> Iterator[str]:
    """Paths of known programs that an entry's command takes in, whatever its arguments."""
    if command.kind == "path" and not is_wild(command.text):
        yield command.text
        return
    named = replace(command, arguments=None, digests=())
    stem = "" if command.kind == "regex" else _STEM.sub("", command.text)
    for path in _known(stem):
        if is_command(named, Request(_NOBODY, path)) is not False:
            yield path


def _known(stem: str) -> Sequence[str]:
    """Paths where programs that open something may be; those alone that begin so, by one of a merged /usr's names."""
    paths = _paths()
    if not stem or stem in ("/", "/usr", "/usr/"):
        return paths
    stem = stem if stem.startswith("/usr") or not f"/usr{stem}".startswith(("/usr/bin", "/usr/sbin")) else f"/usr{stem}"
    return paths[bisect_left(paths, stem) : bisect_left(paths, f"{stem}\U0010ffff")]


@cache
def _paths() -> Sequence[str]:
    return sorted(folder + program for program in by_program() for folder in _FOLDERS)


def as_another(fit: Fit, *, can_login: bool) -> bool:
    """Whether it gives an account that is not root. What it may write counts where it logs in and obeys its files."""
    if fit.user or fit.program in _root_only():
        return False
    return fit.gives in ("shell", "load") or (fit.gives == "write" and can_login)


def with_group(fit: Fit, group: str, power: Power | None) -> bool:
    """Whether it gives the power of a group that it runs with, as who asks; with None all that the group may."""
    obeys = fit.program not in _root_only() or group in _root_only()[fit.program]
    runs = fit.gives == "shell" or (fit.gives == "load" and fit.program is None)  # code of its own
    return obeys and not fit.user and (runs or fit.gives == power)


@cache
def _root_only() -> Mapping[str | None, Sequence[str]]:
    """Programs that obey root alone, each with groups that it obeys too."""
    lines = content("root-only", _RootOnlyPrograms).programs
    return {program: line.but_for for line in lines for program in line.programs}
