"""Matching equals the rules of docs/patches.md, written down a second time: plainly, pair by pair."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from secops.patches.statement import Statement
from secops.patches.versions import compare
from tests.patches.match_kit import deb, feed, matched, rpm, said

DEBIAN = ("debian", "12")
EULER = ("openeuler", "22.03-LTS-SP3")

NUMBERS = ("0.9", "1.0", "1.0-1", "1.0-2", "1.0-2.1", "1:0.5-1", "1.1~rc1-1", "2.0")
TAGS = ("", "", ".oe2203sp3", ".oe2203sp1", ".el9_2", ".el9_3")
STATUSES = ("fixed", "fixed", "affected", "will-not-fix", "not-affected", "unknown")
FLAWS = (("CVE-2026-1",), ("CVE-2026-2",), ("CVE-2026-1", "CVE-2026-2"))
MODULES = ("", "", "", "nodejs:18")
SUBJECT = ("ecosystem", "release", "package", "by_source", "module", "arch", "advisory", "flaws")
ARCHES = ((), (), ("x86_64",), ("aarch64", "noarch"))
#: Groups of names that have nothing to do with each other: many small cases at the price of one.
GROUPS = 100


class Draw(random.Random):
    """Statements and packages that often are close to each other."""

    def version(self, kind: str, *, odd: bool = False) -> str:
        version = self.choice(("1.0€-1", *NUMBERS) if odd else NUMBERS)
        if kind == "rpm":
            version = (version if "-" in version else f"{version}-1") + self.choice(TAGS)
        return version

    def name(self, group: int) -> str:
        return f"{self.choice('ab')}{group}"

    def kind(self) -> Any:
        return self.choice(("dpkg", "rpm"))

    def statement(self, group: int, *, no_epochs: bool) -> Statement:
        kind, status = self.kind(), self.choice(STATUSES)
        ecosystem, release = self.choice((DEBIAN, EULER))
        more: dict[str, Any] = {"introduced": self.choice(("", self.version(kind)))}
        if status != "fixed":
            more["last_affected"] = self.choice(("", self.version(kind)))
        if kind == "rpm":
            more |= {"module": self.choice(MODULES), "arch": self.choice(ARCHES)}
        return said(
            self.name(group), self.version(kind) if status == "fixed" else "", kind=kind, ecosystem=ecosystem,
            release=release, status=status, flaws=self.choice(FLAWS), advisory=self.choice(("A-1", "A-2")),
            by_source=no_epochs or (kind == "dpkg" and self.choice((True, False))), no_epochs=no_epochs, **more,
        )  # fmt: skip

    def statements(self, group: int, *, no_epochs: bool) -> list[Statement]:
        """A few; some speak of what the one before speaks of, and may contradict it."""
        found = [self.statement(group, no_epochs=no_epochs) for _ in range(self.randrange(6))]
        for at, (before, one) in enumerate(pairwise(found), 1):
            if one.kind == before.kind and self.choice((True, False)):
                found[at] = msgspec.structs.replace(one, **{name: getattr(before, name) for name in SUBJECT})
        return found

    def package(self, group: int) -> dict[str, Any]:
        kind, name = self.kind(), self.name(group)
        source = {"source_name": self.choice((name, self.name(group))), "source_version": self.version(kind, odd=True)}
        if kind == "dpkg":
            return deb(name, self.version(kind, odd=True), **source)
        label = self.choice(MODULES)
        return rpm(name, self.version(kind, odd=True), architecture=self.choice(("x86_64", "noarch")),
                   modularity=f"{label}:9:abc" if label else None, **source)  # fmt: skip


@dataclass(frozen=True)
class Said:
    """What one statement means for one package: the words for it, and how much it weighs (0: most)."""

    status: str | None  # None: it is mended
    weight: int
    statement: Statement
    own: bool = False  # it names a version of the package's own minor release


def _tag(version: str, *starts: str) -> str:
    """The release tag that begins like one of these: oe2203sp3, el9_3."""
    return next((part for part in version.split(".") if part.startswith(starts)), "")


def _concerns(one: Statement, package: dict[str, Any], host: tuple[str, str]) -> bool:
    """By release, package manager, name, module stream and architecture."""
    name = package["source_name"] if one.by_source else package["name"]
    stream = ":".join((package.get("modularity") or "").split(":")[:2])
    same = (one.ecosystem, one.release, one.kind, one.package, one.module) == (*host, package["kind"], name, stream)
    return same and (not one.arch or package["architecture"] in one.arch)


def _bounds(one: Statement) -> str:
    return f"{one.introduced} {one.fixed} {one.last_affected}"


def _same_package(one: Statement, other: Statement) -> bool:
    names = ("ecosystem", "release", "kind", "by_source", "package")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _covers(one: Statement, version: str, *, epoch: bool) -> bool:
    def order(than: str) -> int:
        return compare(one.kind, version, than, epoch=epoch)

    begun = not one.introduced or order(one.introduced) >= 0
    return begun and (order(one.fixed) < 0 if one.fixed else not one.last_affected or order(one.last_affected) <= 0)


def _means(one: Statement, package: dict[str, Any], feed: Sequence[Statement]) -> Said | None:
    """What it says of a package that it concerns; None when that lies outside of what it covers."""
    version = package["source_version"] if one.by_source else package["version"]
    end = one.fixed or one.last_affected
    pack, other = _tag(version, "oe"), _tag(end, "oe")
    if pack and other and pack != other:
        return Said("unknown", 3, one)

    never = one.no_epochs or (one.by_source and one.kind == "rpm")
    covered = _covers(one, version, epoch=not never)
    named = any(":" in _bounds(other) for other in feed if _same_package(one, other))
    if not never and ":" in version and not named and covered != _covers(one, version.partition(":")[2], epoch=True):
        return Said("unknown", 3, one)
    minor = _tag(version, "el9_")
    own = bool(minor) and minor == _tag(end, "el9_")
    if one.status == "fixed":
        if covered:
            return Said("fixed-available", 0 if own else 2, one)
        return Said(None, 1 if own else 4, one)
    if not covered:
        return None
    if one.status == "not-affected":
        return Said("not-affected", 6, one)
    return Said({"affected": "affected-no-fix"}.get(one.status, one.status), 5, one, own)


def _verdict(found: Sequence[Said]) -> str | None:
    """What a feed says of a flaw in a package, all its statements taken together."""
    torn = {one.statement.advisory for one in found if one.weight == 5}  # by whose own word it is open
    found = [one for one in found if one.weight not in (1, 4) or one.statement.advisory not in torn]
    first = min(one.weight for one in found)
    best = [one for one in found if one.weight == first]
    affected = [one for one in found if one.weight == 5]
    if first == 1:  # mended, unless it is affected up to a later build of the same minor release
        best = [one for one in affected if one.own and one.statement.last_affected] or best
    if (
        first == 4
    ):  # mended, unless it is affected up to, or came back after, a version later than the last of the fixes
        latest = max((one.statement.fixed for one in best), key=_by_order(best[0].statement))
        best = [one for one in affected if one.statement.last_affected or _later(one.statement, latest)] or best
    order = ("affected-no-fix", "will-not-fix", "unknown", "fixed-available", "not-affected", None)
    return min((one.status for one in best), key=order.index)


def _by_order(of: Statement) -> Any:
    return cmp_to_key(lambda a, b: compare(of.kind, a, b, epoch=not of.no_epochs))


def _later(one: Statement, than: str) -> bool:
    return bool(one.introduced) and _by_order(one)(one.introduced) > _by_order(one)(than)


def _expected(
    feeds: Sequence[Sequence[Statement]], hosts: dict[str, list[dict[str, Any]]], release: tuple[str, str]
) -> Iterator[tuple[Any, ...]]:
    """Rows by the rules; the newest feed comes first."""
    for host, packages in hosts.items():
        for package in packages:
            told = [[one for one in said_ if _concerns(one, package, release)] for said_ in feeds]
            for flaw in {flaw for said_ in told for one in said_ for flaw in one.flaws}:
                speaking = [[one for one in said_ if flaw in one.flaws] for said_ in told]
                meant = ([meaning for one in said_ if (meaning := _means(one, package, feed))]
                         for said_, feed in zip(speaking, feeds, strict=True))  # fmt: skip
                found = next(filter(None, meant), [])  # the newest that says something of this version
                if found and (status := _verdict(found)):
                    yield host, package["name"], package["version"], flaw, status


@pytest.mark.parametrize(("release", "seed"), [(DEBIAN, 0), (EULER, 1)])
def test_matching_equals_the_rules(tmp_path: Path, release: tuple[str, str], seed: int) -> None:
    draw = Draw(seed)
    statements = [
        [one for group in range(GROUPS) for one in draw.statements(group, no_epochs=no_epochs)]
        for no_epochs in (False, True, False)
    ]
    hosts = {
        f"h{number}": _unlike([draw.package(group) for group in range(GROUPS) for _ in range(draw.randrange(4))])
        for number in range(3)
    }
    feeds = [feed(tmp_path, f"f{n}", said_, f"2026-11-{28 - n}") for n, said_ in enumerate(statements)]
    rows = matched(feeds, hosts, dict(zip(("ecosystem", "release"), release, strict=True)))
    got = sorted((row["host"], row["package"], row["installed"], row["flaw"], row["status"]) for row in rows)
    assert got == sorted(_expected(statements, hosts, release))
    assert {status for *_, status in got} == {
        "fixed-available", "affected-no-fix", "will-not-fix", "not-affected", "unknown",
    }  # fmt: skip
    assert len(got) > GROUPS


def _unlike(packages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without those that are alike: what is installed twice is listed once."""
    return [one for at, one in enumerate(packages) if one not in packages[:at]]
