"""dnf or zypper of one host: its settings, repositories and locks, with what is missing of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from secops.hosts.dnf.index_section import INDEXES
from secops.hosts.dnf.records import read_indexes
from secops.hosts.dnf.sections import CONF, LOCKS, PARTS, REPOS, VARS, VERSIONLOCK_OF_DNF5, ZYPP_LOCKS
from secops.hosts.dnf.settings import Settings, read_sections, read_settings, truth
from secops.hosts.evidence import Evidence, Status
from secops.hosts.tables import Built, Row
from secops.hosts.tables._listed import listed


@dataclass(frozen=True)
class Lock:
    """A line of a list of locks: `pattern` in its own words. Locks of zypper and `without` ones keep away what they
    match; others keep away what they do not match of the packages they name."""

    pattern: str
    without: bool = False


def read_rpm(evidence: Evidence, rows: Iterable[Row], built: Built) -> Settings:
    """The settings with their repositories; what is not whole is told in `built`."""
    for section in (INDEXES, CONF, REPOS, VARS, PARTS):
        if problem := evidence.problem(section):
            built.problems.append(problem)
    if evidence[INDEXES.name].status is Status.ABSENT:
        built.lack("dnf and zypper keep no indexes", Status.ABSENT)
    kept = read_indexes(evidence[INDEXES.name].only.lines)
    if evidence[INDEXES.name].status is Status.OK and not kept.whole:
        built.lack("the indexes of dnf were not read to their end")
    releases = {row["version"].rpartition("-")[0] for row in rows if row["name"].endswith("-release")}
    settings = read_settings(evidence, kept, releases, built)
    for name in ("cachedir", "reposdir", "varsdir", "pluginpath", "pluginconfpath"):
        if settings.main.get(name):
            built.lack(f"{name} of dnf.conf names another place than the usual one")
    if not settings.repositories:
        built.lack("no repository of packages is configured", Status.ABSENT)
    for repository in settings.repositories:
        for fault in repository.index.faults if repository.index else ():
            built.lack(f"the index of the repository {repository.name}: {fault}")
        if repository.index and "primary" not in repository.index.types and not repository.index.faults:
            built.lack(f"the index of the repository {repository.name} lists no packages")
    return settings


def read_locks(evidence: Evidence, settings: Settings, built: Built) -> list[Lock]:
    """The locks that are in force. Raises `SettingError`."""
    return list(_zypp_locks(evidence, built) if settings.zypper else _locks(evidence, settings, built))


def _locks(evidence: Evidence, settings: Settings, built: Built) -> Iterator[Lock]:
    """The locks of the versionlock plugin, when it is there and on."""
    places = {entry.path for entry in listed(evidence, PARTS, built)}
    if VERSIONLOCK_OF_DNF5 in places:
        built.lack(f"{VERSIONLOCK_OF_DNF5} is not followed")
    files = evidence[LOCKS.name].files
    own = read_sections([item for item in files if item.path.endswith("versionlock.conf")]).get("main", {})
    plugin = any(path.endswith("versionlock.py") for path in places)
    if not plugin or not truth(settings.main.get("plugins", "1")) or not truth(own.get("enabled", "1")):
        return
    if own.get("locklist", "").rpartition("/")[2] not in ("", "versionlock.list"):
        built.lack("the list of versionlock is at another place than the usual one")
    for line in (line.strip() for item in files if item.path.endswith("versionlock.list") for line in item.lines):
        if line:
            yield Lock(line.lstrip("!"), without=line.startswith("!"))


def _zypp_locks(evidence: Evidence, built: Built) -> Iterator[Lock]:
    """Names of packages that zypper has locked: entries of `key: value` lines."""
    for item in (item for item in evidence[LOCKS.name].files if item.path == ZYPP_LOCKS):
        for entry in "\n".join(item.lines).split("\n\n"):
            values = dict(re.findall(r"^(\w+):[ \t]*(.*)$", entry, re.MULTILINE))
            if values.get("type", "package") != "package" or not values:
                continue
            if values.get("match_type", "glob") in ("glob", "exact") and values.get("solvable_name"):
                yield Lock(values["solvable_name"].strip())
            else:
                built.lack(f"{item.path}: a lock of another form")
