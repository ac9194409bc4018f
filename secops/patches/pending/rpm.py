"""Pending updates of rpm's packages, as dnf or zypper would decide on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from secops.hosts.dnf.host import read_locks, read_rpm
from secops.hosts.dnf.records import Advisory, Entry
from secops.hosts.dnf.sections import LOCKS, MODULE_DEFAULTS, MODULES, MODULES_OF_DNF5, PARTS
from secops.hosts.dnf.settings import Repository, SettingError, Settings, patterns, read_sections
from secops.hosts.evidence import Evidence
from secops.hosts.tables import Built, Facts, Row
from secops.hosts.tables._listed import listed
from secops.patches.pending.manager import Manager
from secops.patches.pending.rpm_policy import (
    Candidate,
    Excludes,
    Installed,
    Kept,
    Subjects,
    UndecidableError,
    keep_better,
    kept_away,
    without_other_streams,
)
from secops.patches.pending.rpm_state import state_row
from secops.patches.versions import compare

#: Candidates that are looked at.
_MOST = 200_000

#: Architectures of one host.
_ARCHITECTURES = 16

_SEVERITIES = ("", "low", "moderate", "medium", "important", "high", "critical")  # from the least to the worst


def updates(evidence: Evidence, tables: Mapping[str, Facts], built: Built) -> None:
    """One row for each package with a newer version that the host's tool would install, or that is kept away."""
    rows = [row for row in tables["packages"].rows if row["kind"] == "rpm"]
    settings = read_rpm(evidence, rows, built)
    installed = [Entry(row["name"], row["version"], row["architecture"] or "", vendor=row["vendor"] or "")
                 for row in rows]  # fmt: skip
    try:
        candidates = _candidates(evidence, settings, installed, built)
        kept = _kept(evidence, settings, Subjects(installed, candidates), built)
    except (UndecidableError, SettingError) as error:
        built.lack(f"the settings of dnf cannot be worked out: {error}")
        return
    if settings.zypper:
        _keep_vendors(candidates, installed, kept)
    built.rows += _rows(candidates, installed, kept, _advisories(settings.repositories))


def _candidates(
    evidence: Evidence, settings: Settings, installed: Sequence[Entry], built: Built
) -> list[Candidate]:  # fmt: skip
    """Versions of installed packages that a repository has for this host."""
    ours = {one.architecture for one in installed} - {"noarch"}
    if len(ours) > _ARCHITECTURES:
        raise UndecidableError(f"more than {_ARCHITECTURES} architectures")
    found = [
        Candidate(entry, repository)
        for repository in settings.repositories
        for entry in (repository.index.entries if repository.index else ())
        if entry.architecture == "noarch" or entry.architecture in ours
    ]
    if len(found) > _MOST:
        raise UndecidableError(f"more than {_MOST} versions")
    if problem := evidence.problem(MODULES):
        built.problems.append(problem)
    places = {entry.path for entry in listed(evidence, PARTS, built)}
    modular = any(one.index and (one.index.streams or one.index.defaults) for one in settings.repositories)
    for path in places:
        if modular and (path == MODULES_OF_DNF5 or path.startswith(MODULE_DEFAULTS)):
            built.lack(f"{path} is not followed")
    states = read_sections(evidence[MODULES.name].files)
    return without_other_streams(found, settings.repositories, states)


def _kept(evidence: Evidence, settings: Settings, subjects: Subjects, built: Built) -> Kept:
    """What excludes and locks keep away. Raises `SettingError` and `UndecidableError`."""
    if problem := evidence.problem(LOCKS):
        built.problems.append(problem)
    locks = read_locks(evidence, settings, built)
    main = Excludes() if settings.zypper else _excludes(settings)
    return kept_away(subjects, main, settings.repositories, locks, zypper=settings.zypper)


def _excludes(settings: Settings) -> Excludes:
    """Raises `SettingError`."""
    off = frozenset(patterns(settings.main, "disable_excludes"))
    if off & {"all", "main"}:
        return Excludes(off=off)
    excludes = patterns(settings.main, "exclude", "excludepkgs", "excludes")
    return Excludes(excludes, patterns(settings.main, "includepkgs"), off)


