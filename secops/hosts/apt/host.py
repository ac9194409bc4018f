"""apt of one host: its settings, architectures and repositories, with what is missing of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from secops.hosts.apt.conf import Settings, dumped
from secops.hosts.apt.indexes import Kept, read_indexes
from secops.hosts.apt.preferences import Pin, PinError, in_order, pins
from secops.hosts.apt.repository import Repository, repositories
from secops.hosts.apt.sections import ARCHITECTURES, CONF, INDEXES, PREFERENCES, SOURCES
from secops.hosts.apt.sources import Source, read_sources
from secops.hosts.evidence import Evidence, Status
from secops.hosts.section import Section
from secops.hosts.tables import Built, Row

#: Versions that are looked at.
_MOST = 200_000

#: Where apt keeps its files unless it is told otherwise.
_PLACES = {
    "RootDir": ("", "/"), "Dir": ("/",), "Dir::State": ("var/lib/apt",), "Dir::State::lists": ("lists", "lists/"),
    "Dir::State::status": ("/var/lib/dpkg/status",), "Dir::Etc": ("etc/apt",),
    "Dir::Etc::sourcelist": ("sources.list",), "Dir::Etc::sourceparts": ("sources.list.d",),
    "Dir::Etc::preferences": ("preferences",), "Dir::Etc::preferencesparts": ("preferences.d",),
}  # fmt: skip


@dataclass(frozen=True)
class Apt:
    """What is known of a host's apt. `native` is its own architecture, empty when that is not known."""

    settings: Settings
    native: str
    sources: list[Source]
    kept: Kept
    repositories: list[Repository]


def read_apt(evidence: Evidence, packages: Iterable[Row], built: Built) -> Apt:
    """Read all of it; what is not whole is told in `built`."""
    for section in (INDEXES, CONF, SOURCES, ARCHITECTURES):
        _judge(evidence, section, built)
    settings = dumped(evidence[CONF.name].only.lines)
    _judge_places(settings, built)
    native = settings.find("APT::Architecture") or _architecture_of_dpkg(packages)
    if not native:
        built.lack("the architecture of dpkg is not known")
    sources = read_sources(evidence, SOURCES.name, native, built)
    kept = read_indexes(evidence[INDEXES.name].only.lines)
    if evidence[INDEXES.name].status is Status.OK and not kept.whole:
        built.lack("the indexes of apt were not read to their end")
    if sum(len(index.entries) for index in kept.indexes.values()) > _MOST:
        built.lack(f"more than {_MOST} versions")
        kept.indexes.clear()
    if not sources:
        built.lack("no source of packages is configured", Status.ABSENT)
    known = _architectures(evidence, settings, native)
    return Apt(settings, native, sources, kept, repositories(sources, kept, known, native, built))


def _judge(evidence: Evidence, section: Section, built: Built) -> None:
    problem = evidence.problem(section)
    if problem:
        built.problems.append(problem)
    elif section is INDEXES and evidence[section.name].status is Status.ABSENT:
        built.lack("apt keeps no indexes: apt update never ran", Status.ABSENT)


def _judge_places(settings: Settings, built: Built) -> None:
    """Of files elsewhere nothing was read."""
    for name, usual in _PLACES.items():
        if settings.find(name, usual[0]) not in usual:
            built.lack(f"{name} of apt.conf names another place than the usual one")
    if settings.values("APT::Sources::With"):
        built.lack("APT::Sources::With of apt.conf is not followed")


def _architecture_of_dpkg(packages: Iterable[Row]) -> str:
    return next((row["architecture"] or "" for row in packages if row["kind"] == "dpkg" and row["name"] == "dpkg"), "")


def _architectures(evidence: Evidence, settings: Settings, native: str) -> list[str]:
    """Those that apt takes packages of: as it is told, else the native and the foreign ones of dpkg."""
    said = [one for one in settings.values("APT::Architectures") if one]
    if not said:
        said = [line.strip() for line in evidence[ARCHITECTURES.name].only.lines if line.strip()]
    said += settings.values("APT::BarbarianArchitectures")
    return list(dict.fromkeys((native, *said)))


def read_pins(evidence: Evidence, built: Built) -> list[Pin]:
    """The pins in apt's order. What apt refuses is told."""
    _judge(evidence, PREFERENCES, built)
    found: list[Pin] = []
    for item in in_order(evidence[PREFERENCES.name].files):
        try:
            found += pins(item)
        except PinError as error:
            built.lack(f"{item.path}: {error}")
    return found
