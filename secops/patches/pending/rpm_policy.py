"""Which versions dnf or zypper takes: excludes, locks, modules, vendors and priorities of repositories."""

from __future__ import annotations

import fnmatch
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from secops.hosts.dnf.host import Lock
from secops.hosts.dnf.records import Entry
from secops.hosts.dnf.settings import Repository
from secops.patches.versions import compare

_NAME, _PART, _ARCH = r"([^:(/=<> ]+)", r"([^-:(/=<> ]+)", r"([^-:.(/=<> ]+)"
_EVR = rf"((?:[0-9]+:)?){_PART}-{_PART}"

#: Forms of a pattern in the order in which dnf tries them, with the groups of name, epoch, version, release and arch.
_FORMS: Sequence[tuple[re.Pattern[str], tuple[int, int, int, int, int]]] = (
    (re.compile(rf"{_NAME}-{_EVR}\.{_ARCH}"), (1, 2, 3, 4, 5)),
    (re.compile(rf"{_NAME}\.{_ARCH}"), (1, 0, 0, 0, 2)),
    (re.compile(_NAME), (1, 0, 0, 0, 0)),
    (re.compile(rf"{_NAME}-{_EVR}"), (1, 2, 3, 4, 0)),
    (re.compile(rf"{_NAME}-((?:[0-9]+:)?){_PART}"), (1, 2, 3, 0, 0)),
)

#: Characters of patterns times packages that are looked at.
_MOST = 50_000_000