def _keep_vendors(candidates: Iterable[Candidate], installed: Iterable[Entry], kept: Kept) -> None:
    """zypper keeps to the vendor of what is installed."""
    vendors = defaultdict(set)
    for one in installed:
        vendors[one.package].add(_vendor(one.vendor))
    for candidate in candidates:
        if _vendor(candidate.entry.vendor) not in vendors[candidate.entry.package]:
            kept.away([candidate], f"of another vendor: {candidate.entry.vendor or '-'}")


def _vendor(text: str) -> str:
    """Vendors that zypper takes for one."""
    return next((begin for begin in ("opensuse", "suse") if text.lower().startswith(begin)), text.lower())


def _advisories(repositories: Iterable[Repository]) -> Mapping[str, list[tuple[Entry, Advisory]]]:
    """Security advisories by package."""
    found = defaultdict(list)
    for repository in repositories:
        for advisory in repository.index.advisories if repository.index else ():
            for entry in advisory.brought if advisory.kind == "security" else ():
                found[entry.package].append((entry, advisory))
    return found


def _rows(
    candidates: Iterable[Candidate], installed: Sequence[Entry], kept: Kept,
    advisories: Mapping[str, list[tuple[Entry, Advisory]]],
) -> Iterator[Row]:  # fmt: skip
    own = Installed(installed)
    newer: dict[Entry, list[Candidate]] = defaultdict(list)
    named: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        named[candidate.entry.package].append(candidate)
        if old := own.target(candidate.entry):
            newer[old].append(candidate)
    for old, found in newer.items():
        keep_better(old, found, named[old.package], kept)
        yield _row(old, found, kept, advisories.get(old.package, []))


def _newest(candidates: Iterable[Candidate], like: str) -> Candidate | None:
    """The newest one, of equal ones that of the architecture `like`, then of the better repository."""
    best: Candidate | None = None
    for one in sorted(candidates, key=lambda one: (one.entry.architecture != like, one.repository.priority)):
        if best is None or compare("rpm", one.entry.version, best.entry.version) > 0:
            best = one
    return best


def _row(old: Entry, found: Sequence[Candidate], kept: Kept, advisories: Sequence[tuple[Entry, Advisory]]) -> Row:
    newest = _newest(found, old.architecture)
    assert newest  # noqa: S101 - `found` is not empty
    chosen = _newest((one for one in found if one not in kept.why), old.architecture)
    reached = chosen or newest
    same = chosen and compare("rpm", chosen.entry.version, newest.entry.version) == 0
    between = [advisory for entry, advisory in advisories if _is_between(old, entry, reached.entry)]
    worst = max(between, key=lambda one: (_rank(one.severity), one.name), default=None)
    silent = any("updateinfo" not in (one.repository.index.types if one.repository.index else ()) for one in found)
    return {
        "kind": "rpm",
        "package": old.package,
        "architecture": old.architecture or None,
        "installed": old.version,
        "candidate": chosen.entry.version if chosen else None,
        "source_name": reached.entry.source.removesuffix(".src.rpm").rsplit("-", 2)[0] or None,
        "repository": reached.repository.name,
        "security": True if worst else (None if silent else False),
        "severity": (worst.severity or None) if worst else None,
        "advisory": (worst.name or None) if worst else None,
        "held": chosen is None and newest in kept.held,
        "pinned": None if same else kept.why.get(newest),
        "newest": newest.entry.version,
        "priority": chosen.repository.priority if chosen else None,
        "phased": None,
        "deferred": None,
    }


def _is_between(old: Entry, brought: Entry, new: Entry) -> bool:
    """Whether a version is newer than the installed one, up to the new one, and of its architecture."""
    return (
        brought.architecture in (old.architecture, new.architecture, "noarch")
        and compare("rpm", brought.version, old.version) > 0
        and compare("rpm", brought.version, new.version) <= 0
    )


def _rank(severity: str) -> int:
    return _SEVERITIES.index(severity.lower()) if severity.lower() in _SEVERITIES else 0


def state(evidence: Evidence, tables: Mapping[str, Facts], built: Built) -> None:
    """Add the row of rpm's packages."""
    rows = [row for row in tables["packages"].rows if row["kind"] == "rpm"]
    built.rows.append(state_row(evidence, read_rpm(evidence, rows, built), tables["services"], built))


MANAGER = Manager(updates, state)
