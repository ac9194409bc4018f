"""What systemd runs, and as whom: units with their drop-ins, as far as something starts them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from posixpath import basename, dirname

from secops.hosts.trusted import roles
from secops.hosts.trusted.commands import Run, runs
from secops.hosts.trusted.named import ROOT, VARIABLES, Trusted
from secops.hosts.trusted.stream import Line, Seen
from secops.hosts.units import DIRECTORIES, Unit, Units, is_template

_PULLS = frozenset({"Wants=", "Requires=", "BindsTo=", "Upholds=", "OnFailure=", "OnSuccess="})
_PLAIN = re.compile("[A-Za-z0-9_.-]+")
_TRIGGERS = ("socket", "timer", "path")


@dataclass
class _Loaded:
    """A unit as systemd puts it together. A list that is assigned to nothing begins anew."""

    files: list[str]
    name: str = ""
    lists: dict[str, list[tuple[str, Line]]] = field(default_factory=dict)
    values: dict[str, list[str]] = field(default_factory=dict)
    pulls: list[str] = field(default_factory=list)  # units that it starts with it

    @classmethod
    def of(cls, name: str, files: list[str], lines: Mapping[str, Sequence[Line]]) -> _Loaded:
        loaded = cls(files, name)
        for file in files:
            for line in lines.get(file, ()):
                loaded.add(file, line)
        return loaded

    def add(self, file: str, line: Line) -> None:
        key, words = (line.tokens or [""])[0], line.tokens[1:]
        if key in _PULLS:
            self.pulls += words
        elif not key.startswith(("Exec", "Environment")):
            self.values[key] = words
        elif words:
            self.lists.setdefault(key, []).append((file, line))
        else:
            self.lists.pop(key, None)

    def has(self, key: str) -> bool:
        return bool(self.values.get(key))

    @property
    def user(self) -> str | None:
        """As whom it runs; None when that is no account of the host's own."""
        words = self.values.get("User=") or [f"~{ROOT}"]
        return words[0][1:] if words[0].startswith("~") else None

    @property
    def runs_as(self) -> list[str | None]:
        """As whom any of its commands runs; an account of the moment is left out, which has no power."""
        users = [] if self.has("DynamicUser=") else [self.user]
        elevated = any(self.is_elevated(key, line.tokens[1:]) for key, lines in self.lists.items() for _, line in lines)
        return [*users, *[ROOT] * (elevated and ROOT not in users)]

    def is_elevated(self, key: str, words: Sequence[str]) -> bool:
        """Whether a command runs as root whoever the unit runs as."""
        all_but_main = self.has("PermissionsStartOnly=") and key.startswith("Exec") and key != "ExecStart="
        return words[:1] == ["+"] or all_but_main

    @property
    def instance(self) -> str:
        """What stands for `%i`; empty where that is not known."""
        found = self.name.partition("@")[2].rpartition(".")[0]
        return found if _PLAIN.fullmatch(found) else ""


