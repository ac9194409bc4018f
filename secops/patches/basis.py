"""What matching stands on, for each host: which feeds count, and why flaws may be missing from the result. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import msgspec

from secops import __version__
from secops.hosts.evidence import Problem, Status
from secops.hosts.tables import Facts, Row
from secops.hosts.tables.feeds import TABLE as FEEDS
from secops.hosts.tables.vulnerabilities import TABLE as VULNERABILITIES
from secops.patches.shelf import Feed, Release

#: The tables that matching reads: of them a host's rows are made.
READ = ("hosts", "packages", "kernels", "running_code", "live_patches")

#: So many advisories on a release are taken for all that its publisher has, fewer for single ones.
MANY = 50

#: One advisory of so many, and `MANY` of them, are on flaws that nothing mends yet where a feed tells of all of these.
UNFIXED = 100

#: The least that CISA's list (1,000 entries in 2023) and EPSS (each published CVE) have: one of fewer was cut off.
LEAST_EXPLOITED, LEAST_SCORED = 1_000, 100_000

#: The parts that each have a feed of their own.
_PARTS = {"alpine": {"main", "community"}}

_NO_RELEASE = Problem(Status.ABSENT, "which release of which distribution it is, is not known")


class Basis(msgspec.Struct, frozen=True):
    """What is kept of a host until feeds are looked at: its release, and why what matching reads is not whole.

    `kinds` are the package managers that list something.
    """

    ecosystem: str
    release: str
    kinds: frozenset[str] = frozenset()
    host: Sequence[Problem] = ()
    packages: Sequence[Problem] = ()
    exposure: Sequence[Problem] = ()

    @classmethod
    def of(cls, tables: Mapping[str, Facts]) -> Basis:
        host = next(iter(tables["hosts"].rows), {})
        code = tables["running_code"].problems
        exposure = [
            *tables["kernels"].problems["running"],
            *code["package"],
            *code["listening"],
            *tables["live_patches"].problems[""],
        ]
        return cls(
            host.get("ecosystem") or "",
            host.get("release") or "",
            frozenset(row["kind"] for row in tables["packages"].rows),
            tables["hosts"].problems[""],
            tables["packages"].problems[""],
            exposure,
        )


def late_tables(basis: Basis, feeds: Sequence[Feed], today: date) -> dict[str, Facts]:
    """The tables `feeds`, and `vulnerabilities` without its rows, of one host."""
    serving = [feed for feed in feeds if _tells(feed, basis)]
    rows = [_row(feed, basis, today) for feed in serving]
    lacks = {part: list(_lacks(part, basis, serving)) for part in ("", *VULNERABILITIES.parts)}
    lacks |= {part: [*lacks[""], *lacks[part]] for part in VULNERABILITIES.parts}
    unknown = [*basis.host, *([] if basis.release else [_NO_RELEASE])]
    return {FEEDS.name: Facts(rows, {"": unknown}), VULNERABILITIES.name: Facts([], lacks, pending=True)}


def digest(read: Mapping[str, str], feeds: Sequence[Feed], today: date) -> str:
    """What a host's rows hang on: how we match, the digests of the tables that are read, the feeds, and the day."""
    parts = [__version__, *(read.get(name, "") for name in READ), *(feed.stem for feed in feeds), today.isoformat()]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:32]


def _tells(feed: Feed, basis: Basis) -> str:
    """What a feed says of a host's packages, or of flaws as such; empty when nothing."""
    if feed.exploited:
        return "exploited"
    if feed.scored:
        return "scores"
    release = _release(feed, basis)
    if release is None:
        return ""
    few = MANY if not feed.whole else 1
    return "unfixed" if release.unfixed >= max(few, release.advisories / UNFIXED) else "fixed"


def _release(feed: Feed, basis: Basis) -> Release | None:
    """The host's release as the feed has it."""
    return next(
        (one for one in feed.releases if (one.ecosystem, one.release) == (basis.ecosystem, basis.release)), None
    )


def _is_whole(feed: Feed, basis: Basis) -> bool:
    """Whether it means something that a feed does not speak of a flaw."""
    if feed.exploited or feed.scored:
        return feed.whole or feed.flaws >= (LEAST_EXPLOITED if feed.exploited else LEAST_SCORED)
    of = _release(feed, basis)
    return of is not None and (feed.whole or (of.advisories >= MANY and not of.in_passing))


def _parts_missing(basis: Basis, serving: Sequence[Feed]) -> set[str]:
    """Parts of which a release is made and that no feed tells of; none where one tells of all."""
    parts = {feed.part for feed in serving if _is_whole(feed, basis) and _tells(feed, basis) in ("fixed", "unfixed")}
    return set() if "" in parts else _PARTS.get(basis.ecosystem, set()) - parts


def _row(feed: Feed, basis: Basis, today: date) -> Row:
    return {
        "feed": feed.name,
        "format": feed.format,
        "tells": _tells(feed, basis),
        "as_of": feed.as_of.isoformat() if feed.as_of else None,
        "age_days": feed.age(today),
        "max_age_days": feed.max_age,
        "is_stale": feed.stale(today),
        "is_whole": _is_whole(feed, basis) and not feed.lost,
        "imported_at": feed.imported_at,
        "source": feed.source,
        "digest": feed.digest,
    }


def _lacks(part: str, basis: Basis, serving: Sequence[Feed]) -> Iterator[Problem]:
    """Why the table, or a part of it, is not whole."""
    told = {_tells(feed, basis) for feed in serving if _is_whole(feed, basis)}
    if part == "":
        yield from (*basis.host, *basis.packages)
        yield from _unlisted(basis, serving) if basis.release else (_NO_RELEASE,)
    elif part == "unfixed" and "unfixed" not in told:
        yield _absent("the feeds tell only of flaws that have a fix")
    elif part == "exploited" and "exploited" not in told:
        few = [feed.flaws for feed in serving if feed.exploited]
        yield _absent(
            f"the list of exploited flaws (KEV) has only {max(few)} of them"
            if few
            else "no list of exploited flaws (KEV) is imported"
        )
    elif part == "scored" and "scores" not in told:
        few = [feed.flaws for feed in serving if feed.scored]
        yield _absent(f"the EPSS scores are of only {max(few)} flaws" if few else "no EPSS scores are imported")
    elif part == "exposure":
        yield from basis.exposure


def _unlisted(basis: Basis, serving: Sequence[Feed]) -> Iterator[Problem]:
    """Why flaws of packages may be missing on a host whose release is known."""
    of = f"{basis.ecosystem} {basis.release}"
    some = [feed for feed in serving if _tells(feed, basis) in ("fixed", "unfixed")]
    speaking = [feed for feed in some if _is_whole(feed, basis)]
    if not speaking:
        yield _absent(
            f"only single advisories that concern {of} are imported" if some else f"no feed is imported for {of}"
        )
    elif missing := _parts_missing(basis, serving):
        yield _absent(f"of the feeds for {of} {min(missing)} is not imported")
    for feed in some:
        if feed.lost:
            yield _absent(f"of {feed.lost} entries of the feed {feed.name} nobody knows which packages they are on")
    kinds = {kind for feed in speaking if (release := _release(feed, basis)) for kind in release.kinds}
    if kinds and not kinds & basis.kinds:
        yield _absent(f"no package of {min(kinds)} is listed, of which the feeds for {of} speak")


def _absent(reason: str) -> Problem:
    return Problem(Status.ABSENT, reason)