class UndecidableError(Exception):
    """More than is worked out."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """A version of an installed package that a repository has."""

    entry: Entry
    repository: Repository


@dataclass
class Kept:
    """Candidates that are kept away, with why; of locks also in `held`."""

    why: dict[Candidate, str] = field(default_factory=dict)
    held: set[Candidate] = field(default_factory=set)

    def away(self, candidates: Iterable[Candidate], why: str) -> None:
        for candidate in candidates:
            self.why.setdefault(candidate, why)


@lru_cache(1024)
def _glob(pattern: str) -> Callable[[str], object]:
    return re.compile(fnmatch.translate(pattern)).match if re.search(r"[*?\[]", pattern) else pattern.__eq__


@dataclass(frozen=True)
class _Form:
    """A pattern, taken as one of the forms: what the parts of a package must match; empty for any."""

    name: str
    epoch: str
    version: str
    release: str
    arch: str

    def matches(self, entry: Entry) -> bool:
        if not _glob(self.name)(entry.package):
            return False
        epoch, _, rest = entry.version.rpartition(":")
        version, _, release = rest.rpartition("-")
        pairs = ((self.version, version), (self.release, release), (self.arch, entry.architecture))
        same = not self.epoch or self.epoch[:-1].lstrip("0") == epoch.lstrip("0")
        return same and all(not wanted or bool(_glob(wanted)(own)) for wanted, own in pairs)


def _forms(pattern: str) -> Iterator[_Form]:
    for expression, groups in _FORMS:
        if found := expression.fullmatch(pattern):
            yield _Form(*(found[group] if group else "" for group in groups))


@dataclass(frozen=True)
class Subjects:
    """What patterns can match: installed versions and candidates."""

    installed: Sequence[Entry]
    candidates: Sequence[Candidate]

    def meaning(self, pattern: str) -> tuple[list[str], Callable[[Entry], object]]:
        """What a pattern matches in its first form that matches any package, and the names in the forms up to it."""
        names: list[str] = []
        for form in _forms(pattern):
            names.append(form.name)
            if any(form.matches(one.entry) for one in self.candidates) or any(map(form.matches, self.installed)):
                return names, form.matches
        whole = _glob(pattern)
        return names, lambda entry: whole(entry.nevra)

    def matching(self, pattern: str) -> list[Candidate]:
        """Candidates that a pattern means."""
        matches = self.meaning(pattern)[1]
        return [one for one in self.candidates if matches(one.entry)]

    def of(self, fixed: Collection[Entry]) -> list[Candidate]:
        """Candidates of the names and architectures of installed versions."""
        keys = {(one.package, one.architecture) for one in fixed}
        return [one for one in self.candidates if (one.entry.package, one.entry.architecture) in keys]


@dataclass(frozen=True)
class Excludes:
    """Patterns for all repositories, and the repositories whose own ones do not count; `all` for each."""

    excludes: Sequence[str] = ()
    includes: Sequence[str] = ()
    off: Collection[str] = frozenset()


def kept_away(
    subjects: Subjects, main: Excludes, repositories: Sequence[Repository], locks: Sequence[Lock], *, zypper: bool
) -> Kept:  # fmt: skip
    """What excludes and locks keep away. Raises `UndecidableError` when that is too much to look at."""
    own = {one.name for one in repositories if not {"all", one.name} & set(main.off)}
    told = [*main.excludes, *main.includes, *(lock.pattern for lock in locks)]
    told += [text for one in repositories if one.name in own for text in one.excludes + one.includes]
    if sum(map(len, told)) * (len(subjects.candidates) + len(subjects.installed)) > _MOST:
        raise UndecidableError("too many patterns for so many packages")
    kept = Kept()
    for pattern in main.excludes:
        matches = subjects.meaning(pattern)[1]
        fixed = [one for one in subjects.installed if matches(one)]  # dnf does not touch it any more
        kept.away([*subjects.matching(pattern), *subjects.of(fixed)], f"excluded by {pattern}")
    included = _include(subjects, main.includes, kept)
    here = defaultdict(list)
    for one in subjects.candidates:
        here[one.repository.name].append(one)
    for repository in repositories:
        counts = repository.name in own
        for pattern in repository.excludes if counts else ():
            matches = subjects.meaning(pattern)[1]
            found = (one for one in here[repository.name] if matches(one.entry))
            kept.away(found, f"excluded by {pattern} of the repository")
        includes = repository.includes if counts else ()
        if main.includes or includes:
            wanted = included.union(*(subjects.matching(pattern) for pattern in includes))
            kept.away((one for one in here[repository.name] if one not in wanted), "not in includepkgs")
    _lock(subjects, locks, kept, zypper=zypper)
    return kept


def _include(subjects: Subjects, includes: Sequence[str], kept: Kept) -> set[Candidate]:
    """What the includes for all repositories mean. An installed version that they do not is not touched."""
    meant = [subjects.meaning(pattern)[1] for pattern in includes]
    if meant:
        fixed = [one for one in subjects.installed if not any(matches(one) for matches in meant)]
        kept.away(subjects.of(fixed), "not in includepkgs")
    return {one for one in subjects.candidates if any(matches(one.entry) for matches in meant)}


def _lock(subjects: Subjects, locks: Sequence[Lock], kept: Kept, *, zypper: bool) -> None:
    through: dict[str, str] = {}
    fitting: set[Candidate] = set()
    for lock in locks:
        if lock.without or zypper:
            found = subjects.matching(lock.pattern)
            kept.away(found, f"locked by {lock.pattern}")
            kept.held.update(found)
        else:
            names, matches = subjects.meaning(lock.pattern)
            through.update((name, lock.pattern) for name in names if name not in through)
            fitting.update(one for one in subjects.candidates if matches(one.entry))
    for name, pattern in through.items():
        named = _glob(name)
        others = [one for one in subjects.candidates if one not in fitting and named(one.entry.package)]
        kept.away(others, f"locked by {pattern}")
        kept.held.update(others)


def without_other_streams(
    candidates: Sequence[Candidate], repositories: Iterable[Repository], states: Mapping[str, Mapping[str, str]]
) -> list[Candidate]:
    """Candidates that modules let through: those of streams that are on, and those of no module whose name no such
    stream has."""
    indexes = [one.index for one in repositories if one.index]
    said = defaultdict(set)
    for name, stream in (pair for index in indexes for pair in index.defaults.items()):
        said[name].add(stream)
    active = {name: streams.pop() for name, streams in said.items() if len(streams) == 1}  # else they contradict
    for name, state in states.items():
        active.pop(name, None)
        if state.get("state") == "enabled" and state.get("stream"):
            active[name] = state["stream"]
    on, off = set[str](), set[str]()
    for index in indexes:
        for build in index.streams:
            (on if active.get(build.module) == build.stream else off).update(build.artifacts)
    hidden = {nevra.rsplit("-", 2)[0] for nevra in on}
    return [one for one in candidates if _is_let_through(one, on, off, hidden)]


def _is_let_through(one: Candidate, on: Collection[str], off: Collection[str], hidden: Collection[str]) -> bool:
    if one.entry.nevra in on or one.repository.hotfixes:
        return True
    return one.entry.nevra not in off and one.entry.package not in hidden


class Installed:
    """The newest installed versions, by package and architecture."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._newest: dict[tuple[str, str], Entry] = {}
        for one in entries:
            for key in ((one.package, one.architecture), (one.package, "")):
                known = self._newest.get(key)
                if known is None or compare("rpm", one.version, known.version) > 0:
                    self._newest[key] = one

    def target(self, new: Entry) -> Entry | None:
        """The version that `new` would take the place of, or stand beside; None when it is not newer than all like
        it."""
        likes = ("",) if new.architecture == "noarch" else (new.architecture, "noarch")
        found = [self._newest[new.package, like] for like in likes if (new.package, like) in self._newest]
        if not found or any(compare("rpm", one.version, new.version) >= 0 for one in found):
            return None
        return found[0] if len(found) == 1 or compare("rpm", found[0].version, found[1].version) >= 0 else found[1]


def are_alike(one: Entry, other: Entry) -> bool:
    """Whether one can take the place of the other."""
    return "noarch" in (one.architecture, other.architecture) or one.architecture == other.architecture


def keep_better(old: Entry, newer: Sequence[Candidate], named: Iterable[Candidate], kept: Kept) -> None:
    """Of versions that are newer than an installed one, those of the best repository are left: of all that have the
    package (`named`) in no older version."""
    rivals = (
        one.repository.priority
        for one in named
        if one not in kept.why and are_alike(old, one.entry) and compare("rpm", one.entry.version, old.version) >= 0
    )
    best = min(rivals, default=0)
    for one in newer:
        if one.repository.priority > best:
            kept.away([one], f"priority {one.repository.priority} of {one.repository.name}")
