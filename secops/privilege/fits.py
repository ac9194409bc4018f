"""With which arguments a program gives something: those that a policy fixes, or those that its patterns take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from posixpath import basename, dirname, normpath

from secops.core.content import Text
from secops.hosts.sudoers import Answer
from secops.hosts.sudoers_answer import both
from secops.privilege.files import Ground
from secops.privilege.lines import HERE, Filled, Line, Slot, fixed_words, is_free, line, stem
from secops.privilege.patterns import matches_arguments
from secops.privilege.places import Caller, among, obeyed, samples, secrets
from secops.privilege.techniques import Power, Technique, by_group, by_program, usable

#: Programs that start another that starts another: nobody goes deeper in good faith.
_MAX_DEPTH = 5
#: Options that name as whom: it is not the account that is asked for.
_AS = ("--uid", "--gid", "--reuid", "--user", "--userspec")

#: Groups that may do everything by sudo, as systems come.
_ADMINISTRATORS = frozenset({"sudo", "wheel", "admin"})
_BINARIES = ("/bin", "/sbin")

#: A file that a caller can make: in a directory of their own.
_MADE = "/tmp/x/x"  # noqa: S108 - an example, not used

#: Programs to set the SUID bit of.
_ARMED = ("/bin/bash", "/usr/bin/bash", "/bin/dash", "/usr/bin/dash", "/usr/bin/find", "/usr/bin/env")

_SHELLS = ("sh", "bash", "/bin/sh", "/bin/bash", "/usr/bin/bash")


@dataclass(frozen=True)
class Fit:
    """What a program gives with some arguments, and how.

    `user` is the account that they name, None where it is the one that the program runs as; with `login` only one that
    can log in. `mine` are files that the caller must be able to put there, `linked` such as may be links to others;
    `me` is who the caller must be. `exec`: only by starting a program.
    """

    program: str | None
    gives: Power
    how: Text
    exec: bool
    user: str | None = None
    mine: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    me: str | None = None
    login: bool = False


def of_technique(program: str, technique: Technique) -> Fit:
    return Fit(program, technique.gives, technique.how, technique.exec)


def fits(program: str, arguments: str | None, ground: Ground, depth: int = 0) -> Iterator[Fit]:
    """What it gives with fixed arguments (None = any), the strongest first, on this host.

    What the content does not tell of arguments is none.
    """
    for technique in usable(program, ground.majors):
        if technique.fits(arguments):
            yield of_technique(program, technique)
            continue
        for one in map(line, technique.opens):
            filled = one.fill(arguments or "")
            if filled is not None:
                yield from _judged(program, technique, one, filled, ground, depth)


def tries(program: str, pattern: str, ground: Ground, users: Sequence[str]) -> Iterator[tuple[str, Fit]]:
    """Arguments that a pattern takes, and what they give where it does not take any (`takes`).

    `users` are the accounts that they may name, root first.
    """
    given, begin = _given(pattern, users), stem(pattern)
    for technique in usable(program, ground.majors):
        if takes(technique, pattern):
            continue
        for one in map(line, technique.opens):
            for arguments, filled in one.examples(given, begin):
                if matches_arguments(pattern, arguments) is not False:
                    for fit in _judged(program, technique, one, filled, ground, 0, made=True):
                        yield arguments, fit


def is_all_mine(fit: Fit, caller: Caller) -> Answer:
    """Whether a caller can put there what the arguments name, and is who they name."""
    found: Answer = fit.me in (None, caller.name)
    for files, linked in ((fit.mine, False), (fit.linked, True)):
        for path in files:
            found = both(found, caller.has(path, linked=linked))
    return found


def names_user(technique: Technique) -> bool:
    """Whether its arguments say to which account it leads."""
    return any({"user", "login"} & {*line(text).slots} for text in technique.opens)


def _given(pattern: str, users: Sequence[str]) -> Mapping[Slot, Sequence[str]]:
    begin = pattern.removeprefix("^").replace("\\", "").split("[", 1)[0].split("(", 1)[0].rpartition("/")[0]
    up = f"{begin}/{'../' * begin.count('/')}" if begin.startswith("/") else ""
    return {
        "user": users, "login": users, "me": (), "group": ("docker",), "word": ("1",), "shell": _SHELLS,
        "command": _SHELLS, "mine": (_MADE, "x"), "path": (_MADE,), "script": (_MADE, "x"),
        "write": _paths("obeyed", up), "obeyed": _paths("obeyed", up), "read": _paths("secrets", up),
        "tree": ("/etc", "/"), "armed": ("4755", "u+s"), "open": ("777",), "suid": _ARMED, "image": (_MADE, "x"),
    }  # fmt: skip


@lru_cache(maxsize=256)
def _paths(which: str, up: str) -> Sequence[str]:
    found = samples(obeyed() if which == "obeyed" else secrets())
    return [*found, *(up + path[1:] for path in found if up), "x"]


def _judged(
    program: str,
    technique: Technique,
    one: Line,
    filled: Sequence[Filled],
    ground: Ground,
    depth: int,
    *,
    made: bool = False,
) -> Iterator[Fit]:
    """What it gives with these words in the line's slots."""
    fit = of_technique(program, technique)
    found = [replace(fit, mine=(HERE,)) if one.text.endswith(HERE) else fit]
    for slot, text in filled:
        if slot == "command":
            for fit in found:
                yield from _started(fit, text, ground, depth, scan="... {command}" in one.text)
            return
        found = [after for fit in found for after in _filled(fit, slot, text, ground, made=made)]
    yield from found


