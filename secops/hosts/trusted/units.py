"""What systemd runs, and as whom: units with their drop-ins, as far as something starts them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from posixpath import basename, dirname

from secops.hosts.trusted import roles
from secops.hosts.trusted.commands import runs
from secops.hosts.trusted.named import ROOT, Trusted
from secops.hosts.trusted.stream import Line, Seen
from secops.hosts.units import DIRECTORIES, Unit, Units, is_template

_TRIGGERS = ("socket", "timer", "path")


@dataclass
class _Loaded:
    """A unit as systemd puts it together. A list that is assigned to nothing begins anew."""

    files: list[str]
    lists: dict[str, list[tuple[str, Line]]] = field(default_factory=dict)
    values: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, files: list[str], lines: Mapping[str, Sequence[Line]]) -> _Loaded:
        loaded = cls(files)
        for file in files:
            for line in lines.get(file, ()):
                loaded.add(file, line)
        return loaded

    def add(self, file: str, line: Line) -> None:
        key, words = (line.tokens or [""])[0], line.tokens[1:]
        if not key.startswith(("Exec", "EnvironmentFile")):
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
        return _Loaded.of([*([unit.path] if unit.path else []), *drop_ins], self.seen.lines)

    @cached_property
    def _triggered(self) -> frozenset[str]:
        """Units that a socket, timer or path starts which itself is started."""
        found = set()
        for unit in self.units.by_name.values():
            if unit.kind in _TRIGGERS:
                loaded = self.load(unit)
                if self._starts(unit, loaded):
                    stem = unit.name.rpartition(".")[0]
                    named = loaded.values.get("Unit=") or loaded.values.get("Service=")
                    found |= set(named or (f"{stem}.service", f"{stem}@.service"))
        return frozenset(found)

    def _starts(self, unit: Unit, loaded: _Loaded) -> bool:
        """Whether it is started by itself, or by what is not seen: units without [Install] are there for others."""
        if unit.masked:
            return False
        started = unit.enabled_by is not None or unit.name in self.active
        return started or loaded.has("BusName=") or "Install=" not in loaded.values

    def trusted(self) -> Iterator[Trusted]:
        """The files of units that are started, and what they run."""
        for unit in list(self.units.by_name.values()):
            loaded = self.load(unit)
            if not unit.masked and (self._starts(unit, loaded) or unit.name in self._triggered):
                yield from (Trusted(file, roles.UNIT) for file in loaded.files)
                if not (
                    loaded.has("RootDirectory=") or loaded.has("RootImage=")
                ):  # its paths are those of another root
                    yield from _runs(loaded)


def _runs(loaded: _Loaded) -> Iterator[Trusted]:
    for key, lines in loaded.lists.items():
        for file, line in lines:
            words, user = line.tokens[1:], loaded.user
            if words[:1] == ["+"]:
                words, user = words[1:], ROOT
            elif loaded.has("DynamicUser="):  # an account of the moment, which has no power
                continue
            if key == "EnvironmentFile=":
                yield Trusted(words[0], roles.UNIT_ENVIRONMENT, user, file, line.number)
                continue
            for run in runs(words, user):
                yield Trusted.of(run, roles.UNIT_PROGRAM, file, line.number)


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