@dataclass
class Loader:
    """The units of a host. `active` are the names of those that run now."""

    seen: Seen
    units: Units
    active: Collection[str] = ()

    @cached_property
    def _drop_ins(self) -> dict[str, list[str]]:
        """Drop-ins by the name of their directory, in the order of their names. Of one name the first directory's."""
        found: dict[tuple[str, str], str] = {}
        for path in sorted((path for _, path in self.seen.places if path.endswith(".conf")), key=_rank):
            found.setdefault((basename(dirname(path)), basename(path)), path)
        named: dict[str, list[str]] = {}
        for (folder, _), path in sorted(found.items()):
            named.setdefault(folder, []).append(path)
        return named

    def load(self, unit: Unit) -> _Loaded:
        names = [unit.kind, *_families(unit.name), unit.name]
        drop_ins = [path for name in names for path in self._drop_ins.get(f"{name}.d", ())]
        return _Loaded.of(unit.name, [*([unit.path] if unit.path else []), *drop_ins], self.seen.lines)

    @cached_property
    def _started(self) -> dict[str, bool]:
        """Units that are started: by themselves, or by others that are (True); or maybe by what is not seen (False)."""
        units = {unit.name: (unit, self.load(unit)) for unit in self.units.by_name.values() if not unit.masked}
        found: dict[str, bool] = {}
        for certain in (True, False):
            todo = [name for name, (unit, loaded) in units.items() if self._starts(unit, loaded, certain=certain)]
            while todo:
                name = todo.pop()
                if name in units and name not in found:
                    found[name] = certain
                    todo += _brings(*units[name])
        return found

    def _starts(self, unit: Unit, loaded: _Loaded, *, certain: bool) -> bool:
        """Whether something starts it that is seen; if not, a unit without [Install] may be there for what is not."""
        if unit.enabled_by is not None or unit.name in self.active or loaded.has("BusName="):
            return True
        return not certain and "Install=" not in loaded.values

    def trusted(self) -> Iterator[Trusted]:
        """The files of units that are started, and what they run."""
        for unit in list(self.units.by_name.values()):
            certain = self._started.get(unit.name)
            if certain is None:
                continue
            loaded = self.load(unit)
            yield from (Trusted(file, roles.UNIT, certain=certain) for file in loaded.files)
            if not (loaded.has("RootDirectory=") or loaded.has("RootImage=")):  # its paths are those of another root
                found = _runs(loaded, self.seen)
                yield from found if certain else (replace(one, certain=False) for one in found)


def _brings(unit: Unit, loaded: _Loaded) -> list[str]:
    """Units that start with a unit, or that a socket, timer or path starts."""
    if unit.kind not in _TRIGGERS:
        return loaded.pulls
    stem = unit.name.rpartition(".")[0]
    named = loaded.values.get("Unit=") or loaded.values.get("Service=")
    return [*loaded.pulls, *(named or (f"{stem}.service", f"{stem}@.service"))]


def _runs(loaded: _Loaded, seen: Seen) -> Iterator[Trusted]:
    cwd = next(iter(loaded.values.get("WorkingDirectory=") or [""]))
    for key, lines in loaded.lists.items():
        for file, line in lines:
            words, user = line.tokens[1:], loaded.user
            if key.startswith("Environment"):
                for one in loaded.runs_as:
                    yield from _environment(words, one, file, line.number)
                continue
            if loaded.is_elevated(key, words):
                words, user = words[words[:1] == ["+"] :], ROOT
            elif loaded.has("DynamicUser="):
                continue
            for run in (one for found in runs(words, user, cwd) for one in (found, *_instance(found, loaded, seen))):
                yield Trusted.of(run, roles.UNIT_PROGRAM, file, line.number)


def _environment(words: Sequence[str], user: str | None, file: str, number: int) -> Iterator[Trusted]:
    """The file of an environment, or what variables in a unit name."""
    for before, word in pairwise(["", *words]):
        if word.startswith("/"):
            yield Trusted(word, VARIABLES.get(before, roles.UNIT_ENVIRONMENT), user, file, number)


def _instance(run: Run, loaded: _Loaded, seen: Seen) -> Iterator[Run]:
    """The program that `%i` stands for, in the directory of a run."""
    if run.path.endswith("/") and loaded.instance:
        for pattern in seen.listed:
            path = pattern.replace("*", loaded.instance)
            if pattern.rpartition("/")[0] == run.path.rstrip("/") and path in seen.entries:
                yield replace(run, path=path)


def _rank(path: str) -> int:
    folder = dirname(dirname(path))
    return DIRECTORIES.index(folder) if folder in DIRECTORIES else len(DIRECTORIES)


def _families(name: str) -> list[str]:
    """What a unit shares drop-ins by: names that a hyphen ends where its own goes on, and an instance's template."""
    stem, _, kind = name.rpartition(".")
    found = [f"{stem[: at + 1]}.{kind}" for at, char in enumerate(stem[:-1]) if char == "-"]
    if "@" in name and not is_template(name):
        found.append(f"{name.partition('@')[0]}@.{kind}")
    return found