def _filled(fit: Fit, slot: Slot, text: str, ground: Ground, *, made: bool) -> Iterable[Fit]:
    """What it gives with a word in a slot; nothing where the word is none that does."""
    if slot in ("user", "login"):
        return [replace(fit, user=text, login=slot == "login")]
    if slot == "me":
        return [replace(fit, me=text)]
    if slot == "group":
        is_strong = any(name in by_group() or name in _ADMINISTRATORS for name in text.split(","))
        return [fit] if is_strong else []
    if slot == "suid":
        return _armed(fit, text, ground)
    if slot in ("mine", "path", "image") or (slot == "script" and (made or not text.startswith("/"))):
        return [replace(fit, mine=(*fit.mine, text))]
    if slot == "script":
        return []  # who can change it is seen: it is among the files that root trusts
    if slot == "tree":
        return _below(fit, text)
    return _named(fit, text, slot, ground) if slot in ("write", "obeyed", "read") else [fit]


def _armed(fit: Fit, path: str, ground: Ground) -> Iterator[Fit]:
    """It gives a program the SUID bit: what that program then gives to whoever starts it, the strongest first."""
    technique = next((one for one in usable(ground.program(path), ground.majors) if one.suid), None)
    if technique:
        yield replace(fit, gives=technique.gives)


def _named(fit: Fit, path: str, slot: Slot, ground: Ground) -> Iterator[Fit]:
    """It writes or reads a file: of root's that matter, one that somebody runs, or a link of the caller's to one."""
    if path.endswith("/") and fit.mine:
        path += fit.mine[-1].rpartition("/")[2]  # copied into a directory
    if how := among(path, secrets() if slot == "read" else obeyed()):
        yield replace(fit, how=of_file(path, how))
        return
    for user, how in ground.trusted_at(path).items() if slot != "read" else ():
        yield replace(fit, how=of_file(path, how), user=None if ground.is_root(user) else user)
    if slot != "obeyed":  # a link there is followed, not replaced
        how = Text(f"a link to any file in the place of `{path}`", f"将 `{path}` 替换为指向任意文件的链接")
        yield replace(fit, how=how, linked=(*fit.linked, path))


def _below(fit: Fit, folder: str) -> Iterator[Fit]:
    """It copies a directory of the caller's, and all below it, to where it lies above files that root obeys."""
    into = "" if fit.program == "rsync" and fit.mine[-1].endswith("/") else basename(fit.mine[-1].rstrip("/"))
    top = normpath(f"{folder}/{into}").rstrip("/") + "/"
    how = next((how for path, how in obeyed() if path.startswith(top)), None)
    if how:
        yield replace(fit, how=of_file(top, how))


def of_file(path: str, how: Text) -> Text:
    return Text(f"`{path}`: {how.en}", f"`{path}`：{how.zh}")


def _started(fit: Fit, command: str, ground: Ground, depth: int, *, scan: bool) -> Iterator[Fit]:
    """What a program gives that another starts as the account it runs as, or the one that is named."""
    words = command.split()
    at = next((at for at, word in enumerate(words) if not _is_before(word, ground)), None) if scan else 0
    if at is None or depth >= _MAX_DEPTH or any(word.startswith(_AS) for word in words[:at]):
        return
    for inner in fits(ground.program(words[at]), " ".join(words[at + 1 :]), ground, depth + 1):
        yield replace(inner, exec=fit.exec or inner.exec, user=inner.user or fit.user)


def _is_before(word: str, ground: Ground) -> bool:
    """Whether it stands before the program that is started: an option, a setting, a number or another file."""
    folder, name = dirname(word), ground.program(word)
    if name in by_program() and (not folder or folder.endswith(_BINARIES) or name != basename(word)):
        return False
    return word[0] in "-0123456789" or "=" in word or (word.startswith("/") and not folder.endswith(_BINARIES))


def takes(technique: Technique, pattern: str) -> bool:
    """Whether a pattern of arguments lets it work whatever they are, or takes what is wanted for it."""
    if technique.when == "bare":
        return matches_arguments(pattern, "") is not False
    free = is_free(pattern) and not _runs_script(technique, pattern)
    if technique.ends(word for word in fixed_words(pattern) if not (free and technique.is_code(word))):
        return False
    return technique.when == "any" or (free and not names_user(technique))


def _runs_script(technique: Technique, pattern: str) -> bool:
    """Whether it is fixed which script an interpreter runs: what is free behind it is for the script."""
    first = next((word for word in fixed_words(pattern) if word[0] != "-" or technique.is_code(word)), "")
    return first.startswith("/") and any("{script}" in text for text in technique.opens)
