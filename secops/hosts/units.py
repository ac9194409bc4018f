"""systemd units as their files say: which exist, under which names, which are masked, which something pulls in.

What systemd reads from directories is told from a listing alone: unit files, links that give them further names, links
to /dev/null, and the links in `*.wants/`. What stands inside unit files (`Wants=`, `[Install]`) is not read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from posixpath import basename, dirname, join, normpath

from secops.hosts.listing import Entry

#: Where units are looked for, first wins. Generated units are left out: they repeat what other files say.
DIRECTORIES = (
    "/etc/systemd/system", "/etc/systemd/system.attached", "/run/systemd/transient", "/run/systemd/system",
    "/run/systemd/system.attached", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system",
)  # fmt: skip
_RANK = {directory: rank for rank, directory in enumerate(DIRECTORIES)}

KINDS = ("service", "socket", "timer", "path", "target")
_VENDOR = ("/usr/lib/", "/lib/")
_PULLS = (".wants", ".requires", ".upholds")
_MAX_LINKS = 8


@dataclass
class Unit:
    """One unit under its real name. `path` is its file, or the link that masks it; None for an unknown file."""

    name: str
    path: str | None
    masked: bool = False
    enabled_by: str | None = None
    aliases: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return kind_of(self.name)


def kind_of(name: str) -> str:
    return name.rpartition(".")[2]


def is_template(name: str) -> bool:
    return "@." in name


def resolve(entries: Iterable[Entry]) -> Units:
    """Read a listing of `DIRECTORIES` and of the `*.wants/` in them."""
    ranked = [(rank, entry) for entry in entries if (rank := _rank(entry))]
    files: dict[str, Entry] = {}
    pulls: dict[tuple[str, str], Entry] = {}
    for _, entry in sorted(ranked, key=lambda pair: pair[0]):
        folder, name = dirname(entry.path), basename(entry.path)
        if folder in _RANK:
            files.setdefault(name, entry)
        else:
            pulls.setdefault((basename(folder), name), entry)
    return Units(files, pulls.values())


def _rank(entry: Entry) -> tuple[int, str] | None:
    """Order of precedence, then by path; None for what is no unit file and no link in a `*.wants/`."""
    folder = dirname(entry.path)
    if kind_of(entry.path) not in KINDS or entry.kind not in ("f", "l"):
        return None
    if folder.endswith(_PULLS):
        if basename(folder).startswith("initrd"):  # only read before the host's own file system is there
            return None
        folder = dirname(folder)
    return (_RANK[folder], entry.path) if folder in _RANK else None


class Units:
    """The units of a host by their real names."""

    def __init__(self, files: dict[str, Entry], pulls: Iterable[Entry]) -> None:
        self._files = files
        self.by_name: dict[str, Unit] = {}
        aliases = [(unit, name) for name in files if (unit := self.find(name)) and unit.name != name]
        for entry in pulls:
            self._pull(entry)
        for unit, name in aliases:
            unit.aliases.append(name)
            if not files[name].path.startswith(_VENDOR):  # what `systemctl enable` makes of Alias=
                _enable(unit, files[name].path)

    def real_name(self, name: str) -> str:
        """The name of the file that `name` leads to; the name itself when it is no alias."""
        for _ in range(_MAX_LINKS):
            entry = self._file(name)
            target = _target(entry) if entry else ""
            if not entry or dirname(target) not in _RANK or kind_of(target) != kind_of(name):
                return name  # a link out of the directories brings a unit in under the link's own name
            following = _instance(basename(target), name)
            if following == name:
                return name
            name = following
        return name

    def find(self, name: str) -> Unit | None:
        """The unit of this name or alias; an instance of a template counts as there when the template is."""
        return self._unit(self.real_name(name))

    def knows(self, name: str) -> bool:
        """A file, link or mask of this name is there."""
        return self._file(name) is not None

    def _file(self, name: str) -> Entry | None:
        """The name's own file, else that of its template."""
        head, at, tail = name.partition("@")
        return self._files.get(name) or (self._files.get(f"{head}@.{kind_of(tail)}") if at else None)

    def _unit(self, name: str) -> Unit | None:
        entry = self._file(name)
        if name not in self.by_name and entry:
            self.by_name[name] = Unit(name, entry.path, _masks(entry))
        return self.by_name.get(name)

    def _pull(self, entry: Entry) -> None:
        if _masks(entry):
            return
        name, target = self.real_name(basename(entry.path)), _target(entry) or entry.path
        unit = self._unit(name)
        if not unit and dirname(target) not in _RANK:  # an older systemd loads what such a link points to
            unit = self.by_name.setdefault(name, Unit(name, target))
        if unit:
            _enable(unit, entry.path)


def _enable(unit: Unit, path: str) -> None:
    if not unit.masked and not is_template(unit.name):
        unit.enabled_by = unit.enabled_by or path


def _target(entry: Entry) -> str:
    """Where a link points to, as an absolute path; empty for a file."""
    return normpath(join(dirname(entry.path), entry.link)) if entry.link else ""


def _masks(entry: Entry) -> bool:
    return _target(entry) == "/dev/null" or (entry.kind == "f" and entry.size == 0)


def _instance(target: str, name: str) -> str:
    """The target's name; a template gets the instance of `name`: getty@.service becomes getty@tty1.service."""
    if not is_template(target) or "@" not in name:
        return target
    instance = name.partition("@")[2].rpartition(".")[0]
    return target.replace("@.", f"@{instance}.", 1)
