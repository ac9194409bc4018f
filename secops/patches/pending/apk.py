"""Pending updates of apk's packages, by the rules of apk-world(5) and apk-repositories(5)."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from secops.hosts.apk.sections import INDEXES, REPOSITORIES, WORLD
from secops.hosts.evidence import Evidence, Status
from secops.hosts.tables import Built, Facts, Row
from secops.patches.pending.manager import Manager
from secops.patches.versions import compare

_CONSTRAINT = re.compile(r"(!?[^\s@<>=~]+)(?:@([^\s@<>=~]+))?(?:([<>=~]+)([^\s@<>=~]+))?(?:@([^\s@<>=~]+))?")
_OPERATORS = frozenset({"=", "<", "<=", ">", ">=", "~", "=~", "~="})
#: Repositories of one host.
_MOST = 200

_AUTOMATIC = "apk-autoupdate"


@dataclass
class Index:
    """An index that is kept: versions and sources by package. `made` is when its newest package was built."""

    mtime: int
    versions: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    made: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Repository:
    """A line of the list of repositories; packages of one with a tag are taken only where the world names it."""

    address: str
    tag: str = ""
    index: Index | None = None


@dataclass(frozen=True)
class Constraint:
    """What the world asks of a package."""

    text: str = ""
    tag: str = ""
    operator: str = ""
    version: str = ""

    def admits(self, version: str) -> bool:
        if "~" in self.operator:
            rest = version.removeprefix(self.version) if version.startswith(self.version) else None
            return rest is not None and not (rest[:1].isdigit() and self.version[-1:].isdigit())
        order = compare("apk", version, self.version)
        return not self.operator or {0: "=", 1: ">", -1: "<"}[order] in self.operator


@dataclass(frozen=True)
class _Version:
    text: str
    source: str
    repository: Repository


def updates(evidence: Evidence, tables: Mapping[str, Facts], built: Built) -> None:
    """One row for each package with a newer version that `apk upgrade` would take, or that the world keeps away."""
    repositories = _read(evidence, built)
    if problem := evidence.problem(WORLD):
        built.problems.append(problem)
    world = _world(evidence[WORLD.name].only.lines, built)
    for row in tables["packages"].rows:
        if row["kind"] == "apk" and (found := _row(row, repositories, world.get(row["name"], Constraint()))):
            built.rows.append(found)


def _read(evidence: Evidence, built: Built) -> list[Repository]:
    """The repositories with their indexes; what is not whole is told."""
    for section in (INDEXES, REPOSITORIES):
        if problem := evidence.problem(section):
            built.problems.append(problem)
    if evidence[INDEXES.name].status is Status.ABSENT:
        built.lack("apk keeps no indexes", Status.ABSENT)
    indexes, whole = read_indexes(evidence[INDEXES.name].only.lines)
    if evidence[INDEXES.name].status is Status.OK and not whole:
        built.lack("the indexes of apk were not read to their end")
    found: list[Repository] = []
    for line in dict.fromkeys(line for item in evidence[REPOSITORIES.name].files for line in item.lines if line):
        if len(found) == _MOST:
            built.lack(f"more than {_MOST} repositories")
            break
        tag, _, address = line.rpartition(" ") if line.startswith("@") else ("", "", line)
        index = indexes.get(f"APKINDEX.{index_digest(address.strip())}.tar.gz")
        found.append(Repository(address.strip(), tag.strip(" \t@"), index))
        if index is None:
            built.lack(f"no index of the repository {address.strip()} is kept")
        for fault in index.faults if index else ():
            built.lack(f"the index of the repository {address.strip()}: {fault}")
    if not found:
        built.lack("no repository of packages is configured", Status.ABSENT)
    return found


def index_digest(address: str) -> str:
    """What apk puts into the name of the index of a repository: the begin of its address' SHA-1."""
    return hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()[:8]


def read_indexes(lines: Iterable[str]) -> tuple[dict[str, Index], bool]:
    """The section's records by name of the index, and whether they were told to their end in a form that is known."""
    found: dict[str, Index] = {}
    at, whole, odd = Index(0), False, False
    for line in lines:
        word, *rest = line.split("\t")
        number = int(rest[0]) if rest and re.fullmatch("[0-9]{1,12}", rest[0]) else 0
        if word == "index" and len(rest) == 2:
            at = found[rest[1]] = Index(number)
        elif word == "unread" and len(rest) == 1:
            found[rest[0]] = Index(0, faults=["permission denied"])
        elif word == "p" and len(rest) == 3:
            at.versions[rest[0]].append((rest[1], rest[2]))
        elif word == "made" and len(rest) == 1:
            at.made = number
        elif line == "broken":
            at.faults.append("cannot be read to its end")
        elif line == "end":
            whole = True
        else:
            odd = True
    return found, whole and not odd


def _world(lines: Sequence[str], built: Built) -> dict[str, Constraint]:
    found: dict[str, Constraint] = {}
    for word in " ".join(lines).split():
        match = _CONSTRAINT.fullmatch(word[:1000])
        if match is None or (match[3] and match[3] not in _OPERATORS):
            built.lack(f"{word[:100]!r} in the world of apk is not understood")
        else:
            found[match[1]] = Constraint(word, match[2] or match[5] or "", match[3] or "", match[4] or "")
    return found


def _row(row: Row, repositories: Iterable[Repository], asked: Constraint) -> Row | None:
    here = [
        _Version(text, source, repository)
        for repository in repositories
        if repository.index and repository.tag in ("", asked.tag)
        for text, source in repository.index.versions.get(row["name"], ())
    ]
    tagged = [one for one in here if asked.tag and one.repository.tag == asked.tag]
    newest = _newest(tagged or here)
    chosen = _newest([one for one in tagged or here if asked.admits(one.text)])
    if chosen and compare("apk", chosen.text, row["version"]) <= 0:
        chosen = None
    if newest is None or compare("apk", newest.text, row["version"]) <= 0:
        return None
    reached = chosen or newest
    return {
        "kind": "apk",
        "package": row["name"],
        "architecture": row["architecture"],
        "installed": row["version"],
        "candidate": chosen.text if chosen else None,
        "source_name": reached.source or row["name"],
        "repository": reached.repository.address,
        "security": None,
        "severity": None,
        "advisory": None,
        "held": False,
        "pinned": None if chosen and chosen.text == newest.text else f"world: {asked.text}",
        "newest": newest.text,
        "priority": None,
        "phased": None,
        "deferred": None,
    }


def _newest(versions: Iterable[_Version]) -> _Version | None:
    best: _Version | None = None
    for one in versions:
        if best is None or compare("apk", one.text, best.text) > 0:
            best = one
    return best


def state(evidence: Evidence, tables: Mapping[str, Facts], built: Built) -> None:
    """Add the row of apk's packages. apk has no log of its own, and nothing of it upgrades by itself."""
    indexes = [one.index for one in _read(evidence, built) if one.index]
    helped = any(row["name"] == _AUTOMATIC for row in tables["packages"].rows)
    built.rows.append(
        {
            "kind": "apk",
            "lists_updated_at": max((index.mtime for index in indexes), default=0) or None,
            "indexes_made_at": max((index.made for index in indexes), default=0) or None,
            "last_upgrade_at": None,
            "automatic": None if helped else False,
            "automatic_security": None if helped else False,
            "why_not": None if helped else f"{_AUTOMATIC} is not installed",
            "security_repository": None,
        }
    )


MANAGER = Manager(updates, state)
