"""Which of the paths of a masked line of shell are run or read as a program, and by whom. See `words` for the tokens.

A path that a program only works on is none: `tar` does not run what it packs. What follows from a word that was masked
is not known, and not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from posixpath import basename

from secops.hosts.trusted.words import GIVEN, LEADS, MAKEFILES, MAKES, STARTERS, SWITCHES, TRICKED

#: Commands within commands, as in `sh -c 'su -c "…"'`: nobody goes deeper in good faith.
_MAX_DEPTH = 8

_QUOTES = ('"', "'")
_OPTIONS = ("-", "-u", "-f", "-C", "9", "=", *_QUOTES)
#: Options before an account, and those with it.
_ACCOUNT = ("-", "-u")
_SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "fish", "csh", "tcsh", "rbash"})
_INTERPRETER = re.compile(r"(python|php|perl|ruby|lua|node|nodejs|tclsh|java|expect|Rscript)[0-9.]*(-cli)?")
PRINTERS = frozenset({"cat", "head", "tail", "grep", "cut", "sort", "tr", "jq"})
_LOCKED = frozenset({"flock", "chroot"})
_READS = frozenset({".", "source", "run-parts"})


@dataclass(frozen=True)
class Run:
    """A path that is run or read as a program. `user` None: as whom is not known.

    `tricked` is a program that takes the names of files in the directory `path` for options. `read`: another program
    reads it, so that its own first line does not say what runs it. `optional`: it is looked for, and need not be there.
    `printed`: by which program its lines become the answer.
    """

    path: str
    user: str | None
    tricked: str = ""
    read: bool = False
    optional: bool = False
    printed: str = ""


@dataclass
class _Shell:
    """What a line has decided so far: as whom commands run, and in which directory."""

    user: str | None
    cwd: str = ""
    depth: int = 0
    answers: bool = False  # what is printed is an answer


def runs(tokens: Sequence[str], user: str | None, cwd: str = "", *, answers: bool = False) -> Iterator[Run]:
    """The programs of a line that `user` runs, in its order; `cwd` where it begins, empty when not known.

    `answers`: what they print is believed, so that files count which they print.
    """
    yield from _commands(tokens, _Shell(user, cwd, answers=answers))


def _commands(tokens: Sequence[str], shell: _Shell) -> Iterator[Run]:
    """Each command of some, parted by `;`, but not by one that is in quotes behind `-c`."""
    shell.depth += 1
    start, at = 0, 0
    while at <= len(tokens) and shell.depth < _MAX_DEPTH:
        if at == len(tokens) or tokens[at] == ";":
            yield from _command(tokens[start:at], shell)
            start = at + 1
        elif tokens[at] == "-c" and at + 1 < len(tokens) and tokens[at + 1] in _QUOTES:
            at = _closing(tokens, at + 1)
        at += 1


def _closing(tokens: Sequence[str], at: int) -> int:
    """Where the quotation that opens at `at` ends; the last word when it never does."""
    return next((end for end in range(at + 1, len(tokens)) if tokens[end] == tokens[at]), len(tokens) - 1)


def _command(tokens: Sequence[str], shell: _Shell) -> Iterator[Run]:
    """One command: its program, behind assignments, keywords and programs that only start another; and what it runs."""
    locked = False  # flock's own file stands before its command, and chroot's directory
    for at, word in enumerate(tokens):
        name, rest = basename(word), tokens[at + 1 :]
        if word == "-u" or word[:1] == "~":
            shell = replace(shell, user=word[1:] if word[0] == "~" else None)
            continue
        if word == "-c":
            yield from _commands(_quotation(rest), shell)
            return
        if word in _OPTIONS:
            continue
        if name in LEADS:
            locked = locked or name in _LOCKED
        elif locked:
            locked = False
            continue
        if word.startswith("/"):
            yield Run(word, shell.user)
        if name not in LEADS:
            yield from _started(name, rest, shell)
            return


def _started(program: str, rest: Sequence[str], shell: _Shell) -> Iterator[Run]:
    """What a program runs in its turn, of what it is given."""
    if program in TRICKED:
        yield from (Run(word[1:], shell.user, program) for word in rest if word.startswith("*/"))
    elif program in STARTERS:
        yield from _started_by(program, rest, shell)
    elif program in SWITCHES:
        yield from _as_another(program, rest, shell)
    elif program == "cd":
        path = next((word for word in rest if word not in _QUOTES), "")
        shell.cwd = path if path.startswith("/") else ""
    elif program in _READS or program in _SHELLS or _INTERPRETER.fullmatch(program):
        yield from _script(program, rest, shell)
    elif program in GIVEN:
        yield from _given(program, rest, shell)
        if shell.answers and "-f" not in rest:
            yield from (Run(word, shell.user, read=True, printed=program) for word in rest if word.startswith("/"))
    elif program in PRINTERS and shell.answers:
        yield from (Run(word, shell.user, read=True, printed=program) for word in rest if word.startswith("/"))
    elif "-exec" in rest:  # of find
        yield from _commands(rest[list(rest).index("-exec") + 1 :], replace(shell))


def _given(program: str, rest: Sequence[str], shell: _Shell) -> Iterator[Run]:
    """A file of commands that a program reads: the one that it is told to, or what make looks for."""
    files = [word for before, word in pairwise(rest) if before == "-f" and word.startswith("/")]
    yield from (Run(word, shell.user, read=True) for word in files)
    if program not in MAKES or "-f" in rest:
        return
    folder = next((word for before, word in pairwise(rest) if before == "-C"), shell.cwd).rstrip("/")
    if folder.startswith("/"):
        yield Run(f"{folder}/", shell.user)
        yield from (Run(f"{folder}/{name}", shell.user, read=True, optional=True) for name in MAKEFILES)


def _started_by(program: str, rest: Sequence[str], shell: _Shell) -> Iterator[Run]:
    """start-stop-daemon, and `daemon` of start scripts: the command, as the account that is named."""
    named = next((word[1:] for word in rest if word.startswith("~")), None)
    user = named or (None if {"-u", "-c"} & set(rest) else shell.user)
    if program == "daemon":
        begin = next((at for at, word in enumerate(rest) if word.startswith("/")), len(rest))
    else:
        begin = list(rest).index("-exec") + 1 if "-exec" in rest else len(rest)
    yield from _commands(rest[begin : begin + 1], replace(shell, user=user))


def _as_another(program: str, rest: Sequence[str], shell: _Shell) -> Iterator[Run]:
    """su, sudo and their like: the command behind the options, as the account that is named, or as root."""
    inner: Sequence[str] = ()
    options = rest
    if "-c" in rest:
        at = list(rest).index("-c")
        inner = _quotation(rest[at + 1 :])
        quotes = 2 if rest[at + 1 : at + 2] and rest[at + 1] in _QUOTES else 0
        options = (*rest[:at], *rest[at + 1 + len(inner) + quotes :])
    elif program != "su":
        begin = next((at for at, word in enumerate(rest) if word not in _ACCOUNT and word[:1] != "~"), len(rest))
        options, inner = rest[:begin], rest[begin:]
    named = next((word[1:] for word in options if word.startswith("~")), None)
    user = named or (None if "?" in options or "-u" in options else "root")
    yield from _commands(inner, replace(shell, user=user, cwd=""))


def _quotation(tokens: Sequence[str]) -> Sequence[str]:
    """The command behind `-c`: what is in quotes, or else the next word."""
    if tokens and tokens[0] in _QUOTES:
        return tokens[1 : _closing(tokens, 0)]
    return tokens[:1]


def _script(program: str, rest: Sequence[str], shell: _Shell) -> Iterator[Run]:
    """What a shell, another interpreter, `.` or run-parts is given: a script, or a command behind `-c`."""
    quoted = False
    for at, word in enumerate(rest):
        quoted = quoted or word in _QUOTES
        if word == "-c":
            if program in _SHELLS:
                yield from _commands(_quotation(rest[at + 1 :]), replace(shell))
            return
        if word.startswith("/"):
            yield Run(word, shell.user, read=True)
            return
        if word not in _OPTIONS:
            if shell.cwd and not quoted and program not in _READS:
                yield Run(f"{shell.cwd.rstrip('/')}/", shell.user)  # a script, or a module, that is in this directory
            return
