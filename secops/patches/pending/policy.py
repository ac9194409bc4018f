"""Which version apt would install: its policy of priorities (apt_preferences(5)), over the versions that it knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cmp_to_key

from secops.hosts.apt.preferences import NEVER, Pin
from secops.hosts.apt.repository import Repository
from secops.patches.pending.matching import UndecidableError, Version, expression, matches_file, matches_version
from secops.patches.versions import compare

#: Wildcards and regular expressions in preferences; each is held against every installed name.
MAX_PATTERNS = 500

INSTALLED, DEFAULT, ON_REQUEST = 100, 500, 1
_DEFAULT_RELEASE = 990

#: Where a pin of `APT::Default-Release` stands.
BY_DEFAULT_RELEASE = "APT::Default-Release"


@dataclass
class Package:
    """A package of one architecture (that of `all` is the native one), its versions the highest first."""

    name: str
    architecture: str
    versions: list[Version] = field(default_factory=list)

    @property
    def installed(self) -> Version | None:
        return next((version for version in self.versions if version.installed), None)

    def arrange(self) -> None:
        self.versions.sort(key=cmp_to_key(lambda one, other: compare("dpkg", one.text, other.text)), reverse=True)


@dataclass(frozen=True)
class Priority:
    """A priority and the file whose pin it is; empty for what no pin says."""

    value: int
    by: str = ""


class Policy:
    """Pins and defaults, applied to the repositories and packages of one host.

    Raises `UndecidableError` where apt would refuse, or a pattern cannot be told.
    """

    def __init__(
        self, pins: Sequence[Pin], default_release: str, repositories: Sequence[Repository], native: str
    ) -> None:
        self._native = native
        self._pins = [pin for pin in pins if pin.names]
        if sum(_is_pattern(name) for pin in self._pins for name in pin.names) > MAX_PATTERNS:
            raise UndecidableError(f"more than {MAX_PATTERNS} patterns")
        general = [pin for pin in pins if not pin.names]
        if default_release:
            if not _is_known(default_release, repositories):
                raise UndecidableError(f"no source has the release {default_release} of APT::Default-Release")
            general.insert(0, Pin("release", (), default_release, _DEFAULT_RELEASE, BY_DEFAULT_RELEASE))
        self._exact: dict[str, list[tuple[int, str]]] = {}
        self._wild: list[tuple[int, str]] = []
        for number, pin in enumerate(self._pins):
            for name in pin.names:
                bare = _bare(name)
                (self._wild if _is_pattern(name) else self._exact.setdefault(bare, [])).append((number, name))
        self._files: dict[str | None, Priority] = {}
        for repository in (None, *repositories):
            self._files[_key(repository)] = _of_file(repository, general)

    def priorities(self, package: Package) -> list[Priority]:
        """The priority of each version of a package."""
        names = {package.name, *(f"src:{version.source}" for version in package.versions)}
        speak = sorted([*self._wild, *(one for name in names for one in self._exact.get(name, ()))])
        pinned: dict[int, Pin] = {}
        for number, name in speak:
            for at, version in enumerate(package.versions):
                if at in pinned or not _names(name, package, version, self._native):
                    continue
                if matches_version(self._pins[number], version):
                    pinned[at] = self._pins[number]
        return [self._of_version(version, pinned.get(at)) for at, version in enumerate(package.versions)]

    def _of_version(self, version: Version, pin: Pin | None) -> Priority:
        files = [self._files[_key(one)] for one in version.repositories]
        if version.installed:
            files.append(self._files[None])
        if pin and any(one.value != NEVER for one in files):
            return Priority(pin.priority, pin.where)
        return max(files, key=lambda one: one.value, default=Priority(0))

    def candidate(self, package: Package) -> int | None:
        """The place of the version that apt would install; None when there is none."""
        best, found = -1, None
        installed = package.installed
        for at, priority in enumerate(self.priorities(package)):
            if priority.value == 0 or priority.value <= best:
                continue
            older = installed and compare("dpkg", package.versions[at].text, installed.text) < 0
            if older and priority.value < 1000:
                continue
            best, found = priority.value, at
        return found


def _key(repository: Repository | None) -> str | None:
    return repository.index.name if repository else None


def _of_file(repository: Repository | None, general: Iterable[Pin]) -> Priority:
    """The priority of a repository, or of what is installed (None): of the first pin that fits, or of a later never."""
    found = Priority(_by_default(repository))
    is_fixed = False
    for pin in general:
        if (not is_fixed or pin.priority == NEVER) and found.value != NEVER and matches_file(pin, repository):
            found, is_fixed = Priority(pin.priority, pin.where), True
    return found


def _by_default(repository: Repository | None) -> int:
    if repository is None or repository.automatic_upgrades:
        return INSTALLED
    return ON_REQUEST if repository.not_automatic else DEFAULT


def _is_known(release: str, repositories: Sequence[Repository]) -> bool:
    if (len(release) > 2 and release[1] == "=") or expression(release, "now"):
        return True
    return any(
        expression(release, text) for one in repositories for text in (one.suite, one.codename, one.version) if text
    )


def _parts(name: str) -> tuple[str, str]:
    """Name and architecture (or empty) of what a record names, without `src:`."""
    bare, mark, architecture = name.removeprefix("src:").rpartition(":")
    return (bare, architecture) if mark else (architecture, "")


def _bare(name: str) -> str:
    """What it names, without an architecture."""
    return ("src:" if name.startswith("src:") else "") + _parts(name)[0]


def _is_pattern(name: str) -> bool:
    bare = _parts(name)[0]
    return (bare.startswith("/") and bare.endswith("/")) or any(char in bare for char in "*[?")


def _names(name: str, package: Package, version: Version, native: str) -> bool:
    """Whether a name in a record is that of a package, or with `src:` that of its source."""
    bare, architecture = _parts(name)
    text = version.source if name.startswith("src:") else package.name
    if not (bare == text or (_is_pattern(name) and expression(bare, text))):
        return False
    return _is_architecture(architecture or native, package.architecture)


def _is_architecture(asked: str, architecture: str) -> bool:
    """An architecture, or a wildcard of dpkg such as any, linux-any, any-amd64."""
    if asked in (architecture, "any"):
        return True
    system, _, machine = asked.rpartition("-")
    if "any" not in (system, machine):
        return False
    own_system, _, own_machine = architecture.rpartition("-")
    return system in ("any", own_system or "linux") and machine in ("any", own_machine)


def gather(installed: Iterable[Package], repositories: Iterable[Repository], native: str) -> Iterator[Package]:
    """The installed packages with all versions that the repositories have of them, the highest first."""
    packages = {(one.name, one.architecture): one for one in installed}
    versions = {(*key, version.text): version for key, package in packages.items() for version in package.versions}
    for repository in repositories:
        for entry in repository.index.entries:
            key = entry.package, native if entry.architecture == "all" else entry.architecture
            if key not in packages:
                continue
            version = versions.get((*key, entry.version))
            if version is None:
                version = versions[*key, entry.version] = Version(entry.version, entry.source, entry.source_version)
                packages[key].versions.append(version)
            version.phased = min(version.phased, entry.phased)
            version.repositories.append(repository)
    for package in packages.values():
        package.arrange()
        yield package
