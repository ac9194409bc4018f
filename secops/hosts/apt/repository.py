"""Repositories: what a source names, with what apt keeps of it. What is configured but not kept is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from secops.hosts.apt.indexes import Index, Kept, Release
from secops.hosts.apt.names import list_name, split_uri
from secops.hosts.apt.sources import Source
from secops.hosts.tables import Built

#: Indexes that sources may name.
MAX_INDEXES = 20_000

_SECURITY = re.compile(r"-security$|/updates$|\bsecurity\b", re.IGNORECASE)


@dataclass(frozen=True)
class Repository:
    """One index in apt's words. None where its Release file, or the address, says nothing."""

    index: Index
    site: str | None = None
    origin: str | None = None
    label: str | None = None
    suite: str | None = None
    codename: str | None = None
    version: str | None = None
    component: str | None = None
    architecture: str | None = None
    not_automatic: bool = False
    automatic_upgrades: bool = False

    @property
    def is_security(self) -> bool:
        """Whether it is for security updates: by suite or codename (bookworm-security, stable/updates), or by label."""
        return any(_SECURITY.search(text) for text in (self.suite, self.codename, self.label) if text)

    @property
    def words(self) -> str:
        """As `apt-cache policy` has it; the site where there is no Release file."""
        pairs = (
            ("o", self.origin), ("a", self.suite), ("n", self.codename), ("l", self.label), ("c", self.component),
        )  # fmt: skip
        said = ",".join(f"{letter}={text}" for letter, text in pairs if text)
        return said if self.origin or self.suite or self.codename or self.label else self.site or self.index.name


def repositories(
    sources: Sequence[Source], kept: Kept, known: Sequence[str], native: str, built: Built
) -> list[Repository]:
    """The indexes that the sources name, each once. Lists that no source names any more do not count."""
    found: dict[str, Repository] = {}
    if sum(len(_parts(source, known)) for source in sources) > MAX_INDEXES:
        built.lack(f"more than {MAX_INDEXES} indexes are configured")
        return []
    for source in sources:
        release = kept.release(list_name(source.base))
        for repository in _of_source(source, release, kept, known, native, built):
            found.setdefault(repository.index.name, repository)
    return list(found.values())


def _of_source(
    source: Source, release: Release | None, kept: Kept, known: Sequence[str], native: str, built: Built
) -> Iterator[Repository]:
    if release:
        for fault in release.faults:
            built.lack(f"{release.name}: {fault}")
    for component, architecture in _parts(source, known):
        path = _path(component, architecture)
        name = list_name(source.base + path)
        if index := kept.indexes.get(name):
            for fault in index.faults:
                built.lack(f"{name}: {fault}")
            yield _repository(source, release, index, component, architecture)
        elif _is_expected(release, architecture, path, native):
            built.lack(f"{source.where}: no index of {path} is kept: apt update has not read it")


def index_names(source: Source, known: Sequence[str]) -> list[str]:
    """The names in the folder of lists that a source stands for."""
    return [list_name(source.base + _path(*part)) for part in _parts(source, known)]


def _path(component: str | None, architecture: str | None) -> str:
    """Where an index is below the folder of its Release file."""
    return f"{component}/binary-{architecture}/Packages" if component else "Packages"


def _parts(source: Source, known: Sequence[str]) -> list[tuple[str | None, str | None]]:
    """Component and architecture of each index of a source; None of the one that has neither."""
    if source.suite.endswith("/"):
        return [(None, None)]
    return [(one, other) for one in source.components for other in source.architectures(known)]


def _is_expected(release: Release | None, architecture: str | None, path: str, native: str) -> bool:
    """Whether apt would keep this index: it passes over what the Release file does not list, and over empty ones."""
    if release is None:
        return architecture in (None, native)
    folder = path.removesuffix("Packages")
    if release.sizes:
        return folder in release.sizes and release.sizes[folder] != 0 and not _is_doubled(release, architecture)
    return architecture != "all"


def _is_doubled(release: Release, architecture: str | None) -> bool:
    """An index of what is for all, where the other indexes hold that too."""
    if architecture != "all":
        return False
    supported = (release.says("Architectures") or "").split()
    return "all" not in supported or "Packages" in (release.says("No-Support-for-Architecture-all") or "")


def _repository(
    source: Source, release: Release | None, index: Index, component: str | None, architecture: str | None
) -> Repository:
    site = split_uri(source.uri)[0]
    if release is None:
        return Repository(index, site, component=component, architecture=architecture)
    return Repository(
        index,
        site,
        component=component,
        architecture=architecture,
        origin=release.says("Origin"),
        label=release.says("Label"),
        suite=release.says("Suite"),
        codename=release.says("Codename"),
        version=release.says("Version"),
        not_automatic=release.flag("NotAutomatic"),
        automatic_upgrades=release.flag("ButAutomaticUpgrades"),
    )
