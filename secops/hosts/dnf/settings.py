"""The settings of dnf and zypper: their files, the repositories in them, and the index of each."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice, product

from secops.hosts.dnf.records import Index, Kept
from secops.hosts.dnf.sections import CONF, REPOS, VARS, ZYPP_REPOS
from secops.hosts.evidence import Evidence, Item
from secops.hosts.tables import Built
from secops.hosts.tables.hosts import os_release

Sections = dict[str, dict[str, str]]

_TRUE, _FALSE = frozenset({"1", "yes", "true", "on"}), frozenset({"0", "no", "false", "off"})
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_HASHED = re.compile(r"(.+)-([0-9a-f]{16})")

#: Packages that may tell the release.
_RELEASES = 20

#: The usual worth of a repository; the lower one wins.
USUAL_PRIORITY = 99


class SettingError(ValueError):
    """A value that the tool refuses."""


@dataclass(frozen=True)
class Repository:
    """A repository that is enabled. `excludes` and `includes` are patterns of packages; `hotfixes`: modules do not hide
    its packages. `index` is what is kept of it, None for nothing."""

    name: str
    priority: int = USUAL_PRIORITY
    excludes: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    hotfixes: bool = False
    index: Index | None = None


@dataclass(frozen=True)
class Settings:
    """`main` are the settings of no repository. `zypper` says whose repositories these are."""

    main: Mapping[str, str] = field(default_factory=dict)
    repositories: Sequence[Repository] = ()
    zypper: bool = False


def read_sections(items: Sequence[Item]) -> Sections:
    """`key=value` lines below `[section]` lines; what comes later holds. Lines of no key count to none."""
    found: Sections = {}
    for item in items:
        section: dict[str, str] | None = None
        key = ""
        for line in item.lines:
            name, mark, value = line.partition("=")
            if line.startswith("["):
                section, key = found.setdefault(line[1 : line.find("]")], {}), ""
            elif line.startswith(" ") and section is not None and key:
                section[key] = section[key].removesuffix("\n?") + "\n?"
            elif mark and section is not None:
                key = name.strip()
                section[key] = value.strip()
            elif line:
                key = ""  # a setting that is not read
    return found


def truth(text: str) -> bool:
    """Raises `SettingError` for what is no word for true or false."""
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise SettingError(f"{text[:100]!r} is neither true nor false")


def patterns(section: Mapping[str, str], *names: str) -> tuple[str, ...]:
    """The patterns that a setting lists. Raises `SettingError` when it goes on in lines that were not read."""
    found = [part for name in names for part in re.split(r"[,\s]+", section.get(name, "")) if part]
    if "?" in found:
        raise SettingError("a list of packages goes on in another line, which is not read")
    return tuple(found)


def read_settings(evidence: Evidence, kept: Kept, releases: Iterable[str], built: Built) -> Settings:
    """The settings and the repositories that are enabled. What is not known of them is told in `built`.

    `releases` are versions that the distribution's own package has.
    """
    files = [item for item in evidence[REPOS.name].files if item.path.startswith(f"{ZYPP_REPOS}/")]
    main = read_sections(evidence[CONF.name].files)
    sections = read_sections(files or evidence[REPOS.name].files)
    if not files:
        sections = {name: one for name, one in main.items() if name != "main"} | sections
    known = _Addresses(evidence, kept, releases)
    found = []
    for name, section in sections.items():
        try:
            if truth(section.get("enabled", "1")) and name != "main":
                found.append(_repository(name, section, known.index(name, section, built)))
        except SettingError as error:
            built.lack(f"the repository {name}: {error}")
    return Settings(main.get("main", {}), found, zypper=bool(files))


def _repository(name: str, section: Mapping[str, str], index: Index | None) -> Repository:
    priority = section.get("priority", str(USUAL_PRIORITY))
    if not re.fullmatch("-?[0-9]{1,9}", priority):
        raise SettingError(f"{priority[:100]!r} is no priority")
    excludes = patterns(section, "exclude", "excludepkgs", "excludes")
    hotfixes = truth(section.get("module_hotfixes", "0"))
    return Repository(name, int(priority), excludes, patterns(section, "includepkgs"), hotfixes, index)


class _Addresses:
    """Which folder is kept of which repository: dnf puts a digest of the address into its name."""

    def __init__(self, evidence: Evidence, kept: Kept, releases: Iterable[str]) -> None:
        self._indexes = defaultdict(list)
        for index in kept.indexes:
            for name in _names(index.folder):
                self._indexes[name].append(index)
        whole = {os_release(evidence).get("VERSION_ID", ""), *islice(releases, _RELEASES)}
        self._values: dict[str, Collection[str]] = {
            "releasever": {text for version in whole for text in (version, version.partition(".")[0])}
        }
        for item in evidence[VARS.name].files:
            if item.lines and item.lines[0] != "?":
                self._values[item.path.rpartition("/")[2]] = [item.lines[0]]
        bases = ("x86_64", "aarch64", "ppc64le", "s390x", "riscv64", "loongarch64", "i386")
        self._values.setdefault("basearch", list(bases))
        self._values.setdefault("arch", [*bases[:-1], "i686"])

    def index(self, name: str, section: Mapping[str, str], built: Built) -> Index | None:
        """The newest index of a repository, of its present address where that can be told."""
        own = self._indexes[name]
        if digests := set(self._digests(name, section)):
            own = [index for index in own if _digest(index.folder) in digests | {""}]
        if not own:
            built.lack(f"no index of the repository {name} is kept, or none of its present address")
        return max(own, key=lambda index: index.mtime, default=None)

    def _digests(self, name: str, section: Mapping[str, str]) -> Iterator[str]:
        """What the name of the folder may end with; nothing when a variable of the address is not known."""
        texts = (section.get("metalink"), section.get("mirrorlist"), re.split(r"[,\s]", section.get("baseurl", ""))[0])
        text = next(filter(None, texts), name)
        variables = sorted({found[1] or found[2] for found in _VARIABLE.finditer(text)})
        if text == "?" or not set(variables) <= set(self._values):
            return
        for values in product(*(self._values[variable] for variable in variables)):
            filled = dict(zip(variables, values, strict=True))
            address = _VARIABLE.sub(lambda found: filled[found[1] or found[2]], text)  # noqa: B023 - used at once
            yield sha256(address.encode()).hexdigest()[:16]


def _folder(path: str) -> str:
    return path.removesuffix("/repodata").rpartition("/")[2]


def _names(path: str) -> tuple[str, ...]:
    """Names of repositories that a folder may be of."""
    found = _HASHED.fullmatch(_folder(path))
    return (_folder(path), found[1]) if found else (_folder(path),)


def _digest(path: str) -> str:
    """The digest in a folder's name; empty when it has none."""
    found = _HASHED.fullmatch(_folder(path))
    return found[2] if found else ""
